//! What is in a capture: what it says of itself, its frames, protocols, flows and talkers.
//!
//! The pipeline of `flows` with few columns; the frames are looked at as they pass by, and the
//! talkers are summed up from the rows.

mod digest;
mod protocols;
mod talkers;
mod tally;

use std::thread::{self, ScopedJoinHandle};

use flowloom_capture::{Facts, Input, Source};
use flowloom_features::Families;
use flowloom_schema::Timestamp;
use serde::Serialize;

pub use protocols::{ProtocolCount, ProtocolLevel};
pub use talkers::{Conversation, Endpoint, Talkers};
pub use tally::{FrameStatistics, InterfaceInfo};

use crate::inputs::Reading;
use crate::pipeline::{self, Failure, Plan};
use crate::{CaptureAccount, Config, ConfigError, InputFile, Watch, source};
use talkers::TalkerTable;
use tally::Observed;

/// What is in a capture.
#[derive(Clone, Debug, Serialize)]
pub struct CaptureInfo {
    /// What became of its frames, and how many flows they make.
    #[serde(flatten)]
    pub account: CaptureAccount,
    /// Bytes it has, as it is stored; unknown of a pipe.
    pub size: Option<u64>,
    /// SHA-256 of it, as it is stored; of a file only.
    pub sha256: Option<String>,
    /// Times, lengths and rates of its frames.
    #[serde(flatten)]
    pub statistics: FrameStatistics,
    /// What its frames were captured on.
    pub interfaces: Vec<InterfaceInfo>,
    /// Where its sections were written.
    pub sections: Vec<SectionInfo>,
    /// Comments in it.
    pub comments: Vec<CommentInfo>,
    /// Host names in it.
    pub names: usize,
    /// Keys to decrypt it.
    pub secrets: usize,
    /// Comments, names and secrets that were too much to keep.
    pub notes_dropped: u64,
    /// Frames and bytes of each protocol.
    pub protocols: Vec<ProtocolCount>,
    /// Which protocol carried which.
    pub hierarchy: Vec<ProtocolLevel>,
    /// Frames whose innermost headers are not in the hierarchy: it had grown too large.
    pub hierarchy_cut_frames: u64,
    /// Who spoke with whom the most.
    #[serde(flatten)]
    pub talkers: Talkers,
    /// Whether it was not read to its end, because the run was told to stop.
    pub interrupted: bool,
}

/// What a section of a capture says of where it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SectionInfo {
    /// The machine.
    pub hardware: Option<String>,
    /// Its operating system.
    pub os: Option<String>,
    /// The program.
    pub application: Option<String>,
}

/// A comment in a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommentInfo {
    /// Number of the frame it is on; null for one on something else.
    pub frame: Option<u64>,
    /// The comment.
    pub text: String,
}

/// Looks into the captures of `config`, one after the other, and hands what is in each to `give`;
/// of talkers, the `top` that sent and received the most. Columns and output are of no account.
pub fn inspect(
    config: &Config,
    top: usize,
    watch: &Watch,
    mut give: impl FnMut(CaptureInfo),
) -> Result<(), ConfigError> {
    let plan = plan(config);
    for reading in Reading::all(config)? {
        if watch.is_stopped() {
            break;
        }
        give(inspect_one(&reading, &plan, top, watch));
    }
    Ok(())
}

fn inspect_one(reading: &Reading<'_>, plan: &Plan<'_>, top: usize, watch: &Watch) -> CaptureInfo {
    let config = plan.config;
    let source = match source::open(reading, config, watch) {
        Ok(source) => source,
        Err(error) => {
            let account = CaptureAccount::unread(reading).failed(reading, error);
            return info(account, &Facts::default(), Seen::default(), watch);
        }
    };
    let is_small = source.facts().size.is_some_and(|size| size <= SMALL);
    let mut observed = Observed::new(source, config.wire);
    let mut table = TalkerTable::new(&plan.families.columns());
    let (sha256, (account, failure)) = thread::scope(|scope| {
        let digest = match reading.files {
            [InputFile { input: Input::File(path), .. }] => {
                let digest = || digest::sha256(path, watch);
                let thread = || thread::Builder::new().spawn_scoped(scope, digest).ok();
                // Where the system gives no thread, it is made here.
                Some((!is_small).then(thread).flatten().ok_or_else(digest))
            }
            _ => None,
        };
        let threads = if is_small { 1 } else { config.threads.get() };
        let outcome = run(&mut observed, reading, (plan, threads), watch, &mut table);
        let joined = |digest: ScopedJoinHandle<'_, _>| digest.join().ok().flatten();
        (digest.and_then(|digest| digest.map_or_else(|made| made, joined)), outcome)
    });
    let mut account = CaptureAccount::of(reading, observed.facts(), account);
    if let (Some(Failure::Read(error)), false) = (failure, watch.is_stopped()) {
        account = account.failed(reading, error);
    }
    let (source, tally) = observed.into_parts();
    let seen = Seen { tally, talkers: table.top(top), sha256 };
    info(account, source.facts(), seen, watch)
}

/// What was found besides what the capture says of itself.
#[derive(Default)]
struct Seen {
    tally: tally::Tally,
    talkers: Talkers,
    sha256: Option<String>,
}

/// Bytes of captures that are read by one thread: others would have begun when all is done.
const SMALL: u64 = 1 << 20;

/// No more columns than talkers need.
fn plan(config: &Config) -> Plan<'_> {
    Plan::of(config, Families::named(&talkers::COLUMNS, config.signs))
}

fn run(
    observed: &mut Observed,
    reading: &Reading<'_>,
    (plan, threads): (&Plan<'_>, usize),
    watch: &Watch,
    table: &mut TalkerTable,
) -> (crate::Account, Option<Failure>) {
    let mut emit = |tables: pipeline::Tables| {
        table.add(&tables.flows);
        Ok(())
    };
    pipeline::run(observed, &reading.name, plan, threads, watch, &mut emit)
}

fn info(account: CaptureAccount, facts: &Facts, seen: Seen, watch: &Watch) -> CaptureInfo {
    let Seen { tally, talkers, sha256 } = seen;
    let comments = facts.comments.iter().map(|comment| CommentInfo {
        frame: (comment.frame > 0).then_some(comment.frame),
        text: comment.text.clone(),
    });
    let sections = facts.sections.iter().map(|section| SectionInfo {
        hardware: section.hardware.clone(),
        os: section.os.clone(),
        application: section.application.clone(),
    });
    CaptureInfo {
        account,
        size: facts.size,
        sha256,
        statistics: tally.statistics(),
        interfaces: tally.interfaces(facts),
        sections: sections.collect(),
        comments: comments.collect(),
        names: facts.names.len(),
        secrets: facts.secrets.len(),
        notes_dropped: facts.notes_dropped + facts.secrets_dropped,
        protocols: tally.protocols.counts(),
        hierarchy: tally.protocols.hierarchy(),
        hierarchy_cut_frames: tally.protocols.cut_frames(),
        talkers,
        interrupted: watch.is_stopped(),
    }
}

/// A time as text.
fn time(nanos: i64) -> String {
    Timestamp(nanos).to_string()
}
