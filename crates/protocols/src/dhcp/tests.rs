//! Messages recorded from dhclient and dnsmasq, and what is made of them.

use std::net::IpAddr;

use flowloom_schema::Series;
use proptest::prelude::*;

use super::{Dhcp, DhcpColumns, DhcpEvent, Message, TABLE, v4, v6};
use crate::testing::Script;
use crate::{Findings, Transport, WireText};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Header of BOOTP, with the names empty, and options.
fn bootp(header: &str, options: &str) -> Vec<u8> {
    let mut message = bytes(header);
    message.resize(236, 0);
    message.extend([99, 130, 83, 99]);
    message.extend(bytes(options));
    message
}

fn dhcp(findings: &Findings) -> &Dhcp {
    findings.dhcp.as_deref().expect("DHCP was found")
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn request() -> Vec<u8> {
    let options = "3501033604c00002013204c00002370c08636c69656e742d31511904000008636c69656e742d31\
                   076578616d706c65036f7267003709011c02030f060c772a3c0b746573742d636c69656e743d07\
                   0102005e005302ff";
    bootp("010106006e61757c000300000000000000000000000000000000000002005e005302", options)
}

fn ack() -> Vec<u8> {
    let options = "3501053604c0000201330400000e103a04000007083b0400000c4e0104ffffff001c04c00002ff\
                   0304c00002010f0b6578616d706c652e6f72670c08636c69656e742d31511907ffff08636c6965\
                   6e742d31076578616d706c65036f7267007713076578616d706c65036f726700036c6162c0002a\
                   04c000027bff";
    bootp("020106006e61757c0000000000000000c0000237c00002010000000002005e005302", options)
}

const SOLICIT: &str = "01fa8cd20001000e000100013294130402005e00530200060004001700180008000200000027\
                       00170008636c69656e742d31076578616d706c65036f7267000003000c5e00530200000e1000\
                       001518";
const REPLY: &str = "07638d2b0001000e000100013294130402005e0053020002000e00010001329412f702005e00\
                     5301000300285e0053020000070800000c4e0005001820010db8000000000000000000000060\
                     00000e1000000e10000d00090000737563636573730018000d076578616d706c65036f726700\
                     0017001020010db8000000000000000000000053002700170308636c69656e742d3107657861\
                     6d706c65036f726700";

#[test]
fn the_first_values_are_columns() {
    let mut script = Script::new(Transport::Udp, [68, 67]);
    let findings = script.up(&request()).down(&ack()).end();
    assert_eq!(findings.applications[0].protocol.name(), "dhcp");
    let columns = DhcpColumns::of(Some(findings));
    assert_eq!((columns.dhcp_version, columns.dhcp_count), (Some(4), Some(2)));
    assert_eq!(columns.dhcp_message_types, Some(vec!["REQUEST".into(), "ACK".into()]));
    assert_eq!(columns.dhcp_transaction_id, Some(0x6e61_757c));
    assert_eq!(columns.dhcp_client_mac, Some("02:00:5e:00:53:02"));
    assert_eq!(columns.dhcp_client_id, Some("0102005e005302"));
    assert_eq!(columns.dhcp_server_id, Some("192.0.2.1"));
    assert_eq!((columns.dhcp_hostname, columns.dhcp_hostname_raw), (Some("client-1"), None));
    assert_eq!(columns.dhcp_fqdn, Some("client-1.example.org"));
    assert_eq!((columns.dhcp_vendor_class, columns.dhcp_user_class), (Some("test-client"), None));
    assert_eq!(columns.dhcp_parameters, Some(vec![1, 28, 2, 3, 15, 6, 12, 119, 42]));
    assert_eq!(columns.dhcp_requested_address, Some(ip("192.0.2.55")));
    assert_eq!((columns.dhcp_client_address, columns.dhcp_relay_address), (None, None));
    assert_eq!(columns.dhcp_your_address, Some(ip("192.0.2.55")));
    assert_eq!(columns.dhcp_next_server, Some(ip("192.0.2.1")));
    assert_eq!(columns.dhcp_lease, Some(3_600));
    assert_eq!(columns.dhcp_subnet_mask, Some(ip("255.255.255.0")));
    assert_eq!(columns.dhcp_routers, Some(vec![ip("192.0.2.1")]));
    assert_eq!((columns.dhcp_dns_servers, columns.dhcp_prefixes), (None, None));
    assert_eq!(columns.dhcp_ntp_servers, Some(vec![ip("192.0.2.123")]));
    assert_eq!(columns.dhcp_domain, Some("example.org"));
    assert_eq!(columns.dhcp_domain_search, Some(vec!["example.org", "lab.example.org"]));
    assert_eq!(columns.dhcp_status, None);
    assert_eq!(DhcpColumns::of(None).dhcp_version, None);
}

#[test]
fn a_message_is_a_row() {
    let mut script = Script::new(Transport::Udp, [68, 67]);
    let findings = script.up(&request()).down(&ack()).end();
    let row = DhcpEvent::of(7, &dhcp(findings).messages[0]);
    assert_eq!((row.flow_id, row.frame, row.direction, row.version), (7, 1, 1, 4));
    assert_eq!((row.length, row.is_whole, row.elapsed), (326, true, Some(3.0)));
    assert_eq!((row.message_type.as_deref(), row.relay_types.len()), (Some("REQUEST"), 0));
    assert_eq!(row.options, [53, 54, 50, 12, 81, 55, 60, 61]);
    let mut series: Vec<_> = (TABLE.columns)().iter().map(|c| Series::new(c.data_type)).collect();
    assert_eq!((TABLE.append)(7, findings, &mut series), 2);
}

#[test]
fn dhcpv6_is_told_in_the_same_columns() {
    let mut script = Script::new(Transport::Udp, [546, 547]);
    let findings = script.up(&bytes(SOLICIT)).down(&bytes(REPLY)).end();
    assert_eq!(findings.applications[0].protocol.name(), "dhcpv6");
    let columns = DhcpColumns::of(Some(findings));
    assert_eq!(columns.dhcp_version, Some(6));
    assert_eq!(columns.dhcp_message_types, Some(vec!["SOLICIT".into(), "REPLY".into()]));
    assert_eq!(columns.dhcp_transaction_id, Some(0x00fa_8cd2));
    assert_eq!(columns.dhcp_client_id, Some("000100013294130402005e005302"));
    assert_eq!(columns.dhcp_server_id, Some("00010001329412f702005e005301"));
    assert_eq!(columns.dhcp_fqdn, Some("client-1.example.org"));
    assert_eq!(columns.dhcp_parameters, Some(vec![23, 24]));
    assert_eq!(columns.dhcp_your_address, Some(ip("2001:db8::60")));
    assert_eq!((columns.dhcp_lease, columns.dhcp_status), (Some(3_600), Some(0)));
    assert_eq!(columns.dhcp_dns_servers, Some(vec![ip("2001:db8::53")]));
    assert_eq!(columns.dhcp_domain_search, Some(vec!["example.org"]));
    let row = DhcpEvent::of(1, &dhcp(findings).messages[1]);
    assert_eq!((row.message, row.addresses), (Some("success"), vec![ip("2001:db8::60")]));
}

#[test]
fn messages_inside_those_of_relays_are_read() {
    let mut message = bytes(SOLICIT);
    for hop in 0..40_u8 {
        let address = |last: u8| [&[0xfe, 0x80][..], &[0; 13], &[last]].concat();
        let option =
            [&[0, 18, 0, 1, hop, 0, 9][..], &(message.len() as u16).to_be_bytes()].concat();
        message = [&[12, hop][..], &address(hop), &address(100), &option, &message].concat();
        let read = v6::read(&message, message.len()).unwrap();
        if hop < 32 {
            assert!(read.is_whole, "{hop}");
            assert_eq!(read.kinds.len(), usize::from(hop) + 2);
            assert_eq!((read.kinds[0], read.kinds.last()), (12, Some(&1)));
            assert_eq!(read.xid, Some(0x00fa_8cd2));
            assert_eq!(read.relay_address, Some(ip(&format!("fe80::{hop:x}"))));
            assert_eq!(read.peer_address, Some(ip("fe80::64")));
            assert_eq!(read.circuit_id.as_deref(), Some("00"));
        } else {
            assert!(!read.is_whole, "relays are followed to a limit");
        }
    }
}

#[test]
fn prefixes_are_delegated() {
    let prefix = b"\0\x1a\0\x19\0\0\0\x01\0\0\0\x02\x38\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0";
    let message = [&b"\x07\0\0\x01\0\x19\0\x29\0\0\0\x01\0\0\0\x02\0\0\0\x03"[..], prefix].concat();
    let read = v6::read(&message, message.len()).unwrap();
    assert_eq!((read.prefixes, read.lease), (vec!["2001:db8::/56".to_owned()], Some(2)));
}

#[test]
fn the_status_of_a_message_goes_before_those_of_its_associations() {
    let status =
        |code: u8, text: &[u8]| [&[0, 13, 0, 2 + text.len() as u8, 0, code], text].concat();
    let inner = status(2, b"no address");
    let association = [&[0, 3, 0, 12 + inner.len() as u8][..], &[0; 12], &inner].concat();
    let of = |options: &[&[u8]]| {
        let message = [&[7, 0, 0, 1], &options.concat()[..]].concat();
        let read = v6::read(&message, message.len()).unwrap();
        (read.status.unwrap(), read.text.unwrap().as_str().to_owned())
    };
    let [one, two] = [status(1, b"failed"), status(5, b"again")];
    assert_eq!(of(&[&association]), (2, "no address".into()));
    assert_eq!(of(&[&association, &one, &two]), (1, "failed".into()));
    assert_eq!(of(&[&one, &association]), (1, "failed".into()));
}

const HEADER: &str = "0101060000000001000000000000000000000000000000000000000002005e005302";

fn options(hex: &str) -> Message {
    let message = bootp(HEADER, hex);
    v4::read(&message, message.len()).unwrap()
}

#[test]
fn long_and_overflowing_options_are_put_together() {
    // RFC 3396: an option that comes twice goes on.
    let long = options("0c036162633501010c03646566ff");
    assert_eq!(long.hostname.as_ref().map(WireText::as_str), Some("abcdef"));
    assert_eq!((long.is_whole, long.options), (true, vec![12, 53, 12]));
    // RFC 2132 section 9.3: the fields for names hold options too.
    let mut message = bootp(HEADER, "350101340103ff");
    message[108..114].copy_from_slice(b"\x0c\x03abc\xff");
    message[44..50].copy_from_slice(b"\x0f\x03org\xff");
    let read = v4::read(&message, message.len()).unwrap();
    assert_eq!(read.hostname.as_ref().map(WireText::as_str), Some("abc"));
    assert_eq!(read.domain.as_ref().map(WireText::as_str), Some("org"));
    assert_eq!((read.is_whole, read.boot_file), (true, None));
    // Without the overload it is the name of a file.
    message[108..114].copy_from_slice(b"boot\0\0");
    message[245] = 2;
    let read = v4::read(&message, message.len()).unwrap();
    assert_eq!(read.boot_file.as_ref().map(WireText::as_str), Some("boot"));
}

#[test]
fn long_messages_beyond_what_is_kept_are_counted() {
    // Names and identifiers of 26,520 bytes each.
    let long = ["0c", "3d"].map(|code| format!("{code}ff{}", "61".repeat(255))).concat();
    let message = bootp("010106006e61757c", &format!("{}ff", long.repeat(104)));
    let mut script = Script::new(Transport::Udp, [68, 67]);
    (0..1_000).for_each(|_| {
        script.up(&message);
    });
    let findings = script.end();
    let kept = dhcp(findings).messages.len();
    assert!((200..320).contains(&kept), "{kept}");
    assert_eq!(dhcp(findings).count, 1_000);
    assert_eq!(findings.messages_dropped, 1_000 - kept as u64);
}

#[test]
fn relays_and_users_are_told() {
    let read = options("52080102000a02020b0c4d0403616263ff");
    assert_eq!(
        (read.circuit_id.as_deref(), read.remote_id.as_deref()),
        (Some("000a"), Some("0b0c"))
    );
    assert_eq!(read.user_class.as_ref().map(WireText::as_str), Some("abc"));
    // One text without its length, as many send it; a name as text; no UTF-8.
    let read = options("4d0469505845510600000061622e0c02c328ff");
    assert_eq!(read.user_class.as_ref().map(WireText::as_str), Some("iPXE"));
    assert_eq!(read.fqdn.as_ref().map(WireText::as_str), Some("ab."));
    assert_eq!(read.hostname.and_then(|name| name.raw_hex()).as_deref(), Some("c328"));
}

#[test]
fn bootp_has_no_options() {
    let mut message = request();
    message.truncate(236);
    let mut script = Script::new(Transport::Udp, [68, 67]);
    let findings = script.up(&message).end();
    assert_eq!(
        DhcpColumns::of(Some(findings)).dhcp_message_types,
        Some(vec!["BOOTREQUEST".into()])
    );
    let mut script = Script::new(Transport::Udp, [6_800, 6_700]);
    assert!(script.up(&message).end().dhcp.is_none(), "elsewhere only the cookie is believed");
    let mut script = Script::new(Transport::Udp, [6_800, 6_700]);
    assert!(script.up(&request()).end().dhcp.is_some());
}

#[test]
fn of_a_cut_message_what_is_there_is_told() {
    let (request, reply) = (request(), bytes(REPLY));
    for end in 0..request.len() {
        let read = v4::read(&request[..end], request.len());
        assert_eq!(read.is_some(), end >= 44, "{end}");
        assert!(read.is_none_or(|message| !message.is_whole));
    }
    for end in 0..reply.len() {
        let read = v6::read(&reply[..end], reply.len());
        assert!(read.is_none_or(|message| !message.is_whole));
    }
    assert_eq!(v4::read(&request[..280], 326).unwrap().requested, Some(ip("192.0.2.55")));
    assert_eq!(v6::read(&reply[..40], reply.len()).unwrap().kinds, [7]);
}

proptest! {
    #[test]
    fn any_bytes_are_read(
        data in prop::collection::vec(any::<u8>(), 0..400),
        port in prop::sample::select(vec![67, 547]),
        with_header: bool,
    ) {
        let data = if with_header {
            [&bootp(HEADER, "")[..], &data].concat()
        } else {
            data
        };
        let mut script = Script::new(Transport::Udp, [40_000, port]);
        let findings = script.up(&data).end();
        let _ = DhcpColumns::of(Some(findings));
        for message in findings.dhcp.iter().flat_map(|dhcp| &dhcp.messages) {
            let _ = DhcpEvent::of(1, message);
        }
    }

    #[test]
    fn any_change_of_a_message_is_read(at in 0..400_usize, byte: u8) {
        let (mut request, mut reply) = (ack(), bytes(REPLY));
        let (request_at, reply_at) = (at % request.len(), at % reply.len());
        request[request_at] = byte;
        reply[reply_at] = byte;
        let messages = [v4::read(&request, request.len()), v6::read(&reply, reply.len())];
        for message in messages.iter().flatten() {
            let _ = DhcpEvent::of(1, message);
        }
    }
}
