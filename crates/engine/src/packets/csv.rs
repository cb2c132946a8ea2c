//! Chosen fields as CSV; several values of a field are joined by semicolons.

use flowloom_dissect::{Dissection, FieldInfo};
use flowloom_export::text_cell;

pub(super) fn header(has_captures: bool, fields: &[&FieldInfo], out: &mut String) {
    let names = fields.iter().map(|field| field.name);
    let names: Vec<&str> = has_captures.then_some("capture").into_iter().chain(names).collect();
    out.push_str(&names.join(","));
    out.push('\n');
}

pub(super) fn row(
    capture: Option<&str>,
    fields: &[&'static FieldInfo],
    dissection: &Dissection,
    frame: &[u8],
    out: &mut String,
) {
    let (mut values, mut safe) = (String::new(), Vec::new());
    if let Some(capture) = capture {
        cell(capture, &mut safe, out);
        out.push(',');
    }
    for (at, wanted) in fields.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        values.clear();
        for (number, layer) in dissection.layers().iter().enumerate() {
            let source = dissection.source(layer, frame);
            for field in dissection.fields_of(number) {
                // Two layers can have a field of the same name, as those of PPPoE.
                if field.info.name == wanted.name {
                    if !values.is_empty() {
                        values.push(';');
                    }
                    field.write(dissection, source, &mut values);
                }
            }
        }
        if !values.is_empty() {
            cell(&values, &mut safe, out);
        }
    }
    out.push('\n');
}

fn cell(text: &str, safe: &mut Vec<u8>, out: &mut String) {
    safe.clear();
    text_cell(text, safe);
    out.push_str(&String::from_utf8_lossy(safe));
}
