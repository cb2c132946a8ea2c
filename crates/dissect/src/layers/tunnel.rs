//! Tunnels: GRE, ERSPAN, VXLAN, Geneve, GTP, L2TP, Teredo.

use flowloom_wire::capwap::Capwap;
use flowloom_wire::erspan::Erspan;
use flowloom_wire::geneve::Geneve;
use flowloom_wire::gre::Gre;
use flowloom_wire::gtp::Gtp;
use flowloom_wire::l2tp::L2tp;
use flowloom_wire::teredo::teredo_header_len;
use flowloom_wire::vxlan::Vxlan;

use crate::field::layer;
use crate::names;
use crate::writer::Writer;

layer! {
    GRE "gre" "gre" "Generic routing encapsulation (RFC 2784, RFC 2890); NVGRE (RFC 7637).";
    GRE_FLAGS Hex(4) "gre.flags_and_version" "Flags and version.";
    GRE_CHECKSUM_FLAG Bool "gre.flags.checksum" "There is a checksum.";
    GRE_ROUTING_FLAG Bool "gre.flags.routing" "There is a route.";
    GRE_KEY_FLAG Bool "gre.flags.key" "There is a key.";
    GRE_SEQUENCE_FLAG Bool "gre.flags.sequence_number" "There is a sequence number.";
    GRE_STRICT Bool "gre.flags.strict_source_route" "The route is strict.";
    GRE_RECURSION Uint "gre.flags.recursion_control" "Encapsulations that may follow.";
    GRE_VERSION Uint "gre.flags.version" "Version: 0, or 1 for PPTP.";
    GRE_PROTO Hex(4) "gre.proto" "What follows.";
    GRE_CHECKSUM Hex(4) "gre.checksum" "Checksum, as sent.";
    GRE_OFFSET Uint "gre.offset" "Where the route goes on.";
    GRE_KEY Hex(8) "gre.key" "Key.";
    GRE_PAYLOAD Uint "gre.key.payload_length" "Bytes of payload (PPTP).";
    GRE_CALL Uint "gre.key.call_id" "The call (PPTP).";
    GRE_SEQUENCE Uint "gre.sequence_number" "Sequence number.";
    GRE_ACK Uint "gre.ack_number" "Acknowledgement number (PPTP).";
}

layer! {
    ERSPAN "erspan" "erspan" "A mirrored frame (ERSPAN).";
    ERSPAN_VERSION Uint "erspan.version" "Version.";
    ERSPAN_VLAN Uint "erspan.vlan" "The VLAN it was mirrored from.";
    ERSPAN_COS Uint "erspan.cos" "Class of service.";
    ERSPAN_TRUNCATED Uint "erspan.truncated" "Whether the frame was cut.";
    ERSPAN_SESSION Uint "erspan.spanid" "The session.";
}

layer! {
    VXLAN "vxlan" "vxlan" "VXLAN (RFC 7348).";
    VXLAN_FLAGS Hex(4) "vxlan.flags" "Flags.";
    VXLAN_G Bool "vxlan.flag_g" "There is a group policy.";
    VXLAN_I Bool "vxlan.flag_i" "There is a network identifier.";
    VXLAN_D Bool "vxlan.flag_d" "The sender's address must not be learned.";
    VXLAN_A Bool "vxlan.flag_a" "The policy was applied.";
    VXLAN_GROUP Uint "vxlan.gbp" "Group policy.";
    VXLAN_VNI Uint "vxlan.vni" "Network identifier.";
    VXLAN_RESERVED Uint "vxlan.reserved8" "Reserved.";
}

layer! {
    GENEVE "geneve" "geneve" "Geneve (RFC 8926).";
    GENEVE_VERSION Uint "geneve.version" "Version: 0.";
    GENEVE_FLAGS Hex(2) "geneve.flags" "Flags.";
    GENEVE_OAM Bool "geneve.flags.oam" "A control message.";
    GENEVE_CRITICAL Bool "geneve.flags.critical" "There are critical options.";
    GENEVE_PROTO Hex(4) "geneve.proto_type" "What follows.";
    GENEVE_VNI Hex(6) "geneve.vni" "Network identifier.";
    GENEVE_CLASS Hex(4) "geneve.option.class" "Who defined an option.";
    GENEVE_TYPE Hex(2) "geneve.option.type" "Kind of an option.";
    GENEVE_LENGTH Uint "geneve.option.length" "Bytes of all options, and then of each.";
}

layer! {
    GTP "gtp" "gtp" "GPRS tunnelling protocol (3GPP TS 29.281).";
    GTP_FLAGS Hex(2) "gtp.flags" "Flags.";
    GTP_VERSION Uint "gtp.flags.version" "Version: 1.";
    GTP_PAYLOAD Uint "gtp.flags.payload" "Whether it is GTP, and not GTP'.";
    GTP_E Bool "gtp.flags.e" "There are extension headers.";
    GTP_S Bool "gtp.flags.s" "There is a sequence number.";
    GTP_PN Bool "gtp.flags.pn" "There is an N-PDU number.";
    GTP_MESSAGE Hex(2) "gtp.message" "Kind of message.";
    GTP_LENGTH Uint "gtp.length" "Bytes after the first eight.";
    GTP_TEID Hex(8) "gtp.teid" "Tunnel endpoint identifier.";
    GTP_SEQ Hex(4) "gtp.seq_number" "Sequence number.";
    GTP_NPDU Hex(2) "gtp.npdu_number" "N-PDU number.";
    GTP_NEXT Hex(2) "gtp.ext_hdr.next" "Kind of the next extension header.";
}

layer! {
    L2TP "l2tp" "l2tp" "L2TP (RFC 2661).";
    L2TP_FLAGS Hex(4) "l2tp.flags" "Flags and version.";
    L2TP_TYPE Uint "l2tp.type" "Whether it is a control message.";
    L2TP_LENGTH_BIT Bool "l2tp.length_bit" "There is a length.";
    L2TP_SEQ_BIT Bool "l2tp.seq_bit" "There are sequence numbers.";
    L2TP_OFFSET_BIT Bool "l2tp.offset_bit" "There is an offset.";
    L2TP_PRIORITY Bool "l2tp.priority" "The message goes first.";
    L2TP_VERSION Uint "l2tp.version" "Version: 2.";
    L2TP_LENGTH Uint "l2tp.length" "Bytes of the message.";
    L2TP_TUNNEL Uint "l2tp.tunnel" "The tunnel.";
    L2TP_SESSION Uint "l2tp.session" "The session.";
    L2TP_NS Uint "l2tp.Ns" "Sequence number.";
    L2TP_NR Uint "l2tp.Nr" "Sequence number that is expected.";
    L2TP_OFFSET Uint "l2tp.offset" "Bytes that are passed over.";
    L2TP_ATTRIBUTE Uint "l2tp.avp.type" "Control: kind of an attribute.";
    L2TP_MANDATORY Bool "l2tp.avp.mandatory" "Control: who does not know the attribute gives up.";
    L2TP_HIDDEN Bool "l2tp.avp.hidden" "Control: the value is encrypted.";
    L2TP_ATTRIBUTE_LENGTH Uint "l2tp.avp.length" "Control: bytes of an attribute.";
    L2TP_VENDOR Uint "l2tp.avp.vendor_id" "Control: who defined the attribute.";
    L2TP_VALUE Bytes "l2tp.avp.value" "Control: value of an attribute.";
}

layer! {
    TEREDO "teredo" "teredo" "Teredo (RFC 4380).";
    TEREDO_ID_LEN Uint "teredo.auth.idlen" "Authentication: bytes of the client identifier.";
    TEREDO_VALUE_LEN Uint "teredo.auth.aulen" "Authentication: bytes of the value.";
    TEREDO_NONCE Bytes "teredo.auth.nonce" "Authentication: nonce.";
    TEREDO_CONFIRM Bytes "teredo.auth.conf" "Authentication: confirmation.";
    TEREDO_PORT Uint "teredo.orig.port" "The port the packet came from.";
    TEREDO_ADDRESS Ipv4 "teredo.orig.addr" "The address the packet came from.";
}

layer! {
    CAPWAP "capwap.data" "capwap" "CAPWAP data (RFC 5415).";
    CAPWAP_VERSION Uint "capwap.preamble.version" "Version: 0.";
    CAPWAP_TYPE Uint "capwap.preamble.type" "Whether it is encrypted.";
    CAPWAP_LENGTH Uint "capwap.header.length" "Words of the header.";
}

/// What data and control begin with; gives where the rest begins.
pub(super) fn capwap_preamble(w: &mut Writer<'_>, at: usize) -> usize {
    w.bits(&CAPWAP_VERSION, at, 1, 4, 4);
    if w.bits(&CAPWAP_TYPE, at, 1, 0, 4) != 0 {
        // What follows is encrypted with DTLS.
        return at + 4;
    }
    let words = w.bits(&CAPWAP_LENGTH, at + 1, 1, 3, 5) as usize;
    at + 4 * words.max(1)
}

pub(super) fn capwap(w: &mut Writer<'_>, at: usize) -> usize {
    let len = Capwap::parse(w.rest(at)).map_or(0, |capwap| capwap.header_len());
    w.layer(&CAPWAP, at);
    capwap_preamble(w, at);
    w.layer_end(at + len);
    w.is_swapped = true;
    at + len
}

pub(super) fn gre(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&GRE, at);
    let Ok(gre) = Gre::parse(w.rest(at)) else { return at };
    let flags = w.uint(&GRE_FLAGS, at, 2);
    w.below(|w| {
        w.flags(at, 2, &[(&GRE_CHECKSUM_FLAG, 15), (&GRE_ROUTING_FLAG, 14), (&GRE_KEY_FLAG, 13)]);
        w.flags(at, 2, &[(&GRE_SEQUENCE_FLAG, 12), (&GRE_STRICT, 11)]);
        w.bits(&GRE_RECURSION, at, 2, 8, 3);
        w.bits(&GRE_VERSION, at, 2, 0, 3);
    });
    w.named(&GRE_PROTO, at + 2, 2, names::ether_type);
    let mut next = at + 4;
    if flags & 0xc000 != 0 {
        w.uint(&GRE_CHECKSUM, next, 2);
        w.uint(&GRE_OFFSET, next + 2, 2);
        next += 4;
    }
    if flags & 0x2000 != 0 {
        if gre.version() == 1 {
            w.uint(&GRE_PAYLOAD, next, 2);
            w.uint(&GRE_CALL, next + 2, 2);
        } else {
            w.uint(&GRE_KEY, next, 4);
        }
        next += 4;
    }
    if flags & 0x1000 != 0 {
        w.uint(&GRE_SEQUENCE, next, 4);
        next += 4;
    }
    if gre.version() == 1 && flags & 0x80 != 0 {
        w.uint(&GRE_ACK, next, 4);
    }
    let end = at + gre.header_len();
    w.layer_end(end);
    if let Some(len) = gre.payload_len() {
        w.limit(end + len);
    }
    end
}

pub(super) fn erspan(w: &mut Writer<'_>, at: usize) -> usize {
    let header_len = Erspan::parse(w.rest(at)).map_or(0, |erspan| erspan.header_len());
    w.layer(&ERSPAN, at);
    // Type I has no header.
    if header_len > 0 {
        w.bits(&ERSPAN_VERSION, at, 2, 12, 4);
        w.bits(&ERSPAN_VLAN, at, 2, 0, 12);
        w.bits(&ERSPAN_COS, at + 2, 2, 13, 3);
        w.bits(&ERSPAN_TRUNCATED, at + 2, 2, 10, 1);
        w.bits(&ERSPAN_SESSION, at + 2, 2, 0, 10);
    }
    w.layer_end(at + header_len);
    at + header_len
}

pub(super) fn vxlan(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&VXLAN, at);
    w.uint(&VXLAN_FLAGS, at, 2);
    w.below(|w| {
        w.flags(at, 2, &[(&VXLAN_G, 15), (&VXLAN_I, 11), (&VXLAN_D, 6), (&VXLAN_A, 3)]);
    });
    w.uint(&VXLAN_GROUP, at + 2, 2);
    w.uint(&VXLAN_VNI, at + 4, 3);
    w.uint(&VXLAN_RESERVED, at + 7, 1);
    w.layer_end(at + Vxlan::LEN);
    at + Vxlan::LEN
}

pub(super) fn geneve(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&GENEVE, at);
    let len = Geneve::parse(w.rest(at)).map_or(8, |geneve| geneve.header_len());
    w.bits(&GENEVE_VERSION, at, 1, 6, 2);
    w.computed(&GENEVE_LENGTH, at, 1, len as u64 - 8);
    w.uint(&GENEVE_FLAGS, at + 1, 1);
    w.below(|w| w.flags(at + 1, 1, &[(&GENEVE_OAM, 7), (&GENEVE_CRITICAL, 6)]));
    w.named(&GENEVE_PROTO, at + 2, 2, names::ether_type);
    w.uint(&GENEVE_VNI, at + 4, 3);
    let mut option = at + 8;
    while option + 4 <= at + len {
        w.uint(&GENEVE_CLASS, option, 2);
        w.uint(&GENEVE_TYPE, option + 2, 1);
        let bytes = 4 * (1 + (w.number(option + 3, 1).unwrap_or(0) & 0x1f));
        w.computed(&GENEVE_LENGTH, option + 3, 1, bytes);
        option += bytes as usize;
    }
    w.layer_end(at + len);
    at + len
}

pub(super) fn gtp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&GTP, at);
    let Ok(gtp) = Gtp::parse(w.rest(at)) else { return at };
    let flags = w.uint(&GTP_FLAGS, at, 1);
    w.below(|w| {
        w.bits(&GTP_VERSION, at, 1, 5, 3);
        w.bits(&GTP_PAYLOAD, at, 1, 4, 1);
        w.flags(at, 1, &[(&GTP_E, 2), (&GTP_S, 1), (&GTP_PN, 0)]);
    });
    w.named(&GTP_MESSAGE, at + 1, 1, gtp_message_name);
    w.uint(&GTP_LENGTH, at + 2, 2);
    w.uint(&GTP_TEID, at + 4, 4);
    if flags & 2 != 0 {
        w.uint(&GTP_SEQ, at + 8, 2);
    }
    if flags & 1 != 0 {
        w.uint(&GTP_NPDU, at + 10, 1);
    }
    if flags & 4 != 0 {
        w.uint(&GTP_NEXT, at + 11, 1);
    }
    w.limit(at + gtp.total_len());
    let end = at + gtp.header_len();
    w.layer_end(end);
    end
}

fn gtp_message_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "echo request",
        2 => "echo response",
        16 => "create PDP context request",
        17 => "create PDP context response",
        18 => "update PDP context request",
        19 => "update PDP context response",
        20 => "delete PDP context request",
        21 => "delete PDP context response",
        26 => "error indication",
        254 => "end marker",
        255 => "user packet",
        _ => return None,
    })
}

pub(super) fn l2tp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&L2TP, at);
    let Ok(l2tp) = L2tp::parse(w.rest(at)) else { return at };
    let flags = w.uint(&L2TP_FLAGS, at, 2);
    w.below(|w| {
        w.bits(&L2TP_TYPE, at, 2, 15, 1);
        w.flags(at, 2, &[(&L2TP_LENGTH_BIT, 14), (&L2TP_SEQ_BIT, 11)]);
        w.flags(at, 2, &[(&L2TP_OFFSET_BIT, 9), (&L2TP_PRIORITY, 8)]);
        w.bits(&L2TP_VERSION, at, 2, 0, 4);
    });
    let mut next = at + 2;
    if flags & 0x4000 != 0 {
        w.uint(&L2TP_LENGTH, next, 2);
        next += 2;
    }
    w.uint(&L2TP_TUNNEL, next, 2);
    w.uint(&L2TP_SESSION, next + 2, 2);
    next += 4;
    if flags & 0x0800 != 0 {
        w.uint(&L2TP_NS, next, 2);
        w.uint(&L2TP_NR, next + 2, 2);
        next += 4;
    }
    if flags & 0x0200 != 0 {
        w.uint(&L2TP_OFFSET, next, 2);
    }
    if let Some(len) = l2tp.total_len() {
        w.limit(at + len);
    }
    let end = at + l2tp.header_len();
    w.layer_end(end);
    end
}

/// An attribute of a control message (RFC 2661, section 4.1).
pub(super) fn l2tp_attribute(w: &mut Writer<'_>, at: usize, len: usize) {
    let is_known = w.number(at + 2, 2) == Some(0);
    w.named(&L2TP_ATTRIBUTE, at + 4, 2, |kind| l2tp_attribute_name(kind).filter(|_| is_known));
    w.below(|w| {
        w.flags(at, 2, &[(&L2TP_MANDATORY, 15), (&L2TP_HIDDEN, 14)]);
        w.bits(&L2TP_ATTRIBUTE_LENGTH, at, 2, 0, 10);
        w.uint(&L2TP_VENDOR, at + 2, 2);
        w.bytes(&L2TP_VALUE, at + 6, len - 6);
    });
}

fn l2tp_attribute_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "message type",
        1 => "result code",
        2 => "protocol version",
        3 => "framing capabilities",
        4 => "bearer capabilities",
        6 => "firmware revision",
        7 => "host name",
        8 => "vendor name",
        9 => "assigned tunnel",
        10 => "receive window",
        11 => "challenge",
        13 => "challenge response",
        14 => "assigned session",
        15 => "call serial number",
        19 => "framing type",
        21 => "called number",
        22 => "calling number",
        24 => "connect speed",
        _ => return None,
    })
}

pub(super) fn teredo(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&TEREDO, at);
    let len = teredo_header_len(w.rest(at)).unwrap_or(0);
    let mut next = at;
    if w.number(next, 2) == Some(1) {
        let id_len = w.uint(&TEREDO_ID_LEN, next + 2, 1) as usize;
        let value_len = w.uint(&TEREDO_VALUE_LEN, next + 3, 1) as usize;
        next += 4 + id_len + value_len;
        w.bytes(&TEREDO_NONCE, next, 8);
        w.bytes(&TEREDO_CONFIRM, next + 8, 1);
        next += 9;
    }
    // Address and port are written with all bits turned.
    if w.number(next, 2) == Some(0)
        && let Some(&[a, b, c, d, e, f]) = w.get(next + 2, 6)
    {
        let port = !u16::from_be_bytes([a, b]);
        w.computed(&TEREDO_PORT, next + 2, 2, u64::from(port));
        let address = std::net::Ipv4Addr::new(!c, !d, !e, !f);
        w.add(&TEREDO_ADDRESS, next + 4, 4, crate::dissection::Value::Ipv4(address));
    }
    w.layer_end(at + len);
    at + len
}
