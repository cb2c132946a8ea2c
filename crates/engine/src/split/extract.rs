//! Flows out of indexed captures: only the records of their frames are read.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use flowloom_export::{Rows, SinkError, TableError, TableFile, partial_name};
use flowloom_filter::{Filter, FlowView, Value, Word};
use flowloom_wire::{Address, Vlan};
use serde::Serialize;

use super::files::{Files, Taken};
use super::grouping::{FRAME_NUMBERS, FRAME_OFFSETS, Group, USUAL};
use super::index::{INDEX, Indexed};
use super::name::{Row, Template};
use super::original::Original;
use super::{SplitError, places};
use crate::words::{any_of_column, column_of};
use crate::{ConfigError, Watch};

/// Which flows are taken, and where to.
#[derive(Clone, Debug)]
pub struct Extract {
    /// The index.
    pub index: PathBuf,
    /// The flows by their `flow_id`; all if there are none.
    pub flows: Vec<i64>,
    /// The flows for which this is true; one made by [`Filter::parse_of_flows`].
    pub filter: Option<Filter>,
    /// Where they go.
    pub to: ExtractTo,
    /// Whether files that are there are replaced.
    pub force: bool,
}

/// Where flows go.
#[derive(Clone, Debug)]
pub enum ExtractTo {
    /// Each into a file of its own in a directory, with names by a template or the usual ones.
    Directory(PathBuf, Option<String>),
    /// All into one file.
    File(PathBuf),
}

/// What was taken.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Extracted {
    /// Flows.
    pub flows: u64,
    /// Their frames.
    pub frames: u64,
    /// Files made.
    pub files: u64,
    /// Flows that were asked for and that the index does not have.
    pub missing: Vec<i64>,
    /// Where they are.
    pub path: PathBuf,
    /// Whether it was told to stop before the end.
    pub interrupted: bool,
}

impl From<TableError> for SplitError {
    fn from(error: TableError) -> Self {
        Self::Config(ConfigError(error.to_string()))
    }
}

/// Takes flows out of the captures of an index.
pub fn extract(what: &Extract, watch: &Watch) -> Result<Extracted, SplitError> {
    let table = TableFile::open(&what.index)?;
    let indexed: Vec<Indexed> =
        table.text(INDEX).and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| {
            let index = what.index.display();
            ConfigError(format!("{index} is no index; `flowloom split --index` makes one"))
        })?;
    let (chosen, missing) = choose(&table, what)?;
    let template = match &what.to {
        ExtractTo::Directory(_, Some(text)) => Template::parse(text)?,
        _ => Template::parse(USUAL)?,
    };
    let mut files = open_files(what)?;
    let mut columns = [FRAME_NUMBERS, FRAME_OFFSETS, "capture"].map(str::to_owned).to_vec();
    if matches!(what.to, ExtractTo::Directory(..)) {
        let more = template.columns().filter(|name| *name != "capture").map(str::to_owned);
        columns.extend(more);
    }
    let rows = table.rows(&columns, Some(&chosen))?;
    let mut extracted = Extracted { missing, ..Extracted::default() };
    let mut taking =
        Taking { what, indexed: &indexed, columns: &columns, template: &template, open: None };
    taking.all(rows, &mut files, watch, &mut extracted)?;
    files.write_groups(watch)?;
    let counts = files.counts();
    extracted.frames = counts.frames;
    extracted.files = counts.files;
    extracted.interrupted = watch.is_stopped();
    extracted.path = finish(files, what, extracted.interrupted)?;
    Ok(extracted)
}

/// The rows that are asked for, as ranges, and the flows that are in none.
fn choose(table: &TableFile, what: &Extract) -> Result<(Vec<Range<usize>>, Vec<i64>), SplitError> {
    let mut columns = vec!["flow_id".to_owned()];
    if what.filter.is_some() {
        columns.extend(KEY_COLUMNS.map(str::to_owned));
    }
    let mut words = Vec::new();
    for word in what.filter.iter().flat_map(Filter::words) {
        let column = column_of(word).filter(|column| table.has(column)).ok_or_else(|| {
            let text = format!(
                "the index has no column for `{}`; it is made with the sets of `--features`",
                word.name
            );
            ConfigError(text)
        })?;
        if !columns.contains(&column) {
            columns.push(column.clone());
        }
        words.push((word, column));
    }
    let mut asked = what.flows.clone();
    asked.sort_unstable();
    asked.dedup();
    let mut found = vec![false; asked.len()];
    let mut chosen: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for batch in table.rows(&columns, None)? {
        let batch = batch?;
        for row in 0..batch.rows {
            let row = Row { names: &columns, batch: &batch, at: row };
            let flow = IndexedFlow { row, words: &words };
            let id = flow.row.number("flow_id").unwrap_or_default();
            let place = asked.binary_search(&id);
            let test = what.filter.as_ref().and_then(Filter::flow);
            let is_chosen =
                (asked.is_empty() || place.is_ok()) && test.is_none_or(|test| test.matches(&flow));
            if let Ok(place) = place {
                found[place] = true;
            }
            if is_chosen {
                match chosen.last_mut() {
                    Some(last) if last.end == at => last.end += 1,
                    _ => chosen.push(at..at + 1),
                }
            }
            at += 1;
        }
    }
    let missing = asked.iter().zip(found).filter(|(_, found)| !found).map(|(id, _)| *id);
    Ok((chosen, missing.collect()))
}

/// Flows on their way into files.
struct Taking<'t> {
    what: &'t Extract,
    indexed: &'t [Indexed],
    columns: &'t [String],
    template: &'t Template,
    /// The capture that was needed last.
    open: Option<(usize, Original)>,
}

impl Taking<'_> {
    fn all(
        &mut self,
        rows: Rows,
        files: &mut Files,
        watch: &Watch,
        extracted: &mut Extracted,
    ) -> Result<(), SplitError> {
        for batch in rows {
            let batch = batch?;
            for row in 0..batch.rows {
                if watch.is_stopped() {
                    return Ok(());
                }
                self.flow(Row { names: self.columns, batch: &batch, at: row }, files)?;
                extracted.flows += 1;
            }
        }
        Ok(())
    }

    fn flow(&mut self, row: Row<'_>, files: &mut Files) -> Result<(), SplitError> {
        let capture = row.text("capture");
        let at =
            self.indexed.iter().position(|known| known.capture == capture).ok_or_else(|| {
                ConfigError(format!("the index has a flow of {capture}, but does not know that"))
            })?;
        let (what, indexed) = (self.what, self.indexed);
        let original = match &mut self.open {
            Some((open, original)) if *open == at => original,
            open => {
                let path = indexed[at].find(&what.index)?;
                let (name, interfaces) = (capture.clone(), indexed[at].interfaces());
                let taken = Taken { path, name, interfaces };
                let original = taken.open().map_err(|source| {
                    let capture = capture.clone();
                    SplitError::Original { capture, frame: 0, source }
                })?;
                files.keep(at as u64, taken);
                &mut open.insert((at, original)).1
            }
        };
        match what.to {
            ExtractTo::Directory(..) => {
                let name = self.template.name(row);
                files.write(&name, (at as u64, &capture), original, places(row))
            }
            ExtractTo::File(_) => {
                let all = Group { key: ONE_FILE.into(), name: ONE_FILE.into() };
                places(row).into_iter().try_for_each(|place| {
                    let offset = place.offset.unwrap_or(u64::MAX);
                    files.defer(&all, at as u64, place.frame, offset)
                })
            }
        }
    }
}

fn open_files(what: &Extract) -> Result<Files, SinkError> {
    match &what.to {
        ExtractTo::Directory(directory, _) => Files::create(directory, what.force),
        ExtractTo::File(file) => {
            if !what.force && file.exists() {
                let text = "it exists; --force replaces it";
                let source = std::io::Error::new(std::io::ErrorKind::AlreadyExists, text);
                return Err(SinkError::Create { path: file.clone(), source });
            }
            Files::beside(file)
        }
    }
}

fn finish(files: Files, what: &Extract, interrupted: bool) -> Result<PathBuf, SplitError> {
    let file = match &what.to {
        ExtractTo::Directory(..) => return Ok(files.finish(!interrupted)?),
        ExtractTo::File(file) => file,
    };
    let file = if interrupted { partial_name(file) } else { file.clone() };
    let made = match files.only() {
        Ok(made) => made,
        Err(0) if interrupted => return Ok(file),
        Err(0) => return Err(ConfigError("no flow of the index is as asked for".into()).into()),
        Err(number) => {
            let text = format!(
                "the flows fill {number} files, not one: captures of different formats or link \
                 types do not go together; give a directory with -o"
            );
            return Err(ConfigError(text).into());
        }
    };
    if made.extension() != file.extension() {
        let ending = made.extension().unwrap_or_default().display();
        let text = format!(
            "{} would be of the format of the flows' capture, which is not what its name says; \
             hint: end it in .{ending}",
            file.display()
        );
        return Err(ConfigError(text).into());
    }
    fs::rename(made, &file).map_err(|source| SinkError::Rename { path: file.clone(), source })?;
    Ok(file)
}

/// A flow of an index, as filters ask of it.
struct IndexedFlow<'a> {
    row: Row<'a>,
    /// The words of the filter and their columns.
    words: &'a [(&'a Word, String)],
}

impl IndexedFlow<'_> {
    fn address(&self, column: &str) -> Address {
        match self.row.text(column).parse() {
            Ok(std::net::IpAddr::V4(v4)) => Address::v4(v4.octets()),
            Ok(std::net::IpAddr::V6(v6)) => Address::v6(v6.octets()),
            Err(_) => Address::default(),
        }
    }
}

impl FlowView for IndexedFlow<'_> {
    fn ip_version(&self) -> u8 {
        self.row.number("ip_version").unwrap_or_default() as u8
    }

    fn src(&self) -> Address {
        self.address("src_ip")
    }

    fn dst(&self) -> Address {
        self.address("dst_ip")
    }

    fn ports(&self) -> Option<(u16, u16)> {
        Some((self.row.number("src_port")? as u16, self.row.number("dst_port")? as u16))
    }

    fn protocol(&self) -> u8 {
        self.row.number("protocol").unwrap_or_default() as u8
    }

    fn vlans(&self) -> [Vlan; 2] {
        ["outer_vlan_id", "vlan_id"].map(|column| {
            self.row.number(column).map_or(Vlan::default(), |id| Vlan::from_tci(id as u16))
        })
    }

    fn any(&self, word: &Word, is: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let column = self.words.iter().find(|(known, _)| *known == word).map(|(_, column)| column);
        let series = column.and_then(|column| self.row.series(column));
        series.is_some_and(|series| any_of_column(series, self.row.at, word, is))
    }
}

/// The name of the one file while it is made.
const ONE_FILE: &str = "flows";
/// What filters may ask of a flow's key.
const KEY_COLUMNS: [&str; 8] = [
    "ip_version",
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "protocol",
    "vlan_id",
    "outer_vlan_id",
];
