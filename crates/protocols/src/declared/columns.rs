//! The column of declared protocols.

use flowloom_schema::record;

use super::Declared;
use crate::Findings;

record! {
    /// The fields of the protocols that are declared in YAML.
    pub struct DeclaredColumns in "declared" since "0.1" over "the first message of each side" {
        /// The fields of declared protocols as a JSON object: the name of each protocol and an object
        /// of its fields, from the first message of the initiator; those of the other side's first
        /// message likewise under `answer`. Bytes are in hexadecimal. Null if no declared protocol was
        /// found. See docs/protocols.md.
        declared: Option<String> [None, Identity],
    }
}

impl DeclaredColumns {
    /// The column of a flow.
    pub fn of(findings: Option<&Findings>) -> Self {
        let declared = findings.and_then(|findings| findings.declared.as_deref());
        Self { declared: declared.map(Declared::to_json) }
    }
}
