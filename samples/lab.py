"""The two hosts of a recording: network namespaces, what runs in them, and the capture between them."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import wiring


class Lab:
    """Two namespaces, a scratch folder, and everything started in them; all gone at the end."""

    def __enter__(self):
        self._scratch = tempfile.TemporaryDirectory(prefix="flowloom-samples-")
        self.folder = Path(self._scratch.name)
        self.folder.chmod(0o755)
        self.carrier = wiring.Carrier()
        self._processes = []
        self._kept = []
        remove_namespaces()
        for namespace in HOSTS:
            run(f"ip netns add {namespace}")
            self.ip(namespace, "link set lo up")
        resolver = Path("/etc/netns") / CLIENT / "resolv.conf"
        resolver.parent.mkdir(parents=True)
        resolver.write_text("nameserver 192.0.2.1\n")
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            process.kill()
        if self.carrier.is_alive():
            self.carrier.stop()
        # Programs that put themselves in the background, as dhclient does.
        for namespace in HOSTS:
            left = run(f"ip netns pids {namespace}", may_fail=True)
            for pid in left.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
        remove_namespaces()
        self._scratch.cleanup()

    def join(self, client_to_server=None, server_to_client=None):
        """Lays the cable between the two hosts and switches both ends on."""
        client, server = ((namespace, "eth0", hardware) for namespace, hardware in HOSTS.items())
        wiring.cable(self.carrier, client, server, client_to_server, server_to_client)
        self.carrier.start()
        for namespace in HOSTS:
            self.ip(namespace, "link set eth0 up")

    def address_hosts(self):
        """Gives both hosts addresses; the server answers for those of the web and shell hosts, too."""
        self.ip(SERVER, "address add 192.0.2.1/24 dev eth0")
        self.ip(SERVER, "address add 2001:db8:1::1/64 dev eth0")
        for address in ("198.51.100.80/32", "198.51.100.22/32", "203.0.113.43/32", "2001:db8:2::80/128", "2001:db8:3::43/128"):
            self.ip(SERVER, f"address add {address} dev lo")
        self.ip(CLIENT, "address add 192.0.2.101/24 dev eth0")
        self.ip(CLIENT, "address add 2001:db8:1::101/64 dev eth0")
        self.ip(CLIENT, "route add default via 192.0.2.1")
        self.ip(CLIENT, "route add default via 2001:db8:1::1")
        # Until duplicate address detection is through, nothing can be sent from the new addresses.
        time.sleep(2.5)

    def ip(self, namespace, arguments):
        run(f"ip -n {namespace} {arguments}")

    def client(self, command, may_fail=False):
        return run(f"ip netns exec {CLIENT} {command}", may_fail)

    def answers(self, command):
        done = subprocess.run(f"ip netns exec {SERVER} {command}".split(), capture_output=True, timeout=10)
        return done.returncode == 0

    def start(self, namespace, command):
        log = open(self.folder / f"{command.split()[0].split('/')[-1]}.log", "ab")
        arguments = f"ip netns exec {namespace} {command}".split()
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def keep(self, wire):
        """A socket lives as long as somebody holds it."""
        self._kept.append(wire)

    @contextlib.contextmanager
    def capture(self, path, namespace, device, *options):
        log = self.folder / "tcpdump.log"
        arguments = " ".join(options)
        process = self.start(namespace, f"tcpdump -i {device} -Z root -n -U --immediate-mode {arguments} -w {path}")
        wait_for("tcpdump", lambda: "listening on" in log.read_text())
        yield
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=5)
        if "0 packets dropped by kernel" not in log.read_text():
            raise RuntimeError(f"{path.name}: tcpdump missed packets:\n{log.read_text()}")


def remove_namespaces():
    for namespace in HOSTS:
        shutil.rmtree(Path("/etc/netns") / namespace, ignore_errors=True)
        if Path("/run/netns", namespace).exists():
            run(f"ip netns delete {namespace}")
    with contextlib.suppress(OSError):
        Path("/etc/netns").rmdir()


def wait_for(what, ready):
    for _ in range(50):
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError(f"{what} did not start")


def run(command, may_fail=False):
    arguments = command.split() if isinstance(command, str) else command
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode and not may_fail:
        raise RuntimeError(f"`{command}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


CLIENT, SERVER = "flowloom-client", "flowloom-server"
# Hardware addresses for documentation, RFC 9542 section 2.1.2.
HOSTS = {CLIENT: "00005e005301", SERVER: "00005e005302"}
