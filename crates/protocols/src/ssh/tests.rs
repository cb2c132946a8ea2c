//! A session of OpenSSH 9.2 with itself, recorded, and what can be wrong with one. What is expected
//! of it is what `ssh -vv`, `ssh-keygen -l` and tshark 4.4 said.

use flowloom_flow::Direction;
use proptest::prelude::*;

use super::{Ssh, SshColumns, SshProtocol};
use crate::testing::Script;
use crate::{Match, Opening, Protocol, Transport};

fn script() -> Script {
    Script::new(Transport::Tcp, [50_000, 2_022])
}

/// What the recorded session says, and who says it.
fn session() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (Direction::Up, BANNER.to_vec()),
        (Direction::Down, BANNER.to_vec()),
        (Direction::Up, bytes(CLIENT_KEX_INIT)),
        (Direction::Down, bytes(SERVER_KEX_INIT)),
        (Direction::Up, bytes(CLIENT_KEX)),
        (Direction::Down, bytes(SERVER_KEX)),
    ]
}

fn columns_of(says: &[(Direction, Vec<u8>)], check: impl FnOnce(SshColumns<'_>)) {
    let mut script = script();
    for (direction, bytes) in says {
        script.say(*direction, bytes);
    }
    check(SshColumns::of(Some(script.end())));
}

#[test]
fn a_recorded_session_tells_what_ssh_said_of_it() {
    columns_of(&session(), |ssh| {
        let banner = Some("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10");
        assert_eq!((ssh.ssh_client, ssh.ssh_server), (banner, banner));
        assert_eq!((ssh.ssh_client_raw, ssh.ssh_server_raw), (None, None));
        assert_eq!(ssh.ssh_hassh.as_deref(), Some("211239e3cf0687cb93f4fed46c721fbe"));
        assert_eq!(ssh.ssh_hassh_server.as_deref(), Some("06964799a546c41ea006bcd33aaf9461"));
        assert_eq!(ssh.ssh_kex, Some("curve25519-sha256"));
        assert_eq!(ssh.ssh_kex_strict, Some(true));
        assert_eq!(ssh.ssh_host_key, Some("ssh-ed25519"));
        assert_eq!(
            ssh.ssh_host_key_sha256,
            Some("SHA256:2PhpwTB1qHGndvfQCgLsgH6GTCyNAd4LSm+Qk18XDGQ")
        );
        assert_eq!(ssh.ssh_host_key_type, Some("ssh-ed25519"));
        let both = |name| (Some(name), Some(name));
        assert_eq!((ssh.ssh_cipher, ssh.ssh_cipher_server), both("aes128-ctr"));
        assert_eq!((ssh.ssh_mac, ssh.ssh_mac_server), both("hmac-sha2-256"));
        assert_eq!((ssh.ssh_compression, ssh.ssh_compression_server), both("none"));
    });
}

#[test]
fn a_recorded_session_tells_all_that_was_offered() {
    columns_of(&session(), |ssh| {
        let list = |names: &'static str| Some(names.split(' ').collect::<Vec<_>>());
        assert_eq!(
            ssh.ssh_client_kex,
            list("ecdh-sha2-nistp384 curve25519-sha256 ext-info-c kex-strict-c-v00@openssh.com")
        );
        assert_eq!(ssh.ssh_client_host_keys, list("rsa-sha2-512 ssh-ed25519"));
        assert_eq!(ssh.ssh_client_ciphers, list("aes128-cbc aes128-ctr aes256-ctr"));
        assert_eq!(ssh.ssh_client_macs, list("hmac-sha2-256 hmac-sha1"));
        assert_eq!(ssh.ssh_client_compressions, list("none zlib@openssh.com zlib"));
        assert_eq!(
            ssh.ssh_server_kex,
            list(
                "curve25519-sha256 ecdh-sha2-nistp256 diffie-hellman-group14-sha256 \
                 kex-strict-s-v00@openssh.com"
            )
        );
        assert_eq!(ssh.ssh_server_host_keys, list("ssh-ed25519"));
        assert_eq!(ssh.ssh_server_ciphers, list("aes256-ctr aes128-ctr aes128-gcm@openssh.com"));
        assert_eq!(ssh.ssh_server_macs, list("hmac-sha2-512 hmac-sha2-256"));
        assert_eq!(ssh.ssh_server_compressions, list("none zlib@openssh.com"));
    });
}

#[test]
fn nothing_is_read_once_all_is_known() {
    let mut script = script();
    for (direction, bytes) in session() {
        script.say(direction, &bytes);
    }
    assert!(script.conversation.findings().ssh.as_ref().unwrap().host_key.is_some());
    script.down(b"SSH-2.0-other\r\n").up(b"SSH-2.0-other\r\n");
    let ssh = script.end().ssh.as_ref().unwrap();
    assert!(ssh.client().banner.as_ref().unwrap().as_str().contains("OpenSSH"));
}

#[test]
fn byte_by_byte_and_server_first_it_is_the_same() {
    let mut script = script();
    let mut says = session();
    says.swap(0, 1);
    for (direction, bytes) in says {
        for byte in bytes {
            script.say(direction, &[byte]);
        }
    }
    let ssh = script.end().ssh.as_ref().unwrap();
    assert_eq!(ssh.host_key.as_ref().unwrap().kind.as_str(), "ssh-ed25519");
    assert_eq!(ssh.chosen().unwrap().kex, Some("curve25519-sha256"));
}

#[test]
fn seen_from_the_server_the_roles_are_the_same() {
    let turned: Vec<_> =
        session().into_iter().map(|(direction, bytes)| (direction.other(), bytes)).collect();
    columns_of(&turned, |ssh| {
        assert_eq!(ssh.ssh_hassh.as_deref(), Some("211239e3cf0687cb93f4fed46c721fbe"));
        assert!(ssh.ssh_host_key_sha256.is_some());
    });
}

#[test]
fn any_prefix_tells_what_is_there() {
    let all: Vec<u8> = session().into_iter().step_by(2).flat_map(|(_, bytes)| bytes).collect();
    for len in 0..all.len() {
        columns_of(&[(Direction::Up, all[..len].to_vec())], |ssh| {
            assert_eq!(ssh.ssh_client.is_some(), len >= BANNER.len());
            // The offer ends with seven bytes of padding.
            let offered = BANNER.len() + bytes(CLIENT_KEX_INIT).len() - 7;
            assert_eq!(ssh.ssh_hassh.is_some(), len >= offered);
            assert!(ssh.ssh_server.is_none() && ssh.ssh_kex.is_none());
        });
    }
}

#[test]
fn lines_before_the_banner_are_passed_over() {
    let mut script = script();
    script.down(b"Welcome.\r\nNo entry.\r\nSSH-2.0-dropbear_2022.83\r\n");
    script.up(b"SSH-2.0-x\n");
    let columns = SshColumns::of(Some(script.end()));
    assert_eq!(columns.ssh_server, Some("SSH-2.0-dropbear_2022.83"));
    assert_eq!(columns.ssh_client, Some("SSH-2.0-x"));
}

#[test]
fn an_old_protocol_tells_its_banners() {
    let mut script = script();
    script.down(b"SSH-1.99-Cisco-1.25\n").up(b"SSH-1.5-1.2.26\n");
    script.up(&bytes(CLIENT_KEX_INIT));
    let columns = SshColumns::of(Some(script.end()));
    assert_eq!(columns.ssh_server, Some("SSH-1.99-Cisco-1.25"));
    assert_eq!((columns.ssh_client, columns.ssh_hassh), (Some("SSH-1.5-1.2.26"), None));
}

#[test]
fn a_banner_that_is_no_utf8_is_kept_byte_for_byte() {
    columns_of(&[(Direction::Up, b"SSH-2.0-caf\xe9\r\n".to_vec())], |ssh| {
        assert_eq!(ssh.ssh_client, Some("SSH-2.0-caf\u{fffd}"));
        assert_eq!(ssh.ssh_client_raw.as_deref(), Some("5353482d322e302d636166e9"));
    });
}

#[test]
fn a_packet_with_a_length_or_padding_that_cannot_be_ends_the_direction() {
    for (at, value) in [(0, 1), (4, 3), (4, 255)] {
        let mut offer = bytes(CLIENT_KEX_INIT);
        offer[at] = value;
        let says = [(Direction::Up, BANNER.to_vec()), (Direction::Up, offer)];
        columns_of(&says, |ssh| assert!(ssh.ssh_client.is_some() && ssh.ssh_hassh.is_none()));
    }
}

#[test]
fn a_ciphers_own_authentication_leaves_no_mac() {
    let mut says = session();
    says[2].1 = replace(
        &says[2].1,
        b"aes128-cbc,aes128-ctr,aes256-ctr",
        b"aes128-gcm@openssh.com,aes256ctr",
    );
    columns_of(&says, |ssh| {
        assert_eq!(ssh.ssh_cipher, Some("aes128-gcm@openssh.com"));
        assert_eq!((ssh.ssh_mac, ssh.ssh_mac_server), (None, None));
    });
}

#[test]
fn lost_bytes_leave_what_the_other_side_says() {
    let mut script = script();
    script.up(BANNER).lose(Direction::Up, 336).up(&bytes(CLIENT_KEX));
    script.down(BANNER).down(&bytes(SERVER_KEX_INIT)).down(&bytes(SERVER_KEX));
    let columns = SshColumns::of(Some(script.end()));
    assert!(columns.ssh_client.is_some() && columns.ssh_hassh.is_none());
    assert!(columns.ssh_hassh_server.is_some() && columns.ssh_host_key_sha256.is_some());
}

#[test]
fn the_first_bytes_tell() {
    let probe = |transport, bytes: &[u8]| {
        let (direction, ports) = (Direction::Up, [1, 2]);
        let opening = Opening { transport, direction, bytes, len: bytes.len(), ports };
        SshProtocol.probe(&opening)
    };
    for len in 0..8 {
        assert_eq!(probe(Transport::Tcp, &BANNER[..len]), Match::NeedMore);
    }
    assert_eq!(probe(Transport::Tcp, BANNER), Match::Yes);
    assert_eq!(probe(Transport::Udp, BANNER), Match::No);
    assert_eq!(probe(Transport::Tcp, b"hello\r\nSSH-1.5-x"), Match::Yes);
    assert_eq!(probe(Transport::Tcp, b"SSH-3.0-x\n"), Match::No);
    assert_eq!(probe(Transport::Tcp, b"SST"), Match::No);
}

proptest! {
    #[test]
    fn any_packets_after_a_banner_are_read(
        up in prop::collection::vec(any::<u8>(), 0..400),
        kind in 0_u8..40,
    ) {
        let mut script = script();
        let len = (up.len() as u32 + 6).to_be_bytes();
        let packet = [&len[..], &[4, kind], &up[..], &[0; 4]].concat();
        script.up(BANNER).up(&packet).up(&up).down(BANNER).down(&packet);
        let ssh: &Ssh = script.end().ssh.as_ref().unwrap();
        prop_assert!(ssh.client().banner.is_some());
    }
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
        bytes[at..at + from.len()].copy_from_slice(to);
    }
    bytes
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n";
const CLIENT_KEX_INIT: &str = "\
    0000014c0714e4980555871e1d65ae1d3d90769113200000004c656364682d736861322d6e697374703338342c\
    637572766532353531392d7368613235362c6578742d696e666f2d632c6b65782d7374726963742d632d763030\
    406f70656e7373682e636f6d000000187273612d736861322d3531322c7373682d656432353531390000002061\
    65733132382d6362632c6165733132382d6374722c6165733235362d637472000000206165733132382d636263\
    2c6165733132382d6374722c6165733235362d63747200000017686d61632d736861322d3235362c686d61632d\
    7368613100000017686d61632d736861322d3235362c686d61632d736861310000001a6e6f6e652c7a6c696240\
    6f70656e7373682e636f6d2c7a6c69620000001a6e6f6e652c7a6c6962406f70656e7373682e636f6d2c7a6c69\
    620000000000000000000000000000000000000000";
const SERVER_KEX_INIT: &str = "\
    0000016c0b14ad21ba2238a84ab2dd5bc9077a09e5360000005f637572766532353531392d7368613235362c65\
    6364682d736861322d6e697374703235362c6469666669652d68656c6c6d616e2d67726f757031342d73686132\
    35362c6b65782d7374726963742d732d763030406f70656e7373682e636f6d0000000b7373682d656432353531\
    390000002c6165733235362d6374722c6165733132382d6374722c6165733132382d67636d406f70656e737368\
    2e636f6d0000002c6165733235362d6374722c6165733132382d6374722c6165733132382d67636d406f70656e\
    7373682e636f6d0000001b686d61632d736861322d3531322c686d61632d736861322d3235360000001b686d61\
    632d736861322d3531322c686d61632d736861322d323536000000156e6f6e652c7a6c6962406f70656e737368\
    2e636f6d000000156e6f6e652c7a6c6962406f70656e7373682e636f6d00000000000000000000000000000000\
    0000000000000000";
/// `SSH_MSG_KEX_ECDH_INIT`.
const CLIENT_KEX: &str = "\
    0000002c061e00000020395c269da894dca788c9d9b4074234f275654565867e7216fa259a1c7ced5c7a000000\
    000000";
/// `SSH_MSG_KEX_ECDH_REPLY` and `SSH_MSG_NEWKEYS`.
const SERVER_KEX: &str = "\
    000000bc081f000000330000000b7373682d6564323535313900000020d83926649a84ba398d1e56e4bf3533ce\
    bc334d80ac841b9ec645c09235088e6400000020e1edcf1bf786503485aadbd973fa8b64da06c5ac9b93992dec\
    edbdc5efbc0379000000530000000b7373682d65643235353139000000401f53baaf19c45892c44b8638d6abf6\
    02d4716fcf5a803f4067994b6fd429c4148146d5a76d61bb32e0a10cfee0150da50589f74b215354ec8df0b5a8\
    d259e90900000000000000000000000c0a1500000000000000000000";
