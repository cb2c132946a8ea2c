//! `flowloom features`: the catalogue of columns.

use std::error::Error;
use std::process::ExitCode;

use flowloom_engine::{Section, check_set, event_sections, set_sections, trace_section};

use crate::arguments::{CatalogueFormat, FeaturesArguments};
use crate::report;

pub(crate) fn features(arguments: &FeaturesArguments) -> Result<ExitCode, Box<dyn Error>> {
    if arguments.logs {
        return report::shown(&flowloom_engine::log_guide());
    }
    let (what, all) = if arguments.traces {
        ("table", vec![trace_section()])
    } else if arguments.events {
        ("event table", event_sections())
    } else {
        arguments.sets.iter().try_for_each(|name| check_set(name))?;
        ("feature set", set_sections())
    };
    let known = |name: &String| all.iter().any(|section| section.name == name);
    if let Some(name) = arguments.sets.iter().find(|name| !known(name)) {
        let names = all.iter().map(|section| section.name).collect::<Vec<_>>().join(", ");
        return Err(format!("no {what} `{name}`; there are {names}").into());
    }
    let wanted = |section: &Section| {
        arguments.sets.is_empty() || arguments.sets.iter().any(|name| name == section.name)
    };
    let sections = all.into_iter().filter(wanted).collect::<Vec<_>>();
    let text = match arguments.format {
        CatalogueFormat::Text => flowloom_engine::catalogue_text(&sections),
        CatalogueFormat::Markdown => flowloom_engine::catalogue_markdown(&sections),
        CatalogueFormat::Json => flowloom_engine::catalogue_json(&sections),
    };
    report::shown(&text)
}
