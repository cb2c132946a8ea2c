//! The headers around a packet that was put together from fragments of a tunnel's packet: as if that
//! had come in one piece.

use flowloom_capture::Frame;
use flowloom_wire::{Layer, LayerStack, Layers as _, Options, Packet, TunnelPath, decode};

/// Headers up to the innermost IP header, those of the frame first.
#[derive(Debug, Default)]
pub(crate) struct Around {
    bytes: Vec<u8>,
    layers: LayerStack,
}

impl Around {
    /// The headers of a frame that has a fragment.
    pub(crate) fn frame(frame: &Frame, data: &[u8], options: Options) -> Self {
        let (mut layers, mut packet) = (LayerStack::new(), Packet::default());
        decode(frame.link, data, frame.original, &options, &mut layers, &mut packet);
        let mut around = Self::default();
        around.add(data, &layers, packet.trans_offset);
        around
    }

    /// Goes on with the headers that a datagram begins with: those before byte `end` of it.
    pub(crate) fn add(&mut self, payload: &[u8], layers: &LayerStack, end: u32) {
        let begin = self.len();
        for (layer, at) in layers.spans().iter().filter(|(_, at)| *at < end) {
            self.layers.layer(*layer, begin + *at as usize);
        }
        self.bytes.extend_from_slice(payload.get(..end as usize).unwrap_or(payload));
    }

    /// How many bytes they are.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Their bytes, one header after the other.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The tunnels among them.
    pub(crate) fn tunnel(&self) -> String {
        TunnelPath::new(&self.bytes, self.layers).to_string()
    }
}

/// Whether an IP header is among the headers of a datagram: it holds the packet of a tunnel.
pub(crate) fn has_ip(layers: &LayerStack) -> bool {
    layers.spans().iter().any(|(layer, _)| matches!(layer, Layer::Ipv4 | Layer::Ipv6))
}
