//! What a filter asks of a finished flow.

use flowloom_wire::{Address, Vlan};

use crate::words::{Value, Word};

/// What a filter asks of a finished flow.
pub trait FlowView {
    /// 4 or 6; 0 for a flow that is not of IP.
    fn ip_version(&self) -> u8;
    /// The initiator's address.
    fn src(&self) -> Address;
    /// The other side's address.
    fn dst(&self) -> Address;
    /// Source and destination port, for protocols that have ports.
    fn ports(&self) -> Option<(u16, u16)>;
    /// IP protocol number.
    fn protocol(&self) -> u8;
    /// VLAN tags of the key, outer first.
    fn vlans(&self) -> [Vlan; 2];
    /// Whether something the flow has for a word is as asked for: `is` is called with its value, or
    /// with the items of its list until one is; never if the flow has nothing for the word.
    fn any(&self, word: &Word, is: &mut dyn FnMut(Value<'_>) -> bool) -> bool;
}
