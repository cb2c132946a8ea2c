//! Messages as the RFCs draw them.

use std::net::IpAddr;

use flowloom_schema::Mac;
use flowloom_wire::protocol::{ICMP, ICMP6, IGMP};
use proptest::prelude::*;

use super::{Icmp, IcmpColumns};
use crate::{Findings, Stamp};

/// What messages tell, each half a second after the one before.
fn told(messages: &[(u8, Vec<u8>)]) -> IcmpColumns {
    let mut icmp = Icmp::default();
    for (i, (protocol, bytes)) in messages.iter().enumerate() {
        icmp.packet(*protocol, bytes, Stamp { frame: 1, time: i as i64 * 500_000_000 });
    }
    let findings = Findings { icmp: Some(Box::new(icmp)), ..Findings::default() };
    IcmpColumns::of(Some(&findings))
}

fn ip(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

fn octets(text: &str) -> Vec<u8> {
    match text.parse().unwrap() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The beginning of a UDP datagram from `10.0.0.1:5000` to `10.0.0.2:53`.
fn quoted4(fragment: u8) -> Vec<u8> {
    let header =
        [&[0x45, 0, 0, 40, 0, 1, 0, fragment, 64, 17, 0, 0][..], &[10, 0, 0, 1, 10, 0, 0, 2]];
    [&header.concat()[..], &[0x13, 0x88, 0, 53, 0, 20, 0, 0]].concat()
}

/// A TCP segment after a fragment header from `2001:db8::1` to `2001:db8::2`.
fn quoted6(offset: u8) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0, 0, 16, 44, 64];
    bytes.extend([octets("2001:db8::1"), octets("2001:db8::2")].concat());
    bytes.extend([6, 0, 0, offset, 0, 0, 0, 1, 0xc3, 0x50, 1, 0xbb]);
    bytes
}

#[test]
fn an_echo_tells_its_id_and_how_long_it_took() {
    for (protocol, ask, reply) in [(ICMP, 8, 0), (ICMP6, 128, 129)] {
        let echo = |kind, sequence| (protocol, vec![kind, 0, 0, 0, 0x12, 0x34, 0, sequence, b'x']);
        let columns = told(&[echo(ask, 7), echo(ask, 8), echo(reply, 7), echo(reply, 8)]);
        assert_eq!(columns.icmp_id, Some(0x1234));
        assert_eq!((columns.icmp_seq_first, columns.icmp_seq_last), (Some(7), Some(8)));
        assert_eq!(columns.icmp_rtt, Some(1.0));
        assert_eq!((columns.icmp_error_src, columns.igmp_groups), (None, None));
    }
}

#[test]
fn an_error_tells_what_it_is_about() {
    let error = [&[3, 4, 0, 0, 0, 0, 5, 0xdc][..], &quoted4(0)].concat();
    let columns = told(&[(ICMP, error)]);
    assert_eq!(columns.icmp_error_src, ip("10.0.0.1"));
    assert_eq!(columns.icmp_error_dst, ip("10.0.0.2"));
    assert_eq!(columns.icmp_error_protocol, Some(17));
    assert_eq!((columns.icmp_error_src_port, columns.icmp_error_dst_port), (Some(5000), Some(53)));
    assert_eq!((columns.icmp_mtu, columns.icmp_id, columns.icmp_gateway), (Some(1500), None, None));
}

#[test]
fn a_fragment_that_is_not_the_first_has_no_ports() {
    let columns = told(&[(ICMP, [&[11, 1, 0, 0, 0, 0, 0, 0][..], &quoted4(9)].concat())]);
    assert_eq!((columns.icmp_error_dst, columns.icmp_error_src_port), (ip("10.0.0.2"), None));
    let columns = told(&[(ICMP6, [&[3, 1, 0, 0, 0, 0, 0, 0][..], &quoted6(8)].concat())]);
    assert_eq!((columns.icmp_error_protocol, columns.icmp_error_src_port), (Some(6), None));
}

#[test]
fn a_packet_too_big_tells_the_mtu() {
    let columns = told(&[(ICMP6, [&[2, 0, 0, 0, 0, 0, 5, 0][..], &quoted6(0)].concat())]);
    assert_eq!(columns.icmp_mtu, Some(1280));
    assert_eq!(columns.icmp_error_src, ip("2001:db8::1"));
    assert_eq!(columns.icmp_error_dst, ip("2001:db8::2"));
    assert_eq!(
        (columns.icmp_error_src_port, columns.icmp_error_dst_port),
        (Some(50000), Some(443))
    );
}

#[test]
fn redirects_tell_the_gateway() {
    let columns = told(&[(ICMP, [&[5, 1, 0, 0, 192, 0, 2, 1][..], &quoted4(0)].concat())]);
    assert_eq!((columns.icmp_gateway, columns.icmp_mtu), (ip("192.0.2.1"), None));
    let mut redirect = vec![137, 0, 0, 0, 0, 0, 0, 0];
    redirect.extend([octets("fe80::1"), octets("2001:db8::2")].concat());
    redirect.extend([4, 8, 0, 0, 0, 0, 0, 0]);
    redirect.extend(quoted6(0));
    redirect.resize(8 + 32 + 64, 0);
    let columns = told(&[(ICMP6, redirect)]);
    assert_eq!(columns.icmp_gateway, ip("fe80::1"));
    assert_eq!(columns.icmp_error_dst_port, Some(443));
}

#[test]
fn neighbours_tell_target_and_hardware_address() {
    for kind in [135, 136] {
        let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0];
        message.extend(octets("fe80::2"));
        message.extend([2, 1, 2, 0, 0x5e, 0, 0x53, 1]);
        let columns = told(&[(ICMP6, message)]);
        assert_eq!(columns.icmp_nd_target, ip("fe80::2"));
        assert_eq!(columns.icmp_nd_mac, Some(Mac([2, 0, 0x5e, 0, 0x53, 1])));
    }
}

#[test]
fn a_router_tells_prefix_mtu_and_hardware_address() {
    let mut message = vec![134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend([1, 1, 2, 0, 0x5e, 0, 0x53, 1]);
    message.extend([5, 1, 0, 0, 0, 0, 5, 0xd4]);
    message.extend([3, 4, 64, 0xc0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(octets("2001:db8:1::"));
    let columns = told(&[(ICMP6, message)]);
    assert_eq!(columns.icmp_ra_prefix.as_deref(), Some("2001:db8:1::/64"));
    assert_eq!(columns.icmp_mtu, Some(1492));
    assert_eq!(columns.icmp_nd_mac, Some(Mac([2, 0, 0x5e, 0, 0x53, 1])));
}

#[test]
fn igmp_tells_type_version_and_groups() {
    let group = [239, 1, 2, 3];
    let short = |kind, code| [&[kind, code, 0, 0][..], &group].concat();
    let query3 = [&short(0x11, 100)[..], &[0; 4]].concat();
    for (message, version) in [
        (short(0x11, 0), 1),
        (short(0x11, 100), 2),
        (query3, 3),
        (short(0x12, 0), 1),
        (short(0x16, 0), 2),
        (short(0x17, 0), 2),
    ] {
        let kind = message[0];
        let columns = told(&[(IGMP, message)]);
        assert_eq!((columns.igmp_type, columns.igmp_version), (Some(kind), Some(version)));
        assert_eq!(columns.igmp_groups, Some(vec![ip("239.1.2.3").unwrap()]));
    }
    let report = [
        &[0x22, 0, 0, 0, 0, 0, 0, 2, 4, 1, 0, 1][..],
        &[239, 1, 1, 1, 10, 0, 0, 1, 9, 9, 9, 9],
        &[3, 0, 0, 0, 239, 1, 1, 2],
    ];
    let columns = told(&[(IGMP, report.concat())]);
    assert_eq!((columns.igmp_type, columns.igmp_version), (Some(0x22), Some(3)));
    assert_eq!(columns.igmp_groups.unwrap(), [ip("239.1.1.1").unwrap(), ip("239.1.1.2").unwrap()]);
}

#[test]
fn mld_tells_groups() {
    let one = [&[131, 0, 0, 0, 0, 0, 0, 0][..], &octets("ff02::1:3")].concat();
    let two = [&[143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0][..], &octets("ff02::fb")].concat();
    let any = [&[130, 0, 0, 0, 0, 0, 0, 0][..], &[0; 16]].concat();
    let columns = told(&[(ICMP6, any), (ICMP6, one.clone()), (ICMP6, two), (ICMP6, one)]);
    assert_eq!(columns.igmp_groups.unwrap(), [ip("ff02::1:3").unwrap(), ip("ff02::fb").unwrap()]);
    assert_eq!(columns.igmp_type, None);
}

#[test]
fn groups_have_a_limit() {
    let messages: Vec<_> = (0..200).map(|i| (IGMP, vec![0x16, 0, 0, 0, 239, 0, 0, i])).collect();
    assert_eq!(told(&messages).igmp_groups.unwrap().len(), super::GROUPS_MAX);
}

#[test]
fn a_cut_message_tells_what_is_there() {
    let error = [&[3, 4, 0, 0, 0, 0, 5, 0xdc][..], &quoted4(0)].concat();
    for len in 0..error.len() {
        let columns = told(&[(ICMP, error[..len].to_vec())]);
        assert_eq!(columns.icmp_mtu.is_some(), len >= 8);
        assert_eq!(columns.icmp_error_src.is_some(), len >= 28);
        assert_eq!(columns.icmp_error_src_port.is_some(), len >= 32);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(
        kind in any::<u8>(),
        rest in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let bytes = [&[kind][..], &rest].concat();
        told(&[ICMP, ICMP6, IGMP, 6].map(|protocol| (protocol, bytes.clone())));
    }
}
