//! Payload of several protocols.

use flowloom_schema::LinkType;

use super::Known;
use crate::anonymize::CryptoPan;
use crate::anonymize::mapping::Mapping;

fn replaced(text: &[u8]) -> Vec<u8> {
    let pan = CryptoPan::new(&[9; 32]);
    let mut map = Mapping::new(&pan, false);
    let mut bytes = text.to_vec();
    Known::new().replace(&mut bytes, &mut map);
    assert_eq!(bytes.len(), text.len());
    bytes
}

#[test]
fn addresses_as_text_are_found_and_nothing_else_is() {
    for address in [
        "10.1.2.3",
        "192.168.100.200",
        "2001:db8::1",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "00:11:22:33:44:55",
        "00-11-22-33-44-55",
        "10,1,2,3,200,21",
    ] {
        for (before, after) in [("Host: ", "\r\n"), ("", ""), ("c=IN IP4 ", ":80"), ("(", ").")] {
            if address.contains(':') && after == ":80" {
                continue;
            }
            let old = format!("{before}{address}{after}");
            let new = replaced(old.as_bytes());
            let kept = new.starts_with(before.as_bytes()) && new.ends_with(after.as_bytes());
            assert!(kept && new != old.as_bytes(), "{old}: {}", String::from_utf8_lossy(&new));
        }
    }
    for other in [
        "HTTP/1.1 200 OK",
        "12:34:56",
        "1,2,3,4",
        "a.b.c.d",
        "127.0.0.1",
        "std::string face:b00k",
        "1.2.3",
        "999.1.1.1",
    ] {
        assert_eq!(replaced(other.as_bytes()), other.as_bytes(), "{other}");
    }
}

#[test]
fn long_texts_hold_what_the_headers_have() {
    let pan = CryptoPan::new(&[9; 32]);
    let own = Mapping::new(&pan, false).v4([192, 168, 100, 200]);
    let new = String::from_utf8(replaced(b"192.168.100.200")).unwrap();
    let numbers = new.split('.').map(|number| number.parse::<u8>().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), own);
}

#[test]
fn reversed_names_are_mapped() {
    let labels = b"\x013\x012\x011\x0210\x07in-addr\x04arpa\x00";
    let new = replaced(labels);
    assert_ne!(new[..9], labels[..9]);
    assert_eq!(new[9..], labels[9..]);
    let nibbles = b"\x011\x010".repeat(16);
    let name = [&nibbles[..], b"\x03ip6\x04arpa\x00"].concat();
    let new = replaced(&name);
    assert_ne!(new[..64], name[..64]);
    assert!(new[..64].chunks(2).all(|label| label[0] == 1 && label[1].is_ascii_hexdigit()));
    assert_eq!(new[64..], name[64..]);
}

/// A reply of DHCP with an address that no header has.
#[test]
fn addresses_that_were_learnt_are_replaced_wherever_they_are() {
    let pan = CryptoPan::new(&[9; 32]);
    let mut map = Mapping::new(&pan, false);
    let mut message = vec![2, 1, 6, 0];
    message.resize(236, 0);
    message[16..20].copy_from_slice(&[10, 1, 2, 3]);
    message[28..34].copy_from_slice(&[0, 1, 2, 3, 4, 5]);
    message.extend([0x63, 0x82, 0x53, 0x63, 54, 4, 10, 1, 2, 77, 255]);
    let answer = [&[0, 1, 0, 1, 0, 0, 1, 0, 0, 4][..], &[198, 51, 100, 7]].concat();
    let mut known = Known::new();
    known.learn(LinkType(9999), &message, 0, &mut map);
    known.learn(LinkType(9999), &answer, 0, &mut map);
    assert_eq!(known.missed(), 0);
    let real = [[10, 1, 2, 3], [10, 1, 2, 77], [198, 51, 100, 7]];
    for address in real {
        let turned = [address[3], address[2], address[1], address[0]];
        let mut payload = [&b"xx"[..], &address, b"y", &turned, &[0, 1, 2, 3, 4, 5]].concat();
        known.replace(&mut payload, &mut map);
        let own = map.v4(address);
        let own_turned = [own[3], own[2], own[1], own[0]];
        let mac = map.mac([0, 1, 2, 3, 4, 5]);
        assert_eq!(payload, [&b"xx"[..], &own, b"y", &own_turned, &mac].concat());
    }
}
