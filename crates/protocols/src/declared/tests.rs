//! Definitions and messages.

mod fields;
mod guide;
mod loading;
mod shipped;

use super::run::{Reading, read};
use super::{Library, LoadError};

/// What a definition reads of a message, as JSON of its layers.
fn read_with(definition: &str, message: &[u8]) -> String {
    let reading = reading(definition, message);
    let mut json = String::new();
    for (name, fields) in &reading.layers {
        json.push_str(name);
        fields.write_json(&mut json, usize::MAX);
    }
    json
}

fn reading(definition: &str, message: &[u8]) -> Reading {
    let library = load(definition).unwrap_or_else(|error| panic!("{error}"));
    let protocol = library.all().next().expect("the first is the one that was given");
    let (program, start) = protocol.program();
    read(program, start, message)
}

fn load(definition: &str) -> Result<Library, LoadError> {
    Library::parse(&[("test.yaml", definition)])
}
