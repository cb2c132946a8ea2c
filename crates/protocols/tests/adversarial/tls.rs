//! TLS and DTLS.

use flowloom_flow::Direction;
use flowloom_protocols::Transport;

use crate::measure::Attack;
use crate::victim::Victim;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "tls-records-of-a-byte", len: 100_000, play: records_of_a_byte },
    Attack { name: "tls-byte-by-byte", len: 200_000, play: byte_by_byte },
    Attack { name: "tls-message-without-end", len: 3_000, play: message_without_end },
    Attack { name: "tls-hellos-without-end", len: 6_000, play: hellos_without_end },
    Attack { name: "tls-hellos-of-empty-names", len: 100, play: hellos_of_empty_names },
    Attack { name: "tls-certificates-of-empty-names", len: 100, play: certificates },
    Attack { name: "tls-alerts", len: 100_000, play: alerts },
    Attack { name: "tls-change-cipher-spec", len: 100_000, play: change_cipher_spec },
    Attack { name: "tls-no-record-after-loss", len: 50_000, play: no_record_after_loss },
    Attack { name: "dtls-overlapping-fragments", len: 30_000, play: overlapping_fragments },
    Attack { name: "dtls-begun-messages", len: 1_500, play: begun_messages },
    Attack { name: "dtls-records-of-nothing", len: 1_500, play: records_of_nothing },
];

fn records_of_a_byte(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    let hello = hello(20);
    victim.up(&record(HANDSHAKE, &hello[..40]));
    for i in 0..len {
        victim.up(&record(HANDSHAKE, &[hello[i as usize % hello.len()]]));
    }
}

fn byte_by_byte(len: u64, victim: &mut Victim) {
    let record = record(HANDSHAKE, &hello(500));
    for i in 0..len {
        let at = i as usize % record.len();
        if at == 0 && (i as usize / record.len()).is_multiple_of(20) {
            victim.flow(Transport::Tcp, 443);
        }
        victim.up(&[record[at]]);
    }
}

/// It announces 16 MiB, again and again.
fn message_without_end(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    victim.up(&record(HANDSHAKE, &hello(20)));
    let part = record(HANDSHAKE, &[&[11, 0xff, 0xff, 0xff][..], &[0; 16_000]].concat());
    (0..len).for_each(|_| victim.down(&part));
}

fn hellos_without_end(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    let record = record(HANDSHAKE, &hello(5_000));
    (0..len).for_each(|_| victim.up(&record));
}

/// 16,000 protocols of no letters are offered.
fn hellos_of_empty_names(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    let names = [&16_000_u16.to_be_bytes()[..], &[0; 16_000]].concat();
    let hello = handshake(
        1,
        &[&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &extension(16, &names)].concat(),
    );
    for _ in 0..len {
        hello.chunks(10_000).for_each(|part| victim.up(&record(HANDSHAKE, part)));
    }
}

/// Chains of certificates with 30,000 empty alternative names.
fn certificates(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    let names = der(0x30, &[0x82, 0].repeat(30_000));
    let extension = der(0x30, &[&[6, 3, 0x55, 0x1d, 0x11][..], &der(4, &names)].concat());
    let extensions = der(0xa3, &der(0x30, &extension));
    let empty = [0x30, 0];
    let fields = [&[2, 1, 1][..], &empty, &empty, &empty, &empty, &empty, &extensions].concat();
    let certificate = der(0x30, &[der(0x30, &fields), empty.to_vec()].concat());
    let chain = [&u24(certificate.len())[..], &certificate].concat();
    let message = handshake(11, &[&u24(chain.len())[..], &chain].concat());
    victim.up(&record(HANDSHAKE, &hello(20)));
    for _ in 0..len {
        message.chunks(16_000).for_each(|part| victim.down(&record(HANDSHAKE, part)));
    }
}

fn alerts(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    let many = record(21, &[1, 90]).repeat(100);
    (0..len / 100).for_each(|_| victim.up(&many));
}

fn change_cipher_spec(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    victim.up(&record(HANDSHAKE, &hello(5_000)));
    let many = record(20, &[1]).repeat(100);
    (0..len / 100).for_each(|_| victim.up(&many));
}

fn no_record_after_loss(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 443);
    victim.up(&record(HANDSHAKE, &hello(20)));
    for i in 0..len {
        victim.ahead(i * 4_000 + 10, &[0; 100]);
    }
}

fn overlapping_fragments(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 4_433);
    for i in 0..len {
        let offset = i as usize * 7_919 % 32_000;
        victim.up(&dtls_record(&fragment(32_700, (i / 500) as u16, offset, &[9; 30])));
    }
}

/// Each fragment is of another message.
fn begun_messages(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 4_433);
    for i in 0..len {
        let parts = (0..100).flat_map(|part| fragment(32_700, (i * 100 + part) as u16, 0, &[1]));
        victim.up(&dtls_record(&parts.collect::<Vec<_>>()));
    }
}

fn records_of_nothing(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 4_433);
    let many = dtls_record(&[]).repeat(100);
    (0..len).for_each(|_| victim.say(Direction::Up, &many));
}

/// A `ClientHello` with so many ciphers.
fn hello(ciphers: usize) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(0);
    body.extend((2 * ciphers as u16).to_be_bytes());
    (0..ciphers as u16).for_each(|cipher| body.extend(cipher.to_be_bytes()));
    body.extend([1, 0]);
    let versions: Vec<u8> = [254].into_iter().chain([3, 2].repeat(127)).collect();
    body.extend(extension(43, &versions));
    handshake(1, &body)
}

/// A list of one extension.
fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    let len = body.len() as u16;
    let all = [len + 4, kind, len].map(u16::to_be_bytes).concat();
    [&all[..], body].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &u24(body.len()), body].concat()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &(body.len() as u16).to_be_bytes(), body].concat()
}

fn fragment(len: usize, number: u16, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let number = number.to_be_bytes();
    [&[11][..], &u24(len), &number, &u24(offset), &u24(bytes.len()), bytes].concat()
}

fn dtls_record(body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u16).to_be_bytes();
    [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1][..], &len, body].concat()
}

fn der(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag, 0x83][..], &u24(body.len()), body].concat()
}

fn u24(number: usize) -> [u8; 3] {
    let [_, bytes @ ..] = (number as u32).to_be_bytes();
    bytes
}

const HANDSHAKE: u8 = 22;
