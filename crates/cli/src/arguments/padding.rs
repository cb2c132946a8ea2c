//! What can be typed about arrays of one length.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use flowloom_engine::{Number, Padding, PaddingKeep, PaddingSide};

#[derive(Debug, Args)]
pub(crate) struct PaddingArguments {
    /// With npz: items of each row of an array [default: 5000; of bytes of packets --bytes-packets]
    #[arg(long, value_name = "N")]
    pub(crate) length: Option<NonZeroUsize>,
    /// With npz: what stands where a list has no more items; the array `lengths` says where that is
    /// [default: 0]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) pad: Option<f64>,
    /// With npz: the side on which it stands [default: right]
    #[arg(long, value_enum)]
    pub(crate) side: Option<SideArgument>,
    /// With npz: the items that are kept of longer lists [default: first]
    #[arg(long, value_enum)]
    pub(crate) keep: Option<KeepArgument>,
    /// With npz: type of the items of arrays, such as int8, int32, int64, float32 [default: that of
    /// each list]. What an integer type does not hold is an error; floats round
    #[arg(long, value_name = "TYPE")]
    pub(crate) dtype: Option<Number>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SideArgument {
    #[default]
    Right,
    Left,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepArgument {
    #[default]
    First,
    Last,
}

impl PaddingArguments {
    /// The first of them that was typed: they are of arrays alone.
    pub(crate) fn typed(&self) -> Option<&'static str> {
        let typed = [
            ("--length", self.length.is_some()),
            ("--pad", self.pad.is_some()),
            ("--side", self.side.is_some()),
            ("--keep", self.keep.is_some()),
            ("--dtype", self.dtype.is_some()),
        ];
        typed.into_iter().find(|(_, is_typed)| *is_typed).map(|(name, _)| name)
    }

    pub(crate) fn padding(&self) -> Padding {
        let usual = Padding::default();
        Padding {
            length: self.length.map_or(usual.length, NonZeroUsize::get),
            pad: self.pad.unwrap_or(usual.pad),
            side: match self.side.unwrap_or_default() {
                SideArgument::Right => PaddingSide::Right,
                SideArgument::Left => PaddingSide::Left,
            },
            keep: match self.keep.unwrap_or_default() {
                KeepArgument::First => PaddingKeep::First,
                KeepArgument::Last => PaddingKeep::Last,
            },
            number: self.dtype,
        }
    }
}
