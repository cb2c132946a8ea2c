//! LLC and SNAP, PPP and what carries it, Cisco HDLC, MPLS.

use flowloom_wire::chdlc::CiscoHdlc;
use flowloom_wire::llc::{Llc, Snap};
use flowloom_wire::mpls::MplsLabel;
use flowloom_wire::ppp::Ppp;
use flowloom_wire::pppoe::Pppoe;

use crate::dissection::Value;
use crate::field::layer;
use crate::names;
use crate::writer::Writer;

layer! {
    LLC "llc" "llc" "Logical link control (802.2), with SNAP.";
    DSAP Hex(2) "llc.dsap" "Destination service access point.";
    SSAP Hex(2) "llc.ssap" "Source service access point.";
    LLC_CONTROL Hex(4) "llc.control" "Control.";
    OUI Uint "llc.oui" "SNAP: the organization.";
    SNAP_TYPE Hex(4) "llc.type" "SNAP: what follows.";
}

layer! {
    PPPOED "pppoed" "pppoe" "PPPoE discovery (RFC 2516).";
    D_VERSION Uint "pppoe.version" "Version: 1.";
    D_TYPE Uint "pppoe.type" "Type: 1.";
    D_CODE Hex(2) "pppoe.code" "Kind of message.";
    D_SESSION Hex(4) "pppoe.session_id" "The session.";
    D_LENGTH Uint "pppoe.payload_length" "Bytes after the header.";
    TAG Hex(4) "pppoed.tag" "Kind of a tag.";
    TAG_LENGTH Uint "pppoed.tag_length" "Bytes of a tag.";
    SERVICE Text "pppoed.tags.service_name" "Name of a service.";
    AC_NAME Text "pppoed.tags.ac_name" "Name of the access concentrator.";
    HOST_UNIQ Bytes "pppoed.tags.host_uniq" "What ties an answer to a question.";
    AC_COOKIE Bytes "pppoed.tags.ac_cookie" "What the access concentrator wants back.";
}

layer! {
    PPPOES "pppoes" "pppoe" "PPPoE session (RFC 2516).";
    VERSION Uint "pppoe.version" "Version: 1.";
    TYPE Uint "pppoe.type" "Type: 1.";
    CODE Hex(2) "pppoe.code" "Kind of message: 0 for data.";
    SESSION Hex(4) "pppoe.session_id" "The session.";
    LENGTH Uint "pppoe.payload_length" "Bytes after the header.";
}

layer! {
    PPP "ppp" "ppp" "PPP (RFC 1661).";
    ADDRESS Hex(2) "ppp.address" "Address: all stations.";
    CONTROL Hex(2) "ppp.control" "Control: unnumbered information.";
    PROTOCOL Hex(4) "ppp.protocol" "What follows.";
}

layer! {
    CHDLC "chdlc" "chdlc" "Cisco HDLC.";
    HDLC_ADDRESS Hex(2) "chdlc.address" "Unicast or multicast.";
    HDLC_CONTROL Hex(2) "chdlc.control" "Control: 0.";
    HDLC_PROTOCOL Hex(4) "chdlc.protocol" "What follows.";
}

layer! {
    MPLS "mpls" "mpls" "A stack of MPLS labels (RFC 3032).";
    LABEL Uint "mpls.label" "The label.";
    EXP Uint "mpls.exp" "Traffic class.";
    BOTTOM Uint "mpls.bottom" "Whether the label is the last.";
    TTL Uint "mpls.ttl" "Time to live.";
}

pub(super) fn llc(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&LLC, at);
    w.named(&DSAP, at, 1, sap_name);
    w.named(&SSAP, at + 1, 1, sap_name);
    let len = Llc::parse(w.rest(at)).map_or(3, |llc| llc.header_len());
    let control = w.number(at + 2, len - 2).unwrap_or(0);
    // Two bytes come least significant first.
    let control = if len == 4 { u64::from((control as u16).swap_bytes()) } else { control };
    w.computed(&LLC_CONTROL, at + 2, len - 2, control);
    w.layer_end(at + len);
    at + len
}

/// The rest of an LLC header.
pub(super) fn snap(w: &mut Writer<'_>, at: usize) -> usize {
    w.uint(&OUI, at, 3);
    if let Ok(snap) = Snap::parse(w.rest(at))
        && snap.ether_type().is_some()
    {
        w.named(&SNAP_TYPE, at + 3, 2, names::ether_type);
    }
    w.layer_end(at + Snap::LEN);
    at + Snap::LEN
}

pub(super) fn pppoe_discovery(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&PPPOED, at);
    w.bits(&D_VERSION, at, 1, 4, 4);
    w.bits(&D_TYPE, at, 1, 0, 4);
    w.named(&D_CODE, at + 1, 1, code_name);
    w.uint(&D_SESSION, at + 2, 2);
    let length = w.uint(&D_LENGTH, at + 4, 2) as usize;
    w.limit(at + Pppoe::LEN + length);
    let mut tag = at + Pppoe::LEN;
    while tag + 4 <= w.end {
        let kind = w.uint(&TAG, tag, 2);
        let len = w.uint(&TAG_LENGTH, tag + 2, 2) as usize;
        w.below(|w| match kind {
            0x0101 if len > 0 => w.text(&SERVICE, tag + 4, len),
            0x0102 => w.text(&AC_NAME, tag + 4, len),
            0x0103 => w.bytes(&HOST_UNIQ, tag + 4, len),
            0x0104 => w.bytes(&AC_COOKIE, tag + 4, len),
            _ => {}
        });
        tag += 4 + len;
        if kind == 0 {
            break;
        }
    }
    w.layer_end(w.end);
    w.end
}

pub(super) fn pppoe(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&PPPOES, at);
    w.bits(&VERSION, at, 1, 4, 4);
    w.bits(&TYPE, at, 1, 0, 4);
    w.named(&CODE, at + 1, 1, code_name);
    w.uint(&SESSION, at + 2, 2);
    let length = w.uint(&LENGTH, at + 4, 2) as usize;
    w.limit(at + Pppoe::LEN + length);
    w.layer_end(at + Pppoe::LEN);
    at + Pppoe::LEN
}

pub(super) fn ppp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&PPP, at);
    let Ok(ppp) = Ppp::parse(w.rest(at)) else { return at };
    let len = ppp.header_len();
    let mut next = at;
    if len > 2 && w.number(at, 1) == Some(u64::from(Ppp::ADDRESS)) {
        w.uint(&ADDRESS, at, 1);
        w.uint(&CONTROL, at + 1, 1);
        next += 2;
    }
    let protocol = u64::from(ppp.protocol().0);
    let name = ppp_protocol_name(protocol);
    w.add_named(&PROTOCOL, next, at + len - next, Value::Uint(protocol), name);
    w.layer_end(at + len);
    at + len
}

pub(super) fn chdlc(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&CHDLC, at);
    w.uint(&HDLC_ADDRESS, at, 1);
    w.uint(&HDLC_CONTROL, at + 1, 1);
    w.named(&HDLC_PROTOCOL, at + 2, 2, names::ether_type);
    w.layer_end(at + CiscoHdlc::LEN);
    at + CiscoHdlc::LEN
}

pub(super) fn mpls(w: &mut Writer<'_>, mut at: usize) -> usize {
    w.layer(&MPLS, at);
    while let Ok(label) = MplsLabel::parse(w.rest(at)) {
        w.bits(&LABEL, at, 4, 12, 20);
        w.bits(&EXP, at, 4, 9, 3);
        w.bits(&BOTTOM, at, 4, 8, 1);
        w.bits(&TTL, at, 4, 0, 8);
        at += MplsLabel::LEN;
        if label.is_bottom() {
            break;
        }
    }
    w.layer_end(at);
    at
}

fn sap_name(sap: u64) -> Option<&'static str> {
    Some(match sap {
        0x00 => "null",
        0x06 => "IP",
        0x42 => "spanning tree",
        0xaa => "SNAP",
        0xe0 => "NetWare",
        0xf0 => "NetBIOS",
        0xfe => "ISO network layer",
        0xff => "global",
        _ => return None,
    })
}

fn code_name(code: u64) -> Option<&'static str> {
    Some(match code {
        0x00 => "session data",
        0x07 => "offer",
        0x09 => "initiation",
        0x19 => "request",
        0x65 => "session confirmation",
        0xa7 => "terminate",
        _ => return None,
    })
}

fn ppp_protocol_name(protocol: u64) -> Option<&'static str> {
    Some(match protocol {
        0x0021 => "IPv4",
        0x0057 => "IPv6",
        0x0281 => "MPLS",
        0x8021 => "IPCP",
        0x8057 => "IPv6CP",
        0x80fd => "CCP",
        0xc021 => "LCP",
        0xc023 => "PAP",
        0xc025 => "link quality report",
        0xc223 => "CHAP",
        _ => return None,
    })
}
