//! Packets as a property list in XML, as Apple's tools read it: a dictionary for each, each layer in
//! the one that carries it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowloom_dissect::{Dissection, Field, FrameInput, LayerInfo, Value};

use super::nested::{Member, alike, is_repeated, members};

pub(super) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
     \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
";
pub(super) const FOOT: &str = "</dict>\n</plist>\n";

pub(super) fn write(
    frame: &FrameInput<'_>,
    capture: u64,
    dissection: &Dissection,
    out: &mut String,
) {
    let capture = if capture > 1 { format!("Capture {capture} ") } else { String::new() };
    key(&format!("{capture}Frame {}", frame.number), out);
    for (at, layer) in dissection.layers().iter().enumerate() {
        if at > 0 {
            key(layer.info.name, out);
        }
        out.push_str("<dict>");
        let source = dissection.source(layer, frame.bytes);
        object(dissection, dissection.fields_of(at), layer.info, source, out);
        if at == 0 {
            key("protocols", out);
            let names: Vec<_> = dissection.protocols().skip(1).collect();
            text(&names.join(":"), out);
        }
    }
    dissection.layers().iter().for_each(|_| out.push_str("</dict>"));
    out.push('\n');
}

fn object(
    dissection: &Dissection,
    fields: &[Field],
    layer: &LayerInfo,
    source: &[u8],
    out: &mut String,
) {
    for member in members(fields) {
        if !member.is_said() || is_repeated(fields, member) {
            continue;
        }
        key(member.field.info.short_name(layer), out);
        let is_list = alike(fields, member).nth(1).is_some();
        if is_list {
            out.push_str("<array>");
        }
        for member in alike(fields, member) {
            value(dissection, member, layer, source, out);
        }
        if is_list {
            out.push_str("</array>");
        }
    }
}

fn value(
    dissection: &Dissection,
    member: Member<'_>,
    layer: &LayerInfo,
    source: &[u8],
    out: &mut String,
) {
    let Member { field, below, .. } = member;
    match field.value {
        Value::None => {
            out.push_str("<dict>");
            object(dissection, below, layer, source, out);
            out.push_str("</dict>");
        }
        Value::Uint(number) => {
            out.push_str("<integer>");
            out.push_str(itoa::Buffer::new().format(number));
            out.push_str("</integer>");
        }
        Value::Bool(flag) => out.push_str(if flag { "<true/>" } else { "<false/>" }),
        Value::Bytes => {
            out.push_str("<data>");
            STANDARD.encode_string(field.bytes(source), out);
            out.push_str("</data>");
        }
        _ => {
            let mut shown = String::new();
            field.write(dissection, source, &mut shown);
            text(&shown, out);
        }
    }
}

fn key(name: &str, out: &mut String) {
    out.push_str("<key>");
    out.push_str(name);
    out.push_str("</key>");
}

fn text(text: &str, out: &mut String) {
    out.push_str("<string>");
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML 1.0 has no other control characters, escaped or not.
            // A reader would take it for a line feed, or for a blank.
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push_str("</string>");
}
