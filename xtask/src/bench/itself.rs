//! Beside itself: what threads bring, and what compression, output and many captures cost.

use std::path::Path;

use super::captures::MANY;
use super::measure::{Median, cpu, in_turn, peak, wall};
use super::{A, B, Lab, ROUNDS, line, path};

/// One thread and two.
pub(super) fn threads(lab: &Lab) -> Result<(), String> {
    let big = lab.big()?;
    for (name, options) in [("A", A), ("B", B)] {
        let with = |threads| lab.flows_as(&big, &[threads, "--format", "null"], options);
        let [one, two] = in_turn(&[with("-j1"), with("-j2")], ROUNDS)?;
        println!(
            "  {name}: {:.2} times as fast (wall), for {:.2} times the CPU time",
            Median::ratio(&one, &two, wall),
            Median::ratio(&two, &one, cpu),
        );
    }
    Ok(())
}

/// A compressed capture, against decompressing it and reading the plain one.
pub(super) fn gzip(lab: &Lab) -> Result<(), String> {
    let (big, compressed) = (lab.big()?, lab.gzip()?);
    let gzip = line(Path::new("gzip"), &[&["-dc", path(&compressed)]]);
    let commands = [lab.flows(&compressed, A), gzip, lab.flows(&big, A)];
    let [ours, gzip, plain] = in_turn(&commands, ROUNDS)?;
    let apart = gzip.iter().zip(&plain).map(|(gzip, plain)| gzip.cpu + plain.cpu);
    let ratio = Median::of(ours.iter().zip(apart).map(|(ours, apart)| ours.cpu / apart));
    println!("  A, compressed / (gzip -dc + plain), CPU time: {ratio:.2}");
    let [ours, gzip, plain] = [ours, gzip, plain].map(|runs| Median::about(&runs, cpu));
    println!("  {ours:.2} s / ({gzip:.2} s + {plain:.2} s)");
    Ok(())
}

/// All of B in a Parquet file.
pub(super) fn parquet(lab: &Lab) -> Result<(), String> {
    let big = lab.big()?;
    let file = lab.work.join("b.parquet");
    let written = lab.flows_as(&big, &["-j1", "-o", path(&file)], B);
    let [written, nowhere] = in_turn(&[written, lab.flows(&big, B)], ROUNDS)?;
    let megabytes = std::fs::metadata(&file).map_or(f64::NAN, |file| file.len() as f64 / 1e6);
    println!("  B, Parquet / nowhere, CPU time: {:.2}", Median::ratio(&written, &nowhere, cpu));
    println!(
        "  {:.2} s / {:.2} s; {megabytes:.1} MB; peak {:.0} MiB / {:.0} MiB",
        Median::about(&written, cpu),
        Median::about(&nowhere, cpu),
        Median::about(&written, peak),
        Median::about(&nowhere, peak),
    );
    Ok(())
}

/// What a capture costs besides its frames.
pub(super) fn many(lab: &Lab) -> Result<(), String> {
    let (many, one) = lab.many()?;
    let [many, one] = in_turn(&[lab.flows(&many, A), lab.flows(&one, A)], ROUNDS_OF_MANY)?;
    println!("  A, {MANY} captures / one, CPU time: {:.2}", Median::ratio(&many, &one, cpu));
    let each = many.iter().zip(&one).map(|(many, one)| (many.cpu - one.cpu) / MANY as f64 * 1e6);
    println!("  {:.0} µs more for each capture", Median::of(each));
    println!(
        "  {:.2} s / {:.2} s; peak {:.0} MiB / {:.0} MiB",
        Median::about(&many, cpu),
        Median::about(&one, cpu),
        Median::about(&many, peak),
        Median::about(&one, peak),
    );
    Ok(())
}

const ROUNDS_OF_MANY: usize = 3;
