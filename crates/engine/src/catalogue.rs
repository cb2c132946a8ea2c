//! What is said of columns, generated from their declarations.

use std::fmt::Write as _;

use flowloom_features::{Events, SETS, Signs, TraceTable, catalogue};
use flowloom_schema::Column;
use serde_json::json;

/// A feature set or an event table with its columns.
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// The feature sets.
pub fn set_sections() -> Vec<Section> {
    let columns = catalogue();
    let of_set = |name| columns.iter().filter(move |column| column.family == name).cloned();
    SETS.iter()
        .map(|set| Section { name: set.name, doc: set.doc, columns: of_set(set.name).collect() })
        .collect()
}

/// The event tables.
pub fn event_sections() -> Vec<Section> {
    let tables = Events::all();
    tables.tables().map(|(name, doc, columns)| Section { name, doc, columns }).collect()
}

/// The table of traces.
pub fn trace_section() -> Section {
    let columns = TraceTable::new(&[], Signs::default()).columns().to_vec();
    Section {
        name: "traces",
        doc: "one row per capture, with the packets of all its flows",
        columns,
    }
}

/// Sections as text for a terminal: a line with name, type, unit and role, then the definition.
pub fn catalogue_text(sections: &[Section]) -> String {
    let mut text = String::new();
    for Section { name, doc, columns } in sections {
        let _ = writeln!(text, "{name}: {doc} ({} columns)\n", columns.len());
        for column in columns {
            let _ = writeln!(text, "  {}  [{}]", column.name, properties(column));
            let _ = writeln!(text, "      {}", column.doc);
        }
        text.push('\n');
    }
    text
}

/// Sections as Markdown tables, one each.
pub fn catalogue_markdown(sections: &[Section]) -> String {
    let mut text = String::new();
    for Section { name, doc, columns } in sections {
        let _ = writeln!(text, "## `{name}`: {doc}\n");
        let _ = writeln!(text, "| column | type | unit | role | definition | over | since |");
        let _ = writeln!(text, "|---|---|---|---|---|---|---|");
        for column in columns {
            let null = if column.nullable { ", null" } else { "" };
            let _ = writeln!(
                text,
                "| `{}` | {}{null} | {} | {} | {} | {} | {} |",
                column.name,
                column.data_type.name(),
                column.unit.name(),
                column.role.name(),
                column.doc.replace('|', "\\|"),
                column.population,
                column.since,
            );
        }
        text.push('\n');
    }
    text
}

/// The columns of sections as a JSON array.
pub fn catalogue_json(sections: &[Section]) -> String {
    let all = sections
        .iter()
        .flat_map(|section| section.columns.iter().map(|column| (section.name, column)));
    let columns = all.map(|(name, column)| {
        json!({
            "name": column.name,
            "set": name,
            "type": column.data_type.name(),
            "nullable": column.nullable,
            "unit": column.unit.name(),
            "role": column.role.name(),
            "doc": column.doc,
            "population": column.population,
            "since": column.since,
        })
    });
    format!("{:#}\n", serde_json::Value::Array(columns.collect()))
}

fn properties(column: &Column) -> String {
    let null = if column.nullable { ", or null" } else { "" };
    let unit = match column.unit.name() {
        "" => String::new(),
        unit => format!("; {unit}"),
    };
    format!("{}{null}{unit}; {}", column.data_type.name(), column.role.name())
}
