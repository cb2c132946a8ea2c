//! Protocols that the user declares: a directory of YAML files.

use std::fs;
use std::path::Path;

use flowloom_protocols::Registry;
use flowloom_protocols::declared::Library;

use crate::ConfigError;

/// The protocols there are, and those that the files of a directory (`.yaml`, `.yml`) declare.
pub fn read_protocols(directory: &Path) -> Result<Registry, ConfigError> {
    let cannot = |path: &Path, error: &dyn std::fmt::Display| {
        ConfigError(format!("cannot read {}: {error}", path.display()))
    };
    let entries = fs::read_dir(directory).map_err(|error| cannot(directory, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot(directory, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        let text = format!("{} has no definitions: files that end in .yaml", directory.display());
        return Err(ConfigError(text));
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| cannot(&path, &error))?;
        files.push((path.display().to_string(), text));
    }
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let library = Library::parse(&files.collect::<Vec<_>>())
        .map_err(|error| ConfigError(error.to_string()))?;
    Ok(Registry::with(&library))
}
