//! Frames to filter: those of the corpus, and some made here of what it does not have.

use std::path::{Path, PathBuf};

use flowloom_capture::{Block, Capture, Input, Limits, Source};
use flowloom_filter::FrameView;
use flowloom_schema::LinkType;
use flowloom_wire::{Layer, LayerStack, Options, Packet, decode};

/// A frame, with what decoding found in it.
pub(crate) struct Sample {
    pub(crate) link: LinkType,
    pub(crate) bytes: Vec<u8>,
    pub(crate) original: u32,
    pub(crate) layers: LayerStack,
    pub(crate) packet: Packet,
    /// Which capture and frame, for messages.
    pub(crate) origin: (usize, u64),
}

impl Sample {
    pub(crate) fn new(link: LinkType, bytes: Vec<u8>, original: u32, origin: (usize, u64)) -> Self {
        let mut layers = LayerStack::new();
        let mut packet = Packet::default();
        decode(link, &bytes, original, &Options::default(), &mut layers, &mut packet);
        Self { link, bytes, original, layers, packet, origin }
    }

    pub(crate) fn view(&self) -> FrameView<'_> {
        FrameView {
            link: self.link,
            bytes: &self.bytes,
            original: self.original,
            layers: &self.layers,
        }
    }

    pub(crate) fn has(&self, layer: Layer) -> bool {
        self.layers.spans().iter().any(|(found, _)| *found == layer)
    }

    /// Whether its verdicts are defined by our own rules: see the list in the crate's
    /// documentation, and the table of `src/packet/tests.rs`.
    pub(crate) fn is_a_class_of_its_own(&self) -> bool {
        let extended = EXTENSIONS.iter().any(|layer| self.has(*layer));
        let in_ipv6 = self.has(Layer::Ipv6) && self.has(Layer::Ah);
        let ppi = self.link == LinkType::PPI && self.bytes.get(4..8) != Some(&[105, 0, 0, 0]);
        extended || in_ipv6 || ppi
    }
}

/// The frames of all captures, and the names of the captures.
pub(crate) struct Corpus {
    pub(crate) samples: Vec<Sample>,
    pub(crate) captures: Vec<String>,
}

impl Corpus {
    /// The corpus beside the workspace, if it is there.
    pub(crate) fn read() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
        let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).ok()?;
        let mut corpus = Self { samples: Vec::new(), captures: Vec::new() };
        for line in manifest.lines().skip(1) {
            let name = line.split('\t').next().unwrap_or_default();
            corpus.add(root.join(name), name);
        }
        Some(corpus)
    }

    fn add(&mut self, path: PathBuf, name: &str) {
        let index = self.captures.len();
        self.captures.push(name.to_owned());
        let Ok(mut capture) = Capture::open(&Input::File(path), Limits::default()) else { return };
        let mut block = Block::default();
        while capture.read(&mut block).unwrap_or(false) {
            for (number, frame) in (block.first..).zip(&block.frames) {
                let bytes = block.data(frame).to_vec();
                let sample = Sample::new(frame.link, bytes, frame.original, (index, number));
                self.samples.push(sample);
            }
        }
    }

    /// Adds the frames made here, as one more capture.
    pub(crate) fn add_made(&mut self, frames: Vec<(LinkType, Vec<u8>)>) {
        let index = self.captures.len();
        self.captures.push("made in the test".to_owned());
        for (number, (link, bytes)) in (1..).zip(frames) {
            let original = bytes.len() as u32;
            self.samples.push(Sample::new(link, bytes, original, (index, number)));
        }
    }
}

const EXTENSIONS: [Layer; 7] = [
    Layer::HopByHop,
    Layer::Routing,
    Layer::FragmentHeader,
    Layer::DestinationOptions,
    Layer::Mobility,
    Layer::Shim6,
    Layer::Hip,
];
