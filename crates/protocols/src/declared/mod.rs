//! Protocols that are declared in YAML: what a definition can say is in `docs/protocols.md`.
//!
//! Files are read (`source.rs`) and compiled (`compile.rs`) once, with every error named by file and
//! line; while packets pass, the program (`program.rs`) is run over messages (`run.rs`), with bounded
//! work. Of each side of a flow, the first message is read.

mod columns;
mod compile;
mod error;
mod expression;
mod library;
mod matching;
mod program;
mod protocol;
mod run;
mod shown;
mod source;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use flowloom_flow::Direction;

pub use columns::DeclaredColumns;
pub use compile::{DeclaredField, FieldKind};
pub use error::LoadError;
pub use library::{Library, SHIPPED};
pub use protocol::DeclaredProtocol;
pub use shown::{ShownField, ShownKind, ShownLayer, Take};
pub use value::{Fields, Value};

/// What the first messages of declared protocols told.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    messages: Vec<DeclaredMessage>,
}

#[derive(Clone, Debug)]
struct DeclaredMessage {
    /// The protocol that was recognised.
    protocol: Arc<str>,
    direction: Direction,
    /// It and what it carries, outermost first.
    layers: Vec<(Arc<str>, Fields)>,
}

impl Declared {
    /// A field of a protocol: of the initiator's message, or else of the answer.
    pub fn field(&self, protocol: &str, path: &str) -> Option<&Value> {
        self.values(protocol, path).next()
    }

    /// A field of a protocol in the messages of both sides, the initiator's first.
    pub fn values<'a, 'n>(
        &'a self,
        protocol: &'n str,
        path: &'n str,
    ) -> impl Iterator<Item = &'a Value> + use<'a, 'n> {
        [Direction::Up, Direction::Down]
            .into_iter()
            .flat_map(|direction| self.layers(direction))
            .filter(move |(name, _)| *name == protocol)
            .filter_map(move |(_, fields)| fields.find(path))
    }

    /// The protocols in the messages of a side, with their fields.
    pub fn layers(&self, direction: Direction) -> impl Iterator<Item = (&str, &Fields)> {
        let messages = self.messages.iter().filter(move |message| message.direction == direction);
        messages.flat_map(|message| &message.layers).map(|(name, fields)| (&**name, fields))
    }

    /// All as a JSON object: the fields of each protocol in what the initiator said; those of the
    /// other side likewise under `answer`.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        self.write_side(Direction::Up, &mut json);
        let before = json.len();
        json.push_str(if before == 1 { "" } else { "," });
        value::write_json_text(ANSWER, &mut json);
        json.push_str(":{");
        let empty = json.len();
        self.write_side(Direction::Down, &mut json);
        if json.len() == empty {
            json.truncate(before);
        } else {
            json.push('}');
        }
        json.push('}');
        json
    }

    fn write_side(&self, direction: Direction, json: &mut String) {
        let start = json.len();
        let mut names = Vec::new();
        for (name, fields) in self.layers(direction) {
            // A protocol in itself, as tunnels have it, cannot be told by the same name.
            if names.contains(&name) {
                continue;
            }
            names.push(name);
            json.push_str(if json.len() == start { "" } else { "," });
            value::write_json_text(name, json);
            json.push(':');
            fields.write_json(json, JSON_BYTES_MAX.saturating_sub(json.len()));
        }
    }
}

/// The key of what the other side said.
const ANSWER: &str = "answer";
/// Bytes of the JSON text of a flow beyond which fields are left out.
const JSON_BYTES_MAX: usize = 16 << 10;
