//! Settings that are a choice, by the names that users and recorded settings have for them.

use flowloom_flow::{Initiator, KeyIgnore, Overlap, Population};

use crate::{AppLayer, ConfigError, Order};

/// In which order rows come.
pub(crate) const ORDERS: [(&str, Order); 2] = [("end", Order::End), ("start", Order::Start)];
/// How application protocols are told.
pub const APP_LAYERS: [(&str, AppLayer); 3] =
    [("full", AppLayer::Full), ("port-only", AppLayer::PortOnly), ("none", AppLayer::None)];
/// Which bytes count where TCP segments overlap.
pub const OVERLAPS: [(&str, Overlap); 3] =
    [("first", Overlap::First), ("last", Overlap::Last), ("bsd", Overlap::Bsd)];
/// Who the initiator of a flow is; or the network of the clients is given.
pub const INITIATORS: [(&str, Initiator); 2] =
    [("protocol", Initiator::Protocol), ("first-packet", Initiator::FirstPacket)];
/// Which packets count in sequences and statistics.
pub const POPULATIONS: [(&str, Population); 4] = [
    ("all", Population::All),
    ("no-pure-ack", Population::NoPureAck),
    ("payload", Population::Payload),
    ("payload-no-retransmission", Population::PayloadNoRetransmission),
];
/// What of a packet's key can be left out.
const KEY_PARTS: [KeyPart; 3] = [
    ("vlan", |ignored| &mut ignored.vlan),
    ("priority", |ignored| &mut ignored.priority),
    ("vni", |ignored| &mut ignored.vni),
];

type KeyPart = (&'static str, fn(&mut KeyIgnore) -> &mut bool);

/// What is left out of keys, by the names of its parts.
pub fn key_ignore(parts: &[String]) -> Result<KeyIgnore, ConfigError> {
    let mut ignored = KeyIgnore::default();
    for part in parts {
        *value_of("key_ignore", part, &KEY_PARTS)?(&mut ignored) = true;
    }
    Ok(ignored)
}

/// The names of the parts that are left out of keys.
pub(crate) fn ignored_parts(mut ignored: KeyIgnore) -> Vec<String> {
    let parts = KEY_PARTS.iter().filter(|(_, part)| *part(&mut ignored));
    parts.map(|(name, _)| (*name).to_owned()).collect()
}

/// The value that has a name among those of a setting.
pub fn value_of<T: Copy>(setting: &str, name: &str, names: &[(&str, T)]) -> Result<T, ConfigError> {
    let found = names.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known = names.iter().map(|(known, _)| *known).collect::<Vec<_>>();
        ConfigError(format!("`{name}` is no {setting}; there are {}", known.join(", ")))
    })
}

/// The name of a value; nothing if it has none.
pub(crate) fn name_of<T: Copy + PartialEq>(value: T, names: &[(&'static str, T)]) -> &'static str {
    names.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}
