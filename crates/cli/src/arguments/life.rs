//! What can be typed about flows: when they end, and who opened them.

use clap::Args;
use flowloom_engine::Network;

use super::{InitiatorArgument, KeyPart};
use crate::parse::duration;

#[derive(Debug, Args)]
pub(crate) struct FlowArguments {
    #[command(flatten)]
    pub(crate) life: LifeArguments,
    /// Who is the initiator: by the protocol's handshake, or always the first packet's sender
    #[arg(long, value_enum, default_value_t)]
    pub(crate) initiator: InitiatorArgument,
    /// Make the endpoint inside this network the initiator
    #[arg(long, value_name = "NET", conflicts_with = "initiator")]
    pub(crate) client: Option<Network>,
}

#[derive(Debug, Args)]
pub(crate) struct LifeArguments {
    /// One row per key: flows are never split by time or by what TCP says
    #[arg(long, conflicts_with_all = ["tcp_idle", "idle", "active", "linger"])]
    pub(crate) no_split: bool,
    /// Silence that ends a TCP flow
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "300s")]
    pub(crate) tcp_idle: i64,
    /// Silence that ends any other flow
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "60s")]
    pub(crate) idle: i64,
    /// Age that ends a flow however busy it is
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "1800s")]
    pub(crate) active: i64,
    /// How long a closed TCP flow still takes late packets
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "5s")]
    pub(crate) linger: i64,
    /// Leave VLAN tags or virtual networks out of the flow key, for asymmetric taps
    #[arg(long, value_name = "WHAT,...", value_delimiter = ',')]
    pub(crate) key_ignore: Vec<KeyPart>,
    /// Flows in memory at most; beyond it, the flow nearest to its timeout is evicted
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    pub(crate) flows_max: usize,
}
