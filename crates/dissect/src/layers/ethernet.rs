//! Ethernet and its tags.

use flowloom_wire::{EtherType, Ethernet, VlanTag};

use crate::field::{FieldInfo, layer};
use crate::names;
use crate::writer::Writer;

layer! {
    ETHERNET "eth" "eth" "Ethernet II, or 802.3 with a length.";
    DST Mac "eth.dst" "Destination.";
    DST_LOCAL Bool "eth.dst.lg" "The destination is locally administered.";
    DST_GROUP Bool "eth.dst.ig" "The destination is a group.";
    SRC Mac "eth.src" "Source.";
    SRC_LOCAL Bool "eth.src.lg" "The source is locally administered.";
    SRC_GROUP Bool "eth.src.ig" "The source is a group.";
    TYPE Hex(4) "eth.type" "What follows.";
    LENGTH Uint "eth.len" "Bytes that follow, of an 802.3 frame.";
}

layer! {
    VLAN "vlan" "vlan" "A VLAN tag (802.1Q).";
    PRIORITY Uint "vlan.priority" "Priority.";
    DROP_ELIGIBLE Bool "vlan.dei" "The frame may be dropped first.";
    ID Uint "vlan.id" "The VLAN.";
    TAG_TYPE Hex(4) "vlan.etype" "What follows.";
    TAG_LENGTH Uint "vlan.len" "Bytes that follow, of an 802.3 frame.";
}

layer! {
    SERVICE_VLAN "ieee8021ad" "ieee8021ad" "A service VLAN tag (802.1ad).";
    SERVICE_PRIORITY Uint "ieee8021ad.priority" "Priority.";
    SERVICE_DROP_ELIGIBLE Uint "ieee8021ad.dei" "Whether the frame may be dropped first.";
    SERVICE_ID Uint "ieee8021ad.id" "The VLAN.";
    SERVICE_TYPE Hex(4) "ieee8021ad.etype" "What follows.";
}

pub(super) fn ethernet(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&ETHERNET, at);
    w.mac(&DST, at);
    w.below(|w| w.flags(at, 1, &[(&DST_LOCAL, 1), (&DST_GROUP, 0)]));
    w.mac(&SRC, at + 6);
    w.below(|w| w.flags(at + 6, 1, &[(&SRC_LOCAL, 1), (&SRC_GROUP, 0)]));
    let inner = at + Ethernet::LEN;
    type_or_length(w, at + 12, &TYPE, &LENGTH);
    w.layer_end(inner);
    limit_by_length(w, at + 12);
    inner
}

pub(super) fn vlan(w: &mut Writer<'_>, at: usize) -> usize {
    // The number that led here is right before the tag.
    let is_service = at >= 2 && w.number(at - 2, 2) == Some(u64::from(EtherType::SERVICE_VLAN.0));
    if is_service {
        w.layer(&SERVICE_VLAN, at);
        w.bits(&SERVICE_PRIORITY, at, 2, 13, 3);
        w.bits(&SERVICE_DROP_ELIGIBLE, at, 2, 12, 1);
        w.bits(&SERVICE_ID, at, 2, 0, 12);
        w.named(&SERVICE_TYPE, at + 2, 2, names::ether_type);
        w.layer_end(at + VlanTag::LEN);
        return at + VlanTag::LEN;
    }
    w.layer(&VLAN, at);
    w.bits(&PRIORITY, at, 2, 13, 3);
    w.bits(&DROP_ELIGIBLE, at, 2, 12, 1);
    w.bits(&ID, at, 2, 0, 12);
    type_or_length(w, at + 2, &TAG_TYPE, &TAG_LENGTH);
    w.layer_end(at + VlanTag::LEN);
    limit_by_length(w, at + 2);
    at + VlanTag::LEN
}

fn type_or_length(
    w: &mut Writer<'_>,
    at: usize,
    kind: &'static FieldInfo,
    length: &'static FieldInfo,
) {
    let is_length =
        w.number(at, 2).is_some_and(|number| EtherType(number as u16).length().is_some());
    if is_length {
        w.uint(length, at, 2);
    } else {
        w.named(kind, at, 2, names::ether_type);
    }
}

/// What is behind the length of an 802.3 frame is padding.
fn limit_by_length(w: &mut Writer<'_>, at: usize) {
    let length = w.number(at, 2).and_then(|number| EtherType(number as u16).length());
    if let Some(length) = length {
        w.limit(at + 2 + length);
    }
}
