//! Messages of a flow: counted, matched with their queries, kept, and what they teach.

use std::collections::VecDeque;
use std::sync::Arc;

use flowloom_flow::Direction;

use super::message::{Message, Section};
use super::probe::{HEADER_LEN, is_message};
use super::rdata::Data;
use super::words::CNAME;
use super::{App, Dns};
use crate::{
    Context, Datagram, DatagramParser, Input, Lesson, Stamp, Step, StreamParser, Transport,
    Verdict, Want,
};
use flowloom_wire::Address;

/// Parses the messages of a flow, over UDP and TCP.
#[derive(Debug)]
pub(super) struct DnsParser {
    app: App,
    /// Queries that were not answered yet, the oldest first.
    pending: VecDeque<Pending>,
    /// Memory of the messages that were kept.
    held: usize,
    /// Directions in which bytes were lost: whether a message begins here is to be seen.
    is_astray: [bool; 2],
}

#[derive(Debug)]
struct Pending {
    id: u16,
    time: i64,
    question: Option<(Box<str>, u16)>,
}

impl DnsParser {
    pub(super) fn new(app: App) -> Self {
        Self { app, pending: VecDeque::new(), held: 0, is_astray: [false; 2] }
    }

    /// Takes a message of `len` bytes in, as much of it as there is.
    fn message(
        &mut self,
        (bytes, len): (&[u8], usize),
        (transport, direction, stamp): (Transport, Direction, Stamp),
        context: &mut Context<'_>,
    ) {
        let Some(message) = Message::read(bytes, self.app) else { return };
        let is_whole = message.is_whole && bytes.len() == len;
        let mut message = Message { transport, direction, stamp, len, is_whole, ..message };
        if context.wants.has(Want::DnsNames) && self.app == App::Dns {
            let client = context.ends.addresses[direction.other().index()];
            teach(&message, client, context.lessons);
        }
        if !context.wants.has_any(&[Want::Dns, Want::DnsQuestions, Want::DnsMessages]) {
            return;
        }
        message.latency = self.matched(&message);
        let message = Arc::new(message);
        let dns = context.findings.dns.get_or_insert_default();
        count(&message, dns);
        if context.wants.has(Want::DnsQuestions) {
            context.findings.messages_dropped += note_questions(&message, dns);
        }
        if !context.wants.has(Want::DnsMessages) {
            return;
        }
        self.held += message.held();
        if dns.messages.len() < context.limits.messages_max && self.held <= HELD_MAX {
            dns.messages.push(message);
        } else {
            context.findings.messages_dropped += 1;
        }
    }

    /// Remembers a query; gives how long ago the one was sent that this answers. A query that was
    /// sent again counts from the first time.
    fn matched(&mut self, message: &Message) -> Option<i64> {
        let question = message.questions.first();
        let is_same = |pending: &Pending| {
            pending.id == message.id
                && match (&pending.question, question) {
                    (Some((name, kind)), Some(asked)) => {
                        *kind == asked.kind && name.eq_ignore_ascii_case(&asked.name)
                    }
                    // An error may come without the question.
                    _ => true,
                }
        };
        let at = self.pending.iter().position(is_same);
        if message.is_response() {
            let pending = self.pending.remove(at?)?;
            return Some(message.stamp.time - pending.time);
        }
        // Multicast responses have no question, and mostly no identifier.
        if at.is_none() && self.app != App::Mdns {
            if self.pending.len() == PENDING_MAX {
                self.pending.pop_front();
            }
            let question = question.map(|asked| (asked.name.as_str().into(), asked.kind));
            self.pending.push_back(Pending { id: message.id, time: message.stamp.time, question });
        }
        None
    }
}

impl DnsParser {
    fn is_at_port(&self, transport: Transport, context: &Context<'_>) -> bool {
        let ports = self.app.ports(transport);
        context.ends.ports.iter().any(|port| ports.contains(port))
    }

    /// What is there is no message; after a loss, a later packet may begin with one.
    fn give_up(&self, input: &Input<'_>) -> Step {
        if self.is_astray[input.direction.index()] {
            Step::Consumed(input.bytes.len())
        } else {
            Step::Stop
        }
    }
}

impl DatagramParser for DnsParser {
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict {
        let is_at_port = self.is_at_port(Transport::Udp, context);
        if !is_message(datagram.bytes, datagram.len, self.app, is_at_port) {
            return Verdict::NotMine;
        }
        let sent = (Transport::Udp, datagram.direction, datagram.stamp);
        self.message((datagram.bytes, datagram.len), sent, context);
        Verdict::More
    }
}

impl StreamParser for DnsParser {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let Some(([high, low], rest)) = input.bytes.split_first_chunk() else {
            return Step::Need(2);
        };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if len < HEADER_LEN {
            return self.give_up(input);
        }
        let Some(message) = rest.get(..len) else {
            if rest.len() < HEADER_LEN || is_message(rest, len, self.app, false) {
                return Step::Need(2 + len);
            }
            return self.give_up(input);
        };
        if !is_message(message, len, self.app, false) {
            return self.give_up(input);
        }
        let is_astray = &mut self.is_astray[input.direction.index()];
        if *is_astray && !Message::read(message, self.app).is_some_and(|message| message.is_whole) {
            return self.give_up(input);
        }
        *is_astray = false;
        let sent = (Transport::Tcp, input.direction, input.stamp_of(2 + len));
        self.message((message, len), sent, context);
        Step::Consumed(2 + len)
    }

    fn lost(&mut self, direction: Direction, _: u64, _: &mut Context<'_>) -> bool {
        self.is_astray[direction.index()] = true;
        true
    }

    fn end(&mut self, input: &Input<'_>, context: &mut Context<'_>) {
        // What is there of a message that did not come whole.
        let Some(([high, low], rest)) = input.bytes.split_first_chunk() else { return };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let is_astray = self.is_astray[input.direction.index()];
        if rest.len() < len && !is_astray && is_message(rest, len, self.app, false) {
            let sent = (Transport::Tcp, input.direction, input.stamp_of(input.bytes.len()));
            self.message((rest, len), sent, context);
        }
    }
}

fn count(message: &Arc<Message>, dns: &mut Dns) {
    if message.is_response() {
        dns.responses += 1;
        dns.errors += i64::from(message.rcode() != 0);
        dns.answered += i64::from(message.latency.is_some());
    } else {
        dns.queries += 1;
    }
    if dns.first.is_none() && !message.questions.is_empty() {
        dns.first = Some(message.clone());
    }
    if dns.answer.is_none()
        && message.is_response()
        && dns.first.as_ref().is_none_or(|first| answers(first, message))
    {
        dns.answer = Some(message.clone());
    }
}

/// Keeps what is in question for the first time; says how much of it was left out.
fn note_questions(message: &Message, dns: &mut Dns) -> u64 {
    let mut left_out = 0;
    for question in &message.questions {
        let kind = message.type_name(question.kind);
        let is_same =
            |(name, of): &(Box<str>, _)| *of == kind && name.eq_ignore_ascii_case(&question.name);
        if dns.questions.iter().any(is_same) {
            continue;
        }
        if dns.questions.len() < QUESTIONS_OF_FLOW_MAX {
            dns.questions.push((question.name.as_str().into(), kind));
        } else {
            left_out += 1;
        }
    }
    left_out
}

/// Whether a response can be one to the question of another message.
fn answers(first: &Message, response: &Message) -> bool {
    response.id == first.id
        && match (first.questions.first(), response.questions.first()) {
            (Some(asked), Some(answered)) => {
                asked.kind == answered.kind && asked.name.eq_ignore_ascii_case(&answered.name)
            }
            _ => true,
        }
}

/// Says which addresses the name that was asked for has, by way of its aliases.
fn teach(message: &Message, client: Address, lessons: &mut Vec<Lesson>) {
    let (true, 0, 0) = (message.is_response(), message.opcode(), message.rcode()) else { return };
    let Some(question) = message.questions.first().filter(|asked| asked.class == IN) else {
        return;
    };
    let answers = || message.section(Section::Answer).filter(|record| record.class == IN);
    let mut chain = vec![(question.name.as_str(), u32::MAX)];
    // Aliases come in order, but need not; each pass finds those that hang on what was known.
    for _ in 0..CHAIN_MAX {
        let known = chain.len();
        for record in answers().filter(|record| record.kind == CNAME) {
            let Data::Name(target) = &record.data else { continue };
            let Some(ttl) = ttl_of(&chain, &record.name) else { continue };
            if chain.len() < CHAIN_MAX && ttl_of(&chain, target).is_none() {
                chain.push((target, ttl.min(record.ttl)));
            }
        }
        if chain.len() == known {
            break;
        }
    }
    for record in answers() {
        let Data::Address(address) = record.data else { continue };
        let Some(ttl) = ttl_of(&chain, &record.name) else { continue };
        lessons.push(Lesson::Name {
            frame: message.stamp.frame,
            time: message.stamp.time,
            client,
            address: match address {
                std::net::IpAddr::V4(v4) => Address::v4(v4.octets()),
                std::net::IpAddr::V6(v6) => Address::v6(v6.octets()),
            },
            name: question.name.to_ascii_lowercase().into(),
            ttl: ttl.min(record.ttl),
        });
    }
}

/// The smallest time to live on the way to a name, if there is one.
fn ttl_of(chain: &[(&str, u32)], name: &str) -> Option<u32> {
    chain.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, ttl)| *ttl)
}

const IN: u16 = 1;
/// Aliases that are followed.
const CHAIN_MAX: usize = 16;
/// Queries of a flow that wait for their response; then the oldest is forgotten.
const PENDING_MAX: usize = 256;
/// Questions that are kept of a flow, each once.
const QUESTIONS_OF_FLOW_MAX: usize = 1_024;
/// Memory of the messages that are kept of a flow.
const HELD_MAX: usize = 16 << 20;
