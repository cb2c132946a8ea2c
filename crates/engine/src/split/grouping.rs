//! What has a file of its own, and how that file is called.

use flowloom_features::{Families, Signs, catalogue};
use flowloom_schema::NANOS_PER_SECOND;

use super::Split;
use super::name::{Row, Template, bounded, safe, seconds};
use crate::config::no_column;
use crate::{Config, ConfigError};

/// What has a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// A flow, by its life cycle.
    Flow,
    /// All packets of a key, whatever comes between them.
    Key,
    /// As pkt2flow has it: all packets of a key until 1,800 s after the first.
    Pkt2flow,
    /// The flows that have the same values in these columns.
    Columns(Vec<String>),
    /// The flows that have the same labels.
    Labels,
    /// The frames of each so many nanoseconds since 1970, whatever their flows.
    Window(i64),
}

impl Grouping {
    /// By a word, or by columns, separated by commas.
    pub fn named(by: &str) -> Self {
        let column = |name: &str| if name == "sni" { "server_name" } else { name }.to_owned();
        match by {
            "flow" => Self::Flow,
            "key" => Self::Key,
            "pkt2flow" => Self::Pkt2flow,
            "label" => Self::Labels,
            columns => Self::Columns(columns.split(',').map(str::trim).map(column).collect()),
        }
    }

    /// The configuration by which flows are cut so.
    pub(crate) fn settings(&self, mut config: Config) -> Config {
        match self {
            Self::Key => config.flow.no_split = true,
            Self::Pkt2flow => {
                config.flow.ignore_tcp_ends = true;
                let timeouts = &mut config.flow.timeouts;
                (timeouts.tcp_idle, timeouts.other_idle) = (i64::MAX, i64::MAX);
                timeouts.reopen = i64::MAX;
                // Flows end strictly past the timeout, there at the timeout.
                timeouts.active = PKT2FLOW_SECONDS * NANOS_PER_SECOND - 1;
            }
            Self::Flow | Self::Columns(_) | Self::Labels | Self::Window(_) => {}
        }
        config
    }
}

/// What goes into one file.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// What tells it from others.
    pub(crate) key: String,
    /// What its file is called, without its ending; others may be called the same.
    pub(crate) name: String,
}

/// How files are called.
pub(crate) struct Naming {
    by: Grouping,
    /// The columns whose values make a group.
    grouped: Vec<String>,
    template: Template,
    columns: Vec<String>,
    /// Whether the user said how.
    is_named: bool,
    /// Whether each capture has a directory of its own.
    has_directories: bool,
}

impl Naming {
    /// The names that were asked for, or the usual ones.
    pub(crate) fn new(
        config: &Config,
        split: &Split,
        captures: usize,
    ) -> Result<Self, ConfigError> {
        let by = split.by.clone();
        let labels = config.labels.columns().into_iter().map(|column| column.name.into_owned());
        let labels = labels.collect::<Vec<_>>();
        let grouped = match &by {
            Grouping::Columns(columns) => columns.clone(),
            Grouping::Labels if labels.is_empty() => {
                let text = "there are no labels to split by: --label-path, --labels or --label-comments says them";
                return Err(ConfigError(text.into()));
            }
            Grouping::Labels => labels.clone(),
            _ => Vec::new(),
        };
        let has_directories = split.name.is_none()
            && captures > 1
            && matches!(by, Grouping::Flow | Grouping::Key | Grouping::Pkt2flow);
        let template = match (&split.name, &by) {
            (Some(text), Grouping::Window(_)) => {
                let text = format!("windows of time are called by their beginning, not `{text}`");
                return Err(ConfigError(text));
            }
            (Some(text), _) => Template::parse(text)?,
            (None, Grouping::Flow | Grouping::Key) if has_directories => {
                Template::parse(&format!("{{capture}}/{USUAL}"))?
            }
            (None, Grouping::Flow | Grouping::Key) => Template::parse(USUAL)?,
            (None, _) => Template::of_columns(&grouped),
        };
        let mut columns = grouped.clone();
        columns.extend(template.columns().map(str::to_owned));
        if by == Grouping::Pkt2flow {
            columns.extend(PKT2FLOW_COLUMNS.map(str::to_owned));
        }
        let known = catalogue();
        for name in columns.iter().filter(|name| !labels.contains(name)) {
            if !known.iter().any(|column| column.name == name.as_str()) {
                return Err(no_column(name, &known));
            }
        }
        Ok(Self { by, grouped, template, columns, is_named: split.name.is_some(), has_directories })
    }

    /// Whether each flow has a file.
    pub(crate) fn is_by_flow(&self) -> bool {
        matches!(self.by, Grouping::Flow | Grouping::Key | Grouping::Pkt2flow)
    }

    /// The length of windows of time, where files are of such.
    pub(crate) fn window(&self) -> Option<i64> {
        match self.by {
            Grouping::Window(nanos) => Some(nanos),
            _ => None,
        }
    }

    /// What must be known of flows.
    pub(crate) fn families(&self) -> Families {
        let own = self.columns.iter().map(String::as_str);
        let columns = own.chain([FRAME_NUMBERS, FRAME_OFFSETS]).collect::<Vec<_>>();
        Families::named(&columns, Signs::default())
    }

    /// What the file of a flow is called, without its ending.
    pub(crate) fn name(&self, row: Row<'_>) -> String {
        match self.by {
            Grouping::Pkt2flow if self.has_directories => {
                format!("{}/{}", bounded(&safe(&row.text("capture"))), pkt2flow_name(row))
            }
            Grouping::Pkt2flow if !self.is_named => pkt2flow_name(row),
            _ => self.template.name(row),
        }
    }

    /// The group of a flow.
    pub(crate) fn group(&self, row: Row<'_>) -> Group {
        // What is not there is not the same as any text, nor are texts that have one safe form.
        let value = |column: &String| {
            if row.is_null(column) { "\0-".to_owned() } else { format!("\0+{}", row.text(column)) }
        };
        let key = self.grouped.iter().map(value).collect();
        Group { key, name: self.template.name(row) }
    }

    /// The group of frames in no flow.
    pub(crate) fn without_flow(&self, capture: &str) -> Group {
        let name = if self.has_directories {
            format!("{}/{NO_FLOW}", bounded(&safe(capture)))
        } else {
            NO_FLOW.into()
        };
        Group { key: NO_FLOW.into(), name }
    }
}

/// The group of frames of a window of time: called by when it begins, in seconds since 1970.
pub(crate) fn window_group(time: i64, window: i64) -> Group {
    let window = window.max(1);
    let name = seconds(time.div_euclid(window).saturating_mul(window));
    Group { key: name.clone(), name }
}

/// pkt2flow's directories and names: from the sender of the first packet, with whole seconds.
fn pkt2flow_name(row: Row<'_>) -> String {
    let by = row.text("initiator_by");
    let has_syn = by == "syn" || by == "syn_ack";
    let directory = match row.number("protocol") {
        Some(6) if has_syn => "tcp_syn",
        Some(6) => "tcp_nosyn",
        Some(17) => "udp",
        _ => "others",
    };
    // There, the first packet's sender comes first, whoever opened the connection.
    let is_answer = by == "syn_ack" || by == "icmp_reply";
    let mut ends = [["src_ip", "src_port"], ["dst_ip", "dst_port"]];
    if is_answer {
        ends.reverse();
    }
    let [first, second] =
        ends.map(|[ip, port]| format!("{}_{}", safe(&row.text(ip)), row.number(port).unwrap_or(0)));
    let start = row.number("start_time").unwrap_or(0).div_euclid(NANOS_PER_SECOND);
    let vlan = if row.number("vlan_id").is_some() { "_vlan" } else { "" };
    // An address of version 6 may begin with what hides a file.
    let name = bounded(&format!("{first}_{second}_{start}{vlan}"));
    format!("{directory}/{name}")
}

const NO_FLOW: &str = "no-flow";
pub(crate) const FRAME_NUMBERS: &str = "frame_numbers";
pub(crate) const FRAME_OFFSETS: &str = "frame_offsets";
/// As the reference calls files of flows.
pub(crate) const USUAL: &str = "{src_ip}_{src_port}-{dst_ip}_{dst_port}-{start_time}";
const PKT2FLOW_SECONDS: i64 = 1_800;
const PKT2FLOW_COLUMNS: [&str; 9] = [
    "capture",
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "protocol",
    "vlan_id",
    "start_time",
    "initiator_by",
];
