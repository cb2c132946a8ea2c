//! The native module `flowloom._native`: few and coarse calls, which the Python package around it
//! documents, checks and completes.
//!
//! Tables stay as Arrow has them and cross over without a copy ([`table`]); runs are on threads of
//! their own, while the calling one waits for results and signals ([`feed`]).

mod array;
mod errors;
mod feed;
mod frames;
mod job;
mod long;
mod options;
mod reader;
mod rerun;
mod table;
mod tools;
mod units;

use mimalloc::MiMalloc;
use pyo3::prelude::*;

/// Flows come and go by the million, on several threads: the system's allocator is twice as slow.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<array::Array>()?;
    module.add_class::<array::Buffer>()?;
    module.add_class::<frames::Frames>()?;
    module.add_class::<job::Job>()?;
    module.add_class::<reader::Reader>()?;
    module.add_class::<units::Packets>()?;
    module.add_class::<units::Parts>()?;
    module.add_class::<table::Table>()?;
    module.add_function(wrap_pyfunction!(reader::read, module)?)?;
    module.add_function(wrap_pyfunction!(reader::read_traces, module)?)?;
    module.add_function(wrap_pyfunction!(reader::stream, module)?)?;
    module.add_function(wrap_pyfunction!(rerun::recorded, module)?)?;
    module.add_function(wrap_pyfunction!(rerun::rerun, module)?)?;
    module.add_function(wrap_pyfunction!(long::long, module)?)?;
    module.add_function(wrap_pyfunction!(tools::inspect, module)?)?;
    module.add_function(wrap_pyfunction!(tools::split, module)?)?;
    module.add_function(wrap_pyfunction!(tools::index, module)?)?;
    module.add_function(wrap_pyfunction!(tools::extract, module)?)?;
    module.add_function(wrap_pyfunction!(tools::rewrite, module)?)?;
    module.add_function(wrap_pyfunction!(tools::anonymize, module)?)?;
    module.add_function(wrap_pyfunction!(units::open_packets, module)?)?;
    module.add_function(wrap_pyfunction!(units::save_packets, module)?)?;
    module.add_function(wrap_pyfunction!(units::open_streams, module)?)?;
    module.add_function(wrap_pyfunction!(units::save_streams, module)?)?;
    module.add_function(wrap_pyfunction!(catalogue, module)?)?;
    module.add_function(wrap_pyfunction!(frames::dissect, module)?)?;
    module.add_function(wrap_pyfunction!(frames::read_frames, module)?)?;
    module.add_function(wrap_pyfunction!(table::load, module)?)?;
    module.add_function(wrap_pyfunction!(table::from_ipc, module)?)
}

/// The catalogue of columns, as JSON.
#[pyfunction]
fn catalogue() -> String {
    flowloom_engine::catalogue_json(&flowloom_engine::set_sections())
}
