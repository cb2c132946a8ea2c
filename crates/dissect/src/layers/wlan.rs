//! 802.11 and the radio headers before it.

use flowloom_wire::ieee80211::{Ieee80211, Radiotap, prism_header_len};
use flowloom_wire::ppi::Ppi;

use crate::dissection::Value;
use crate::field::{FieldInfo, layer};
use crate::writer::Writer;

layer! {
    RADIOTAP "radiotap" "radiotap" "What the radio knew of the frame.";
    RT_VERSION Uint "radiotap.version" "Version: 0.";
    RT_PAD Uint "radiotap.pad" "Padding.";
    RT_LENGTH Uint "radiotap.length" "Bytes of the header.";
}

layer! {
    PRISM "prism" "prism" "What the radio knew of the frame, by an old driver.";
    PRISM_CODE Uint "prism.msgcode" "Kind of message.";
    PRISM_LENGTH Uint "prism.msglen" "Bytes of the header.";
}

layer! {
    PPI "ppi" "ppi" "Per-packet information.";
    PPI_VERSION Uint "ppi.version" "Version: 0.";
    PPI_LENGTH Uint "ppi.length" "Bytes of the header.";
    PPI_LINK Uint "ppi.dlt" "Link type of the frame.";
}

layer! {
    WLAN "wlan" "wlan" "An 802.11 frame.";
    VERSION Uint "wlan.fc.version" "Version: 0.";
    TYPE Uint "wlan.fc.type" "Management, control or data.";
    SUBTYPE Uint "wlan.fc.subtype" "Kind within the type.";
    FLAGS Hex(2) "wlan.flags" "Flags.";
    TO_DS Bool "wlan.fc.tods" "To the distribution system.";
    FROM_DS Bool "wlan.fc.fromds" "From the distribution system.";
    FRAGMENTS Bool "wlan.fc.frag" "More fragments follow.";
    RETRY Bool "wlan.fc.retry" "Sent again.";
    POWER Bool "wlan.fc.pwrmgt" "The station will sleep.";
    MORE_DATA Bool "wlan.fc.moredata" "More data wait for the station.";
    PROTECTED Bool "wlan.fc.protected" "Encrypted.";
    ORDER Bool "wlan.fc.order" "In strict order, or with HT control.";
    DURATION Uint "wlan.duration" "Microseconds the medium is taken.";
    RECEIVER Mac "wlan.ra" "Receiver.";
    TRANSMITTER Mac "wlan.ta" "Transmitter.";
    DESTINATION Mac "wlan.da" "Destination.";
    SOURCE Mac "wlan.sa" "Source.";
    BSS Mac "wlan.bssid" "Basic service set.";
    FRAGMENT Uint "wlan.frag" "Number of the fragment.";
    SEQUENCE Uint "wlan.seq" "Sequence number.";
    TKIP Text "wlan.tkip.extiv" "Encryption by TKIP: number of the frame.";
    CCMP Text "wlan.ccmp.extiv" "Encryption by CCMP: number of the frame.";
    KEY_INDEX Uint "wlan.wep.key" "Encryption: which key.";
}

pub(super) fn radiotap(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&RADIOTAP, at);
    w.uint(&RT_VERSION, at, 1);
    w.uint(&RT_PAD, at + 1, 1);
    w.uint_le(&RT_LENGTH, at + 2, 2);
    let Ok(header) = Radiotap::parse(w.rest(at)) else { return w.end };
    let end = at + header.header_len();
    w.layer_end(end);
    if header.has_fcs() {
        w.end = w.end.saturating_sub(4).max(end);
    }
    end
}

pub(super) fn prism(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&PRISM, at);
    let end = at + prism_header_len(w.rest(at)).unwrap_or(0);
    // Byte order is the driver's; the length shows which.
    if w.number(at + 4, 4).is_some_and(|length| length < 0x1_0000) {
        w.uint(&PRISM_CODE, at, 4);
        w.uint(&PRISM_LENGTH, at + 4, 4);
    } else {
        w.uint_le(&PRISM_CODE, at, 4);
        w.uint_le(&PRISM_LENGTH, at + 4, 4);
    }
    w.layer_end(end);
    end
}

pub(super) fn ppi(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&PPI, at);
    w.uint(&PPI_VERSION, at, 1);
    w.uint_le(&PPI_LENGTH, at + 2, 2);
    w.uint_le(&PPI_LINK, at + 4, 4);
    let end = at + Ppi::parse(w.rest(at)).map_or(8, |ppi| ppi.header_len());
    w.layer_end(end);
    end
}

pub(super) fn wlan(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&WLAN, at);
    let (first, second) = if w.is_swapped { (at + 1, at) } else { (at, at + 1) };
    let frame = if w.is_swapped {
        Ieee80211::parse_swapped(w.rest(at))
    } else {
        Ieee80211::parse(w.rest(at))
    };
    let Ok(frame) = frame else { return at };
    w.bits(&VERSION, first, 1, 0, 2);
    let kind = w.number(first, 1).map_or(0, |byte| byte >> 2 & 3);
    w.add_named(&TYPE, first, 1, Value::Uint(kind), type_name(kind));
    let subtype = w.bits(&SUBTYPE, first, 1, 4, 4);
    let flags = w.uint(&FLAGS, second, 1);
    w.below(|w| w.flags(second, 1, &FLAG_BITS));
    w.uint_le(&DURATION, at + 2, 2);
    addresses(w, at, (kind, subtype), flags & 3);
    let end = at + frame.header_len();
    if kind != 1 {
        let control = w.get(at + 22, 2).map_or(0, |bytes| {
            bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
        });
        w.computed(&FRAGMENT, at + 22, 2, control & 15);
        w.computed(&SEQUENCE, at + 22, 2, control >> 4);
    }
    let end = if kind == 2 && subtype & 4 == 0 && flags & ENCRYPTED != 0 {
        end + encryption(w, end)
    } else {
        end
    };
    w.layer_end(end);
    end
}

/// What is sent in the clear of an encrypted frame (802.11, section 12.5); how many bytes that is.
fn encryption(w: &mut Writer<'_>, at: usize) -> usize {
    let Some(&[first, second, third, key, ref rest @ ..]) = w.get(at, 8) else { return 0 };
    if key & EXTENDED == 0 {
        return 0;
    }
    // The second byte of TKIP follows from the first, so that old keys are not found.
    let is_tkip = second == (first | 0x20) & 0x7f;
    let (field, low) = if is_tkip { (&TKIP, [first, third]) } else { (&CCMP, [second, first]) };
    let number = rest.iter().rev().chain(&low);
    let number = number.fold(0, |number, byte| number << 8 | u64::from(*byte));
    w.said(field, at, 8, format_args!("0x{number:012X}"));
    w.bits(&KEY_INDEX, at + 3, 1, 6, 2);
    8
}

/// Who the addresses are, by type and direction (802.11, table 9-30).
fn addresses(w: &mut Writer<'_>, at: usize, (kind, subtype): (u64, u64), direction: u64) {
    w.mac(&RECEIVER, at + 4);
    let has_transmitter = kind != 1 || matches!(subtype, 4..=6 | 8..=11 | 14 | 15);
    if !has_transmitter {
        return;
    }
    w.mac(&TRANSMITTER, at + 10);
    let roles: [Option<&'static FieldInfo>; 3] = match (kind, direction) {
        (1, _) => match subtype {
            10 => [Some(&BSS), None, None],
            14 | 15 => [None, Some(&BSS), None],
            _ => [None; 3],
        },
        (2, 1) => [Some(&BSS), Some(&SOURCE), Some(&DESTINATION)],
        (2, 2) => [Some(&DESTINATION), Some(&BSS), Some(&SOURCE)],
        (2, 3) => [None, None, Some(&DESTINATION)],
        _ => [Some(&DESTINATION), Some(&SOURCE), Some(&BSS)],
    };
    for (role, offset) in roles.into_iter().zip([4, 10, 16]) {
        if let Some(role) = role {
            w.mac(role, at + offset);
        }
    }
    if kind == 2 && direction == 3 {
        w.mac(&SOURCE, at + 24);
    }
}

fn type_name(kind: u64) -> Option<&'static str> {
    ["management", "control", "data", "extension"].get(kind as usize).copied()
}

static FLAG_BITS: [(&FieldInfo, u32); 8] = [
    (&TO_DS, 0),
    (&FROM_DS, 1),
    (&FRAGMENTS, 2),
    (&RETRY, 3),
    (&POWER, 4),
    (&MORE_DATA, 5),
    (&PROTECTED, 6),
    (&ORDER, 7),
];
/// The flag of an encrypted frame.
const ENCRYPTED: u64 = 0x40;
/// Set where the number of a frame is longer than WEP's.
const EXTENDED: u8 = 0x20;
