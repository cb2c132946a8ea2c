//! What the tests of whole runs share: captures, configurations, rows.

use std::fs;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowloom_engine::{
    AppLayer, CaptureLimits, Config, Destination, ExportSettings, FlowSettings, Format, Labels,
    LogLimits, Order, Output, Registry, SaidLimits, Signs, Summary, Watch, Window, WireOptions,
    find_inputs, run,
};
use serde_json::Value;

/// A row of the output.
pub(crate) struct Row(pub(crate) serde_json::Map<String, Value>);

impl Row {
    pub(crate) fn optional(&self, column: &str) -> Option<u64> {
        self.0[column].as_u64()
    }

    pub(crate) fn number(&self, column: &str) -> u64 {
        self.optional(column).unwrap_or_else(|| panic!("{column} is {:?}", self.0[column]))
    }

    pub(crate) fn port(&self, column: &str) -> Option<u16> {
        self.optional(column).map(|port| port as u16)
    }

    pub(crate) fn text(&self, column: &str) -> &str {
        self.0[column].as_str().unwrap_or_default()
    }

    pub(crate) fn address(&self, column: &str) -> IpAddr {
        self.text(column).parse().unwrap()
    }

    /// A time in nanoseconds since the epoch, from RFC 3339 with nine digits.
    pub(crate) fn time(&self, column: &str) -> i64 {
        let text = self.text(column);
        let days = |year: i64, month: i64, day: i64| {
            let year = if month <= 2 { year - 1 } else { year };
            let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
            365 * year + year.div_euclid(4) - year.div_euclid(100)
                + year.div_euclid(400)
                + day_of_year
                - 719_468
        };
        let field = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
        let day = days(field(0..4), field(5..7), field(8..10));
        let seconds = day * 86_400 + field(11..13) * 3_600 + field(14..16) * 60 + field(17..19);
        seconds * 1_000_000_000 + field(20..29)
    }
}

/// A configuration with nothing but defaults, one thread, and JSON Lines into `output`.
pub(crate) fn config(captures: &[&Path], output: &Path) -> Config {
    let names = captures.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>();
    Config {
        inputs: find_inputs(&names).unwrap(),
        rotated: false,
        labels: Labels::default(),
        features: vec!["core".into()],
        without: Vec::new(),
        columns: Vec::new(),
        signs: Signs::Unsigned,
        anonymize: None,
        filter: None,
        flow: FlowSettings::default(),
        log: LogLimits::default(),
        app_layer: AppLayer::default(),
        registry: Arc::new(Registry::new()),
        said: SaidLimits::default(),
        events: Vec::new(),
        wire: WireOptions::default(),
        capture: CaptureLimits::default(),
        window: Window::default(),
        dedup: None,
        threads: NonZeroUsize::MIN,
        output: Output {
            format: Format::JsonLines,
            destination: Destination::File(output.into()),
            settings: ExportSettings::default(),
            order: Order::End,
            force: false,
        },
    }
}

/// The rows of a capture, with settings changed.
pub(crate) fn rows(capture: &Path, change: impl FnOnce(&mut Config)) -> (Vec<Row>, Summary) {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("rows.jsonl");
    let mut config = config(&[capture], &output);
    change(&mut config);
    let summary = run(&config, &Watch::default()).unwrap();
    let text = fs::read_to_string(&output).unwrap();
    let rows = text.lines().map(|line| Row(serde_json::from_str(line).unwrap()));
    (rows.collect(), summary)
}

/// What lies beside the project's root; tests that need it are skipped where it is absent.
pub(crate) fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared")
}

/// The captures of the corpus, with their names relative to it.
pub(crate) fn corpus() -> Option<Vec<(String, PathBuf)>> {
    let root = shared().join("corpus");
    if !root.is_dir() {
        println!("skipped: there is no corpus at ../shared/corpus");
        return None;
    }
    let mut captures = Vec::new();
    for source in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()) {
        if source.is_dir() && source.file_name().unwrap() != "expected" {
            for capture in fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path()) {
                let name = capture.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                captures.push((name, capture));
            }
        }
    }
    captures.sort();
    Some(captures)
}
