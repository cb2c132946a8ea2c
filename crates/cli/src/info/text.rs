//! What is in a capture, as a page for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flowloom_engine::{CaptureInfo, InterfaceInfo, is_invisible};

use crate::report::grouped;

/// The page.
pub(super) fn text(info: &CaptureInfo) -> String {
    let mut page = Page::default();
    page.heading(&info.account.capture);
    file(info, &mut page);
    frames(info, &mut page);
    interfaces(info, &mut page);
    origin(info, &mut page);
    protocols(info, &mut page);
    flows(info, &mut page);
    talkers(info, &mut page);
    losses(info, &mut page);
    page.text
}

fn file(info: &CaptureInfo, page: &mut Page) {
    let account = &info.account;
    let compression = account.compression.iter().map(|name| format!(", {name}"));
    page.fact("format", &format!("{}{}", account.format, compression.collect::<String>()));
    if let Some(size) = info.size {
        page.fact("size", &bytes(size));
    }
    if let Some(sha256) = &info.sha256 {
        page.fact("SHA-256", sha256);
    }
}

fn frames(info: &CaptureInfo, page: &mut Page) {
    let (account, of) = (&info.account.account, &info.statistics);
    page.fact("frames", &grouped(account.frames));
    let captured = bytes(account.captured_bytes);
    page.fact("captured", &captured);
    page.fact("on the wire", &bytes(account.wire_bytes));
    for (name, time) in [("first frame", &of.first_time), ("last frame", &of.last_time)] {
        if let Some(time) = time {
            page.fact(name, time);
        }
    }
    if let Some(duration) = of.duration {
        page.fact("duration", &format!("{duration:.6} s"));
        let order = match of.frames_back_in_time {
            0 => "by time".into(),
            1 => "not by time: 1 frame is earlier than the one before it".into(),
            n => format!("not by time: {} frames are earlier than the one before", grouped(n)),
        };
        page.fact("order", &order);
    }
    if let (Some(frames), Some(bits)) = (of.frames_per_second, of.bits_per_second) {
        page.fact("rate", &format!("{} frames/s, {}", decimal(frames), bit_rate(bits)));
    }
    if let (Some(mean), Some(min), Some(max)) =
        (of.frame_bytes_mean, of.frame_bytes_min, of.frame_bytes_max)
    {
        let (min, max) = (grouped(min.into()), grouped(max.into()));
        page.fact("frame length", &format!("{} bytes on average, {min} to {max}", decimal(mean)));
    }
}

fn interfaces(info: &CaptureInfo, page: &mut Page) {
    if info.interfaces.is_empty() {
        return;
    }
    page.section("interfaces");
    let dropped = |interface: &InterfaceInfo| {
        let (by_interface, by_os) = (interface.reported_dropped, interface.reported_dropped_by_os);
        match (by_interface, by_os) {
            (None, None) => String::new(),
            (dropped, by_os) => grouped(dropped.unwrap_or(0) + by_os.unwrap_or(0)),
        }
    };
    let rows = info.interfaces.iter().enumerate().map(|(i, interface)| {
        vec![
            i.to_string(),
            interface.name.clone().unwrap_or_default(),
            format!("{} ({})", interface.link_type, interface.link_number),
            interface.snap_length.map_or(String::new(), |length| grouped(length.into())),
            grouped(interface.frames),
            grouped(interface.wire_bytes),
            dropped(interface),
            interface.filter.clone().unwrap_or_default(),
            interface.description.clone().unwrap_or_default(),
        ]
    });
    let titles = [
        "#",
        "<name",
        "<link type",
        "snap length",
        "frames",
        "bytes",
        "dropped",
        "<filter",
        "<description",
    ];
    page.table(&titles, rows.collect());
}

/// Where the capture was written, and what was written into it besides frames.
fn origin(info: &CaptureInfo, page: &mut Page) {
    let sections = &info.sections;
    let is_told = |section: &&flowloom_engine::SectionInfo| {
        section.hardware.is_some() || section.os.is_some() || section.application.is_some()
    };
    if sections.iter().any(|section| is_told(&section)) {
        page.section("written by");
        for section in sections.iter().filter(is_told) {
            let parts = [&section.application, &section.os, &section.hardware];
            let parts = parts.into_iter().flatten().map(String::as_str);
            page.line(&parts.collect::<Vec<_>>().join("; "));
        }
    }
    let notes = [("names of addresses", info.names), ("decryption secrets", info.secrets)];
    if notes.iter().any(|(_, count)| *count > 0) {
        page.section("with it");
        for (what, count) in notes.iter().filter(|(_, count)| *count > 0) {
            page.line(&format!("{} {what}", grouped(*count as u64)));
        }
    }
    if !info.comments.is_empty() {
        page.section("comments");
        for comment in info.comments.iter().take(COMMENTS_SHOWN) {
            match comment.frame {
                Some(frame) => page.line(&format!("frame {}: {}", grouped(frame), comment.text)),
                None => page.line(&comment.text),
            }
        }
        page.more(info.comments.len(), COMMENTS_SHOWN);
    }
}

fn protocols(info: &CaptureInfo, page: &mut Page) {
    if info.hierarchy.is_empty() {
        return;
    }
    page.section("protocols");
    let all = info.account.account.frames.max(1);
    let rows = info.hierarchy.iter().take(LEVELS_SHOWN).map(|level| {
        let depth = level.path.len() - 1;
        let name = level.path.last().copied().unwrap_or_default();
        vec![
            format!("{}{name}", "  ".repeat(depth)),
            grouped(level.frames),
            format!("{:.1} %", 100.0 * level.frames as f64 / all as f64),
            grouped(level.bytes),
        ]
    });
    page.table(&["<protocol", "frames", "", "bytes"], rows.collect());
    page.more(info.hierarchy.len(), LEVELS_SHOWN);
    if info.hierarchy_cut_frames > 0 {
        let frames = grouped(info.hierarchy_cut_frames);
        page.line(&format!("the inner headers of {frames} frames are left out: too many kinds"));
    }
}

fn flows(info: &CaptureInfo, page: &mut Page) {
    let flows = &info.account.account.flows;
    if flows.is_empty() {
        return;
    }
    page.section("flows, by the reason they ended");
    let count = info.account.account.flow_count();
    let mut rows = counts(flows);
    rows.push(vec!["all".into(), grouped(count)]);
    page.table(&["<reason", "flows"], rows);
}

fn talkers(info: &CaptureInfo, page: &mut Page) {
    let talkers = &info.talkers;
    if !talkers.conversations.is_empty() {
        page.section("conversations with the most bytes");
        let rows = talkers.conversations.iter().map(|c| {
            let to_a = c.bytes - c.bytes_from_a;
            let numbers = [c.flows, c.packets, c.bytes, c.bytes_from_a, to_a].map(grouped);
            [vec![c.a.clone(), c.b.clone()], numbers.to_vec()].concat()
        });
        let titles = ["<a", "<b", "flows", "packets", "bytes", "a to b", "b to a"];
        page.table(&titles, rows.collect());
        uncertain(talkers.conversations_uncertain_bytes, page);
    }
    if !talkers.endpoints.is_empty() {
        page.section("addresses with the most bytes");
        let rows = talkers.endpoints.iter().map(|e| {
            let received = e.bytes - e.bytes_sent;
            let numbers = [e.flows, e.packets, e.bytes, e.bytes_sent, received].map(grouped);
            [vec![e.address.clone()], numbers.to_vec()].concat()
        });
        page.table(&["<address", "flows", "packets", "bytes", "sent", "received"], rows.collect());
        uncertain(talkers.endpoints_uncertain_bytes, page);
    }
}

fn uncertain(missed: u64, page: &mut Page) {
    if missed > 0 {
        page.line(&format!(
            "there are too many to count all: up to {} more for each",
            bytes(missed)
        ));
    }
}

/// Everything that is not as it should be.
fn losses(info: &CaptureInfo, page: &mut Page) {
    let account = &info.account.account;
    let mut rows = Vec::new();
    let mut add = |count: u64, what: &str| {
        if count > 0 {
            rows.push(vec![grouped(count), what.to_string()]);
        }
    };
    add(info.statistics.frames_clipped, "frames cut by the snap length");
    for (layer, count) in &account.frames_malformed {
        add(*count, &format!("frames with a damaged or cut header: {layer}"));
    }
    for (link, count) in &account.frames_unknown_link {
        add(*count, &format!("frames of a link type that is not decoded: {link}"));
    }
    for (layer, count) in &account.frames_not_ip {
        add(*count, &format!("frames without an IP packet: {layer}"));
    }
    add(account.fragments_unresolved, "IP fragments whose datagram stayed incomplete");
    add(account.clock_jumps_refused, "frames whose time jumped ahead alone");
    add(info.notes_dropped, "comments, names and secrets that were too much to keep");
    for (limit, count) in &account.limits_reached {
        add(*count, &format!("times a limit was reached: {limit}"));
    }
    let said = [("damaged", info.account.damage.as_slice()), ("warning", &info.account.warnings)];
    if rows.is_empty() && said.iter().all(|(_, texts)| texts.is_empty()) {
        return;
    }
    page.section("to know");
    page.table(&["", "<"], rows);
    for (kind, texts) in said {
        for text in texts {
            page.line(&format!("{kind}: {text}"));
        }
    }
}

/// Text with a margin, in which nothing from the capture can act on the terminal.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn heading(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}", safe(text));
    }

    fn section(&mut self, name: &str) {
        let _ = writeln!(self.text, "\n  {name}");
    }

    fn fact(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.text, "  {name:<14}{}", safe(value));
    }

    fn line(&mut self, text: &str) {
        let shown = text.trim_end().chars().take(LINE_CHARS_MAX).collect::<String>();
        let more = if shown.len() < text.trim_end().len() { "…" } else { "" };
        let _ = writeln!(self.text, "    {}{more}", safe(&shown));
    }

    fn more(&mut self, count: usize, shown: usize) {
        if count > shown {
            self.line(&format!("and {} more", grouped((count - shown) as u64)));
        }
    }

    /// A table without the columns that are empty throughout. Titles of columns whose texts begin
    /// at the left have a `<` before them; a table whose titles are all empty has no header.
    fn table(&mut self, titles: &[&str], rows: Vec<Vec<String>>) {
        let is_left = |column: usize| titles[column].starts_with('<');
        let header = titles.iter().map(|title| title.trim_start_matches('<').to_string());
        let mut lines = vec![header.collect::<Vec<_>>()];
        lines.extend(rows.into_iter().map(|row| row.iter().map(|cell| safe(cell)).collect()));
        if lines[0].iter().all(String::is_empty) {
            lines.remove(0);
        }
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
        let is_used = |column: &usize| {
            lines.iter().skip(1).any(|line| !line[*column].is_empty()) || lines.len() == 1
        };
        let columns = (0..titles.len()).filter(is_used).collect::<Vec<_>>();
        for line in &lines {
            let mut text = String::from("  ");
            for column in &columns {
                let (cell, width) = (&line[*column], width(*column).unwrap_or(0));
                let _ = if is_left(*column) {
                    write!(text, "  {cell:<width$}")
                } else {
                    write!(text, "  {cell:>width$}")
                };
            }
            let _ = writeln!(self.text, "{}", text.trim_end());
        }
    }
}

/// What could act on the terminal, or hide, is shown by its number.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

fn counts(counts: &BTreeMap<String, u64>) -> Vec<Vec<String>> {
    counts.iter().map(|(name, count)| vec![name.clone(), grouped(*count)]).collect()
}

fn bytes(count: u64) -> String {
    format!("{} bytes", grouped(count))
}

/// A number with as many digits as say something.
fn decimal(number: f64) -> String {
    if number >= 1_000.0 { grouped(number.round() as u64) } else { format!("{number:.1}") }
}

fn bit_rate(bits: f64) -> String {
    let units = [(1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")];
    match units.into_iter().find(|(unit, _)| bits >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bits / unit),
        None => format!("{bits:.1} bit/s"),
    }
}

/// Comments on a page at most; JSON has them all.
const COMMENTS_SHOWN: usize = 20;
/// Characters of a comment or message on a page at most.
const LINE_CHARS_MAX: usize = 500;
/// Rows of headers on a page at most; JSON has them all.
const LEVELS_SHOWN: usize = 100;
