//! Fingerprints of bytes of our own making, digested with another program (`sha256sum`).

use flowloom_flow::Direction::{Down, Up};
use flowloom_wire::Tcp;

use super::{HeaderSigns, Ja4Plus};
use crate::WireText;
use crate::http::Request;

/// A header with flags, a window, and options.
fn header(flags: u8, window: u16, options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    bytes[12] = ((20 + options.len()) as u8 / 4) << 4;
    bytes[13] = flags;
    bytes[14..16].copy_from_slice(&window.to_be_bytes());
    bytes.extend(options);
    bytes
}

fn take(plus: &mut Ja4Plus, from: flowloom_flow::Direction, header: &[u8], len: u32, is_ssh: bool) {
    plus.segment(from, &Tcp::parse(header).unwrap(), len, is_ssh);
}

#[test]
fn a_syn_tells_window_options_segment_and_scale() {
    let mut plus = Ja4Plus::default();
    let options = [2, 4, 5, 0xb4, 1, 3, 3, 0, 4, 2, 0, 0];
    take(&mut plus, Up, &header(2, 64_240, &options), 0, false);
    take(&mut plus, Up, &header(2, 1, &[]), 0, false);
    take(&mut plus, Down, &header(18, 1_024, &[]), 0, false);
    let [up, down] = plus.syn;
    assert_eq!(up.as_deref(), Some("64240_2-1-3-4-0-0_1460_0"), "the first, not the one after");
    assert_eq!(down.as_deref(), Some("1024_00_00_00"));
}

#[test]
fn options_after_a_damaged_one_are_not_told() {
    for options in [[2, 4, 5, 0xb4, 3, 1, 9, 9], [2, 4, 5, 0xb4, 8, 10, 0, 0]] {
        let mut plus = Ja4Plus::default();
        take(&mut plus, Up, &header(2, 9, &options), 0, false);
        assert_eq!(plus.syn[0].as_deref(), Some("9_2_1460_00"));
    }
}

#[test]
fn ssh_is_told_200_packets_at_a_time() {
    let mut plus = Ja4Plus::default();
    let (data, ack) = (header(24, 9, &[]), header(16, 9, &[]));
    take(&mut plus, Up, &ack, 0, false);
    assert_eq!(plus.ja4ssh(), None);
    for _ in 0..120 {
        take(&mut plus, Up, &data, 36, true);
        take(&mut plus, Down, &data, 36, true);
        take(&mut plus, Down, &data, 100, true);
        take(&mut plus, Down, &ack, 0, true);
    }
    take(&mut plus, Down, &header(17, 9, &[]), 0, true);
    // 66 rounds and two more packets, of which the last is in the rest.
    let all = ["c36s36_c67s133_c1s66", "c36s100_c53s107_c0s54"];
    assert_eq!(plus.ja4ssh().unwrap(), all);
}

#[test]
fn of_lengths_that_came_as_often_the_smallest_is_told() {
    let mut plus = Ja4Plus::default();
    for len in [48, 36, 100] {
        take(&mut plus, Up, &header(24, 9, &[]), len, true);
    }
    assert_eq!(plus.ja4ssh().unwrap(), ["c36s0_c3s0_c0s0"]);
}

fn request(method: &str, version: &str) -> Request {
    Request {
        method: Some(WireText::new(method.as_bytes())),
        version: WireText::new(version.as_bytes()),
        ..Request::default()
    }
}

#[test]
fn a_request_tells_its_fields_language_and_cookies() {
    let mut signs = HeaderSigns::default();
    for (name, value) in [
        ("Host", "a.example"),
        ("Cookie", "b=2; a=1;c"),
        ("Referer", "http://b.example/"),
        ("Accept-Language", "de-CH;q=0.9,en"),
        (":authority", "a.example"),
    ] {
        signs.add(name.as_bytes(), value.as_bytes());
    }
    let hashes = "09e340ee0db0_205830ca5b23_499374375aa2";
    assert_eq!(signs.ja4h(&request("M-SEARCH", "1.1")), format!("ms11cr02dech_{hashes}"));
}

#[test]
fn a_request_without_fields_has_zeros() {
    let ja4h = HeaderSigns::default().ja4h(&request("GET", "2"));
    assert_eq!(ja4h, "ge20nn000000_e3b0c44298fc_000000000000_000000000000");
}
