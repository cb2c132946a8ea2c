//! The fields of all logs as Markdown, made of their declarations.

use std::fmt::Write as _;

use crate::{Field, From, eve, ipfix, zeek};

/// Tables of all logs: their fields, and what they are made of.
pub fn guide() -> String {
    let mut text = String::new();
    for log in zeek::LOGS {
        let _ = writeln!(text, "## Zeek: `{}.log`\n", log.path);
        table(log.fields, &mut text);
    }
    let _ = writeln!(text, "## EVE: all records\n");
    table(eve::COMMON, &mut text);
    for record in eve::RECORDS {
        let _ = writeln!(text, "## EVE: `{}`\n", record.event);
        table(record.fields, &mut text);
    }
    let _ = writeln!(text, "## IPFIX\n");
    table(ipfix::FIELDS, &mut text);
    text
}

fn table(fields: &[Field], text: &mut String) {
    let has_kinds = fields.iter().any(|field| !field.kind.is_empty());
    let _ = writeln!(text, "| field |{} from |", if has_kinds { " type |" } else { "" });
    let _ = writeln!(text, "|---|{}---|", if has_kinds { "---|" } else { "" });
    for Field { name, kind, from } in fields {
        let from = match from {
            From::Flow(column) | From::Event(column) => format!("`{column}`"),
            From::Made(of, _) => (*of).to_owned(),
            From::Never => "never filled".to_owned(),
        };
        let kind = if has_kinds { format!(" {kind} |") } else { String::new() };
        let _ = writeln!(text, "| `{name}` |{kind} {from} |");
    }
    text.push('\n');
}
