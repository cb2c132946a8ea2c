//! Writing down facts within the limits.

use crate::facts::{Comment, Facts, Interface, Name, Secret, Section, Statistics, Warning};
use crate::limits::Limits;

/// The facts of one input, and what may still be added to them.
#[derive(Debug)]
pub(crate) struct Notebook {
    pub(crate) facts: Facts,
    pub(crate) limits: Limits,
    pub(crate) input: String,
    notes_bytes: usize,
    secrets_bytes: usize,
}

impl Notebook {
    pub(crate) fn new(input: String, limits: Limits) -> Self {
        Self { facts: Facts::default(), limits, input, notes_bytes: 0, secrets_bytes: 0 }
    }

    /// Index of the interface from now on; `None` when there are too many.
    pub(crate) fn interface(&mut self, mut interface: Interface) -> Option<u16> {
        let index = u16::try_from(self.facts.interfaces.len()).ok()?;
        if usize::from(index) >= self.limits.interfaces_max {
            return None;
        }
        let Interface { name, description, filter, os, .. } = &mut interface;
        for text in [name, description, filter, os] {
            self.keep_if_allowed(text);
        }
        interface.options.retain(|option| self.allow(option.value.len()));
        self.facts.interfaces.push(interface);
        Some(index)
    }

    /// The last report on an interface counts.
    pub(crate) fn statistics(&mut self, interface: u16, mut statistics: Statistics) {
        statistics.options.retain(|option| self.allow(option.value.len()));
        if let Some(interface) = self.facts.interfaces.get_mut(usize::from(interface)) {
            interface.statistics = Some(statistics);
        }
    }

    pub(crate) fn section(&mut self, mut section: Section) {
        if !self.allow(0) {
            return;
        }
        let Section { hardware, os, application, .. } = &mut section;
        for text in [hardware, os, application] {
            self.keep_if_allowed(text);
        }
        section.options.retain(|option| self.allow(option.value.len()));
        self.facts.sections.push(section);
    }

    pub(crate) fn comment(&mut self, frame: u64, text: &[u8]) {
        if self.allow(text.len()) {
            let text = String::from_utf8_lossy(text).into_owned();
            self.facts.comments.push(Comment { frame, text });
        }
    }

    pub(crate) fn name(&mut self, name: Name) {
        if self.allow(name.name.len()) {
            self.facts.names.push(name);
        }
    }

    pub(crate) fn secret(&mut self, kind: u32, bytes: &[u8]) {
        let total = self.secrets_bytes.saturating_add(bytes.len() + NOTE_BYTES);
        if total > self.limits.secrets_bytes_max {
            self.facts.secrets_dropped += 1;
        } else {
            self.secrets_bytes = total;
            self.facts.secrets.push(Secret { kind, bytes: bytes.to_vec() });
        }
    }

    pub(crate) fn warn(&mut self, frame: u64, offset: u64, text: String) {
        self.copy_warning(Warning { input: self.input.clone(), frame, offset, text });
    }

    /// The same of what is to be said once, however often it comes.
    pub(crate) fn warn_once(&mut self, frame: u64, offset: u64, text: &str) {
        if self.facts.warnings.iter().all(|warning| warning.text != text) {
            self.warn(frame, offset, text.into());
        }
    }

    /// The first of several inputs; of others, a warning.
    pub(crate) fn damage(&mut self, damage: Warning) {
        match self.facts.damage {
            Some(_) => self.copy_warning(damage),
            None => self.facts.damage = Some(damage),
        }
    }

    pub(crate) fn copy_warning(&mut self, warning: Warning) {
        if self.facts.warnings.len() < self.limits.warnings_max {
            self.facts.warnings.push(warning);
        } else {
            self.facts.warnings_dropped += 1;
        }
    }

    fn keep_if_allowed(&mut self, text: &mut Option<String>) {
        if text.as_ref().is_some_and(|text| !self.allow(text.len())) {
            *text = None;
        }
    }

    /// Takes a text's share of the limit, or counts that there was none left.
    fn allow(&mut self, text_bytes: usize) -> bool {
        let total = self.notes_bytes.saturating_add(text_bytes + NOTE_BYTES);
        let allowed = total <= self.limits.notes_bytes_max;
        if allowed {
            self.notes_bytes = total;
        } else {
            self.facts.notes_dropped += 1;
        }
        allowed
    }
}

/// About what a note needs besides its text, so that empty notes are not free.
const NOTE_BYTES: usize = 64;
