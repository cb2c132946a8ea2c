//! The flow words of filters: the columns of flows, and the names of protocols.
//!
//! `tls.sni` is the column `tls_sni`, for there is a set `tls`; a column whose name does not begin with
//! that of a set is a word as it is. The name of a protocol alone asks whether it was found.

use std::borrow::Cow;
use std::iter;

use flowloom_features::{Families, Kept, Needs, SETS, Signs};
use flowloom_filter::{Filter, Value, Word, WordKind};
use flowloom_flow::{EndReason, Ended, InitiatorBy, TcpState};
use flowloom_protocols::declared::{FieldKind, Value as FieldValue};
use flowloom_protocols::{Findings, FoundBy, Registry, Want, Wants, hex};
use flowloom_schema::{Batch, Column, DataType, Series, Values};

/// The words that a filter may use.
pub fn flow_words(registry: &Registry) -> Vec<Word> {
    let word = |name: String, kind| Word { name: name.into(), kind, texts: Vec::new() };
    let protocols = registry.all().iter().map(|protocol| protocol.name().to_owned());
    let presence = protocols.clone().map(|name| word(name, WordKind::Presence));
    let columns = columns().into_iter().filter_map(|column| {
        let texts = match &*column.name {
            "application" | "applications" => protocols.clone().map(Cow::Owned).collect(),
            name => texts_of(name).into_iter().map(Cow::Borrowed).collect(),
        };
        Some(Word { texts, ..word(word_of(&column), kind(&column)?) })
    });
    let fields = registry.declared_fields().filter_map(|(protocol, field)| {
        Some(word(format!("{protocol}.{}", field.name), kind_of_field(field.kind)?))
    });
    presence.chain(columns).chain(fields).collect()
}

/// The texts that a column can have, where there are few.
fn texts_of(column: &str) -> Vec<&'static str> {
    match column {
        "end_reason" => EndReason::ALL.map(EndReason::name).into(),
        "initiator_by" => InitiatorBy::ALL.map(InitiatorBy::name).into(),
        "tcp_state" => TcpState::ALL.map(TcpState::name).into(),
        "application_by" => FoundBy::ALL.map(FoundBy::name).into(),
        _ => Vec::new(),
    }
}

/// The columns that the words of a filter ask for, and how they are looked up.
pub(crate) struct Words {
    families: Families,
    /// The words, in the order of the columns of `families`.
    names: Vec<String>,
    /// Whether there are words for fields of declared protocols.
    has_fields: bool,
}

impl Words {
    /// What a filter asks of finished flows; none if it asks for no word.
    pub(crate) fn of(filter: &Filter) -> Option<Self> {
        let asked = filter.words();
        let is_asked = |column: &Column| {
            asked.iter().any(|word| match word.kind {
                WordKind::Presence => PRESENCE_COLUMN == column.name,
                _ => word.name == word_of(column),
            })
        };
        let is_column = |word: &Word| {
            word.kind == WordKind::Presence || columns().iter().any(|c| word.name == word_of(c))
        };
        let has_fields = !asked.iter().all(|word| is_column(word));
        let wanted = columns().into_iter().filter(is_asked).map(|column| column.name);
        let families = Families::named(&wanted.collect::<Vec<_>>(), Signs::default());
        let names = families.columns().iter().map(word_of).collect::<Vec<_>>();
        (!asked.is_empty()).then_some(Self { families, names, has_fields })
    }

    /// The same, with protocols told by ports alone.
    pub(crate) fn map(self, families: impl FnOnce(Families) -> Families) -> Self {
        Self { families: families(self.families), ..self }
    }

    /// What must be kept of packets for them, and parsed.
    pub(crate) fn needs(&self) -> Needs {
        let needs = self.families.needs();
        let fields = if self.has_fields { Wants::of(&[Want::Declared]) } else { Wants::NONE };
        Needs { said: needs.said.or(fields), ..needs }
    }

    /// The values of the words for some flows.
    pub(crate) fn values(&self, flows: &[Ended<Kept>]) -> Batch {
        self.families.batch(flows, "")
    }

    /// Whether a value of a word is as asked for, in a row of what [`Words::values`] gave.
    pub(crate) fn any(
        &self,
        (values, row): (&Batch, usize),
        findings: Option<&Findings>,
        word: &Word,
        is: &mut dyn FnMut(Value<'_>) -> bool,
    ) -> bool {
        let series = |name: &str| {
            let at = self.names.iter().position(|known| known == name)?;
            values.columns.get(at)
        };
        let column = match word.kind {
            WordKind::Presence => PRESENCE_COLUMN,
            _ => &word.name,
        };
        match series(column) {
            Some(series) => any_of_column(series, row, word, is),
            None => findings.is_some_and(|findings| any_field(findings, &word.name, is)),
        }
    }
}

/// The column that holds the values of a word; none for fields of declared protocols.
pub(crate) fn column_of(word: &Word) -> Option<String> {
    match word.kind {
        WordKind::Presence => Some(PRESENCE_COLUMN.into()),
        _ => {
            columns().into_iter().find(|column| word.name == word_of(column)).map(|c| c.name.into())
        }
    }
}

/// Whether a value of a word's column, see [`column_of`], is as asked for.
pub(crate) fn any_of_column(
    series: &Series,
    row: usize,
    word: &Word,
    is: &mut dyn FnMut(Value<'_>) -> bool,
) -> bool {
    if word.kind == WordKind::Presence {
        let named = |value: Value<'_>| value == Value::Text(word.name.as_bytes());
        return any(series, row, &mut |value| named(value) && is(Value::Present));
    }
    any(series, row, is)
}

/// Whether a field of a declared protocol is as asked for.
fn any_field(findings: &Findings, word: &str, is: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    let declared = findings.declared.as_deref().zip(word.split_once('.'));
    declared.is_some_and(|(declared, (protocol, path))| {
        declared.values(protocol, path).any(|value| any_value(value, is))
    })
}

fn any_value(value: &FieldValue, is: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    match value {
        FieldValue::Unsigned(number) => i64::try_from(*number).is_ok_and(|n| is(Value::Number(n))),
        FieldValue::Signed(number) => is(Value::Number(*number)),
        FieldValue::Text(text) => is(Value::Text(text.as_bytes())),
        FieldValue::Bytes(bytes) => is(Value::Text(hex(bytes).as_bytes())),
        FieldValue::List(values) => values.iter().any(|value| any_value(value, is)),
        FieldValue::Fields(_) => false,
    }
}

fn kind_of_field(kind: FieldKind) -> Option<WordKind> {
    match kind {
        FieldKind::Unsigned | FieldKind::Signed => Some(WordKind::Number),
        FieldKind::Text | FieldKind::Bytes => Some(WordKind::Text),
        FieldKind::List | FieldKind::Fields => None,
    }
}

/// Whether the value in a row, or an item of the list there, is as asked for.
fn any(series: &Series, row: usize, is: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    if !series.validity.is_valid(row) {
        return false;
    }
    is(match &series.values {
        Values::Bool(v) => Value::Bool(v[row]),
        Values::I8(v) => Value::Number(v[row].into()),
        Values::U8(v) => Value::Number(v[row].into()),
        Values::U16(v) => Value::Number(v[row].into()),
        Values::I32(v) => Value::Number(v[row].into()),
        Values::I64(v) => Value::Number(v[row]),
        Values::F64(v) => Value::Float(v[row]),
        Values::Text(v) => Value::Text(v.get(row).as_bytes()),
        Values::List(list) => return list.range(row).any(|item| any(&list.items, item, is)),
        _ => return false,
    })
}

/// The columns that can be asked for: not lists with an item for each packet.
fn columns() -> Vec<Column> {
    Families::new(&sets(), &[CAPTURE.into()], Signs::default()).columns()
}

fn sets() -> Vec<&'static str> {
    SETS.iter().map(|set| set.name).filter(|name| !OF_EACH_PACKET.contains(name)).collect()
}

fn word_of(column: &Column) -> String {
    let rest = |set: &str| column.name.strip_prefix(set)?.strip_prefix('_');
    // A column can be in another set than its name says, as `dns_name`: its own comes first.
    let mut sets = iter::once(column.family).chain(SETS.iter().map(|set| set.name));
    match sets.find_map(|set| Some((set, rest(set)?))) {
        Some((set, rest)) => format!("{set}.{rest}"),
        None => column.name.to_string(),
    }
}

fn kind(column: &Column) -> Option<WordKind> {
    let mut data_type = column.data_type;
    while let DataType::List(item) = data_type {
        data_type = *item;
    }
    Some(match data_type {
        DataType::Bool => WordKind::Bool,
        DataType::I8 | DataType::U8 | DataType::U16 | DataType::I32 | DataType::I64 => {
            WordKind::Number
        }
        DataType::F64 => WordKind::Float,
        DataType::Text if column.name.ends_with("_ip") => WordKind::Address,
        DataType::Text => WordKind::Text,
        _ => return None,
    })
}

/// What tells which protocols were found.
const PRESENCE_COLUMN: &str = "applications";
/// Sets whose columns are no words.
const OF_EACH_PACKET: &[&str] =
    &["sequences", "timestamps", "scaled_windows", "bytes", "frames", "packet_frames"];
/// The same for all flows of a capture.
const CAPTURE: &str = "capture";
