//! Who does what next: threads pick the task that is furthest along.
//!
//! All state stands behind one lock; a task takes the pieces it works on out of it and puts them
//! back when it is done. Memory is bounded by the number of [`Work`]s that go round.

use std::collections::{BTreeMap, VecDeque};
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use flowloom_capture::{ReadError, Source};
use flowloom_export::SinkError;

use super::ahead::Ahead;
use super::groups::{Group, Harvest};
use super::merge::Merger;
use super::serial::Serial;
use super::work::Work;
use super::{Finished, Plan, Tables};
use crate::{Account, Watch};

/// Takes the batches of a run, in order.
pub(crate) type Emit<'e> = &'e mut (dyn FnMut(Tables) -> Result<(), SinkError> + Send);

/// What ended a pipeline before its input did.
pub(crate) enum Failure {
    Read(ReadError),
    Sink(SinkError),
}

/// Runs all stages over one input with `threads` threads.
///
/// What was read before a failure to read is in the rows and in the account.
pub(crate) fn run(
    source: &mut dyn Source,
    capture: &str,
    plan: &Plan<'_>,
    threads: usize,
    watch: &Watch,
    emit: Emit<'_>,
) -> (Account, Option<Failure>) {
    let groups = if threads == 1 { 1 } else { (4 * threads).min(GROUPS_MAX) };
    let state = State::new(source, emit, plan, groups, threads);
    let pipeline =
        Pipeline { state: Mutex::new(state), changed: Condvar::new(), plan, capture, watch };
    if threads == 1 {
        pipeline.work();
    } else {
        thread::scope(|scope| {
            // Where the system gives no more threads, those that are there do the work.
            let spawn = |_| thread::Builder::new().spawn_scoped(scope, || pipeline.work()).ok();
            let others = (1..threads).map_while(spawn).collect::<Vec<_>>();
            pipeline.work();
            for other in others {
                other.join().unwrap_or_else(|panic| resume_unwind(panic));
            }
        });
    }
    let state = pipeline.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    state.result()
}

struct Pipeline<'p, 's> {
    state: Mutex<State<'s>>,
    changed: Condvar,
    plan: &'p Plan<'p>,
    capture: &'p str,
    watch: &'p Watch,
}

/// Where everything is. What a running task holds is `None` here, or not in its queue.
struct State<'s> {
    source: Option<Ahead<'s>>,
    /// Whether the input is over; then one block without frames follows the others.
    exhausted: bool,
    #[expect(
        clippy::vec_box,
        reason = "a block goes from queue to queue: its thousand bytes stay"
    )]
    spare: Vec<Box<Work>>,
    /// Blocks read so far.
    read: u64,
    /// Frames read so far.
    frames: u64,
    bytes_read: u64,
    to_decode: VecDeque<(u64, Box<Work>)>,
    decoded: BTreeMap<u64, Box<Work>>,
    serial: Option<Box<Serial>>,
    serial_next: u64,
    /// Blocks that groups work on, and what ended in them so far; the first has number `merged`.
    shared: VecDeque<(Arc<Work>, Harvest, usize)>,
    groups: Vec<(Option<Group>, u64)>,
    merger: Option<Box<Merger>>,
    merged: u64,
    batches: u64,
    to_build: VecDeque<(u64, Finished)>,
    built: BTreeMap<u64, Tables>,
    emitted: u64,
    emit: Option<Emit<'s>>,
    backlog_max: usize,
    account: Account,
    failure: Option<Failure>,
    running: usize,
    sleeping: usize,
}

/// Something to do, with the pieces it needs.
enum Task<'s> {
    Emit(Emit<'s>, Tables),
    Build(u64, Finished),
    /// What a block gave, and whether it is the last.
    Merge(Box<Merger>, Harvest, bool),
    Group(usize, Group, Arc<Work>),
    Serial(Box<Serial>, u64, Box<Work>),
    Decode(u64, Box<Work>),
    Read(Ahead<'s>, Box<Work>),
}

/// A task that was done, with the pieces it took and what it made.
enum Done<'s> {
    Emit(Emit<'s>, Result<(), SinkError>),
    Build(u64, Tables),
    Merge(Box<Merger>, Vec<Finished>),
    Group(usize, Group, Arc<Work>, Harvest),
    Serial(Box<Serial>, Box<Work>),
    Decode(u64, Box<Work>),
    Read(Ahead<'s>, Box<Work>, Result<bool, ReadError>),
}

impl<'s> Pipeline<'_, 's> {
    /// Does tasks until there is nothing left to do.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.next() {
                state.running += 1;
                drop(state);
                let done = self.perform(task);
                state = self.lock();
                state.running -= 1;
                state.put_back(done, self.watch);
                // Waking is a call of the system even when nobody sleeps.
                if state.sleeping > 0 {
                    self.changed.notify_all();
                }
            } else if state.running == 0 {
                return;
            } else {
                state.sleeping += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.sleeping -= 1;
            }
        }
    }

    fn perform(&self, task: Task<'s>) -> Done<'s> {
        let plan = self.plan;
        match task {
            Task::Read(mut source, mut work) => {
                let more = source.read(&mut work.block);
                work.next_time = source.next_time();
                Done::Read(source, work, more)
            }
            Task::Decode(number, mut work) => {
                work.decode(plan);
                Done::Decode(number, work)
            }
            Task::Serial(mut serial, number, mut work) => {
                if number == LAST {
                    serial.finish(&mut work, plan);
                } else {
                    serial.pass(&mut work, plan);
                }
                Done::Serial(serial, work)
            }
            Task::Group(index, mut group, work) => {
                let harvest = group.take(&work, plan);
                Done::Group(index, group, work, harvest)
            }
            Task::Merge(mut merger, harvest, is_last) => {
                let mut full = merger.take(harvest, plan);
                if is_last {
                    full.extend(merger.finish());
                }
                Done::Merge(merger, full)
            }
            Task::Build(number, flows) => Done::Build(number, plan.tables(flows, self.capture)),
            Task::Emit(emit, batch) => {
                let result = emit(batch);
                Done::Emit(emit, result)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'s>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'s> State<'s> {
    fn new(
        source: &'s mut dyn Source,
        emit: Emit<'s>,
        plan: &Plan<'_>,
        groups: usize,
        threads: usize,
    ) -> Self {
        let works = if threads == 1 { 1 } else { 3 * threads };
        Self {
            source: Some(Ahead::new(
                source,
                plan.flow().timeouts.clock_jump_max,
                plan.config.window,
            )),
            exhausted: false,
            spare: (0..works).map(|_| Box::default()).collect(),
            read: 0,
            frames: 0,
            bytes_read: 0,
            to_decode: VecDeque::new(),
            decoded: BTreeMap::new(),
            serial: Some(Box::new(Serial::new(plan))),
            serial_next: 0,
            shared: VecDeque::new(),
            groups: Group::all(plan, groups).into_iter().map(|group| (Some(group), 0)).collect(),
            merger: Some(Box::new(Merger::new())),
            merged: 0,
            batches: 0,
            to_build: VecDeque::new(),
            built: BTreeMap::new(),
            emitted: 0,
            emit: Some(emit),
            backlog_max: 2 * threads,
            account: Account::default(),
            failure: None,
            running: 0,
            sleeping: 0,
        }
    }

    /// The task that is furthest along, of those that can be done now.
    fn next(&mut self) -> Option<Task<'s>> {
        if matches!(self.failure, Some(Failure::Sink(_))) {
            return None;
        }
        self.next_emit()
            .or_else(|| self.to_build.pop_front().map(|(number, flows)| Task::Build(number, flows)))
            .or_else(|| self.next_merge())
            .or_else(|| self.next_group())
            .or_else(|| self.next_serial())
            .or_else(|| self.to_decode.pop_front().map(|(number, work)| Task::Decode(number, work)))
            .or_else(|| self.next_read())
    }

    fn next_emit(&mut self) -> Option<Task<'s>> {
        self.emit.as_ref()?;
        let batch = self.built.remove(&self.emitted)?;
        Some(Task::Emit(self.emit.take()?, batch))
    }

    fn next_merge(&mut self) -> Option<Task<'s>> {
        let backlog = (self.batches - self.emitted) as usize;
        if backlog > self.backlog_max || self.merger.is_none() {
            return None;
        }
        let groups = self.groups.len();
        let (work, harvest, _) = self.shared.pop_front_if(|(_, _, done)| *done == groups)?;
        self.merged += 1;
        let is_last = work.is_last;
        if let Some(work) = Arc::into_inner(work) {
            work.counts.add_to(&mut self.account);
            self.spare.push(Box::new(work));
        }
        Some(Task::Merge(self.merger.take()?, harvest, is_last))
    }

    fn next_group(&mut self) -> Option<Task<'s>> {
        let (merged, ready) = (self.merged, self.merged + self.shared.len() as u64);
        let (index, (group, next)) = self
            .groups
            .iter_mut()
            .enumerate()
            .filter(|(_, (group, next))| group.is_some() && *next < ready)
            .min_by_key(|(_, (_, next))| *next)?;
        let work = Arc::clone(&self.shared.get((*next - merged) as usize)?.0);
        *next += 1;
        Some(Task::Group(index, group.take()?, work))
    }

    fn next_serial(&mut self) -> Option<Task<'s>> {
        self.serial.as_ref()?;
        if let Some(work) = self.decoded.remove(&self.serial_next) {
            return Some(Task::Serial(self.serial.take()?, self.serial_next, work));
        }
        if self.exhausted && self.serial_next == self.read {
            let mut work = self.spare.pop()?;
            work.block.first = self.frames + 1;
            return Some(Task::Serial(self.serial.take()?, LAST, work));
        }
        None
    }

    fn next_read(&mut self) -> Option<Task<'s>> {
        if self.exhausted || self.source.is_none() {
            return None;
        }
        let work = self.spare.pop()?;
        Some(Task::Read(self.source.take()?, work))
    }

    fn put_back(&mut self, done: Done<'s>, watch: &Watch) {
        match done {
            Done::Read(source, work, more) => self.put_back_read(source, work, more, watch),
            Done::Decode(number, work) => drop(self.decoded.insert(number, work)),
            Done::Serial(serial, mut work) => {
                self.serial = Some(serial);
                self.serial_next += 1;
                let harvest = Harvest::of_datagrams(std::mem::take(&mut work.joined));
                self.shared.push_back((Arc::new(*work), harvest, 0));
            }
            Done::Group(index, group, work, harvest) => {
                drop(work);
                let (slot, next) = &mut self.groups[index];
                *slot = Some(group);
                let position = (*next - 1 - self.merged) as usize;
                if let Some((_, all, groups)) = self.shared.get_mut(position) {
                    all.extend(harvest);
                    *groups += 1;
                }
            }
            Done::Merge(merger, full) => {
                self.merger = Some(merger);
                self.put_batches(full);
            }
            Done::Build(number, batch) => drop(self.built.insert(number, batch)),
            Done::Emit(emit, result) => {
                self.emit = Some(emit);
                self.emitted += 1;
                if let Err(error) = result {
                    self.failure = Some(Failure::Sink(error));
                }
            }
        }
    }

    fn put_back_read(
        &mut self,
        source: Ahead<'s>,
        work: Box<Work>,
        more: Result<bool, ReadError>,
        watch: &Watch,
    ) {
        let bytes = source.facts().bytes_read;
        let frames = work.block.frames.len() as u64;
        watch.advance(bytes.saturating_sub(self.bytes_read), frames);
        (self.bytes_read, self.frames) = (bytes, self.frames + frames);
        self.source = Some(source);
        let over = match more {
            Ok(more) => !more,
            Err(error) => {
                self.failure = Some(Failure::Read(error));
                true
            }
        };
        self.exhausted = over || watch.is_stopped();
        if over {
            self.spare.push(work);
        } else {
            self.to_decode.push_back((self.read, work));
            self.read += 1;
        }
    }

    fn put_batches(&mut self, full: Vec<Finished>) {
        for flows in full.into_iter().filter(|flows| !flows.is_empty()) {
            self.to_build.push_back((self.batches, flows));
            self.batches += 1;
        }
    }

    /// What became of the frames, and what ended it early if anything did.
    fn result(self) -> (Account, Option<Failure>) {
        let mut account = self.account;
        if let Some(serial) = &self.serial {
            serial.add_to(&mut account);
        }
        for (group, _) in &self.groups {
            if let Some(group) = group {
                group.add_to(&mut account);
            }
        }
        if let Some(merger) = &self.merger {
            account.add(&merger.account());
        }
        (account, self.failure)
    }
}

/// Stands for the number of the block without frames that comes last.
const LAST: u64 = u64::MAX;
/// Groups of partitions at most.
const GROUPS_MAX: usize = 64;
