//! What became of every frame: nothing is dropped silently.

use std::collections::BTreeMap;

use flowloom_capture::{Facts, ReadError, Warning};
use flowloom_flow::{DefragCounts, EndReason};
use flowloom_schema::LinkType;
use flowloom_wire::Layer;
use serde::Serialize;

use crate::LabelReport;
use crate::inputs::Reading;

/// What became of the frames of one or more captures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Frames read.
    pub frames: u64,
    /// Bytes of them that were captured.
    pub captured_bytes: u64,
    /// Bytes they had on the wire.
    pub wire_bytes: u64,
    /// Frames outside of `--from` and `--until`.
    pub frames_outside_window: u64,
    /// Frames with an IP packet dropped by `--dedup` as repetitions.
    pub frames_duplicate: u64,
    /// Frames the filter did not accept.
    pub frames_filtered: u64,
    /// Frames of link types that are not decoded, by the type's name.
    pub frames_unknown_link: BTreeMap<String, u64>,
    /// Frames without an IP packet, by the innermost header that was read.
    pub frames_not_ip: BTreeMap<String, u64>,
    /// Frames in which a header was damaged, by layer; what came before it was used.
    pub frames_malformed: BTreeMap<String, u64>,
    /// Frames with an IP packet, but for repetitions: these make flows.
    pub frames_ip: u64,
    /// IP fragments among them.
    pub fragments: u64,
    /// Datagrams put together from fragments.
    pub datagrams: u64,
    /// Fragments whose datagram stayed incomplete: they make flows without ports.
    pub fragments_unresolved: u64,
    /// Datagrams given up because their IPv6 fragments overlap.
    pub datagrams_overlapping: u64,
    /// Flows, by the reason they ended.
    pub flows: BTreeMap<String, u64>,
    /// Flows the filter did not accept.
    pub flows_filtered: u64,
    /// Limits that were reached, and how often.
    pub limits_reached: BTreeMap<String, u64>,
    /// Payload bytes of recognised TCP connections that were never captured.
    pub stream_bytes_lost: u64,
    /// Frames whose time jumped forward and was not confirmed by the next frame.
    pub clock_jumps_refused: u64,
    /// Packets of traces in which the client that was named is at neither end.
    pub packets_without_client: u64,
}

/// One capture and what became of its frames.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CaptureAccount {
    /// The capture, as it was named.
    pub capture: String,
    /// Its format.
    pub format: String,
    /// How it is compressed, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// What is odd about it.
    pub warnings: Vec<String>,
    /// Why it was not read to its end, if so.
    pub damage: Option<String>,
    /// The frame that could not be read, or would have come next, and the byte of the (uncompressed)
    /// input at which its record begins, where there is damage.
    #[serde(skip)]
    pub damage_at: Option<(u64, u64)>,
    /// Why it was not read, or not further, if so.
    pub error: Option<String>,
    /// What became of its frames.
    #[serde(flatten)]
    pub account: Account,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Each capture, in the order of the inputs.
    pub captures: Vec<CaptureAccount>,
    /// All captures together.
    pub total: Account,
    /// Rows written.
    pub rows: u64,
    /// Which captures have no labels and which labels no capture, if labels were asked for.
    pub labels: Option<LabelReport>,
    /// Whether the run was asked to stop before the end.
    pub interrupted: bool,
}

impl Account {
    /// Flows of any end.
    pub fn flow_count(&self) -> u64 {
        self.flows.values().sum()
    }

    /// Adds what became of other frames.
    pub fn add(&mut self, other: &Self) {
        for (own, more) in self.numbers().into_iter().zip(other.clone().numbers()) {
            *own += *more;
        }
        for (own, more) in self.maps().into_iter().zip(other.clone().maps()) {
            for (name, count) in more {
                *own.entry(name.clone()).or_default() += *count;
            }
        }
    }

    pub(crate) fn add_flow(&mut self, reason: EndReason) {
        // The names are few: look before making one.
        match self.flows.get_mut(reason.name()) {
            Some(count) => *count += 1,
            None => drop(self.flows.insert(reason.name().into(), 1)),
        }
    }

    pub(crate) fn add_defrag(&mut self, counts: DefragCounts) {
        self.fragments += counts.fragments;
        self.datagrams += counts.datagrams;
        self.fragments_unresolved += counts.unresolved;
        self.datagrams_overlapping += counts.overlapping;
        self.reach("datagrams", counts.limited);
    }

    /// Notes that a limit was reached.
    pub(crate) fn reach(&mut self, limit: &str, times: u64) {
        if times > 0 {
            *self.limits_reached.entry(limit.into()).or_default() += times;
        }
    }

    fn numbers(&mut self) -> [&mut u64; 15] {
        [
            &mut self.frames,
            &mut self.captured_bytes,
            &mut self.wire_bytes,
            &mut self.frames_outside_window,
            &mut self.frames_duplicate,
            &mut self.frames_filtered,
            &mut self.frames_ip,
            &mut self.fragments,
            &mut self.datagrams,
            &mut self.fragments_unresolved,
            &mut self.datagrams_overlapping,
            &mut self.flows_filtered,
            &mut self.stream_bytes_lost,
            &mut self.clock_jumps_refused,
            &mut self.packets_without_client,
        ]
    }

    fn maps(&mut self) -> [&mut BTreeMap<String, u64>; 5] {
        [
            &mut self.frames_unknown_link,
            &mut self.frames_not_ip,
            &mut self.frames_malformed,
            &mut self.flows,
            &mut self.limits_reached,
        ]
    }
}

impl Summary {
    /// Whether no capture could be read at all.
    pub fn is_empty_handed(&self) -> bool {
        self.total.frames == 0 && self.captures.iter().all(|capture| capture.error.is_some())
    }
}

impl CaptureAccount {
    /// A capture that was read.
    pub(crate) fn of(reading: &Reading<'_>, facts: &Facts, account: Account) -> Self {
        let compression = Some(facts.compression.name()).filter(|name| *name != "none");
        let said = |warning: &Warning| {
            Warning { input: reading.name_of(&warning.input), ..warning.clone() }.to_string()
        };
        let mut warnings = facts.warnings.iter().map(said).collect::<Vec<_>>();
        if facts.warnings_dropped > 0 {
            warnings.push(format!("{} more warnings", facts.warnings_dropped));
        }
        if reading.is_again {
            let name = &reading.name;
            warnings.push(format!("{name} was named before: it is read and counted again"));
        }
        Self {
            capture: reading.name.clone(),
            format: facts.format.name().to_string(),
            compression: compression.map(Into::into),
            warnings,
            damage: facts.damage.as_ref().map(said),
            damage_at: facts.damage.as_ref().map(|damage| (damage.frame, damage.offset)),
            error: None,
            account,
        }
    }

    /// A capture of which nothing is known yet.
    pub(crate) fn unread(reading: &Reading<'_>) -> Self {
        Self { capture: reading.name.clone(), ..Self::default() }
    }

    /// The same, with the reason why it was not read, or not further.
    pub(crate) fn failed(self, reading: &Reading<'_>, error: ReadError) -> Self {
        let error = error.renamed(|input| reading.name_of(input));
        Self { error: Some(error.to_string()), ..self }
    }

    /// Whether something of the capture was lost: bytes that could not be read, or frames of flows
    /// that are in no list of frames, and so in no file of `split`.
    pub fn has_losses(&self) -> bool {
        let is_unlisted = self.account.limits_reached.contains_key(FRAMES_BYTES);
        self.damage.is_some() || self.error.is_some() || is_unlisted
    }
}

/// Counts of the decode stage: arrays, so that counting is cheap.
#[derive(Clone, Debug)]
pub(crate) struct DecodeCounts {
    pub(crate) frames: u64,
    pub(crate) captured_bytes: u64,
    pub(crate) wire_bytes: u64,
    pub(crate) outside_window: u64,
    pub(crate) filtered: u64,
    pub(crate) ip: u64,
    not_ip: [u64; LAYERS],
    malformed: [u64; LAYERS],
    unknown_links: Vec<(LinkType, u64)>,
}

impl DecodeCounts {
    #[inline]
    pub(crate) fn add_not_ip(&mut self, layer: Layer) {
        self.not_ip[layer as usize] += 1;
    }

    #[inline]
    pub(crate) fn add_malformed(&mut self, layer: Layer) {
        self.malformed[layer as usize] += 1;
    }

    #[cold]
    pub(crate) fn add_unknown_link(&mut self, link: LinkType) {
        match self.unknown_links.iter_mut().find(|(known, _)| *known == link) {
            Some((_, count)) => *count += 1,
            None => self.unknown_links.push((link, 1)),
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn add_to(&self, account: &mut Account) {
        account.frames += self.frames;
        account.captured_bytes += self.captured_bytes;
        account.wire_bytes += self.wire_bytes;
        account.frames_outside_window += self.outside_window;
        account.frames_filtered += self.filtered;
        account.frames_ip += self.ip;
        for layer in Layer::ALL {
            let not_ip = self.not_ip[*layer as usize];
            if not_ip > 0 {
                *account.frames_not_ip.entry(layer.name().into()).or_default() += not_ip;
            }
            let malformed = self.malformed[*layer as usize];
            if malformed > 0 {
                *account.frames_malformed.entry(layer.name().into()).or_default() += malformed;
            }
        }
        for (link, count) in &self.unknown_links {
            *account.frames_unknown_link.entry(link.to_string()).or_default() += count;
        }
    }
}

impl Default for DecodeCounts {
    fn default() -> Self {
        Self {
            frames: 0,
            captured_bytes: 0,
            wire_bytes: 0,
            outside_window: 0,
            filtered: 0,
            ip: 0,
            not_ip: [0; LAYERS],
            malformed: [0; LAYERS],
            unknown_links: Vec::new(),
        }
    }
}

/// What the limit of memory for lists of frames is called.
pub(crate) const FRAMES_BYTES: &str = "frames_bytes";
const LAYERS: usize = Layer::ALL.len();
