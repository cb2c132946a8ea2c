//! What is said of columns, generated from their declarations.

use std::fmt::Write as _;

use flowloom_features::SETS;
use flowloom_schema::Column;
use serde_json::json;

/// The columns as text for a terminal: a line with name, type, unit and role, then the definition.
pub fn catalogue_text(columns: &[Column]) -> String {
    let mut text = String::new();
    for (name, doc, columns) in by_set(columns) {
        let _ = writeln!(text, "{name}: {doc} ({} columns)\n", columns.len());
        for column in columns {
            let _ = writeln!(text, "  {}  [{}]", column.name, properties(column));
            let _ = writeln!(text, "      {}", column.doc);
        }
        text.push('\n');
    }
    text
}

/// The columns as Markdown tables, one per set.
pub fn catalogue_markdown(columns: &[Column]) -> String {
    let mut text = String::new();
    for (name, doc, columns) in by_set(columns) {
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

/// The columns as a JSON array.
pub fn catalogue_json(columns: &[Column]) -> String {
    let columns = columns.iter().map(|column| {
        json!({
            "name": column.name,
            "set": column.family,
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

fn by_set(columns: &[Column]) -> Vec<(&'static str, &'static str, Vec<&Column>)> {
    SETS.iter()
        .map(|set| {
            let of_set = columns.iter().filter(|column| column.family == set.name);
            (set.name, set.doc, of_set.collect::<Vec<_>>())
        })
        .filter(|(_, _, columns)| !columns.is_empty())
        .collect()
}
