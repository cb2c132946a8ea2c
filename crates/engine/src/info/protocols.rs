//! Which protocols the frames hold, and which carries which.

use flowloom_wire::Layer;
use serde::Serialize;

/// Frames with a header of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtocolCount {
    /// Its name.
    pub protocol: &'static str,
    /// Frames with at least one such header.
    pub frames: u64,
    /// Bytes of these frames on the wire.
    pub bytes: u64,
}

/// Frames that begin with certain headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtocolLevel {
    /// The headers, outermost first.
    pub path: Vec<&'static str>,
    /// Frames that begin with them, whatever follows.
    pub frames: u64,
    /// Bytes of these frames on the wire.
    pub bytes: u64,
}

/// Counts frames by their headers: a tree whose paths are the headers that were seen in a row.
#[derive(Debug)]
pub(super) struct Protocols {
    /// The first is the root, which stands for no header.
    nodes: Vec<Node>,
    counts: Vec<Count>,
    frames: u64,
    cut_frames: u64,
}

#[derive(Debug, Default)]
struct Node {
    layer: Layer,
    children: Vec<u32>,
    frames: u64,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Number of the last frame that was counted.
    last: u64,
    frames: u64,
    bytes: u64,
}

impl Default for Protocols {
    fn default() -> Self {
        let counts = vec![Count::default(); Layer::ALL.len()];
        Self { nodes: vec![Node::default()], counts, frames: 0, cut_frames: 0 }
    }
}

impl Protocols {
    /// Counts a frame with some headers and so many bytes.
    pub(super) fn add(&mut self, layers: impl Iterator<Item = Layer>, bytes: u64) {
        self.frames += 1;
        let mut at = Some(0);
        for layer in layers {
            let count = &mut self.counts[layer as usize];
            if count.last < self.frames {
                *count = Count {
                    last: self.frames,
                    frames: count.frames + 1,
                    bytes: count.bytes + bytes,
                };
            }
            at = at.and_then(|parent| self.child(parent, layer));
            if let Some(at) = at {
                let node = &mut self.nodes[at];
                node.frames += 1;
                node.bytes += bytes;
            }
        }
        self.cut_frames += u64::from(at.is_none());
    }

    /// Each protocol, the one with the most frames first.
    pub(super) fn counts(&self) -> Vec<ProtocolCount> {
        let counts = Layer::ALL.iter().zip(&self.counts).filter(|(_, count)| count.frames > 0);
        let mut counts = counts
            .map(|(layer, count)| ProtocolCount {
                protocol: layer.name(),
                frames: count.frames,
                bytes: count.bytes,
            })
            .collect::<Vec<_>>();
        counts.sort_by_key(|count| std::cmp::Reverse(count.frames));
        counts
    }

    /// Each row of headers, before those that go on from it; among equals the most frames first.
    pub(super) fn hierarchy(&self) -> Vec<ProtocolLevel> {
        let mut levels = Vec::new();
        self.descend(0, &mut Vec::new(), &mut levels);
        levels
    }

    /// Frames some of whose headers had no place in the tree.
    pub(super) fn cut_frames(&self) -> u64 {
        self.cut_frames
    }

    /// The node of a header after those of `parent`; none when the tree is full.
    fn child(&mut self, parent: usize, layer: Layer) -> Option<usize> {
        let children = &self.nodes[parent].children;
        let known = children.iter().find(|child| self.nodes[**child as usize].layer == layer);
        if let Some(known) = known {
            return Some(*known as usize);
        }
        if self.nodes.len() > NODES_MAX {
            return None;
        }
        let node = self.nodes.len();
        self.nodes[parent].children.push(node as u32);
        self.nodes.push(Node { layer, ..Node::default() });
        Some(node)
    }

    fn descend(&self, node: usize, path: &mut Vec<&'static str>, levels: &mut Vec<ProtocolLevel>) {
        let mut children = self.nodes[node].children.clone();
        children.sort_by_key(|child| std::cmp::Reverse(self.nodes[*child as usize].frames));
        for child in children {
            let Node { layer, frames, bytes, .. } = self.nodes[child as usize];
            path.push(layer.name());
            levels.push(ProtocolLevel { path: path.clone(), frames, bytes });
            self.descend(child as usize, path, levels);
            path.pop();
        }
    }
}

/// Rows of headers that are told apart at most.
const NODES_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use flowloom_wire::Layer;

    use super::{NODES_MAX, Protocols};

    #[test]
    fn frames_count_once_for_each_protocol_and_at_each_level() {
        let mut protocols = Protocols::default();
        let tcp = [Layer::Ethernet, Layer::Ipv4, Layer::Tcp];
        let tunnel = [Layer::Ethernet, Layer::Ipv4, Layer::Ipv4, Layer::Udp];
        protocols.add(tcp.into_iter(), 100);
        protocols.add(tunnel.into_iter(), 50);
        protocols.add(tcp.into_iter(), 10);
        protocols.add([].into_iter(), 1);
        let counts = protocols.counts();
        let counts = counts.iter().map(|count| (count.protocol, count.frames, count.bytes));
        let expected = [("ethernet", 3, 160), ("ip", 3, 160), ("tcp", 2, 110), ("udp", 1, 50)];
        assert_eq!(counts.collect::<Vec<_>>(), expected);
        let levels = protocols.hierarchy();
        let levels = levels.iter().map(|level| (level.path.join("/"), level.frames, level.bytes));
        let expected = [
            ("ethernet", 3, 160),
            ("ethernet/ip", 3, 160),
            ("ethernet/ip/tcp", 2, 110),
            ("ethernet/ip/ip", 1, 50),
            ("ethernet/ip/ip/udp", 1, 50),
        ];
        let expected = expected.map(|(path, frames, bytes)| (path.to_string(), frames, bytes));
        assert_eq!(levels.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_hierarchy_has_a_limit() {
        let mut protocols = Protocols::default();
        // As many different rows of three headers as there are.
        let all = Layer::ALL;
        for (a, b, c) in all
            .iter()
            .flat_map(|a| all.iter().flat_map(move |b| all.iter().map(move |c| (*a, *b, *c))))
        {
            protocols.add([a, b, c].into_iter(), 1);
        }
        assert_eq!(protocols.nodes.len(), NODES_MAX + 1);
        let frames = (all.len() as u64).pow(3);
        let whole = protocols.hierarchy().iter().filter(|level| level.path.len() == 3).count();
        assert_eq!(protocols.cut_frames(), frames - whole as u64);
        assert_eq!(protocols.counts().len(), all.len());
    }
}
