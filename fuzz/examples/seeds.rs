//! Writes the first inputs of a target: `seeds TARGET FOLDER CAPTURE...`.

use std::error::Error;
use std::{env, fs};

use flowloom_fuzz::seeds::{own_seeds, seeds};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (target, folder) =
        arguments.next().zip(arguments.next()).ok_or("TARGET FOLDER CAPTURE...")?;
    fs::create_dir_all(&folder)?;
    let mut all = own_seeds(&target);
    for capture in arguments {
        all.extend(seeds(&target, &fs::read(capture)?));
    }
    for (number, seed) in all.iter().enumerate() {
        fs::write(format!("{folder}/seed-{number:05}"), seed)?;
    }
    Ok(())
}
