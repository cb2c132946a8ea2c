//! Parts in parts: none in itself, none too deep; and the names that fields have through them.

use super::super::LoadError;
use super::super::program::Program;
use super::super::shown::{ShownField, ShownKind, ShownLayer};
use super::{DeclaredField, FieldKind};

/// One definition uses another as a part.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) user: usize,
    pub(super) part: usize,
    pub(super) file: String,
    pub(super) line: u64,
}

/// A field as it is declared.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) name: String,
    /// What it holds; nothing if it is only shown.
    pub(super) kind: Option<FieldKind>,
    pub(super) doc: String,
    pub(super) tshark: Option<String>,
    pub(super) shown: ShownKind,
    /// The part it is of, and whether its fields take the place of the field.
    pub(super) part: Option<(usize, bool)>,
}

/// That every definition can be read with parts in parts, but not for ever.
pub(super) fn check(program: &Program, uses: &[Use]) -> Result<(), LoadError> {
    let mut of = vec![Vec::new(); program.len()];
    for used in uses {
        of[used.user].push(used);
    }
    let mut depths = vec![None; program.len()];
    for at in 0..program.len() {
        depth(at, program, &of, &mut depths, &mut Vec::new())?;
    }
    Ok(())
}

/// How deep the parts of a definition go.
fn depth(
    at: usize,
    program: &Program,
    uses: &[Vec<&Use>],
    depths: &mut [Option<usize>],
    path: &mut Vec<usize>,
) -> Result<usize, LoadError> {
    if let Some(depth) = depths[at] {
        return Ok(depth);
    }
    path.push(at);
    let mut deepest = 0;
    for used in &uses[at] {
        if path.contains(&used.part) {
            let chain = path.iter().chain([&used.part]).map(|at| &*program[*at].name);
            let chain = chain.collect::<Vec<_>>().join(" > ");
            let reason = format!("a part has itself as a part: {chain}");
            return Err(LoadError::new(&used.file, used.line, reason));
        }
        let below = if path.len() > DEPTH_MAX {
            DEPTH_MAX
        } else {
            depth(used.part, program, uses, depths, path)?
        };
        deepest = deepest.max(below + 1);
        if deepest > DEPTH_MAX {
            let reason = format!("parts are nested deeper than {DEPTH_MAX}");
            return Err(LoadError::new(&used.file, used.line, reason));
        }
    }
    path.pop();
    depths[at] = Some(deepest);
    Ok(deepest)
}

/// All fields a message of a definition can have.
pub(super) fn describe(
    program: &Program,
    descriptions: &[Vec<Description>],
    definition: usize,
) -> Vec<DeclaredField> {
    let mut lister = Lister { program, descriptions, steps: STEPS_MAX, fields: Vec::new() };
    lister.list(definition, "", None);
    lister.fields
}

struct Lister<'p> {
    program: &'p Program,
    descriptions: &'p [Vec<Description>],
    /// Descriptions that may still be looked at: the same part can be reached in many ways.
    steps: usize,
    fields: Vec<DeclaredField>,
}

impl Lister<'_> {
    fn list(&mut self, definition: usize, prefix: &str, kind: Option<FieldKind>) {
        for description in &self.descriptions[definition] {
            if self.steps == 0 {
                return;
            }
            self.steps -= 1;
            let Some(holds) = description.kind else { continue };
            let name = format!("{prefix}{}", description.name);
            match description.part {
                Some((part, true)) if holds == FieldKind::List => {
                    self.list(part, prefix, Some(FieldKind::List));
                }
                Some((part, true)) => self.list(part, prefix, kind),
                part => {
                    let kind = kind.unwrap_or(holds);
                    let below = format!("{name}.");
                    let doc = description.doc.clone();
                    if !description.name.starts_with('_') {
                        self.add(DeclaredField { name, kind, doc });
                    }
                    // Those in a list have no path.
                    if let (Some((part, _)), FieldKind::Fields) = (part, kind) {
                        self.list(part, &below, None);
                    }
                }
            }
        }
        for index in following(self.program, definition, true) {
            self.list(index, prefix, kind);
        }
    }

    fn add(&mut self, field: DeclaredField) {
        let is_known = self.fields.iter().any(|known| known.name == field.name);
        if !is_known && self.fields.len() < FIELDS_MAX {
            self.fields.push(field);
        }
    }
}

/// What can follow a definition, if it is merged with it, or if it is not.
fn following(
    program: &Program,
    definition: usize,
    is_merged: bool,
) -> impl Iterator<Item = usize> + '_ {
    let next = program[definition].next.as_ref().filter(move |next| next.merge == is_merged);
    next.into_iter().flat_map(|next| {
        let mapped = next.mapping.iter().map(|(_, index)| *index);
        let by_content = next.heuristics.iter().map(|(index, _)| *index);
        mapped.chain(by_content).chain(next.default)
    })
}

/// The definitions that are layers by themselves, with all fields as they are shown.
pub(super) fn show(
    program: &Program,
    descriptions: &[Vec<Description>],
    protocols: &[(usize, ShownLayer)],
) -> Vec<(usize, ShownLayer)> {
    let mut layers = protocols.to_vec();
    for definition in 0..program.len() {
        for part in following(program, definition, false) {
            if !layers.iter().any(|(known, _)| *known == part) {
                let name = program[part].name.to_string();
                layers.push((part, ShownLayer { name, doc: String::new(), fields: Vec::new() }));
            }
        }
    }
    for (definition, layer) in &mut layers {
        let mut shower = Shower { program, descriptions, steps: STEPS_MAX, fields: Vec::new() };
        shower.list(*definition, "");
        layer.fields = shower.fields;
    }
    layers
}

/// Lists fields as they are shown, also those of the items of lists.
struct Shower<'p> {
    program: &'p Program,
    descriptions: &'p [Vec<Description>],
    steps: usize,
    fields: Vec<ShownField>,
}

impl Shower<'_> {
    fn list(&mut self, definition: usize, prefix: &str) {
        for description in &self.descriptions[definition] {
            if self.steps == 0 {
                return;
            }
            self.steps -= 1;
            let path = format!("{prefix}{}", description.name);
            if let Some((part, true)) = description.part {
                self.list(part, prefix);
                continue;
            }
            let below = format!("{path}.");
            let Description { tshark, doc, shown: kind, .. } = description;
            // What only helps to read the rest is shown where tshark shows it.
            let is_shown = tshark.is_some() || !description.name.starts_with('_');
            let is_known = self.fields.iter().any(|known| known.path == path);
            if is_shown && !is_known && self.fields.len() < FIELDS_MAX {
                let (tshark, doc) = (tshark.clone(), doc.clone());
                self.fields.push(ShownField { path, tshark, kind: *kind, doc });
            }
            if let Some((part, false)) = description.part {
                self.list(part, &below);
            }
        }
        for index in following(self.program, definition, true) {
            self.list(index, prefix);
        }
    }
}

/// Parts in parts.
const DEPTH_MAX: usize = 12;
/// Descriptions that are looked at for the list of fields.
const STEPS_MAX: usize = 16_384;
/// Fields of a protocol with all its parts.
const FIELDS_MAX: usize = 1_024;
