//! The sets the user can choose from, and the families of a choice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowloom_flow::{Ended, Keep as _};
use flowloom_protocols::Registry;
use flowloom_schema::{Batch, Column, Series};

use crate::addresses::PackedAddressesFamily;
use crate::bytes::BytesFamily;
use crate::community_id::CommunityIdFamily;
use crate::connection::ConnectionFamily;
use crate::core::CoreFamily;
use crate::family::{Anonymize, Family, FlowRow, Needs, Signs};
use crate::frames::{FramesFamily, PacketFramesFamily};
use crate::kept::Kept;
use crate::said::{
    ApplicationFamily, ChainFamily, DeclaredFamily, DhcpFamily, DnsFamily, DnsQuestionFamily,
    HttpFamily, IcmpFamily, QuicFamily, SshFamily, TlsFamily,
};
use crate::sequences::{ScaledWindowsFamily, SequencesFamily, TimestampsFamily};
use crate::statistics::StatisticsFamily;

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
        name: "connection",
        doc: "TCP streams by their sequence numbers, and the history of a connection in letters",
        families: |_| vec![Box::new(ConnectionFamily)],
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
        name: "scaled_windows",
        doc: "the TCP window of each packet of the sequences in bytes",
        families: |_| vec![Box::new(ScaledWindowsFamily)],
    },
    Set {
        name: "statistics",
        doc: "twelve statistics of lengths and gaps, over all packets and for each direction",
        families: |_| vec![Box::new(StatisticsFamily)],
    },
    Set {
        name: "bytes",
        doc: "headers and payload of the first packets, byte for byte",
        families: |_| vec![Box::new(BytesFamily)],
    },
    Set {
        name: "frames",
        doc: "the numbers of a flow's frames, and where they are in the capture",
        families: |_| vec![Box::new(FramesFamily)],
    },
    Set {
        name: "packet_frames",
        doc: "the number of the frame of each packet, beside the sequences",
        families: |_| vec![Box::new(PacketFramesFamily)],
    },
    Set {
        name: "packed_addresses",
        doc: "the addresses of the two sides as bytes",
        families: |_| vec![Box::new(PackedAddressesFamily)],
    },
    Set {
        name: "application",
        doc: "which protocol is spoken, and the names of the server",
        families: |_| vec![Box::new(ApplicationFamily)],
    },
    Set {
        name: "tls",
        doc: "the TLS handshake, of TCP, DTLS and QUIC: names, versions, ciphers, fingerprints",
        families: |_| vec![Box::new(TlsFamily)],
    },
    Set {
        name: "certificate_chain",
        doc: "each certificate that a TLS server sent in the clear: names, validity",
        families: |_| vec![Box::new(ChainFamily)],
    },
    #[cfg(feature = "ja4plus")]
    Set {
        name: "ja4plus",
        doc: "JA4S, JA4X, JA4H, JA4T, JA4TS and JA4SSH, which are under the FoxIO licence",
        families: |_| vec![Box::new(crate::said::Ja4PlusFamily)],
    },
    Set {
        name: "quic",
        doc: "the QUIC handshake: versions, connection ids, transport parameters",
        families: |_| vec![Box::new(QuicFamily)],
    },
    Set {
        name: "http",
        doc: "HTTP/1, HTTP/2 in the clear and SSDP: the first request and response, and counts",
        families: |_| vec![Box::new(HttpFamily)],
    },
    Set {
        name: "dns",
        doc: "DNS, mDNS, LLMNR and NBNS: the first question and its answer, and counts",
        families: |_| vec![Box::new(DnsFamily)],
    },
    Set {
        name: "dns_questions",
        doc: "the names and types in all questions of DNS, mDNS, LLMNR and NBNS",
        families: |_| vec![Box::new(DnsQuestionFamily)],
    },
    Set {
        name: "dhcp",
        doc: "DHCP and DHCPv6: who asked for an address, and what was given",
        families: |_| vec![Box::new(DhcpFamily)],
    },
    Set {
        name: "icmp",
        doc: "ICMP, ICMPv6 and IGMP: echoes, errors, neighbours, groups",
        families: |_| vec![Box::new(IcmpFamily)],
    },
    Set {
        name: "declared",
        doc: "the fields of protocols that are declared in YAML",
        families: |_| vec![Box::new(DeclaredFamily)],
    },
    Set {
        name: "ssh",
        doc: "the SSH banners and key exchange: programs, algorithms, fingerprints",
        families: |_| vec![Box::new(SshFamily)],
    },
];

/// Names that are to become feature sets.
pub const RESERVED: &[&str] = &["cic", "nfstream", "ppi"];

/// The families of the columns that are wanted.
pub struct Families {
    chosen: Vec<Chosen>,
    /// Of all the columns they have, those that are wanted, as they are to come.
    wanted: Vec<usize>,
    anonymize: Option<Arc<dyn Anonymize>>,
    ports: Option<Arc<Registry>>,
}

/// A family of which something is wanted.
struct Chosen {
    family: Box<dyn Family>,
    /// All its columns.
    columns: Vec<Column>,
    /// How many bytes or items the texts or lists of each column had in the last batch: those of the
    /// next will be about as many.
    inner: Vec<AtomicUsize>,
}

impl Families {
    /// The families of `sets`, in the order of [`SETS`], without the columns named in `without`.
    pub fn new(sets: &[&str], without: &[String], signs: Signs) -> Self {
        let sets = SETS.iter().filter(|set| sets.contains(&set.name));
        Self::of(sets, |column| !without.iter().any(|name| name == column), signs)
    }

    /// The families that have `columns`, whatever their sets, and nothing but these columns, in
    /// this order.
    pub fn named(columns: &[impl AsRef<str>], signs: Signs) -> Self {
        let place = |column: &str| columns.iter().position(|name| name.as_ref() == column);
        let mut families = Self::of(SETS.iter(), |column| place(column).is_some(), signs);
        let places =
            families.columns().iter().map(|column| place(&column.name)).collect::<Vec<_>>();
        let mut wanted = places.into_iter().zip(families.wanted).collect::<Vec<_>>();
        wanted.sort_unstable();
        families.wanted = wanted.into_iter().map(|(_, column)| column).collect();
        families
    }

    /// A family none of whose columns is wanted is not run.
    fn of<'s>(
        sets: impl Iterator<Item = &'s Set>,
        is_wanted: impl Fn(&str) -> bool,
        signs: Signs,
    ) -> Self {
        let chosen = sets
            .flat_map(|set| (set.families)(signs))
            .map(Chosen::new)
            .filter(|chosen| chosen.columns.iter().any(|column| is_wanted(&column.name)))
            .collect::<Vec<_>>();
        let columns = chosen.iter().flat_map(|chosen| &chosen.columns).enumerate();
        let wanted = columns.filter(|(_, column)| is_wanted(&column.name)).map(|(at, _)| at);
        Self { wanted: wanted.collect(), chosen, anonymize: None, ports: None }
    }

    /// The same families, with other addresses in the place of the real ones.
    #[must_use]
    pub fn anonymized(self, anonymize: Option<Arc<dyn Anonymize>>) -> Self {
        Self { anonymize, ..self }
    }

    /// The same families, with protocols told by ports alone.
    #[must_use]
    pub fn told_by_ports(self, registry: Arc<Registry>) -> Self {
        Self { ports: Some(registry), ..self }
    }

    /// The wanted columns, in order.
    pub fn columns(&self) -> Vec<Column> {
        let all = self.chosen.iter().flat_map(|chosen| &chosen.columns).collect::<Vec<_>>();
        self.wanted.iter().map(|at| all[*at].clone()).collect()
    }

    /// What must be kept of the packets of a flow.
    pub fn needs(&self) -> Needs {
        self.chosen.iter().map(|chosen| chosen.family.needs()).fold(Needs::default(), Needs::or)
    }

    /// The rows of some flows.
    pub fn batch(&self, flows: &[Ended<Kept>], capture: &str) -> Batch {
        let anonymize = self.anonymize.as_deref();
        let ports = self.ports.as_deref();
        let empty = |chosen: &Chosen| chosen.empty(flows.len());
        let mut all = self.chosen.iter().map(empty).collect::<Vec<_>>();
        let mut rows = Vec::with_capacity(ROWS_NEAR);
        // All families have their turn while the flows are near.
        for flows in flows.chunks(ROWS_NEAR) {
            fetch(flows);
            rows.clear();
            rows.extend(flows.iter().map(|ended| FlowRow::new(ended, capture, anonymize, ports)));
            for (chosen, series) in self.chosen.iter().zip(&mut all) {
                chosen.family.append_all(&rows, series);
            }
        }
        for (chosen, series) in self.chosen.iter().zip(&all) {
            chosen.note(series);
        }
        let mut all = all.into_iter().flatten().map(Some).collect::<Vec<_>>();
        let columns = self.wanted.iter().filter_map(|at| all[*at].take()).collect();
        Batch { columns, rows: flows.len() }
    }
}

impl Chosen {
    fn new(family: Box<dyn Family>) -> Self {
        let columns = family.columns();
        let inner = columns.iter().map(|_| AtomicUsize::default()).collect();
        Self { family, columns, inner }
    }

    /// Columns with room for a number of rows.
    fn empty(&self, rows: usize) -> Vec<Series> {
        let room = |(column, inner): (&Column, &AtomicUsize)| {
            let last = inner.load(Ordering::Relaxed);
            Series::with_capacity(column.data_type, rows, last + last / 4)
        };
        self.columns.iter().zip(&self.inner).map(room).collect()
    }

    /// Notes how much is in the columns of a batch.
    fn note(&self, batch: &[Series]) {
        for (inner, series) in self.inner.iter().zip(batch) {
            inner.store(series.inner_len(), Ordering::Relaxed);
        }
    }
}

/// Has the processor fetch what rows are made of: steps that do not depend on one another wait for
/// memory together.
fn fetch(flows: &[Ended<Kept>]) {
    for ended in flows {
        ended.flow.fetch_all();
    }
    for ended in flows {
        ended.flow.keep.fetch();
    }
    for ended in flows {
        ended.flow.keep.fetch_rest();
    }
}

/// All columns there are.
pub fn catalogue() -> Vec<Column> {
    let names = SETS.iter().map(|set| set.name).collect::<Vec<_>>();
    Families::new(&names, &[], Signs::default()).columns()
}

/// Flows whose rows are made at a time: few enough to stay in the nearest caches meanwhile.
const ROWS_NEAR: usize = 64;
