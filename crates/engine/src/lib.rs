//! Wires it all: configuration, plan, pipeline, account.
//!
//! The only crate that knows all stages. [`run`] takes a [`Config`] and gives a [`Summary`]; the
//! command line and the Python package are shells around it. The pipeline is read top-down from
//! `run.rs`.

mod account;
mod anonymize;
mod catalogue;
mod choices;
mod config;
mod dedup;
mod definitions;
mod dissected;
mod endings;
mod info;
mod inputs;
mod labels;
mod new_directory;
mod packets;
mod pipe;
mod pipeline;
mod rewrite;
mod run;
mod settings_text;
mod source;
mod split;
mod streams;
mod traces;
mod watch;
mod words;

pub use account::{Account, CaptureAccount, Summary};
pub use anonymize::{
    Anonymization, AnonymizeSummary, AnonymizeTo, Anonymized, CryptoPan, Payload, anonymize,
};
pub use catalogue::{
    Section, catalogue_json, catalogue_markdown, catalogue_text, event_sections, set_sections,
    trace_section,
};
pub use choices::{APP_LAYERS, INITIATORS, OVERLAPS, POPULATIONS, key_ignore, value_of};
pub use config::{
    AppLayer, Config, ConfigError, DEFAULT_SETS, Order, Output, Window, check_set, did_you_mean,
};
pub use definitions::read_protocols;
pub use dissected::{DissectedLayer, FieldValue, dissected};
pub use endings::looks_like_capture;
pub use info::{
    CaptureInfo, CommentInfo, Conversation, Endpoint, FrameStatistics, InterfaceInfo,
    ProtocolCount, ProtocolLevel, SectionInfo, Talkers, inspect,
};
pub use inputs::{InputFile, find_each, find_inputs};
pub use labels::{LabelReport, Labels, SampleLabels};
pub use packets::{PacketFormat, PacketSettings, TakePackets, packets, packets_into};
pub use rewrite::{
    FrameRange, Pieces, Rewrite, RewriteSummary, Selection, Target, Written, rewrite,
};
pub use run::{RunError, run, run_into, tables};
pub use settings_text::{Given, MadeOf, Recorded, configured, is_ending};
pub use split::{
    Extract, ExtractTo, Extracted, FrameFile, Grouping, Split, SplitError, SplitSummary,
    StoredFrame, extract, index, split, stored_frames,
};
pub use streams::{
    Data, Shape, StreamFlow, StreamFormat, StreamLimits, StreamPart, Streams, StreamsSummary,
    StreamsTo, TakeParts, TakenCounts, View, What, take_streams, take_streams_into,
};
pub use traces::{Client, TraceLimits, Traces, trace_table, traces, traces_into};
pub use watch::Watch;
pub use words::flow_words;

// What a `Config` is made of, so that a shell needs no other crate.
pub use flowloom_capture::{
    Input, Limits as CaptureLimits, ReadError, Resolution, Scope, Sequence, WriteFormat,
};
pub use flowloom_dissect::{
    FieldInfo, FrameInput, Kind as FieldKind, KnownLayers, LayerInfo, Level,
};
pub use flowloom_export::{
    Destination, Existing, Format, Keep as PaddingKeep, Npz, Number, Padding,
    Settings as ExportSettings, Side as PaddingSide, SinkError, Terminal, harmless_json,
    is_invisible, partial_name,
};
pub use flowloom_features::{Anonymize, Events, LogLimits, SETS, Signs, catalogue};
pub use flowloom_filter::{Filter, ParseError};
pub use flowloom_flow::{
    Direction, Initiator, KeyIgnore, Limits as FlowLimits, Network, Overlap, Population,
    Settings as FlowSettings, Timeouts,
};
pub use flowloom_logs::guide as log_guide;
pub use flowloom_protocols::{Limits as SaidLimits, Registry};
pub use flowloom_schema::{Compression, Mac};
pub use flowloom_wire::{Address, Options as WireOptions};
