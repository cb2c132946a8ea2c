//! What a run is to do, checked: everything here can be trusted.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use flowloom_capture::Input;
use flowloom_export::{Destination, Format, Settings as ExportSettings};
use flowloom_features::{Events, Families, LogLimits, RESERVED, SETS, Signs, catalogue};
use flowloom_filter::{Filter, nearest};
use flowloom_logs::Logs;
use flowloom_protocols::{Registry, Want, Wants};
use flowloom_schema::Column;

use crate::words::Words;
use crate::{CryptoPan, InputFile, Labels};

/// What a run is to do.
pub struct Config {
    /// The captures, in the order of the output.
    pub inputs: Vec<InputFile>,
    /// Whether they are pieces of one capture.
    pub rotated: bool,
    /// What is known of whole captures.
    pub labels: Labels,
    /// Feature sets, by name.
    pub features: Vec<String>,
    /// Columns that are left out of them.
    pub without: Vec<String>,
    /// The columns that are wanted, in their order, if it is not all of the feature sets.
    pub columns: Vec<String>,
    /// How lengths in sequences are shown.
    pub signs: Signs,
    /// What puts other addresses in the place of the real ones.
    pub anonymize: Option<Arc<CryptoPan>>,
    /// Which packets and flows are wanted.
    pub filter: Option<Filter>,
    /// How flows are cut and counted.
    pub flow: flowloom_flow::Settings,
    /// How much is kept of packets.
    pub log: LogLimits,
    /// How far what flows say is looked into.
    pub app_layer: AppLayer,
    /// The protocols there are.
    pub registry: Arc<Registry>,
    /// How much is kept of what flows say.
    pub said: flowloom_protocols::Limits,
    /// Event tables, by name; they are written beside the table of flows.
    pub events: Vec<String>,
    /// How headers are decoded.
    pub wire: flowloom_wire::Options,
    /// How much of a capture is believed.
    pub capture: flowloom_capture::Limits,
    /// Which frames are looked at.
    pub window: Window,
    /// Frames with the same bytes within this many nanoseconds are dropped.
    pub dedup: Option<i64>,
    /// Threads.
    pub threads: NonZeroUsize,
    /// Where rows go.
    pub output: Output,
}

/// How far what flows say is looked into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppLayer {
    /// Payload is parsed for what the output needs of it.
    #[default]
    Full,
    /// Protocols are told by ports alone; no payload is looked at.
    PortOnly,
    /// Protocols are not told.
    None,
}

/// Which frames are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Only so many of the first frames.
    pub count: Option<u64>,
    /// Only frames at or after this time, in nanoseconds since the epoch.
    pub from: Option<i64>,
    /// Only frames before this time.
    pub until: Option<i64>,
}

/// Where rows go.
#[derive(Clone, Debug)]
pub struct Output {
    /// How they are written.
    pub format: Format,
    /// Where to.
    pub destination: Destination,
    /// Details of formats.
    pub settings: ExportSettings,
    /// In which order they come.
    pub order: Order,
    /// Whether logs and traces that are there are replaced; other tables always are.
    pub force: bool,
}

/// In which order rows come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the flows end.
    #[default]
    End,
    /// As the flows began: by `flow_id`.
    Start,
}

/// Why a run cannot be as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Flows of some captures with nothing but defaults: the columns of `core` and
    /// `application`, as a table on standard output.
    pub fn new(inputs: Vec<InputFile>) -> Self {
        Self {
            inputs,
            rotated: false,
            labels: Labels::default(),
            features: DEFAULT_SETS.map(Into::into).to_vec(),
            without: Vec::new(),
            columns: Vec::new(),
            signs: Signs::default(),
            anonymize: None,
            filter: None,
            flow: flowloom_flow::Settings::default(),
            log: LogLimits::default(),
            app_layer: AppLayer::default(),
            registry: Arc::new(Registry::new()),
            said: flowloom_protocols::Limits::default(),
            events: Vec::new(),
            wire: flowloom_wire::Options::default(),
            capture: flowloom_capture::Limits::default(),
            window: Window::default(),
            dedup: None,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            output: Output {
                format: Format::Table,
                destination: Destination::Stdout,
                settings: ExportSettings::default(),
                order: Order::default(),
                force: false,
            },
        }
    }

    /// Checks what can be said without reading anything.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.features.iter().try_for_each(|name| check_set(name))?;
        self.check_columns()?;
        if self.anonymize.is_some() && self.families().needs().bytes {
            let text = "the feature set `bytes` shows addresses as they were captured, which --anonymize \
                        cannot change: leave one of them out, or read what `flowloom anonymize` wrote";
            return Err(ConfigError(text.into()));
        }
        self.check_events()?;
        self.check_logs()?;
        if self.inputs.is_empty() {
            return Err(ConfigError("no capture was found".into()));
        }
        self.window.check()?;
        self.check_filter()?;
        self.check_limits()?;
        if self.threads.get() > THREADS_MAX {
            let text = format!("{} threads are more than {THREADS_MAX}", self.threads);
            return Err(ConfigError(text));
        }
        match &self.output.destination {
            Destination::File(path) => self.check_written(path),
            Destination::Stdout => Ok(()),
        }
    }

    /// The families of the columns of flows.
    pub(crate) fn families(&self) -> Families {
        let sets = self.features.iter().map(String::as_str).collect::<Vec<_>>();
        match self.columns.as_slice() {
            [] => Families::new(&sets, &self.without, self.signs),
            columns => Families::named(columns, self.signs),
        }
    }

    fn check_columns(&self) -> Result<(), ConfigError> {
        if let Some(label) = self.columns.iter().find(|name| name.starts_with("label_")) {
            let text = "labels need not be named: they come behind the columns";
            return Err(ConfigError(format!("`{label}`: {text}")));
        }
        let known = catalogue();
        for name in self.without.iter().chain(&self.columns) {
            if !known.iter().any(|column| column.name == name.as_str()) {
                return Err(no_column(name, &known));
            }
        }
        let mut names = self.columns.iter().enumerate();
        if let Some((_, twice)) = names.find(|(at, name)| self.columns[..*at].contains(name)) {
            return Err(ConfigError(format!("the column `{twice}` is named twice")));
        }
        if !self.columns.is_empty() && (self.features != DEFAULT_SETS || !self.without.is_empty()) {
            let text =
                "columns that are named are all there will be: leave out --features and --without";
            return Err(ConfigError(text.into()));
        }
        Ok(())
    }

    /// A file that is written is none of those that are read.
    pub fn check_written(&self, path: &Path) -> Result<(), ConfigError> {
        let written = path.is_file().then(|| place(path));
        let is_it = |file: &&InputFile| match &file.input {
            Input::File(read) => written.as_ref() == Some(&place(read)),
            _ => false,
        };
        match self.inputs.iter().find(is_it).filter(|_| written.is_some()) {
            Some(_) => {
                let text = "is one of the captures that are read, and would be replaced";
                Err(ConfigError(format!("{} {text}; name another file", path.display())))
            }
            None => Ok(()),
        }
    }

    /// The account of a run goes to a file of its own.
    pub fn check_report(&self, report: &Path) -> Result<(), ConfigError> {
        self.check_written(report)?;
        match &self.output.destination {
            Destination::File(path) if place(path) == place(report) => {
                let text = "is to be the output and the account of the run; name another file";
                Err(ConfigError(format!("{} {text}", path.display())))
            }
            _ => Ok(()),
        }
    }

    fn check_events(&self) -> Result<(), ConfigError> {
        for (at, name) in self.events.iter().enumerate() {
            if self.events[..at].contains(name) {
                return Err(ConfigError(format!("the event table `{name}` is named twice")));
            }
            if !Events::names().any(|known| known == name) {
                let all =
                    || format!("there are {}", Events::names().collect::<Vec<_>>().join(", "));
                let meant = did_you_mean(name, Events::names(), all);
                return Err(ConfigError(format!("no event table `{name}`; {meant}")));
            }
        }
        if !self.events.is_empty() && self.app_layer != AppLayer::Full {
            let text = "event tables need --app-layer full: nothing is parsed otherwise";
            return Err(ConfigError(text.into()));
        }
        Ok(())
    }

    /// A filter asks for nothing that is not looked into.
    fn check_filter(&self) -> Result<(), ConfigError> {
        let words = self.filter.as_ref().and_then(Words::of);
        let asked = words.map_or(Wants::NONE, |words| words.needs().said);
        let told = match self.app_layer {
            AppLayer::Full => Wants::ALL,
            AppLayer::PortOnly => Wants::of(&[Want::Application]),
            AppLayer::None => Wants::NONE,
        };
        if asked.or(told) != told {
            let text = "the filter asks for what flows say, which needs --app-layer full";
            return Err(ConfigError(text.into()));
        }
        Ok(())
    }

    /// With nothing allowed, nothing would come out.
    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = [
            ("flows in memory", self.flow.limits.flows_max),
            ("IP headers inside one another", self.wire.ip_headers_max.into()),
        ];
        match limits.iter().find(|(_, limit)| *limit == 0) {
            Some((what, _)) => {
                Err(ConfigError(format!("at most 0 {what} is too few; name 1 or more")))
            }
            None => Ok(()),
        }
    }

    /// The logs of other programs have fields of their own, and their own order.
    fn check_logs(&self) -> Result<(), ConfigError> {
        let format = self.output.format;
        if !Logs::has(format) {
            return Ok(());
        }
        let name = format.name();
        let refuse = |why: &str| Err(ConfigError(format!("--format {name} {why}")));
        let has_own = self.features != DEFAULT_SETS || !self.events.is_empty();
        if has_own || !self.without.is_empty() || !self.columns.is_empty() {
            let what = "--features, --columns, --without and --events";
            return refuse(&format!("has fields of its own: leave out {what}"));
        }
        if self.output.order == Order::Start {
            return refuse("is written as flows end: leave out --order start");
        }
        if !Logs::events(format).is_empty() && self.app_layer != AppLayer::Full {
            return refuse("needs --app-layer full: nothing is parsed otherwise");
        }
        if format == Format::Zeek && !matches!(self.output.destination, Destination::File(_)) {
            return refuse("is several files: give a directory for them with -o DIR");
        }
        Ok(())
    }
}

/// Whether there is a feature set of this name.
pub fn check_set(name: &str) -> Result<(), ConfigError> {
    if RESERVED.contains(&name) {
        let text = format!("the feature set `{name}` is planned, but not there yet");
        return Err(ConfigError(text));
    }
    let names = || SETS.iter().map(|set| set.name);
    if names().any(|known| known == name) {
        return Ok(());
    }
    let all = || format!("there are {}", names().collect::<Vec<_>>().join(", "));
    let meant = did_you_mean(name, names(), all);
    Err(ConfigError(format!("no feature set `{name}`; {meant}")))
}

/// What to say behind an unknown name: the one that is probably meant, or else something else.
pub fn did_you_mean<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(name, known).map_or_else(otherwise, |near| format!("did you mean `{near}`?"))
}

/// That there is no such column in the catalogue.
pub(crate) fn no_column(name: &str, columns: &[Column]) -> ConfigError {
    let names = columns.iter().map(|column| &*column.name);
    let meant = did_you_mean(name, names, || "`flowloom features` lists them all".into());
    ConfigError(format!("no column `{name}`; {meant}"))
}

/// The feature sets that are shown when none are asked for.
pub const DEFAULT_SETS: [&str; 2] = ["core", "application"];

impl Window {
    /// There is some time in it.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => {
                let text = "no frame can be at or after the one time and before the other: the second \
                            must be later";
                Err(ConfigError(text.into()))
            }
            _ => Ok(()),
        }
    }

    /// Whether a frame of that time is looked at.
    #[inline]
    pub(crate) fn has(&self, time: i64) -> bool {
        self.from.is_none_or(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }
}

/// Where a file is, or would be.
fn place(path: &Path) -> PathBuf {
    let there = |path: &Path| path.canonicalize().ok();
    there(path).unwrap_or_else(|| match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            there(parent).unwrap_or_else(|| parent.to_owned()).join(name)
        }
        _ => path.to_owned(),
    })
}

/// Threads of a run: more have nothing to do, and a system has its limits.
const THREADS_MAX: usize = 1_024;
