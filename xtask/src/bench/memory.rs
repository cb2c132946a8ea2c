//! Memory depends on the flows that are open, not on how long a capture is.

use super::captures::COPIES;
use super::measure::{Median, in_turn, peak};
use super::{A, B, Lab};

/// A capture, and one many times as long with a flow that is open from its first frame to its last.
pub(super) fn long(lab: &Lab) -> Result<(), String> {
    let (big, long) = (lab.big()?, lab.long()?);
    for (name, options) in [("A", A), ("B", B)] {
        // Else the long flow would be cut.
        let options = &[options, &["--active", "1000000s"]].concat();
        let [big, long] = in_turn(&[lab.flows(&big, options), lab.flows(&long, options)], 1)?;
        println!(
            "  {name}: peak {:.0} MiB, {COPIES} times as long {:.0} MiB",
            Median::about(&big, peak).middle,
            Median::about(&long, peak).middle,
        );
    }
    Ok(())
}
