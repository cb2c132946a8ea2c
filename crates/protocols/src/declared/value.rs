//! What fields hold, and how it is written as JSON.

use std::fmt::Write;
use std::sync::Arc;

use crate::text::hex;

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number without sign.
    Unsigned(u64),
    /// A number with sign.
    Signed(i64),
    /// Text, an address among them.
    Text(Box<str>),
    /// Bytes; written in hexadecimal.
    Bytes(Box<[u8]>),
    /// Several values.
    List(Vec<Value>),
    /// The fields of a part of the message.
    Fields(Fields),
}

/// Fields by name, in the order of the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Arc<str>, Value)>);

impl Fields {
    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The field of a name; one of a part is named after it: `attributes.length`.
    pub fn find(&self, path: &str) -> Option<&Value> {
        let of = |wanted: &str| self.0.iter().find(|(name, _)| **name == *wanted);
        if let Some((_, value)) = of(path) {
            return Some(value);
        }
        let (part, rest) = path.split_once('.')?;
        match of(part)? {
            (_, Value::Fields(fields)) => fields.find(rest),
            _ => None,
        }
    }

    /// Adds a field; of a name that is there already, the first stays.
    pub(super) fn push(&mut self, name: &Arc<str>, value: Value) {
        if !self.0.iter().any(|(known, _)| known == name) {
            self.0.push((name.clone(), value));
        }
    }

    /// Adds to the list that a field is.
    pub(super) fn push_to_list(&mut self, name: &Arc<str>, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, Value::List(list))) => list.push(value),
            Some(_) => {}
            None => self.0.push((name.clone(), Value::List(vec![value]))),
        }
    }

    /// Adds the fields of a part.
    pub(super) fn take_in(&mut self, part: Self) {
        for (name, value) in part.0 {
            self.push(&name, value);
        }
    }

    pub(super) fn drain(self) -> impl Iterator<Item = (Arc<str>, Value)> {
        self.0.into_iter()
    }
}

impl Value {
    /// Appends the value as JSON.
    pub(super) fn write_json(&self, out: &mut String) {
        match self {
            Self::Unsigned(number) => write_display(out, number),
            Self::Signed(number) => write_display(out, number),
            Self::Text(text) => write_json_text(text, out),
            Self::Bytes(bytes) => write_json_text(&hex(bytes), out),
            Self::List(list) => {
                out.push('[');
                for (at, value) in list.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    value.write_json(out);
                }
                out.push(']');
            }
            Self::Fields(fields) => fields.write_json(out, usize::MAX),
        }
    }
}

impl Fields {
    /// Appends the fields as a JSON object; those left out with which it would be longer than `max`.
    pub(super) fn write_json(&self, out: &mut String, max: usize) {
        let start = out.len();
        out.push('{');
        let mut is_first = true;
        for (name, value) in &self.0 {
            let before = out.len();
            out.push_str(if is_first { "" } else { "," });
            write_json_text(name, out);
            out.push(':');
            value.write_json(out);
            if out.len() - start >= max {
                out.truncate(before);
            } else {
                is_first = false;
            }
        }
        out.push('}');
    }
}

/// Appends text in quotes. Whatever it holds, the line stays one line and shows as it is.
pub(super) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", char as u32);
            }
            char => out.push(char),
        }
    }
    out.push('"');
}

fn write_display(out: &mut String, number: &impl std::fmt::Display) {
    let _ = write!(out, "{number}");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Fields, Value};

    #[test]
    fn json_is_safe_and_bounded() {
        let mut fields = Fields::default();
        fields.push(&Arc::from("a"), Value::Text("\"\\\n\u{1}\u{7f}é".into()));
        fields.push(&Arc::from("long"), Value::Bytes([7; 40].into()));
        fields.push(&Arc::from("list"), Value::List(vec![Value::Signed(-1), Value::Unsigned(2)]));
        let mut json = String::new();
        fields.write_json(&mut json, 60);
        assert_eq!(json, r#"{"a":"\"\\\n\u0001\u007fé","list":[-1,2]}"#);
    }

    #[test]
    fn parts_are_found_by_path_and_the_first_of_a_name_stays() {
        let mut part = Fields::default();
        part.push(&Arc::from("length"), Value::Unsigned(4));
        part.push(&Arc::from("length"), Value::Unsigned(5));
        let mut fields = Fields::default();
        fields.push(&Arc::from("part"), Value::Fields(part));
        assert_eq!(fields.find("part.length"), Some(&Value::Unsigned(4)));
        assert_eq!((fields.find("part.x"), fields.find("length.x")), (None, None));
    }
}
