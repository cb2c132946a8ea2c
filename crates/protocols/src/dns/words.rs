//! The names of types, classes, operations and response codes.

use std::borrow::Cow;

use super::App;

/// The name of a record or query type (IANA "Resource Record (RR) TYPEs"; RFC 1002 section 4.2.1.3
/// for NBNS); `TYPE` and its number where there is none (RFC 3597 section 5).
pub(super) fn type_name(kind: u16, app: App) -> Cow<'static, str> {
    if app == App::Nbns && matches!(kind, NB | NBSTAT) {
        return if kind == NB { "NB" } else { "NBSTAT" }.into();
    }
    match TYPES.binary_search_by_key(&kind, |(number, _)| *number) {
        Ok(at) => TYPES[at].1.into(),
        Err(_) => format!("TYPE{kind}").into(),
    }
}

/// The name of a class; `CLASS` and its number where there is none (RFC 3597 section 5).
pub(super) fn class_name(class: u16) -> Cow<'static, str> {
    match class {
        1 => "IN".into(),
        3 => "CH".into(),
        4 => "HS".into(),
        254 => "NONE".into(),
        255 => "ANY".into(),
        _ => format!("CLASS{class}").into(),
    }
}

/// The name of an operation (as IANA lists them; RFC 1002 section 4.2.1.1 for NBNS).
pub(super) fn opcode_name(opcode: u8, app: App) -> Cow<'static, str> {
    match (opcode, app) {
        (0, _) => "QUERY".into(),
        (5, App::Nbns) => "REGISTRATION".into(),
        (6, App::Nbns) => "RELEASE".into(),
        (7, App::Nbns) => "WACK".into(),
        (8 | 9, App::Nbns) => "REFRESH".into(),
        (15, App::Nbns) => "MULTIHOMED".into(),
        (1, _) => "IQUERY".into(),
        (2, _) => "STATUS".into(),
        (4, _) => "NOTIFY".into(),
        (5, _) => "UPDATE".into(),
        (6, _) => "DSO".into(),
        _ => format!("OPCODE{opcode}").into(),
    }
}

/// The name of a response code (IANA "DNS RCODEs"; RFC 1002 section 4.2.6 for NBNS).
pub(super) fn rcode_name(rcode: u16, app: App) -> Cow<'static, str> {
    if app == App::Nbns && matches!(rcode, 6 | 7) {
        return if rcode == 6 { "ACTIVE" } else { "CONFLICT" }.into();
    }
    match RCODES.binary_search_by_key(&rcode, |(number, _)| *number) {
        Ok(at) => RCODES[at].1.into(),
        Err(_) => format!("RCODE{rcode}").into(),
    }
}

pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const PTR: u16 = 12;
pub(super) const HINFO: u16 = 13;
pub(super) const MINFO: u16 = 14;
pub(super) const MX: u16 = 15;
pub(super) const TXT: u16 = 16;
pub(super) const RP: u16 = 17;
pub(super) const AFSDB: u16 = 18;
pub(super) const RT: u16 = 21;
pub(super) const AAAA: u16 = 28;
pub(super) const NB: u16 = 32;
pub(super) const NBSTAT: u16 = 33;
pub(super) const SRV: u16 = 33;
pub(super) const NAPTR: u16 = 35;
pub(super) const KX: u16 = 36;
pub(super) const DNAME: u16 = 39;
pub(super) const OPT: u16 = 41;
pub(super) const DS: u16 = 43;
pub(super) const SSHFP: u16 = 44;
pub(super) const RRSIG: u16 = 46;
pub(super) const NSEC: u16 = 47;
pub(super) const DNSKEY: u16 = 48;
pub(super) const TLSA: u16 = 52;
pub(super) const SMIMEA: u16 = 53;
pub(super) const CDS: u16 = 59;
pub(super) const CDNSKEY: u16 = 60;
pub(super) const SVCB: u16 = 64;
pub(super) const HTTPS: u16 = 65;
pub(super) const SPF: u16 = 99;
pub(super) const URI: u16 = 256;
pub(super) const CAA: u16 = 257;

/// In order of the numbers.
const TYPES: &[(u16, &str)] = &[
    (A, "A"),
    (NS, "NS"),
    (CNAME, "CNAME"),
    (SOA, "SOA"),
    (10, "NULL"),
    (11, "WKS"),
    (PTR, "PTR"),
    (HINFO, "HINFO"),
    (MINFO, "MINFO"),
    (MX, "MX"),
    (TXT, "TXT"),
    (RP, "RP"),
    (AFSDB, "AFSDB"),
    (RT, "RT"),
    (24, "SIG"),
    (25, "KEY"),
    (AAAA, "AAAA"),
    (29, "LOC"),
    (SRV, "SRV"),
    (NAPTR, "NAPTR"),
    (KX, "KX"),
    (37, "CERT"),
    (DNAME, "DNAME"),
    (OPT, "OPT"),
    (42, "APL"),
    (DS, "DS"),
    (SSHFP, "SSHFP"),
    (45, "IPSECKEY"),
    (RRSIG, "RRSIG"),
    (NSEC, "NSEC"),
    (DNSKEY, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (TLSA, "TLSA"),
    (SMIMEA, "SMIMEA"),
    (55, "HIP"),
    (CDS, "CDS"),
    (CDNSKEY, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (SVCB, "SVCB"),
    (HTTPS, "HTTPS"),
    (SPF, "SPF"),
    (108, "EUI48"),
    (109, "EUI64"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (253, "MAILB"),
    (254, "MAILA"),
    (255, "ANY"),
    (URI, "URI"),
    (CAA, "CAA"),
    (32_768, "TA"),
    (32_769, "DLV"),
];

/// In order of the numbers.
const RCODES: &[(u16, &str)] = &[
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (11, "DSOTYPENI"),
    (16, "BADVERS"),
    (17, "BADKEY"),
    (18, "BADTIME"),
    (19, "BADMODE"),
    (20, "BADNAME"),
    (21, "BADALG"),
    (22, "BADTRUNC"),
    (23, "BADCOOKIE"),
];

#[cfg(test)]
mod tests {
    use super::{App, RCODES, TYPES, class_name, opcode_name, rcode_name, type_name};

    #[test]
    fn numbers_are_in_order() {
        assert!(TYPES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(RCODES.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn what_has_no_name_is_its_number() {
        assert_eq!(type_name(65, App::Dns), "HTTPS");
        assert_eq!(type_name(65_280, App::Dns), "TYPE65280");
        assert_eq!(class_name(7), "CLASS7");
        assert_eq!(opcode_name(3, App::Dns), "OPCODE3");
        assert_eq!(rcode_name(12, App::Dns), "RCODE12");
    }

    #[test]
    fn nbns_has_its_own() {
        assert_eq!(type_name(33, App::Nbns), "NBSTAT");
        assert_eq!(type_name(33, App::Dns), "SRV");
        assert_eq!(opcode_name(5, App::Nbns), "REGISTRATION");
        assert_eq!(opcode_name(5, App::Dns), "UPDATE");
        assert_eq!(rcode_name(6, App::Nbns), "ACTIVE");
        assert_eq!(rcode_name(6, App::Dns), "YXDOMAIN");
    }
}
