//! Chosen fields as CSV; several values of a field are joined by semicolons.

use flowloom_dissect::{Dissection, FieldInfo};
use flowloom_export::text_cell;

pub(super) fn header(fields: &[&FieldInfo], out: &mut String) {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    out.push_str(&names.join(","));
    out.push('\n');
}

pub(super) fn row(
    fields: &[&'static FieldInfo],
    dissection: &Dissection,
    frame: &[u8],
    out: &mut String,
) {
    let mut values = String::new();
    let mut cell = Vec::new();
    for (at, wanted) in fields.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        values.clear();
        for (number, layer) in dissection.layers().iter().enumerate() {
            let source = dissection.source(layer, frame);
            for field in dissection.fields_of(number) {
                if std::ptr::eq(field.info, *wanted) {
                    if !values.is_empty() {
                        values.push(';');
                    }
                    field.write(dissection, source, &mut values);
                }
            }
        }
        if !values.is_empty() {
            cell.clear();
            text_cell(&values, &mut cell);
            out.push_str(&String::from_utf8_lossy(&cell));
        }
    }
    out.push('\n');
}
