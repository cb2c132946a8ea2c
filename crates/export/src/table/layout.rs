//! Cells to lines: which columns fit, how wide they are, where texts are cut.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Terminal;

/// A column as it is shown.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) title: String,
    pub(super) align: Align,
    /// Where a text that is too long loses characters.
    pub(super) cut: Cut,
    /// How narrow it may become where it can be cut.
    pub(super) least: usize,
    /// Columns of a high rank leave first, those of one rank together; rank 0 stays.
    pub(super) rank: usize,
    /// What stands between it and the column before.
    pub(super) gap: &'static str,
    pub(super) style: Style,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Never,
    End,
    Middle,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Dim,
    Bold,
    /// By the name of the protocol in the cell.
    Protocol,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            title: String::new(),
            align: Align::Left,
            cut: Cut::Never,
            least: 0,
            rank: 0,
            gap: "  ",
            style: Style::Plain,
        }
    }
}

impl Shown {
    pub(super) fn named(&self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self.clone() }
    }
}

impl Style {
    /// The text in this style (ECMA-48, section 8.3.117).
    pub(super) fn paint(self, text: &str) -> String {
        let code = match self {
            Self::Plain => "",
            Self::Dim => "2",
            Self::Bold => "1",
            Self::Protocol => match text.trim_end() {
                "TCP" => "36",
                "UDP" => "32",
                "ICMP" | "ICMPv6" => "35",
                _ => "33",
            },
        };
        if code.is_empty() || text.trim().is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Appends a header and a line for each row; gives the columns that are shown, and how many did not
/// fit.
pub(super) fn lay_out(
    columns: &[Shown],
    rows: &[Vec<String>],
    terminal: &Terminal,
    text: &mut String,
) -> (Vec<usize>, usize) {
    let natural: Vec<usize> = (0..columns.len())
        .map(|i| rows.iter().map(|row| row[i].width()).max().unwrap_or(0))
        .zip(columns)
        .map(|(width, column)| match width {
            // Nothing in it, and nobody asked for it.
            0 if column.rank > 0 && !terminal.all_columns => 0,
            _ => width.max(column.title.width()),
        })
        .collect();
    let plan = match terminal.width {
        Some(width) => fit(columns, &natural, width),
        None => natural.iter().copied().enumerate().filter(|(_, width)| *width > 0).collect(),
    };
    let header: Vec<String> = columns.iter().map(|column| column.title.clone()).collect();
    line(columns, &plan, &header, Some(Style::Bold), terminal.color, text);
    for row in rows {
        line(columns, &plan, row, None, terminal.color, text);
    }
    let missing = natural.iter().filter(|width| **width > 0).count() - plan.len();
    (plan.into_iter().map(|(column, _)| column).collect(), missing)
}

/// The columns that fit, with their widths: first those of low rank as narrow as they may be, then
/// the room that is left is given to those that want it.
fn fit(columns: &[Shown], natural: &[usize], width: usize) -> Vec<(usize, usize)> {
    let least: Vec<usize> = columns
        .iter()
        .zip(natural)
        .map(|(column, &natural)| match column.cut {
            Cut::Never => natural,
            _ => natural.min(column.least.max(column.title.width())),
        })
        .collect();
    let mut ranks: Vec<usize> = columns.iter().map(|column| column.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut chosen = vec![false; columns.len()];
    let taken = |chosen: &[bool]| -> usize {
        let inside = (0..columns.len()).filter(|&i| chosen[i]);
        inside
            .enumerate()
            .map(|(n, i)| least[i] + if n > 0 { columns[i].gap.width() } else { 0 })
            .sum()
    };
    for rank in ranks {
        let mut with = chosen.clone();
        let of_rank = (0..columns.len()).filter(|&i| columns[i].rank == rank && natural[i] > 0);
        of_rank.for_each(|i| with[i] = true);
        if rank == 0 || taken(&with) <= width {
            chosen = with;
        }
    }
    let total = taken(&chosen);
    let mut plan: Vec<(usize, usize)> =
        (0..columns.len()).filter(|&i| chosen[i]).map(|i| (i, least[i])).collect();
    if total > width {
        squeeze(&mut plan, total - width);
    } else {
        widen(&mut plan, natural, width - total);
    }
    plan
}

/// Gives room, a character at a time, to the narrowest of those that are cut.
fn widen(plan: &mut [(usize, usize)], natural: &[usize], room: usize) {
    for _ in 0..room {
        let wanting = plan.iter_mut().filter(|(i, width)| *width < natural[*i]);
        let Some((_, width)) = wanting.min_by_key(|(_, width)| *width) else { return };
        *width += 1;
    }
}

/// Takes room from the widest: a terminal narrower than anything sensible.
fn squeeze(plan: &mut [(usize, usize)], excess: usize) {
    for _ in 0..excess {
        let Some((_, width)) = plan.iter_mut().max_by_key(|(_, width)| *width) else { return };
        *width = width.saturating_sub(1).max(1);
    }
}

fn line(
    columns: &[Shown],
    plan: &[(usize, usize)],
    cells: &[String],
    style: Option<Style>,
    color: bool,
    text: &mut String,
) {
    let is_header = style.is_some();
    for (n, &(i, width)) in plan.iter().enumerate() {
        let column = &columns[i];
        if n > 0 {
            let gap = if is_header { &" ".repeat(column.gap.width()) } else { column.gap };
            text.push_str(&if color { Style::Dim.paint(gap) } else { gap.to_owned() });
        }
        let cell = cut(&cells[i], width, if is_header { Cut::End } else { column.cut });
        let room = width.saturating_sub(cell.width());
        let painted = if color { style.unwrap_or(column.style).paint(&cell) } else { cell };
        match column.align {
            Align::Left if n + 1 == plan.len() => text.push_str(&painted),
            Align::Left => text.push_str(&(painted + &" ".repeat(room))),
            Align::Right => text.push_str(&(" ".repeat(room) + &painted)),
        }
    }
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

/// The cell, no wider than `width`, with `…` where something is missing.
fn cut(cell: &str, width: usize, at: Cut) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let tail_width = if at == Cut::Middle { (width - 1) / 2 } else { 0 };
    let mut tail = cell.len();
    let mut used = 0;
    for (start, c) in cell.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > tail_width {
            break;
        }
        tail = start;
    }
    let head_width = width - 1 - cell[tail..].width();
    let mut head = 0;
    let mut used = 0;
    for (start, c) in cell.char_indices() {
        used += c.width().unwrap_or(0);
        if used > head_width {
            break;
        }
        head = start + c.len_utf8();
    }
    format!("{}…{}", &cell[..head], &cell[tail..])
}
