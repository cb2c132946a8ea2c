//! What flows teach about others, joined where flows come in order: names from DNS answers, and
//! the connections that QUIC packets from a new address belong to.

use std::collections::{HashMap, VecDeque};

use flowloom_features::Kept;
use flowloom_flow::Ended;
use flowloom_protocols::Lesson;
use flowloom_wire::Address;

use crate::Account;

/// What was taught so far.
#[derive(Default)]
pub(crate) struct Lessons {
    names: Names,
    connections: Connections,
}

/// The names that clients were told.
#[derive(Default)]
struct Names {
    /// By client and address, the newest last.
    answers: HashMap<(Address, Address), VecDeque<Answer>>,
    /// In the order they came, to be forgotten in.
    order: VecDeque<(Address, Address)>,
    forgotten: u64,
}

/// The connection ids that QUIC endpoints have chosen, and the flows that told them first.
#[derive(Default)]
struct Connections {
    flows: HashMap<Box<[u8]>, (u64, u64)>,
    order: VecDeque<Box<[u8]>>,
    forgotten: u64,
}

struct Answer {
    frame: u64,
    time: i64,
    ttl: u32,
    name: Box<str>,
}

impl Lessons {
    /// Gives flows, in the order they ended, what was known when they began.
    ///
    /// A flow is taught by the lessons up to the frame at which it ended, whatever block they are
    /// in: what is forgotten does not depend on where blocks end.
    pub(crate) fn teach(&mut self, ended: &mut [Ended<Kept>], mut lessons: Vec<Lesson>) {
        lessons.sort_by_key(frame_of);
        let mut lessons = lessons.into_iter().peekable();
        for flow in ended {
            while let Some(lesson) = lessons.next_if(|lesson| frame_of(lesson) <= flow.frame) {
                self.learn(lesson);
            }
            self.names.teach(flow);
            self.connections.teach(flow);
        }
        lessons.for_each(|lesson| self.learn(lesson));
    }

    fn learn(&mut self, lesson: Lesson) {
        match lesson {
            Lesson::Name { frame, time, client, address, name, ttl } => {
                self.names.learn((client, address), Answer { frame, time, ttl, name });
            }
            Lesson::ConnectionId { frame, flow_id, id } => {
                self.connections.learn(id, frame, flow_id);
            }
        }
    }

    pub(crate) fn add_to(&self, account: &mut Account) {
        account.reach("dns_names", self.names.forgotten);
        account.reach("quic_connection_ids", self.connections.forgotten);
    }
}

impl Connections {
    fn learn(&mut self, id: Box<[u8]>, frame: u64, flow_id: u64) {
        if id.len() < ID_BYTES_MIN || self.flows.contains_key(&id) {
            return;
        }
        self.order.push_back(id.clone());
        self.flows.insert(id, (frame, flow_id));
        if self.order.len() > CONNECTION_IDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.flows.remove(&oldest);
            self.forgotten += 1;
        }
    }

    /// Where a flow begins in the middle of a connection, tells which one it is.
    fn teach(&self, ended: &mut Ended<Kept>) {
        let first = ended.flow.first.frame;
        let findings = ended.flow.keep.findings().and_then(|findings| findings.quic.as_ref());
        let Some(id) = findings.and_then(|quic| quic.first_short_dcid.as_deref()) else { return };
        let lens = (ID_BYTES_MIN..=id.len()).rev();
        let known = lens.filter_map(|len| self.flows.get(&id[..len])).find(|(at, _)| *at < first);
        let Some(&(_, flow_id)) = known else { return };
        if let Some(quic) = &mut ended.flow.keep.findings_mut().quic {
            quic.continues = Some(flow_id);
        }
    }
}

impl Names {
    fn learn(&mut self, key: (Address, Address), answer: Answer) {
        self.answers.entry(key).or_default().push_back(answer);
        self.order.push_back(key);
        if self.order.len() > ANSWERS_MAX {
            self.forget();
        }
    }

    fn teach(&self, ended: &mut Ended<Kept>) {
        if !self.answers.is_empty()
            && let Some(name) = self.name_of(ended)
        {
            ended.flow.keep.findings_mut().dns_name = Some(name);
        }
    }

    fn forget(&mut self) {
        let Some(key) = self.order.pop_front() else { return };
        self.forgotten += 1;
        if let Some(answers) = self.answers.get_mut(&key) {
            answers.pop_front();
            if answers.is_empty() {
                self.answers.remove(&key);
            }
        }
    }

    /// The newest answer before the flow's first frame, if it still holds.
    fn name_of(&self, ended: &Ended<Kept>) -> Option<Box<str>> {
        let flow = &ended.flow;
        let (a, b) = (flow.key.a(), flow.key.b());
        let (client, server) = if flow.initiator_is_b { (b, a) } else { (a, b) };
        let answers = self.answers.get(&(client, server))?;
        let before = answers.partition_point(|answer| answer.frame < flow.first.frame);
        let answer = answers.get(before.checked_sub(1)?)?;
        let holds = i64::from(answer.ttl).max(HOLDS_SECONDS_MIN) * 1_000_000_000;
        let age = flow.first.time.saturating_sub(answer.time);
        (age <= holds).then(|| answer.name.clone())
    }
}

fn frame_of(lesson: &Lesson) -> u64 {
    match lesson {
        Lesson::Name { frame, .. } | Lesson::ConnectionId { frame, .. } => *frame,
    }
}

/// Connection ids remembered at most.
const CONNECTION_IDS_MAX: usize = 1 << 18;
/// Shorter connection ids are met by chance.
const ID_BYTES_MIN: usize = 4;
/// Answers remembered at most.
const ANSWERS_MAX: usize = 1 << 18;
/// How long an answer names later flows at least, whatever its TTL: programs hold on to addresses.
const HOLDS_SECONDS_MIN: i64 = 3_600;
