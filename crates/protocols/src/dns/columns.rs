//! The columns of the set `dns`.

use flowloom_schema::record;

use super::message::{Message, Section};
use super::words::{self, CNAME};
use crate::Findings;

record! {
    /// What the first question and its answer told, and how many messages there were.
    pub struct DnsColumns<'a> in "dns" since "0.1" over "the messages of DNS, mDNS, LLMNR and NBNS of the flow" {
        /// The name in the first question (RFC 1035 section 4.1.2), as it was sent; in labels, dots and backslashes have a backslash before them, and what is not printable is written in decimal as in RFC 4343 section 2.1. NetBIOS names are decoded, their last byte shown as `<20>`.
        dns_query: Option<&'a str> [None, Identity],
        /// Type of that question, such as AAAA; `TYPE` and its number where it has no name.
        dns_query_type: Option<String> [None, Feature],
        /// Class of that question, such as IN.
        dns_query_class: Option<String> [None, Feature],
        /// Identifier of the message with that question (RFC 1035 section 4.1.1).
        dns_id: Option<u16> [None, Identity],
        /// What that message asks to be done: QUERY, NOTIFY, UPDATE and the like.
        dns_opcode: Option<String> [None, Feature],
        /// Response code of the first response to that question, or of the first response where there is no question; with the upper bits of EDNS: NOERROR, NXDOMAIN and the like.
        dns_rcode: Option<String> [None, Feature],
        /// Whether the server of that response is an authority (AA).
        dns_authoritative: Option<bool> [None, Feature],
        /// Whether that response was cut for the transport (TC).
        dns_truncated: Option<bool> [None, Feature],
        /// The data of the records in its answer section, up to 256 of them, in order, as zone files have it.
        dns_answers: Option<Vec<String>> [None, Identity],
        /// The types of these records, in the same order.
        dns_answer_types: Option<Vec<String>> [None, Feature],
        /// The aliases (CNAME) among them.
        dns_cnames: Option<Vec<String>> [None, Identity],
        /// The smallest time to live of these records.
        dns_ttl_min: Option<i64> [Seconds, Feature],
        /// From the first time that the question was sent to that response; null if the query was not seen. Matched by identifier and question.
        dns_latency: Option<f64> [Seconds, Feature],
        /// The largest datagram that the sender of the first question takes (EDNS, RFC 6891 section 6.2.3).
        dns_udp_size: Option<i32> [Bytes, Feature],
        /// Whether the sender of the first question wants records of DNSSEC (RFC 3225); null without EDNS.
        dns_dnssec_ok: Option<bool> [None, Feature],
        /// The network on whose behalf the first question was asked, or else for which it was answered (RFC 7871).
        dns_client_subnet: Option<&'a str> [None, Identity],
        /// Queries, those sent again counted again.
        dns_query_count: Option<i64> [Events, Feature],
        /// Responses.
        dns_response_count: Option<i64> [Events, Feature],
        /// Responses with a code other than NOERROR.
        dns_error_count: Option<i64> [Events, Feature],
        /// Queries whose response was seen, those sent again counted once.
        dns_answered_count: Option<i64> [Events, Feature],
    }
}

record! {
    /// What was in question in all messages.
    pub struct DnsQuestionColumns<'a> in "dns_questions" since "0.1" over "the messages of DNS, mDNS, LLMNR and NBNS of the flow" {
        /// The names in all questions, with each type once, in the order in which they came, up to 1,024; see `dns_query`.
        dns_questions: Option<Vec<&'a str>> [None, Identity],
        /// The types of these questions, in the same order.
        dns_question_types: Option<Vec<&'a str>> [None, Feature],
    }
}

impl<'a> DnsQuestionColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let asked = findings.and_then(|findings| Some(&findings.dns.as_deref()?.questions));
        Self {
            dns_questions: asked.map(|asked| asked.iter().map(|(name, _)| &**name).collect()),
            dns_question_types: asked.map(|asked| asked.iter().map(|(_, kind)| &**kind).collect()),
        }
    }
}

impl<'a> DnsColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let dns = findings.and_then(|findings| findings.dns.as_deref());
        let first = dns.and_then(|dns| dns.first.as_deref());
        let answer = dns.and_then(|dns| dns.answer.as_deref());
        let question = first.and_then(|first| first.questions.first());
        let edns = first.and_then(|first| first.edns.as_ref());
        let subnet = |message: &'a Message| message.edns.as_ref()?.client_subnet.as_deref();
        let answers = answer.map(|answer| answer.section(Section::Answer).collect::<Vec<_>>());
        let answers = answers.as_deref();
        Self {
            dns_query: question.map(|question| question.name.as_str()),
            dns_query_type: question
                .zip(first)
                .map(|(question, first)| first.type_name(question.kind).into()),
            dns_query_class: question.map(|question| words::class_name(question.class).into()),
            dns_id: first.or(answer).map(|message| message.id),
            dns_opcode: first.or(answer).map(|message| message.opcode_name().into()),
            dns_rcode: answer.map(|answer| answer.rcode_name().into()),
            dns_authoritative: answer.map(|answer| answer.flags & AA != 0),
            dns_truncated: answer.map(|answer| answer.flags & TC != 0),
            dns_answers: answers
                .map(|records| records.iter().map(|record| record.data.text().into()).collect()),
            dns_answer_types: answers.zip(answer).map(|(records, answer)| {
                records.iter().map(|record| answer.type_name(record.kind).into()).collect()
            }),
            dns_cnames: answers.map(|records| {
                let aliases = records.iter().filter(|record| record.kind == CNAME);
                aliases.filter_map(|record| record.data.name().map(Into::into)).collect()
            }),
            dns_ttl_min: answers
                .and_then(|records| records.iter().map(|record| record.ttl.into()).min()),
            dns_latency: answer.and_then(|answer| answer.latency).map(seconds),
            dns_udp_size: edns.map(|edns| edns.udp_size.into()),
            dns_dnssec_ok: edns.map(|edns| edns.dnssec_ok),
            dns_client_subnet: first.and_then(subnet).or_else(|| answer.and_then(subnet)),
            dns_query_count: dns.map(|dns| dns.queries),
            dns_response_count: dns.map(|dns| dns.responses),
            dns_error_count: dns.map(|dns| dns.errors),
            dns_answered_count: dns.map(|dns| dns.answered),
        }
    }
}

pub(super) fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

pub(super) const AA: u16 = 0x0400;
pub(super) const TC: u16 = 0x0200;
