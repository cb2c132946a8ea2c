"""Cables, VLAN sub-interfaces and tunnels between network namespaces, carried by this process.

Many kernels are built without 802.1Q, GRE, IP-in-IP, Geneve or `netem`; every one has TUN/TAP. So the
devices here are TUN/TAP devices, and this process does what a cable, a bad line or a tunnel driver does.
The hosts at both ends are the kernel's own, and so is every packet they exchange.
"""

import contextlib
import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import socket
import struct
import threading
import time


class Carrier(threading.Thread):
    """Takes what comes out of each attached descriptor and hands it on when its delay is over."""

    def __init__(self):
        super().__init__(daemon=True)
        self._inputs = {}
        self._due = []
        self._order = itertools.count()
        self._stopped = False

    def attach(self, descriptor, read, lane):
        """`read()` yields one frame or None; `lane(frame)` yields (delay in seconds, write, frame)."""
        self._inputs[descriptor] = (read, lane)

    def run(self):
        while not self._stopped:
            ready, _, _ = select.select(list(self._inputs), [], [], self._patience())
            for descriptor in ready:
                read, lane = self._inputs[descriptor]
                frame = read()
                for delay, write, out in lane(frame) if frame else ():
                    due = time.monotonic() + delay
                    heapq.heappush(self._due, (due, next(self._order), write, out))
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, write, out = heapq.heappop(self._due)
                # A device that is down refuses frames, as an unplugged one does.
                with contextlib.suppress(OSError):
                    write(out)

    def stop(self):
        self._stopped = True
        self.join(timeout=2)

    def _patience(self):
        limit = 0.05
        return max(0, min(limit, self._due[0][0] - time.monotonic())) if self._due else limit


class Line:
    """One direction of a cable. `late` frames are overtaken by the ones behind them."""

    def __init__(self, write, *, delay=0.0, loss=0.0, duplicate=0.0, late=0.0, seed=1):
        self._write = write
        self._delay, self._loss, self._duplicate, self._late = delay, loss, duplicate, late
        self._random = random.Random(seed)

    def __call__(self, frame):
        lost, twice, slow = (self._random.random() for _ in range(3))
        if lost < self._loss:
            return
        delay = self._delay + (LATENESS if slow < self._late else 0)
        yield delay, self._write, frame
        if twice < self._duplicate:
            yield delay + LATENESS / 4, self._write, frame


def cable(carrier, end_a, end_b, a_to_b=None, b_to_a=None):
    """Joins two (namespace, device, hardware address) by a cable; the dicts are arguments of `Line`."""
    a, b = (open_device(*end) for end in (end_a, end_b))
    carrier.attach(a, reader(a), Line(writer(b), **(a_to_b or {})))
    carrier.attach(b, reader(b), Line(writer(a), **(b_to_a or {})))


def vlan(carrier, namespace, device, lower, hardware, tags):
    """Makes `device`, whose frames travel over `lower` behind `tags`: a list of (TPID, TCI)."""
    tap = open_device(namespace, device, hardware)
    with inside(namespace):
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        wire.bind((lower, ETH_P_ALL))
    wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    stack = b"".join(struct.pack("!HH", *tag) for tag in tags)

    def untag():
        frame = receive_tagged(wire)
        end = 12 + len(stack)
        return frame[:12] + frame[end:] if frame and frame[12:end] == stack else None

    carrier.attach(tap, reader(tap), Line(lambda frame: wire.send(frame[:12] + stack + frame[12:])))
    carrier.attach(wire.fileno(), untag, Line(writer(tap)))
    return wire


def tunnel(carrier, namespace, device, local, remote, wrapping, hardware=None):
    """Makes `device`, whose packets travel inside IPv4 packets from `local` to `remote`.

    `wrapping` is (IP protocol, UDP port or 0, header before an IPv4 packet, the same before IPv6);
    with a hardware address the device carries Ethernet frames, and the headers are the same.
    """
    protocol, port, *headers = wrapping
    end = open_device(namespace, device, hardware)
    with inside(namespace):
        if port:
            wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        else:
            wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
        wire.bind((local, port))

    def wrap(packet):
        header = headers[0] if hardware or packet[0] >> 4 == 4 else headers[1]
        wire.sendto(header + packet, (remote, port))

    def unwrap():
        packet = wire.recv(65535)
        if not port:
            packet = packet[(packet[0] & 0x0F) * 4 :]
        for header in headers:
            inner = packet[len(header) :]
            plausible = hardware or (inner and inner[0] >> 4 in (4, 6))
            if packet.startswith(header) and plausible:
                return inner
        return None

    carrier.attach(end, reader(end), Line(wrap))
    carrier.attach(wire.fileno(), unwrap, Line(writer(end)))
    return wire


def open_device(namespace, name, hardware=None):
    """Makes a TAP device (a TUN device without hardware address) that lives as long as its descriptor."""
    kind = (IFF_TAP if hardware else IFF_TUN) | IFF_NO_PI
    with inside(namespace):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), kind))
        if hardware:
            request = struct.pack("16sH6s16x", name.encode(), ARPHRD_ETHER, bytes.fromhex(hardware))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                fcntl.ioctl(control, SIOCSIFHWADDR, request)
    return descriptor


def reader(descriptor):
    def read():
        with contextlib.suppress(BlockingIOError, OSError):
            return os.read(descriptor, 65535)
        return None

    return read


def writer(descriptor):
    return lambda frame: os.write(descriptor, frame)


def receive_tagged(wire):
    """A received frame with the VLAN tag that the kernel took off it; None for a frame sent by this host."""
    frame, ancillary, _, address = wire.recvmsg(65535, 64)
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            # struct tpacket_auxdata of packet(7).
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


@contextlib.contextmanager
def inside(namespace):
    """Runs its body with this thread in `namespace`: what it opens there stays there."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        enter(there)
        try:
            yield
        finally:
            enter(home)


def enter(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


LATENESS = 0.012
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
ARPHRD_ETHER = 1
IFF_TUN, IFF_TAP, IFF_NO_PI = 0x0001, 0x0002, 0x1000
TUNSETIFF = 0x400454CA
SIOCSIFHWADDR = 0x8924
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 0x10
