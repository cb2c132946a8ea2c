//! Parts in parts: none in itself, none too deep; and the names that fields have through them.

use super::super::LoadError;
use super::super::program::Program;
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
    pub(super) field: DeclaredField,
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
            let field = &description.field;
            let name = format!("{prefix}{}", field.name);
            match description.part {
                Some((part, true)) if field.kind == FieldKind::List => {
                    self.list(part, prefix, Some(FieldKind::List));
                }
                Some((part, true)) => self.list(part, prefix, kind),
                part => {
                    let kind = kind.unwrap_or(field.kind);
                    let below = format!("{name}.");
                    let doc = field.doc.clone();
                    if !field.name.starts_with('_') {
                        self.add(DeclaredField { name, kind, doc });
                    }
                    // Those in a list have no path.
                    if let (Some((part, _)), FieldKind::Fields) = (part, kind) {
                        self.list(part, &below, None);
                    }
                }
            }
        }
        let Some(next) = self.program[definition].next.as_ref().filter(|next| next.merge) else {
            return;
        };
        let mapped = next.mapping.iter().map(|(_, index)| *index);
        let by_content = next.heuristics.iter().map(|(index, _)| *index);
        for index in mapped.chain(by_content).chain(next.default) {
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

/// Parts in parts.
const DEPTH_MAX: usize = 12;
/// Descriptions that are looked at for the list of fields.
const STEPS_MAX: usize = 16_384;
/// Fields of a protocol with all its parts.
const FIELDS_MAX: usize = 1_024;
