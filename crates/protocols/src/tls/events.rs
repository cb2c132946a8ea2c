//! Event tables of TLS: `certificates` and `tls_records`.

use std::borrow::Cow;

use flowloom_schema::{Record, Series, Timestamp, record};

use super::certificate::serial_text;
use super::names::{record_name, version_name};
use crate::text::hex;
use crate::{EventTable, Findings, Want, Wants, WireText};

/// One row per certificate.
pub(crate) const CERTIFICATES: EventTable = EventTable {
    name: "certificates",
    doc: "X.509 certificates that were sent in the clear",
    wants: Wants::of(&[Want::Certificates]),
    columns: CertificateRow::columns,
    append: append_certificates,
};

/// One row per record.
pub(crate) const RECORDS: EventTable = EventTable {
    name: "tls_records",
    doc: "Records of TLS and DTLS",
    wants: Wants::of(&[Want::TlsRecords]),
    columns: RecordRow::columns,
    append: append_records,
};

record! {
    /// A certificate (RFC 5280).
    pub struct CertificateRow<'a> in "certificates" since "0.1" over "certificates sent in the clear" {
        /// The flow it was sent in.
        flow_id: i64 [FrameNumber, Identity],
        /// Frame that completed the message.
        frame: i64 [FrameNumber, Identity],
        /// When that was.
        time: Timestamp [Instant, Time],
        /// Who sent it: 1 the side that opened the flow, -1 the other.
        direction: Option<i8> [None, Feature],
        /// Whether the server sent it.
        is_server: bool [None, Feature],
        /// Place in the chain: 0 is the sender's own.
        position: i64 [None, Feature],
        /// Bytes of its DER.
        bytes: i64 [Bytes, Feature],
        /// SHA-256 of its DER, in hexadecimal.
        sha256: String [None, Identity],
        /// SHA-1 of its DER, in hexadecimal: older tools know certificates by it.
        sha1: String [None, Identity],
        /// Its version: 3 for those with extensions (RFC 5280, section 4.1.2.1).
        version: Option<u8> [None, Feature],
        /// Subject, as RFC 4514 writes it.
        subject: &'a str [None, Identity],
        /// Common name of the subject; the last of several.
        subject_cn: Option<&'a str> [None, Identity],
        /// Issuer, as RFC 4514 writes it.
        issuer: &'a str [None, Identity],
        /// Common name of the issuer; the last of several.
        issuer_cn: Option<&'a str> [None, Identity],
        /// Serial number in hexadecimal, as it is encoded.
        serial: String [None, Identity],
        /// Beginning of its validity, in seconds since the epoch.
        not_before: Option<i64> [Seconds, Feature],
        /// End of its validity, in seconds since the epoch.
        not_after: Option<i64> [Seconds, Feature],
        /// DNS names among its alternative names (RFC 5280, section 4.2.1.6).
        san_dns: Vec<&'a str> [None, Identity],
        /// IP addresses among its alternative names.
        san_ip: Vec<std::net::IpAddr> [None, Identity],
        /// Kind of its key: RSA, EC, DSA, Ed25519, Ed448, or an object identifier.
        key_type: Option<&'a str> [None, Feature],
        /// Bits of its key.
        key_bits: Option<i64> [None, Feature],
        /// Algorithm of its key, by its name in the standard that has it, else its object identifier.
        key_algorithm: Option<&'a str> [None, Feature],
        /// Curve of its key, if that is on one with a name.
        key_curve: Option<&'a str> [None, Feature],
        /// Public exponent of its key, if that is of RSA; null beyond 63 bits.
        key_exponent: Option<i64> [None, Feature],
        /// Algorithm of its signature.
        signature: Option<&'a str> [None, Feature],
        /// Whether it says that it may sign others (RFC 5280, section 4.2.1.9).
        is_ca: bool [None, Feature],
        /// Whether it says whether it may sign others.
        has_basic_constraints: bool [None, Feature],
        /// Certificates that may stand between it and the last of a chain (RFC 5280, section 4.2.1.9).
        path_len_max: Option<i64> [None, Feature],
        /// Whether issuer and subject are the same.
        is_self_issued: bool [None, Feature],
    }
}

record! {
    /// A record (RFC 8446, section 5.1; RFC 6347, section 4.1).
    pub struct RecordRow in "tls_records" since "0.1" over "records of TLS and DTLS" {
        /// The flow it was sent in.
        flow_id: i64 [FrameNumber, Identity],
        /// Frame in which it begins.
        frame: i64 [FrameNumber, Identity],
        /// When that frame came.
        time: Timestamp [Instant, Time],
        /// Who sent it: 1 the side that opened the flow, -1 the other.
        direction: i8 [None, Feature],
        /// Its type.
        kind: Cow<'static, str> [None, Feature],
        /// The number of its type.
        kind_id: u8 [None, Feature],
        /// The version in its header, which in TLS 1.3 stays at that of TLS 1.2.
        version: Cow<'static, str> [None, Feature],
        /// Bytes after its header.
        bytes: i64 [Bytes, Feature],
        /// Epoch, of DTLS.
        epoch: Option<u16> [None, Feature],
        /// Sequence number, of DTLS.
        sequence: Option<i64> [None, Feature],
    }
}

fn append_certificates(flow_id: i64, findings: &Findings, series: &mut [Series]) -> usize {
    let Some(tls) = &findings.tls else { return 0 };
    let client = tls.client();
    let rows = tls.certificates.iter().map(|certificate| CertificateRow {
        flow_id,
        frame: certificate.stamp.frame as i64,
        time: Timestamp(certificate.stamp.time),
        direction: certificate.from.map(flowloom_flow::Direction::sign),
        is_server: certificate.from != Some(client),
        position: certificate.position.into(),
        bytes: certificate.len.into(),
        sha256: hex(&certificate.sha256),
        sha1: hex(&certificate.sha1),
        version: certificate.version,
        subject: &certificate.subject,
        subject_cn: certificate.subject_cn.as_ref().map(WireText::as_str),
        issuer: &certificate.issuer,
        issuer_cn: certificate.issuer_cn.as_ref().map(WireText::as_str),
        serial: serial_text(&certificate.serial),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        san_dns: certificate.san_dns.iter().map(WireText::as_str).collect(),
        san_ip: certificate.san_ips.clone(),
        key_type: certificate.key_type.as_deref(),
        key_bits: certificate.key_bits.map(i64::from),
        key_algorithm: certificate.key_algorithm.as_deref(),
        key_curve: certificate.key_curve,
        key_exponent: certificate.key_exponent,
        signature: certificate.signature.as_deref(),
        is_ca: certificate.is_ca,
        has_basic_constraints: certificate.has_basic_constraints,
        path_len_max: certificate.path_len_max,
        is_self_issued: certificate.issuer == certificate.subject,
    });
    let rows = rows.collect::<Vec<_>>();
    Record::push_all(&rows, series);
    rows.len()
}

fn append_records(flow_id: i64, findings: &Findings, series: &mut [Series]) -> usize {
    let Some(tls) = &findings.tls else { return 0 };
    let rows = tls.records.iter().map(|record| RecordRow {
        flow_id,
        frame: record.stamp.frame as i64,
        time: Timestamp(record.stamp.time),
        direction: record.from.sign(),
        kind: record_name(record.kind),
        kind_id: record.kind,
        version: version_name(record.version),
        bytes: record.len.into(),
        epoch: record.number.map(|(epoch, _)| epoch),
        sequence: record.number.map(|(_, sequence)| sequence as i64),
    });
    let rows = rows.collect::<Vec<_>>();
    Record::push_all(&rows, series);
    rows.len()
}
