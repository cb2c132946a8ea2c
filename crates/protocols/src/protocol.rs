//! What a protocol is: how it is recognised, and what parses it.

use std::fmt::Debug;

use flowloom_flow::Direction;

use crate::declared::DeclaredField;
use crate::{DatagramParser, StreamParser, Wants};

/// An application protocol. Found by content first, by port second, on any port.
pub trait Protocol: Debug + Send + Sync {
    /// Its name in lower case, as the column `application` and filters have it.
    fn name(&self) -> &str;

    /// The ports at which it is usually found.
    fn ports(&self, transport: Transport) -> &[u16];

    /// The fields that its declaration has; none for a protocol that is not declared.
    fn fields(&self) -> &[DeclaredField] {
        &[]
    }

    /// Whether this can be the beginning of what a side says.
    fn probe(&self, opening: &Opening<'_>) -> Match;

    /// What parses it over TCP; none if it does not run there, or nothing of it is wanted.
    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        let _ = wants;
        None
    }

    /// What parses it over UDP; none if it does not run there, or nothing of it is wanted.
    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        let _ = wants;
        None
    }
}

/// What carries a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP, in order.
    Tcp,
    /// UDP and UDP-Lite.
    Udp,
}

/// The first bytes that a side said, or a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// What carries them.
    pub transport: Transport,
    /// Which side said them.
    pub direction: Direction,
    /// The bytes.
    pub bytes: &'a [u8],
    /// How many there were; more than `bytes` holds if the capture cut a datagram.
    pub len: usize,
    /// The ports of the initiator and of the other side.
    pub ports: [u16; 2],
}

impl Opening<'_> {
    /// Whether one of the ports is one of these.
    pub fn is_at(&self, ports: &[u16]) -> bool {
        self.ports.iter().any(|port| ports.contains(port))
    }
}

/// Whether some bytes are a protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// They are: chance would hardly make them.
    Yes,
    /// They could be; to be believed at one of the protocol's ports.
    Maybe,
    /// Hardly anything in them speaks for it, and nothing against it: where a flow's first datagram is
    /// at one of the protocol's ports, the port tells.
    Possible,
    /// They cannot be.
    No,
    /// There are too few to tell.
    NeedMore,
}
