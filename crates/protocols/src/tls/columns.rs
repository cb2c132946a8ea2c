//! The columns of the set `tls`.

use std::borrow::Cow;

use flowloom_schema::{Timestamp, record};

use super::certificate::serial_text;
use super::chain::chain;
use super::found::{ClientHello, ServerHello, Tls};
use super::hello::{EARLY_DATA, is_grease};
use super::names::{alert_name, cipher_name, group_name, version_name};
use crate::text::hex;
use crate::{Findings, Stamp, WireText};

record! {
    /// What the TLS handshake told, over TCP, in DTLS or in QUIC.
    pub struct TlsColumns<'a> in "tls" since "0.1" over "the TLS handshake of the flow, as far as it is in the clear" {
        /// The host name that the client asked for (RFC 6066, section 3), in its first ClientHello.
        /// With an encrypted ClientHello this is the outer, public name.
        tls_sni: Option<&'a str> [None, Identity],
        /// `tls_sni` in hexadecimal where it was not UTF-8.
        tls_sni_raw: Option<String> [None, Identity],
        /// The version that was negotiated: that of `supported_versions` in the ServerHello, else
        /// that of its fixed part (RFC 8446, section 4.2.1). Null before a ServerHello.
        tls_version: Option<Cow<'static, str>> [None, Feature],
        /// The number of `tls_version`.
        tls_version_id: Option<u16> [None, Feature],
        /// The cipher suite that was chosen, by its name in the registry of IANA, else its number.
        tls_cipher: Option<Cow<'static, str>> [None, Feature],
        /// The number of `tls_cipher`.
        tls_cipher_id: Option<u16> [None, Feature],
        /// The application protocol that was negotiated (RFC 7301), where the ServerHello has it;
        /// encrypted in TLS 1.3.
        tls_alpn: Option<&'a str> [None, Feature],
        /// The group of the key exchange: of the server's key share in TLS 1.3, of its
        /// ServerKeyExchange before.
        tls_group: Option<Cow<'static, str>> [None, Feature],
        /// Application protocols that the client offered, in its order.
        tls_alpn_offered: Option<Vec<&'a str>> [None, Feature],
        /// Versions that the client offered in `supported_versions`, in its order, without GREASE
        /// (RFC 8701); else that of the fixed part.
        tls_client_versions: Option<Vec<Cow<'static, str>>> [None, Feature],
        /// The version in the fixed part of the ClientHello.
        tls_client_version_id: Option<u16> [None, Feature],
        /// Numbers of the cipher suites that the client offered, in its order, GREASE included.
        tls_client_ciphers: Option<&'a [u16]> [None, Feature],
        /// Numbers of the extensions of the ClientHello, in its order, GREASE included.
        tls_client_extensions: Option<&'a [u16]> [None, Feature],
        /// Groups that the client offered (RFC 8446, section 4.2.7), without GREASE.
        tls_client_groups: Option<Vec<Cow<'static, str>>> [None, Feature],
        /// Groups for which the client sent a key share (RFC 8446, section 4.2.8), without GREASE.
        tls_client_key_shares: Option<Vec<Cow<'static, str>>> [None, Feature],
        /// Numbers of the signature algorithms that the client offered, in its order.
        tls_client_signature_algorithms: Option<&'a [u16]> [None, Feature],
        /// Numbers of the extensions of the ServerHello, in its order.
        tls_server_extensions: Option<&'a [u16]> [None, Feature],
        /// Random bytes of the first ClientHello, in hexadecimal: by them key logs know the
        /// connection.
        tls_client_random: Option<String> [None, Identity],
        /// Random bytes of the ServerHello, in hexadecimal.
        tls_server_random: Option<String> [None, Identity],
        /// Bytes of the session identifier in the ClientHello.
        tls_session_id_bytes: Option<i64> [Bytes, Feature],
        /// Whether a session was resumed: a pre-shared key taken in TLS 1.3, a session identifier
        /// echoed and no certificate sent before. Null where it cannot be told.
        tls_resumed: Option<bool> [None, Feature],
        /// Whether the client showed a session ticket (RFC 5077).
        tls_ticket_offered: Option<bool> [None, Feature],
        /// Pre-shared keys that the client offered (RFC 8446, section 4.2.11).
        tls_psk_count: Option<i64> [Events, Feature],
        /// Whether the client sent early data (RFC 8446, section 4.2.10), that is, announced it.
        tls_early_data: Option<bool> [None, Feature],
        /// Whether the server asked for another ClientHello (RFC 8446, section 4.1.4).
        tls_hello_retry: Option<bool> [None, Feature],
        /// Encrypted ClientHello (RFC 9849): `none`; `grease`, if it cannot be a real one;
        /// `offered`, if it is one or looks like one.
        tls_ech: Option<&'a str> [None, Feature],
        /// Which key of the server the encrypted ClientHello names; a random number in GREASE.
        tls_ech_config_id: Option<u8> [None, Feature],
        /// Bytes of the encrypted ClientHello.
        tls_ech_bytes: Option<i64> [Bytes, Feature],
        /// DNS that the connection is for: `dot` over TLS (RFC 7858), `doq` over QUIC (RFC 9250), `doh` over HTTPS (RFC 8484); null where nothing tells it.
        tls_dns: Option<&'a str> [None, Feature],
        /// What tells `tls_dns`: `alpn`, `port` 853, or a `server_name` that is known for DNS over HTTPS, which is no more than a hint.
        tls_dns_by: Option<&'a str> [None, Account],
        /// JA3 of the first ClientHello: MD5 in hexadecimal; null where the capture has a part of it.
        tls_ja3: Option<String> [None, Feature],
        /// JA3S of the ServerHello: MD5 in hexadecimal.
        tls_ja3s: Option<String> [None, Feature],
        /// JA4 of the first ClientHello; null where the capture has a part of it.
        tls_ja4: Option<String> [None, Feature],
        /// ClientHellos that came, those after a HelloRetryRequest or a HelloVerifyRequest
        /// included; of DTLS, none that was only sent again.
        tls_client_hello_count: Option<i64> [Events, Feature],
        /// SHA-256 of each certificate that the server sent in the clear, its own first.
        tls_cert_sha256: Option<Vec<String>> [None, Identity],
        /// Subject of the server's certificate, as RFC 4514 writes it.
        tls_cert_subject: Option<&'a str> [None, Identity],
        /// Common name of that subject.
        tls_cert_cn: Option<&'a str> [None, Identity],
        /// Issuer of the server's certificate, as RFC 4514 writes it.
        tls_cert_issuer: Option<&'a str> [None, Identity],
        /// Common name of that issuer.
        tls_cert_issuer_cn: Option<&'a str> [None, Identity],
        /// DNS names among the alternative names of the server's certificate.
        tls_cert_san: Option<Vec<&'a str>> [None, Identity],
        /// Serial number of the server's certificate in hexadecimal.
        tls_cert_serial: Option<String> [None, Identity],
        /// Beginning of the validity of the server's certificate.
        tls_cert_not_before: Option<i64> [Seconds, Feature],
        /// End of the validity of the server's certificate, in seconds since the epoch.
        tls_cert_not_after: Option<i64> [Seconds, Feature],
        /// Kind of the key of the server's certificate.
        tls_cert_key_type: Option<&'a str> [None, Feature],
        /// Bits of the key of the server's certificate.
        tls_cert_key_bits: Option<i64> [None, Feature],
        /// Whether issuer and subject of the server's certificate are the same.
        tls_cert_self_issued: Option<bool> [None, Feature],
        /// SHA-256 of each certificate that the client sent in the clear.
        tls_client_cert_sha256: Option<Vec<String>> [None, Identity],
        /// Alerts in the clear, in their order (RFC 8446, section 6).
        tls_alerts: Option<Vec<Cow<'static, str>>> [None, Feature],
        /// Level of each of `tls_alerts`: 1 is a warning, 2 is fatal.
        tls_alert_levels: Option<Vec<u8>> [None, Feature],
        /// When the first ClientHello was whole.
        tls_client_hello_time: Option<Timestamp> [Instant, Time],
        /// When the ServerHello was whole.
        tls_server_hello_time: Option<Timestamp> [Instant, Time],
        /// When both sides had changed to encryption: the later ChangeCipherSpec up to TLS 1.2, the
        /// client's first protected record after the ServerHello in TLS 1.3.
        tls_handshake_time: Option<Timestamp> [Instant, Time],
        /// From the first ClientHello to the ServerHello.
        tls_server_hello_delay: Option<f64> [Seconds, Feature],
        /// From the first ClientHello to `tls_handshake_time`.
        tls_handshake_duration: Option<f64> [Seconds, Feature],
    }
}

impl<'a> TlsColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let tls = findings.and_then(|findings| findings.tls.as_deref());
        let client = tls.and_then(Tls::client_hello);
        let whole = client.filter(|hello| !hello.is_cut);
        let server = tls.and_then(Tls::server_hello);
        // What a HelloRetryRequest chooses holds for the ServerHello after it.
        let leaf = tls.and_then(|tls| chain(tls, false).next());
        let ech = tls.and_then(|tls| tls.client_hellos.iter().find_map(|hello| hello.ech));
        let begin = client.map(|hello| hello.stamp);
        let finish = tls.and_then(handshake_end);
        Self {
            tls_sni: client.and_then(|hello| Some(hello.sni.as_ref()?.as_str())),
            tls_sni_raw: client.and_then(|hello| hello.sni.as_ref()?.raw_hex()),
            tls_version: server.map(|hello| version_name(hello.version())),
            tls_version_id: server.map(ServerHello::version),
            tls_cipher: server.and_then(|hello| hello.cipher_suite.map(cipher_name)),
            tls_cipher_id: server.and_then(|hello| hello.cipher_suite),
            tls_alpn: server.and_then(|hello| Some(hello.alpn.as_ref()?.as_str())),
            tls_group: server.and_then(|hello| hello.group.or(tls?.server_group)).map(group_name),
            tls_alpn_offered: client.map(|hello| texts(&hello.alpn)),
            tls_client_versions: client.map(offered_versions),
            tls_client_version_id: client.map(|hello| hello.legacy_version),
            tls_client_ciphers: client.map(|hello| hello.cipher_suites.as_slice()),
            tls_client_extensions: client.map(|hello| hello.extensions.as_slice()),
            tls_client_groups: client.map(|hello| group_names(&hello.groups)),
            tls_client_key_shares: client.map(|hello| group_names(&hello.key_shares)),
            tls_client_signature_algorithms: client
                .map(|hello| hello.signature_algorithms.as_slice()),
            tls_server_extensions: server.map(|hello| hello.extensions.as_slice()),
            tls_client_random: client.map(|hello| hex(&hello.random)),
            tls_server_random: server.map(|hello| hex(&hello.random)),
            tls_session_id_bytes: client.map(|hello| hello.session_id.len() as i64),
            tls_resumed: tls.and_then(Tls::is_resumed),
            tls_ticket_offered: client.map(|hello| hello.ticket_len.is_some_and(|len| len > 0)),
            tls_psk_count: client.map(|hello| hello.psk_count.into()),
            tls_early_data: client.map(|hello| hello.extensions.contains(&EARLY_DATA)),
            tls_hello_retry: tls.and_then(hello_retry),
            tls_ech: client.and(tls).map(|tls| tls.ech().name()),
            tls_ech_config_id: ech.map(|ech| ech.config_id),
            tls_ech_bytes: ech.map(|ech| ech.payload_len.into()),
            tls_dns: tls.and_then(|tls| Some(tls.inner_dns?.name)),
            tls_dns_by: tls.and_then(|tls| Some(tls.inner_dns?.by)),
            tls_ja3: whole.map(ClientHello::ja3),
            tls_ja3s: server.map(ServerHello::ja3s),
            tls_ja4: whole.zip(tls).map(|(hello, tls)| hello.ja4(tls.carrier)),
            tls_client_hello_count: tls.map(|tls| tls.client_hello_count.into()),
            tls_cert_sha256: hashes(tls, false),
            tls_cert_subject: leaf.map(|leaf| leaf.subject.as_str()),
            tls_cert_cn: leaf.and_then(|leaf| Some(leaf.subject_cn.as_ref()?.as_str())),
            tls_cert_issuer: leaf.map(|leaf| leaf.issuer.as_str()),
            tls_cert_issuer_cn: leaf.and_then(|leaf| Some(leaf.issuer_cn.as_ref()?.as_str())),
            tls_cert_san: leaf.map(|leaf| texts(&leaf.san_dns)),
            tls_cert_serial: leaf.map(|leaf| serial_text(&leaf.serial)),
            tls_cert_not_before: leaf.and_then(|leaf| leaf.not_before),
            tls_cert_not_after: leaf.and_then(|leaf| leaf.not_after),
            tls_cert_key_type: leaf.and_then(|leaf| leaf.key_type.as_deref()),
            tls_cert_key_bits: leaf.and_then(|leaf| leaf.key_bits).map(i64::from),
            tls_cert_self_issued: leaf.map(|leaf| leaf.issuer == leaf.subject),
            tls_client_cert_sha256: hashes(tls, true),
            tls_alerts: tls
                .map(|tls| tls.alerts.iter().map(|alert| alert_name(alert.description)).collect()),
            tls_alert_levels: tls.map(|tls| tls.alerts.iter().map(|alert| alert.level).collect()),
            tls_client_hello_time: begin.map(at),
            tls_server_hello_time: server.map(|hello| at(hello.stamp)),
            tls_handshake_time: finish.map(at),
            tls_server_hello_delay: begin.zip(server.map(|hello| hello.stamp)).map(seconds),
            tls_handshake_duration: begin.zip(finish).map(seconds),
        }
    }
}

fn hello_retry(tls: &Tls) -> Option<bool> {
    let hellos = Some(&tls.server_hellos).filter(|hellos| !hellos.is_empty())?;
    Some(hellos.iter().any(|hello| hello.is_retry))
}

fn hashes(tls: Option<&Tls>, of_client: bool) -> Option<Vec<String>> {
    let hashes = chain(tls?, of_client).map(|certificate| hex(&certificate.sha256));
    let hashes = hashes.collect::<Vec<_>>();
    (!hashes.is_empty()).then_some(hashes)
}

/// When both sides had changed to encryption.
fn handshake_end(tls: &Tls) -> Option<Stamp> {
    let [up, down] = tls.protected;
    Some(if up?.time > down?.time { up? } else { down? })
}

fn offered_versions(hello: &ClientHello) -> Vec<Cow<'static, str>> {
    let offered = hello.supported_versions.iter().copied().filter(|version| !is_grease(*version));
    let offered = offered.map(version_name).collect::<Vec<_>>();
    if offered.is_empty() { vec![version_name(hello.legacy_version)] } else { offered }
}

fn group_names(groups: &[u16]) -> Vec<Cow<'static, str>> {
    let known = groups.iter().copied().filter(|group| !is_grease(*group));
    known.map(group_name).collect()
}

fn texts(list: &[WireText]) -> Vec<&str> {
    list.iter().map(WireText::as_str).collect()
}

fn at(stamp: Stamp) -> Timestamp {
    Timestamp(stamp.time)
}

fn seconds((from, to): (Stamp, Stamp)) -> f64 {
    to.time.saturating_sub(from.time) as f64 / 1e9
}
