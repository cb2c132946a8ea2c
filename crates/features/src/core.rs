//! The family `core`: who spoke with whom, when, how much, and how it ended.

use std::net::IpAddr;

use flowloom_flow::{Flow, Introduction, TcpState};
use flowloom_schema::{Column, Mac, Record, Series, Timestamp, record};

use crate::exact::seconds;
use crate::family::{Family, FlowRow, Needs};
use crate::kept::Kept;

/// The columns every flow has.
pub(crate) struct CoreFamily;

impl Family for CoreFamily {
    fn columns(&self) -> Vec<Column> {
        Core::columns()
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        Core::push_all(&[core(row)], series);
    }

    fn append_all(&self, rows: &[FlowRow<'_>], series: &mut [Series]) {
        // Few enough at a time to stay in the nearest cache.
        for rows in rows.chunks(ROWS_AT_A_TIME) {
            Core::push_all(&rows.iter().map(core).collect::<Vec<_>>(), series);
        }
    }
}

record! {
    /// Who spoke with whom, when, how much, and how it ended.
    pub struct Core<'a> in "core" since "0.1" over "all packets of the flow" {
        /// Number of the flow's first frame in the input, counted from 1: identifies the flow.
        flow_id: i64 [FrameNumber, Identity],
        /// Capture the flow was found in, as it was named; with a directory, relative to it, and with several, after the name of its own.
        capture: &'a str [None, Identity],
        /// Address of the initiator.
        src_ip: IpAddr [None, Identity],
        /// Address of the other side.
        dst_ip: IpAddr [None, Identity],
        /// Port of the initiator; null for protocols without ports and unresolved fragments.
        src_port: Option<i32> [None, Identity],
        /// Port of the other side; null for protocols without ports and unresolved fragments.
        dst_port: Option<i32> [None, Identity],
        /// IP protocol number, after IPv6 extension headers: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6.
        protocol: u8 [None, Feature],
        /// 4 or 6: version of the innermost IP header.
        ip_version: u8 [None, Feature],
        /// Inner VLAN identifier of the innermost Ethernet header (802.1Q or 802.1ad).
        vlan_id: Option<i32> [None, Identity],
        /// Outer VLAN identifier of the innermost Ethernet header when it has two tags.
        outer_vlan_id: Option<i32> [None, Identity],
        /// VNI or VSID of the innermost VXLAN, Geneve or NVGRE header.
        vni: Option<i64> [None, Identity],
        /// Tunnels the first packet came through, outermost first, with their identifiers.
        tunnel: Option<&'a str> [None, Identity],
        /// For ICMP and ICMPv6: the type (the request's, for echo and the like) the flow is keyed by.
        icmp_type: Option<u8> [None, Feature],
        /// For ICMP and ICMPv6: the code the flow is keyed by; null for echo and the like.
        icmp_code: Option<u8> [None, Feature],
        /// Time of the first packet.
        start_time: Timestamp [Instant, Time],
        /// Time of the last packet in the order of the input.
        end_time: Timestamp [Instant, Time],
        /// From `start_time` to `end_time`; negative where times go back.
        duration: f64 [Seconds, Feature],
        /// Packets of both directions.
        packet_count: i64 [Packets, Feature],
        /// Bytes of both directions, as frames on the wire.
        byte_count: i64 [Bytes, Feature],
        /// Packets from the initiator.
        up_packet_count: i64 [Packets, Feature],
        /// Bytes from the initiator, as frames on the wire.
        up_byte_count: i64 [Bytes, Feature],
        /// Packets to the initiator.
        down_packet_count: i64 [Packets, Feature],
        /// Bytes to the initiator, as frames on the wire.
        down_byte_count: i64 [Bytes, Feature],
        /// Bytes from the initiator by the IP headers: headers and payload, no link layer.
        up_ip_byte_count: i64 [Bytes, Feature],
        /// Bytes to the initiator by the IP headers.
        down_ip_byte_count: i64 [Bytes, Feature],
        /// Transport payload from the initiator, retransmissions counted again.
        up_payload_byte_count: i64 [Bytes, Feature],
        /// Transport payload to the initiator, retransmissions counted again.
        down_payload_byte_count: i64 [Bytes, Feature],
        /// Number of the flow's first frame; the same as `flow_id`.
        first_frame: i64 [FrameNumber, Identity],
        /// Number of the last frame with a packet of the flow.
        last_frame: i64 [FrameNumber, Identity],
        /// Why the flow ended: fin, rst, reopened, idle, active, evicted, end_of_input.
        end_reason: &'static str [None, Account],
        /// What told the initiator: syn, syn_ack, icmp_reply, first_packet, client_network.
        initiator_by: &'static str [None, Account],
        /// What the TCP connection came to: syn_sent, syn_received, established, fin_wait, closing,
        /// closed, reset; null for other protocols.
        tcp_state: Option<&'static str> [None, Feature],
        /// Hardware address of the initiator's side in the first packet's innermost link header;
        /// null where there is none, and for fragments that stayed alone.
        src_mac: Option<Mac> [None, Identity],
        /// Hardware address of the other side in the first packet's innermost link header; null
        /// likewise.
        dst_mac: Option<Mac> [None, Identity],
        /// TTL or hop limit of the first packet from the initiator.
        up_ttl: Option<u8> [Hops, Feature],
        /// TTL or hop limit of the first packet to the initiator.
        down_ttl: Option<u8> [Hops, Feature],
        /// Differentiated services code point of the first packet from the initiator.
        up_dscp: Option<u8> [None, Feature],
        /// Differentiated services code point of the first packet to the initiator.
        down_dscp: Option<u8> [None, Feature],
        /// Maximum segment size the initiator's SYN announced.
        up_mss: Option<i32> [Bytes, Feature],
        /// Maximum segment size the other side's SYN announced.
        down_mss: Option<i32> [Bytes, Feature],
        /// Window scale (power of two) the initiator's SYN announced.
        up_window_scale: Option<u8> [None, Feature],
        /// Window scale (power of two) the other side's SYN announced.
        down_window_scale: Option<u8> [None, Feature],
        /// All TCP flags from the initiator OR-ed, low eight bits; null for other protocols.
        up_tcp_flags: Option<u8> [None, Feature],
        /// All TCP flags to the initiator OR-ed, low eight bits; null for other protocols.
        down_tcp_flags: Option<u8> [None, Feature],
        /// Packets with FIN.
        fin_count: i64 [Packets, Feature],
        /// Packets with SYN.
        syn_count: i64 [Packets, Feature],
        /// Packets with RST.
        rst_count: i64 [Packets, Feature],
        /// Packets with PSH.
        psh_count: i64 [Packets, Feature],
        /// Packets with ACK.
        ack_count: i64 [Packets, Feature],
        /// Packets with URG.
        urg_count: i64 [Packets, Feature],
        /// Packets with ECE.
        ece_count: i64 [Packets, Feature],
        /// Packets with CWR.
        cwr_count: i64 [Packets, Feature],
        /// Retransmissions from the initiator: TCP segments wholly seen before.
        up_retransmission_count: i64 [Packets, Feature],
        /// Retransmissions to the initiator.
        down_retransmission_count: i64 [Packets, Feature],
        /// TCP segments from the initiator that fill a hole or come before the first byte seen.
        up_out_of_order_count: i64 [Packets, Feature],
        /// TCP segments to the initiator that fill a hole or come before the first byte seen.
        down_out_of_order_count: i64 [Packets, Feature],
        /// TCP segments from the initiator with a window of zero, SYN and RST apart.
        up_zero_window_count: i64 [Packets, Feature],
        /// TCP segments to the initiator with a window of zero, SYN and RST apart.
        down_zero_window_count: i64 [Packets, Feature],
        /// From the SYN (the last one before it was answered) to the ACK that completed the handshake.
        handshake_rtt: Option<f64> [Seconds, Feature],
        /// From that SYN to the first SYN+ACK: the way from the capture point to the side that was asked and back.
        handshake_server_rtt: Option<f64> [Seconds, Feature],
        /// From the last SYN+ACK before the ACK to it: the way from the capture point to the side that asked and back.
        handshake_client_rtt: Option<f64> [Seconds, Feature],
    }
}

fn core<'a>(row: &FlowRow<'a>) -> Core<'a> {
    let (flow, key) = (&row.ended.flow, &row.ended.flow.key);
    let [up, down] = &flow.sides;
    let [src_ip, dst_ip] = row.ips;
    let [src_mac, dst_mac] = row.macs;
    let ports = key.ports().map(|(a, b)| ends_of_ports(flow.initiator_is_b, a, b));
    let [outer_vlan, inner_vlan] = match key.vlans() {
        [Some(outer), Some(inner)] => [Some(outer), Some(inner)],
        [only, _] => [None, only],
    };
    let icmp = icmp(flow);
    let tcp = flow.is_tcp();
    let [fin, syn, rst, psh, ack, urg, ece, cwr] = flow.flag_counts.map(i64::from);
    let round_trips = flow.round_trips();
    let duration = flow.end_time.saturating_sub(flow.first.time);
    Core {
        flow_id: flow.first.frame as i64,
        capture: row.capture,
        src_ip,
        dst_ip,
        src_port: ports.map(|(src, _)| src),
        dst_port: ports.map(|(_, dst)| dst),
        protocol: key.protocol(),
        ip_version: key.ip_version(),
        vlan_id: inner_vlan.map(i32::from),
        outer_vlan_id: outer_vlan.map(i32::from),
        vni: key.vni().map(i64::from),
        tunnel: flow.first.tunnel.as_ref().map(|path| path.as_str()),
        icmp_type: icmp.map(|(kind, _)| kind),
        icmp_code: icmp.and_then(|(_, code)| code),
        start_time: Timestamp(flow.first.time),
        end_time: Timestamp(flow.end_time),
        duration: seconds(duration.into(), 1),
        packet_count: (up.packets + down.packets) as i64,
        byte_count: (up.bytes + down.bytes) as i64,
        up_packet_count: up.packets as i64,
        up_byte_count: up.bytes as i64,
        down_packet_count: down.packets as i64,
        down_byte_count: down.bytes as i64,
        up_ip_byte_count: up.ip_bytes as i64,
        down_ip_byte_count: down.ip_bytes as i64,
        up_payload_byte_count: up.payload_bytes as i64,
        down_payload_byte_count: down.payload_bytes as i64,
        first_frame: flow.first.frame as i64,
        last_frame: flow.last_frame as i64,
        end_reason: row.ended.reason.name(),
        initiator_by: flow.first.initiator_by.name(),
        tcp_state: flow.tcp_state().map(TcpState::name),
        src_mac,
        dst_mac,
        up_ttl: of_seen(flow, 0, |side| side.ttl),
        down_ttl: of_seen(flow, 1, |side| side.ttl),
        up_dscp: of_seen(flow, 0, |side| side.tos >> 2),
        down_dscp: of_seen(flow, 1, |side| side.tos >> 2),
        up_mss: flow.introductions[0].mss.map(i32::from),
        down_mss: flow.introductions[1].mss.map(i32::from),
        up_window_scale: flow.introductions[0].window_scale,
        down_window_scale: flow.introductions[1].window_scale,
        up_tcp_flags: tcp.then_some(flow.flags[0]),
        down_tcp_flags: tcp.then_some(flow.flags[1]),
        fin_count: fin,
        syn_count: syn,
        rst_count: rst,
        psh_count: psh,
        ack_count: ack,
        urg_count: urg,
        ece_count: ece,
        cwr_count: cwr,
        up_retransmission_count: flow.troubles[0].retransmissions.into(),
        down_retransmission_count: flow.troubles[1].retransmissions.into(),
        up_out_of_order_count: flow.troubles[0].out_of_order.into(),
        down_out_of_order_count: flow.troubles[1].out_of_order.into(),
        up_zero_window_count: flow.troubles[0].zero_windows.into(),
        down_zero_window_count: flow.troubles[1].zero_windows.into(),
        handshake_rtt: round_trips.whole.map(in_seconds),
        handshake_server_rtt: round_trips.server.map(in_seconds),
        handshake_client_rtt: round_trips.client.map(in_seconds),
    }
}

fn ends_of_ports(initiator_is_b: bool, a: u16, b: u16) -> (i32, i32) {
    if initiator_is_b { (b.into(), a.into()) } else { (a.into(), b.into()) }
}

/// Type and code an ICMP flow is keyed by; no code for requests and replies.
fn icmp(flow: &Flow<Kept>) -> Option<(u8, Option<u8>)> {
    let (type_code, is_message) = flow.key.icmp()?;
    Some(((type_code >> 8) as u8, is_message.then_some(type_code as u8)))
}

/// A property of a side's first packet; none when the side sent nothing.
fn of_seen(flow: &Flow<Kept>, side: usize, property: impl Fn(&Introduction) -> u8) -> Option<u8> {
    (flow.sides[side].packets > 0).then(|| property(&flow.introductions[side]))
}

fn in_seconds(nanoseconds: i64) -> f64 {
    seconds(i128::from(nanoseconds), 1)
}

/// Rows made before they are spread over the columns.
const ROWS_AT_A_TIME: usize = 32;
