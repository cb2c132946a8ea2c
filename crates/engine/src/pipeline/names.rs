//! What flows teach about others, joined where flows come in order: names from DNS answers.

use std::collections::{HashMap, VecDeque};

use flowloom_features::Kept;
use flowloom_flow::Ended;
use flowloom_protocols::Lesson;
use flowloom_wire::Address;

/// The names that clients were told, for as long as they may be asked for.
#[derive(Default)]
pub(crate) struct Names {
    /// By client and address, the newest last.
    answers: HashMap<(Address, Address), VecDeque<Answer>>,
    /// In the order they came, to be forgotten in.
    order: VecDeque<(Address, Address)>,
    forgotten: u64,
}

struct Answer {
    frame: u64,
    time: i64,
    ttl: u32,
    name: Box<str>,
}

impl Names {
    /// Gives flows, in the order they ended, the names that were known when they began.
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
            if !self.answers.is_empty()
                && let Some(name) = self.name_of(flow)
            {
                flow.flow.keep.findings_mut().dns_name = Some(name);
            }
        }
        lessons.for_each(|lesson| self.learn(lesson));
    }

    /// Answers forgotten before their time, because there were too many.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn learn(&mut self, lesson: Lesson) {
        let Lesson::Name { frame, time, client, address, name, ttl } = lesson else { return };
        let key = (client, address);
        self.answers.entry(key).or_default().push_back(Answer { frame, time, ttl, name });
        self.order.push_back(key);
        if self.order.len() > ANSWERS_MAX {
            self.forget();
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
        let (client, server) = match flow.initiator_is_b {
            false => (flow.key.a(), flow.key.b()),
            true => (flow.key.b(), flow.key.a()),
        };
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

/// Answers remembered at most.
const ANSWERS_MAX: usize = 1 << 18;
/// How long an answer names later flows at least, whatever its TTL: programs hold on to addresses.
const HOLDS_SECONDS_MIN: i64 = 3_600;
