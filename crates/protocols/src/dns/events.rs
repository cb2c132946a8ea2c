//! The event table `dns`: a row for each message.

use std::net::IpAddr;

use flowloom_schema::{Record as _, Series, Timestamp, record};

use super::columns::{AA, TC, seconds};
use super::message::{Message, Record, Section};
use super::rdata::Data;
use super::svcb::Svcb;
use super::words::{self, A, AAAA, CAA, CNAME, HTTPS, MX, NS, PTR, SOA, SRV, SVCB, TXT};
use crate::text::hex;
use crate::{EventTable, Findings, Transport, Want, Wants};

/// The table.
pub const TABLE: EventTable = EventTable {
    name: "dns",
    doc: "messages of DNS, mDNS, LLMNR and NBNS",
    wants: Wants::of(&[Want::DnsMessages]),
    columns: DnsEvent::columns,
    append,
};

fn append(flow_id: i64, findings: &Findings, series: &mut [Series]) -> usize {
    let Some(dns) = findings.dns.as_deref() else { return 0 };
    let rows: Vec<_> = dns.messages.iter().map(|message| DnsEvent::of(flow_id, message)).collect();
    DnsEvent::push_all(&rows, series);
    rows.len()
}

record! {
    /// A message.
    pub struct DnsEvent<'a> in "dns" since "0.1" over "each message of DNS, mDNS, LLMNR and NBNS" {
        /// Number of the flow's first frame: identifies the flow.
        flow_id: i64 [FrameNumber, Identity],
        /// Number of the frame that completed the message.
        frame: i64 [FrameNumber, Identity],
        /// Its time.
        time: Timestamp [Instant, Time],
        /// 1 from the initiator of the flow, -1 to it.
        direction: i8 [None, Feature],
        /// Which protocol: dns, mdns, llmnr, nbns; told by the port.
        app: &'a str [None, Feature],
        /// What carried it: udp or tcp.
        transport: &'a str [None, Feature],
        /// Length of the message, without the two bytes before it over TCP.
        length: i64 [Bytes, Feature],
        /// Whether it could be read to its end: not where the capture or the sender has cut it, nor where it or the data of a record are broken.
        is_whole: bool [None, Account],
        /// Identifier that a query and its response share (RFC 1035 section 4.1.1).
        id: u16 [None, Identity],
        /// Whether it is a response (QR).
        is_response: bool [None, Feature],
        /// What is to be done: QUERY, NOTIFY, UPDATE and the like.
        opcode: String [None, Feature],
        /// Response code, with the upper bits of EDNS; null for queries.
        rcode: Option<String> [None, Feature],
        /// The number of `rcode`.
        rcode_id: Option<u16> [None, Feature],
        /// The bit AA: the server is an authority. For LLMNR, C: the name is in conflict (RFC 4795 section 2.1.1).
        aa: bool [None, Feature],
        /// The bit TC: the message was cut for the transport.
        tc: bool [None, Feature],
        /// The bit RD: recursion is desired. For LLMNR, T: the answer is tentative.
        rd: bool [None, Feature],
        /// The bit RA: recursion is available.
        ra: bool [None, Feature],
        /// The bit AD: the data are authentic (RFC 4035 section 3.2.3).
        ad: bool [None, Feature],
        /// The bit CD: checking is disabled (RFC 4035 section 3.2.2).
        cd: bool [None, Feature],
        /// The bit Z, which is to be zero (RFC 1035 section 4.1.1).
        z: bool [None, Feature],
        /// Name in the first question; see `dns_query`.
        qname: Option<&'a str> [None, Identity],
        /// Type in the first question, such as AAAA.
        qtype: Option<String> [None, Feature],
        /// Class in the first question, such as IN; for mDNS without the bit that asks for an answer by unicast.
        qclass: Option<String> [None, Feature],
        /// The number of `qtype`.
        qtype_id: Option<u16> [None, Feature],
        /// The number of `qclass`, for mDNS likewise without that bit.
        qclass_id: Option<u16> [None, Feature],
        /// Names in all questions, up to 64, where there are several.
        qnames: Vec<&'a str> [None, Identity],
        /// Questions, as the header counts them.
        question_count: u16 [Events, Feature],
        /// Records in the answer section, as the header counts them.
        answer_count: u16 [Events, Feature],
        /// Records in the authority section, as the header counts them.
        authority_count: u16 [Events, Feature],
        /// Additional records, as the header counts them.
        additional_count: u16 [Events, Feature],
        /// The records of the answer section in order, up to 256 of all sections, as `type data`.
        answers: Vec<String> [None, Identity],
        /// The names that `answers` are about.
        answer_names: Vec<&'a str> [None, Identity],
        /// The times to live of `answers`.
        ttl: Vec<i64> [Seconds, Feature],
        /// Addresses in the A records of the answer section.
        a: Vec<IpAddr> [None, Identity],
        /// Addresses in its AAAA records.
        aaaa: Vec<IpAddr> [None, Identity],
        /// Names in its CNAME records.
        cname: Vec<&'a str> [None, Identity],
        /// Names in its PTR records.
        ptr: Vec<&'a str> [None, Identity],
        /// Names in its NS records.
        ns: Vec<&'a str> [None, Identity],
        /// Preference and name in its MX records.
        mx: Vec<&'a str> [None, Identity],
        /// Text in its TXT records: the strings of a record one after the other; quotes and backslashes have a backslash before them, what is not printable is in decimal.
        txt: Vec<&'a str> [None, Identity],
        /// Fields of its SOA records.
        soa: Vec<&'a str> [None, Identity],
        /// Priority, weight, port and name in its SRV records.
        srv: Vec<&'a str> [None, Identity],
        /// Flags, tag and value in its CAA records.
        caa: Vec<&'a str> [None, Identity],
        /// Fields of its HTTPS and SVCB records (RFC 9460), with `ech` in hexadecimal.
        svcb: Vec<String> [None, Identity],
        /// Protocols (ALPN) in its HTTPS and SVCB records.
        svcb_alpn: Vec<&'a str> [None, Feature],
        /// Ports in its HTTPS and SVCB records.
        svcb_port: Vec<u16> [None, Feature],
        /// Addresses hinted at in its HTTPS and SVCB records.
        svcb_hints: Vec<IpAddr> [None, Identity],
        /// Configurations for Encrypted Client Hello in its HTTPS and SVCB records, in hexadecimal.
        svcb_ech: Vec<String> [None, Identity],
        /// The records of the authority section as `name type data`.
        authorities: Vec<String> [None, Identity],
        /// The additional records, without OPT, as `name type data`.
        additionals: Vec<String> [None, Identity],
        /// The largest datagram that the sender takes (EDNS, RFC 6891 section 6.2.3).
        edns_udp_size: Option<i32> [Bytes, Feature],
        /// Version of EDNS.
        edns_version: Option<u8> [None, Feature],
        /// Whether records of DNSSEC are welcome (DO, RFC 3225).
        edns_dnssec_ok: Option<bool> [None, Feature],
        /// The network that is asked or answered for (RFC 7871).
        edns_client_subnet: Option<&'a str> [None, Identity],
        /// Whether there is a cookie (RFC 7873).
        edns_cookie: Option<bool> [None, Feature],
        /// Of a response: from the first time that the query was sent, matched by identifier and question; null if it was not seen.
        latency: Option<f64> [Seconds, Feature],
    }
}

impl<'a> DnsEvent<'a> {
    /// The row of a message.
    pub fn of(flow_id: i64, message: &'a Message) -> Self {
        let question = message.questions.first();
        let edns = message.edns.as_ref();
        let flag = |bit: u16| message.flags & bit != 0;
        let [question_count, answer_count, authority_count, additional_count] = message.counts;
        let answers = || message.section(Section::Answer);
        let whole = |section| message.section(section).map(|record| line(message, record));
        Self {
            flow_id,
            frame: message.stamp.frame as i64,
            time: Timestamp(message.stamp.time),
            direction: message.direction.sign(),
            app: message.app.name(),
            transport: if message.transport == Transport::Tcp { "tcp" } else { "udp" },
            length: message.len as i64,
            is_whole: message.is_whole,
            id: message.id,
            is_response: message.is_response(),
            opcode: message.opcode_name().into(),
            rcode: message.is_response().then(|| message.rcode_name().into()),
            rcode_id: message.is_response().then(|| message.rcode()),
            aa: flag(AA),
            tc: flag(TC),
            rd: flag(0x0100),
            ra: flag(0x0080),
            ad: flag(0x0020),
            cd: flag(0x0010),
            z: flag(0x0040),
            qname: question.map(|question| question.name.as_str()),
            qtype: question.map(|question| message.type_name(question.kind).into()),
            qclass: question.map(|question| words::class_name(question.class).into()),
            qtype_id: question.map(|question| question.kind),
            qclass_id: question.map(|question| question.class),
            qnames: all_names(message),
            question_count,
            answer_count,
            authority_count,
            additional_count,
            answers: answers()
                .map(|record| format!("{} {}", message.type_name(record.kind), record.data.text()))
                .collect(),
            answer_names: answers().map(|record| record.name.as_str()).collect(),
            ttl: answers().map(|record| record.ttl.into()).collect(),
            a: addresses(message, A),
            aaaa: addresses(message, AAAA),
            cname: texts(message, CNAME),
            ptr: texts(message, PTR),
            ns: texts(message, NS),
            mx: texts(message, MX),
            txt: texts(message, TXT),
            soa: texts(message, SOA),
            srv: texts(message, SRV),
            caa: texts(message, CAA),
            svcb: services(message).map(ToString::to_string).collect(),
            svcb_alpn: services(message).flat_map(alpn).collect(),
            svcb_port: services(message).filter_map(|service| service.port).collect(),
            svcb_hints: services(message).flat_map(|service| service.hints.clone()).collect(),
            svcb_ech: services(message)
                .filter_map(|service| Some(hex(service.ech.as_deref()?)))
                .collect(),
            authorities: whole(Section::Authority).collect(),
            additionals: whole(Section::Additional).collect(),
            edns_udp_size: edns.map(|edns| edns.udp_size.into()),
            edns_version: edns.map(|edns| edns.version),
            edns_dnssec_ok: edns.map(|edns| edns.dnssec_ok),
            edns_client_subnet: edns.and_then(|edns| edns.client_subnet.as_deref()),
            edns_cookie: edns.map(|edns| edns.has_cookie),
            latency: message.latency.map(seconds),
        }
    }
}

/// The names in all questions, where there are several.
fn all_names(message: &Message) -> Vec<&str> {
    match message.questions.as_slice() {
        [] | [_] => Vec::new(),
        several => several.iter().map(|question| question.name.as_str()).collect(),
    }
}

fn alpn(service: &Svcb) -> impl Iterator<Item = &str> {
    service.alpn.iter().map(String::as_str)
}

fn line(message: &Message, record: &Record) -> String {
    format!("{} {} {}", record.name, message.type_name(record.kind), record.data.text())
}

fn of_type(message: &Message, kind: u16) -> impl Iterator<Item = &Data> {
    let records = message.section(Section::Answer).filter(move |record| record.kind == kind);
    records.map(|record| &record.data)
}

fn addresses(message: &Message, kind: u16) -> Vec<IpAddr> {
    let address = |data: &Data| match data {
        Data::Address(address) => Some(*address),
        _ => None,
    };
    of_type(message, kind).filter_map(address).collect()
}

fn texts(message: &Message, kind: u16) -> Vec<&str> {
    let mut texts = Vec::new();
    for data in of_type(message, kind) {
        if let Data::Name(text) | Data::Text(text) = data {
            texts.push(text.as_str());
        }
    }
    texts
}

fn services(message: &Message) -> impl Iterator<Item = &Svcb> {
    let records = of_type(message, HTTPS).chain(of_type(message, SVCB));
    records.filter_map(|data| match data {
        Data::Service(service) => Some(&**service),
        _ => None,
    })
}
