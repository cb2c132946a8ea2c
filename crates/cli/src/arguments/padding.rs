//! What can be typed about arrays of one length.

use clap::{Args, ValueEnum};
use flowloom_engine::{Number, Padding, PaddingKeep, PaddingSide};

#[derive(Debug, Args)]
pub(crate) struct PaddingArguments {
    /// With npz: items of each row of an array
    #[arg(long, value_name = "N", default_value_t = Padding::default().length)]
    pub(crate) length: usize,
    /// With npz: what stands where a list has no more items; the array `lengths` says where that is
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) pad: f64,
    /// With npz: the side on which it stands
    #[arg(long, value_enum, default_value_t)]
    pub(crate) side: SideArgument,
    /// With npz: the items that are kept of longer lists
    #[arg(long, value_enum, default_value_t)]
    pub(crate) keep: KeepArgument,
    /// With npz: type of the items of arrays, such as int8, int32, int64, float32 [default: that of
    /// each list]. What it does not hold is an error
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
    pub(crate) fn padding(&self) -> Padding {
        Padding {
            length: self.length,
            pad: self.pad,
            side: match self.side {
                SideArgument::Right => PaddingSide::Right,
                SideArgument::Left => PaddingSide::Left,
            },
            keep: match self.keep {
                KeepArgument::First => PaddingKeep::First,
                KeepArgument::Last => PaddingKeep::Last,
            },
            number: self.dtype,
        }
    }
}
