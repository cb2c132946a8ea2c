//! `flowloom features`: the catalogue of columns.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use flowloom_engine::{SETS, catalogue};

use crate::arguments::{CatalogueFormat, FeaturesArguments};

pub(crate) fn features(arguments: &FeaturesArguments) -> Result<ExitCode, Box<dyn Error>> {
    let known = |name: &String| SETS.iter().any(|set| set.name == name);
    if let Some(name) = arguments.sets.iter().find(|name| !known(name)) {
        let names = SETS.iter().map(|set| set.name).collect::<Vec<_>>().join(", ");
        return Err(format!("no feature set `{name}`; there are {names}").into());
    }
    let wanted = |family: &str| {
        arguments.sets.is_empty() || arguments.sets.iter().any(|name| name == family)
    };
    let columns =
        catalogue().into_iter().filter(|column| wanted(column.family)).collect::<Vec<_>>();
    let text = match arguments.format {
        CatalogueFormat::Text => flowloom_engine::catalogue_text(&columns),
        CatalogueFormat::Markdown => flowloom_engine::catalogue_markdown(&columns),
        CatalogueFormat::Json => flowloom_engine::catalogue_json(&columns),
    };
    // A reader that has seen enough, as `head`, is no failure.
    drop(std::io::stdout().write_all(text.as_bytes()));
    Ok(ExitCode::SUCCESS)
}
