//! What a family of columns is, and the sets the user can choose from.

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;

use flowloom_flow::Ended;
use flowloom_schema::{Batch, Column, Mac, Series};

use crate::community_id::CommunityIdFamily;
use crate::core::CoreFamily;
use crate::log::PacketLog;
use crate::sequences::{SequencesFamily, TimestampsFamily};
use crate::statistics::StatisticsFamily;

/// Some columns that are computed together from a finished flow.
pub trait Family: Send + Sync {
    /// The columns, in order.
    fn columns(&self) -> Vec<Column>;

    /// What must be kept of the flow's packets.
    fn needs(&self) -> Needs;

    /// Appends a flow: one value to each of `series`, which are as `columns` says.
    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]);

    /// Appends some flows.
    fn append_all(&self, rows: &[FlowRow<'_>], series: &mut [Series]) {
        for row in rows {
            self.append(row, series);
        }
    }
}

/// A finished flow on its way to becoming a row.
#[derive(Clone, Copy, Debug)]
pub struct FlowRow<'a> {
    /// The flow.
    pub ended: &'a Ended<PacketLog>,
    /// Name of the capture it came from.
    pub capture: &'a str,
    /// Addresses of the initiator and of the other side, as they are to be shown: families show
    /// no others.
    pub ips: [IpAddr; 2],
    /// Hardware addresses of the two sides, as they are to be shown.
    pub macs: [Option<Mac>; 2],
}

/// Puts other addresses in the place of those that identify machines.
pub trait Anonymize: Debug + Send + Sync {
    /// What stands for an address; one of the same version.
    fn ip(&self, address: IpAddr) -> IpAddr;

    /// What stands for a hardware address.
    fn mac(&self, address: Mac) -> Mac;
}

impl<'a> FlowRow<'a> {
    fn new(
        ended: &'a Ended<PacketLog>,
        capture: &'a str,
        anonymize: Option<&dyn Anonymize>,
    ) -> Self {
        let (flow, key) = (&ended.flow, &ended.flow.key);
        let ends = if flow.initiator_is_b { [key.b(), key.a()] } else { [key.a(), key.b()] };
        let ips = ends.map(|address| address.to_ip(key.ip_version()));
        let macs = flow.first.macs.map(|address| address.map(Mac));
        match anonymize {
            None => Self { ended, capture, ips, macs },
            Some(by) => Self {
                ended,
                capture,
                ips: ips.map(|address| by.ip(address)),
                macs: macs.map(|address| address.map(|address| by.mac(address))),
            },
        }
    }
}

/// What must be kept of a flow's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The first packets, one by one.
    pub sequences: bool,
    /// The distribution of all packets.
    pub statistics: bool,
}

/// How lengths in sequences are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signs {
    /// As they are; `directions` says which way.
    #[default]
    Unsigned,
    /// Positive up, negative down, as the reference systems have them.
    Signed,
}

/// A feature set, as `--features` takes it.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    families: fn(Signs) -> Vec<Box<dyn Family>>,
}

/// All feature sets.
pub const SETS: &[Set] = &[
    Set {
        name: "core",
        doc: "who spoke with whom, when, how much, and how it ended",
        families: |_| vec![Box::new(CoreFamily), Box::new(CommunityIdFamily)],
    },
    Set {
        name: "sequences",
        doc: "lists with one entry per packet: directions, times, lengths, flags, windows, marks",
        families: |signs| vec![Box::new(SequencesFamily { signs })],
    },
    Set {
        name: "timestamps",
        doc: "the absolute time of each packet of the sequences",
        families: |_| vec![Box::new(TimestampsFamily)],
    },
    Set {
        name: "statistics",
        doc: "twelve statistics of lengths and gaps, over all packets and for each direction",
        families: |_| vec![Box::new(StatisticsFamily)],
    },
];

/// Names that are to become feature sets.
pub const RESERVED: &[&str] =
    &["bytes", "tls", "quic", "http", "dns", "dhcp", "ssh", "cic", "nfstream", "ppi"];

/// The chosen families, less the columns that are not wanted.
pub struct Families {
    chosen: Vec<Chosen>,
    anonymize: Option<Arc<dyn Anonymize>>,
}

/// A family of which something is wanted.
struct Chosen {
    family: Box<dyn Family>,
    /// All its columns.
    columns: Vec<Column>,
    /// Which of them are wanted.
    wanted: Vec<bool>,
}

impl Families {
    /// The families of `sets`, in the order of [`SETS`], without the columns named in `without`.
    ///
    /// A family none of whose columns is wanted is not run.
    pub fn new(sets: &[&str], without: &[String], signs: Signs) -> Self {
        let chosen = SETS
            .iter()
            .filter(|set| sets.contains(&set.name))
            .flat_map(|set| (set.families)(signs))
            .map(|family| {
                let columns = family.columns();
                let wanted =
                    columns.iter().map(|column| !without.iter().any(|name| *name == column.name));
                let wanted = wanted.collect::<Vec<_>>();
                Chosen { family, columns, wanted }
            })
            .filter(|chosen| chosen.wanted.contains(&true))
            .collect();
        Self { chosen, anonymize: None }
    }

    /// The same families, with other addresses in the place of the real ones.
    #[must_use]
    pub fn anonymized(self, anonymize: Option<Arc<dyn Anonymize>>) -> Self {
        Self { anonymize, ..self }
    }

    /// The wanted columns, in order.
    pub fn columns(&self) -> Vec<Column> {
        let all = self.chosen.iter().flat_map(|chosen| chosen.columns.iter().zip(&chosen.wanted));
        all.filter(|(_, wanted)| **wanted).map(|(column, _)| column.clone()).collect()
    }

    /// What must be kept of the packets of a flow.
    pub fn needs(&self) -> Needs {
        self.chosen.iter().map(|chosen| chosen.family.needs()).fold(
            Needs::default(),
            |all, needs| Needs {
                sequences: all.sequences || needs.sequences,
                statistics: all.statistics || needs.statistics,
            },
        )
    }

    /// The rows of some flows.
    pub fn batch(&self, flows: &[Ended<PacketLog>], capture: &str) -> Batch {
        let mut batch = Batch { columns: Vec::new(), rows: flows.len() };
        let anonymize = self.anonymize.as_deref();
        let rows = flows.iter().map(|ended| FlowRow::new(ended, capture, anonymize));
        let rows = rows.collect::<Vec<_>>();
        for Chosen { family, columns, wanted } in &self.chosen {
            let empty = |column: &Column| Series::with_capacity(column.data_type, rows.len());
            let mut series = columns.iter().map(empty).collect::<Vec<_>>();
            family.append_all(&rows, &mut series);
            let series = series.into_iter().zip(wanted).filter(|(_, wanted)| **wanted);
            batch.columns.extend(series.map(|(series, _)| series));
        }
        batch
    }
}

/// All columns there are.
pub fn catalogue() -> Vec<Column> {
    let names = SETS.iter().map(|set| set.name).collect::<Vec<_>>();
    Families::new(&names, &[], Signs::default()).columns()
}
