//! The same values as tshark finds them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use flowloom_dissect::{FieldInfo, Kind, KnownLayers};

use crate::Values;

/// tshark, and which of our fields it has.
pub(crate) struct Oracle {
    /// Their names, in order.
    pub(crate) fields: Vec<&'static str>,
    kinds: BTreeMap<&'static str, Kind>,
    version: String,
}

impl Oracle {
    /// None where there is no tshark.
    pub(crate) fn find() -> Option<Self> {
        let output =
            Command::new("tshark").args(["-G", "fields"]).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version =
            Command::new("tshark").arg("--version").stderr(Stdio::null()).output().ok()?;
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let theirs: std::collections::HashSet<&str> =
            text.lines().filter_map(|line| line.split('\t').nth(2)).collect();
        let all = KnownLayers::shipped().all().iter().flat_map(|layer| layer.fields).copied();
        let ours = all.filter(|field| theirs.contains(field.name) && field.kind != Kind::Group);
        let ours: Vec<&FieldInfo> = ours.collect();
        let mut fields: Vec<_> = ours.iter().map(|field| field.name).collect();
        fields.sort_unstable();
        fields.dedup();
        let kinds = ours.iter().map(|field| (field.name, field.kind)).collect();
        Some(Self { fields, kinds, version })
    }

    /// Whether it is of the version that the list of differences was made with.
    pub(crate) fn is_reviewed(&self) -> bool {
        let line = self.version.lines().next().unwrap_or_default();
        let is_same = line.split(' ').any(|word| word.starts_with(REVIEWED));
        if !is_same {
            eprintln!("the list is of tshark {REVIEWED}*, this is {line}");
        }
        is_same
    }

    /// The values of each frame.
    pub(crate) fn values(&self, path: &Path) -> Vec<Values> {
        let mut command = Command::new("tshark");
        command.arg("-r").arg(path).args(["-n", "-T", "fields", "-E", "occurrence=a"]);
        command.args(["-E", &format!("aggregator={SEPARATOR}")]);
        for preference in PREFERENCES {
            command.args(["-o", preference]);
        }
        for known in DECODE_AS {
            command.args(["-d", known]);
        }
        for field in &self.fields {
            command.args(["-e", field]);
        }
        command.args(["-e", STACK, "-e", OPAQUE]);
        let output = command.stderr(Stdio::null()).env("TZ", "UTC").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        text.split_terminator('\n').map(|line| self.of_frame(line)).collect()
    }

    fn of_frame(&self, line: &str) -> Values {
        let fields = self.fields.iter().chain([&STACK, &OPAQUE]);
        let cells = fields.zip(line.split('\t'));
        let present = cells.filter(|(_, cell)| !cell.is_empty());
        let mut values: Values = present
            .map(|(field, cell)| {
                let values = cell
                    .split(SEPARATOR)
                    .map(|value| normal(value, *self.kinds.get(field).unwrap_or(&Kind::Text)));
                (*field, values.collect())
            })
            .collect();
        // A field that tshark also has of IPv6, where it has another name, too.
        if let Some(versions) = values.get_mut("ip.version") {
            versions.retain(|version| version != "6");
        }
        // It has the kind of an encrypted record of TLS 1.3 in a field of its own.
        if let Some(hidden) = values.remove(OPAQUE) {
            values.entry(CONTENT_TYPE).or_default().extend(hidden);
        }
        if let Some(kinds) = values.get_mut(CONTENT_TYPE) {
            kinds.sort();
        }
        for values in values.values_mut() {
            // What is empty is not there.
            values.retain(|value| !matches!(value.as_str(), "<none>" | "<MISSING>"));
        }
        values.retain(|_, values| !values.is_empty());
        values
    }
}

/// Numbers in decimal, flags as 0 and 1.
fn normal(value: &str, kind: Kind) -> String {
    match kind {
        Kind::Uint | Kind::Hex(_) | Kind::Bool => {
            let hex = value.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
            match (value, hex) {
                ("True", _) => "1".into(),
                ("False", _) => "0".into(),
                (_, Some(number)) => number.to_string(),
                _ => value.into(),
            }
        }
        // A number in hexadecimal is as good as its bytes.
        Kind::Bytes => value.strip_prefix("0x").unwrap_or(value).into(),
        _ => value.into(),
    }
}

/// Compared in order of value.
pub(crate) const CONTENT_TYPE: &str = "tls.record.content_type";
const OPAQUE: &str = "tls.record.opaque_type";
/// The version that `differences.tsv` was made with.
const REVIEWED: &str = "4.0.";
pub(crate) const STACK: &str = "frame.protocols";
const SEPARATOR: char = '\u{1e}';
/// What tshark must be told: it does not look for HTTP/2 in what is neither upgraded nor at its ports,
/// nor for MQTT at others than 1883.
const DECODE_AS: [&str; 2] = ["tcp.port==6233,http2", "tcp.port==17501,mqtt"];
/// Sequence numbers as they are; a head of HTTP is shown when it is there, and does not wait for its body.
const PREFERENCES: [&str; 2] = ["tcp.relative_sequence_numbers:FALSE", "http.desegment_body:FALSE"];
