//! Protocols that are declared: their layers, as static as the others, and what reads their messages.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use flowloom_flow::Direction;
use flowloom_protocols::declared::{self, DeclaredProtocol, Library, ShownKind, ShownLayer, Take};
use flowloom_protocols::{Match, Opening, Protocol as _, Registry, Transport};
use flowloom_wire::Packet;

use crate::dissection::Value;
use crate::field::{FieldInfo, Kind, LayerInfo};
use crate::layers::{ALIASES, LAYERS};
use crate::writer::Writer;

/// The layers there are: those of this crate, and those of protocols that are declared.
#[derive(Clone, Debug)]
pub struct KnownLayers(Arc<Known>);

#[derive(Debug)]
struct Known {
    /// What the user has declared, what is written here, what else is declared.
    all: Vec<&'static LayerInfo>,
    /// The user's first.
    protocols: Vec<Arc<DeclaredProtocol>>,
    /// How many are the user's.
    own: usize,
    /// By their numbers in the library.
    layers: HashMap<usize, DeclaredLayer>,
}

#[derive(Debug)]
struct DeclaredLayer {
    info: &'static LayerInfo,
    /// By their names as they are declared.
    fields: HashMap<String, &'static FieldInfo>,
}

impl KnownLayers {
    /// With the declarations that are shipped.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<KnownLayers> =
            LazyLock::new(|| KnownLayers::with(Library::shipped()));
        &SHIPPED
    }

    /// With the declarations of a run.
    pub fn of(registry: &Registry) -> Self {
        let library = registry.library();
        if std::ptr::eq(library, Library::shipped()) {
            return Self::shipped().clone();
        }
        Self::with(library)
    }

    /// With these declarations.
    pub fn with(library: &Library) -> Self {
        let is_written = |number: usize| {
            let layer = library.layers().iter().find(|(known, _)| *known == number);
            layer.is_some_and(|(_, layer)| LAYERS.iter().any(|known| known.name == layer.name))
        };
        // What is written here tells more than a declaration of it, unless the user wants his own.
        let is_taken =
            |protocol: &&Arc<DeclaredProtocol>| protocol.is_own() || !is_written(protocol.layer());
        let (own, shipped): (Vec<_>, Vec<_>) =
            library.protocols().filter(is_taken).cloned().partition(|protocol| protocol.is_own());
        let mut layers = HashMap::new();
        let mut names = HashMap::new();
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for (number, shown) in library.layers() {
            let is_own = own.iter().any(|protocol| protocol.layer() == *number);
            if is_written(*number) && !is_own {
                continue;
            }
            let layer = DeclaredLayer::new(shown, &mut names);
            (if is_own { &mut first } else { &mut last }).push(layer.info);
            layers.insert(*number, layer);
        }
        let all = first.into_iter().chain(LAYERS.iter().copied()).chain(last).collect();
        let count = own.len();
        let protocols = own.into_iter().chain(shipped).collect();
        Self(Arc::new(Known { all, protocols, own: count, layers }))
    }

    /// All of them.
    pub fn all(&self) -> &[&'static LayerInfo] {
        &self.0.all
    }

    /// The layer of that name.
    pub fn find_layer(&self, name: &str) -> Option<&'static LayerInfo> {
        self.0.all.iter().copied().find(|layer| layer.name == name)
    }

    /// The field of that name.
    pub fn find_field(&self, name: &str) -> Option<&'static FieldInfo> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        let mut fields = self.0.all.iter().flat_map(|layer| layer.fields).copied();
        fields.find(|field| field.name == name)
    }

    /// The declared protocol whose message begins with some bytes, of which there were `len`: one of
    /// the user's, or of the others. One that is not certain is believed at its ports.
    pub(crate) fn recognize(
        &self,
        transport: Transport,
        packet: &Packet,
        (bytes, len): (&[u8], usize),
        is_own: bool,
    ) -> Option<Recognized> {
        let ports = [packet.src_port, packet.dst_port];
        let opening = Opening { transport, direction: Direction::Up, bytes, len, ports };
        let mut maybe = None;
        let Known { protocols, own, .. } = &*self.0;
        let places = if is_own { 0..*own } else { *own..protocols.len() };
        for (at, protocol) in places.clone().zip(protocols.get(places).unwrap_or_default()) {
            let found = |is_certain: bool| Recognized { speaker: Speaker(at), is_certain };
            match protocol.probe(&opening) {
                Match::Yes => return Some(found(true)),
                Match::Maybe | Match::NeedMore if opening.is_at(protocol.ports(transport)) => {
                    maybe = maybe.or(Some(found(false)));
                }
                _ => {}
            }
        }
        maybe
    }

    /// Bytes of the message at the front of what a stream says: none if there are too few to tell;
    /// 0 if it cannot be one.
    pub(crate) fn message_len(&self, speaker: Speaker, bytes: &[u8]) -> Option<usize> {
        let protocol = self.0.protocols.get(speaker.0)?;
        let (transport, direction) = (Transport::Tcp, Direction::Up);
        let opening = Opening { transport, direction, bytes, len: bytes.len(), ports: [0, 0] };
        match protocol.probe(&opening) {
            Match::No => Some(0),
            Match::NeedMore => None,
            Match::Yes | Match::Maybe | Match::Possible => protocol.message_len(bytes),
        }
    }

    /// The declared protocol of that name.
    pub(crate) fn speaker(&self, name: &str) -> Option<Speaker> {
        let is_it = |protocol: &Arc<DeclaredProtocol>| protocol.declared_name() == name;
        self.0.protocols.iter().position(is_it).map(Speaker)
    }

    /// Whether a datagram can go on with another message of the protocol.
    pub(crate) fn follows(&self, speaker: Speaker, bytes: &[u8]) -> bool {
        let (transport, direction) = (Transport::Udp, Direction::Up);
        let opening = Opening { transport, direction, bytes, len: bytes.len(), ports: [0, 0] };
        let protocol = self.0.protocols.get(speaker.0).filter(|protocol| protocol.has_length());
        protocol.is_some_and(|protocol| protocol.probe(&opening) != Match::No)
    }

    /// Writes the message at `at`; gives where what was read of it ends, and where it ends itself, as far
    /// as it says that.
    pub(crate) fn write(&self, w: &mut Writer<'_>, speaker: Speaker, at: usize) -> (usize, usize) {
        let Some(protocol) = self.0.protocols.get(speaker.0) else { return (at, at) };
        let bytes = w.rest(at);
        let (path, around) = (String::new(), Vec::new());
        let mut shower = Shower { w, known: &self.0, layer: None, base: at, path, around };
        let (read, told) = protocol.show(bytes, &mut shower);
        (at + read, at + told.map_or(read, |told| told.min(bytes.len())).max(read))
    }
}

/// A declared protocol that was recognised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recognized {
    pub(crate) speaker: Speaker,
    /// Whether it is that at any port.
    pub(crate) is_certain: bool,
}

/// A declared protocol, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Speaker(usize);

impl DeclaredLayer {
    /// `names` has the fields of all layers so far: a name means one field.
    fn new(layer: &ShownLayer, names: &mut HashMap<String, &'static FieldInfo>) -> Self {
        let mut fields = HashMap::new();
        let mut all: Vec<&'static FieldInfo> = Vec::new();
        for field in &layer.fields {
            let by_path = || format!("{}.{}", layer.name, field.path);
            let name = field.tshark.clone().unwrap_or_else(by_path);
            let kind = kind(field.kind);
            let known = names.get(&name).copied().filter(|known| known.kind == kind);
            let doc = sentence(&field.doc, &field.path);
            let info = known.unwrap_or_else(|| interned_field(&name, kind, &doc));
            names.insert(name, info);
            fields.insert(field.path.clone(), info);
            if !all.iter().any(|known| std::ptr::eq(*known, info)) {
                all.push(info);
            }
        }
        let doc = sentence(&layer.doc, &layer.name);
        Self { info: interned_layer(&layer.name, &doc, &all), fields }
    }
}

/// Writes the fields of a message as they are read.
struct Shower<'s, 'w> {
    w: &'s mut Writer<'w>,
    known: &'s Known,
    layer: Option<&'s DeclaredLayer>,
    /// Where the message begins.
    base: usize,
    /// The names of the parts around, each with a dot behind it.
    path: String,
    around: Vec<Around>,
}

/// What fields are in.
struct Around {
    /// Length of the path outside.
    path_len: usize,
    /// Where it is among the fields, if it is one.
    field: Option<usize>,
}

impl Take for Shower<'_, '_> {
    fn layer(&mut self, layer: usize, start: usize) {
        self.layer = self.known.layers.get(&layer);
        if let Some(layer) = self.layer {
            self.w.layer(layer.info, self.base + start);
        }
    }

    fn layer_end(&mut self, end: usize) {
        if self.layer.is_some() {
            self.w.layer_end(self.base + end);
        }
    }

    fn value(&mut self, name: &str, value: &declared::Value, range: Range<usize>) {
        let Some(info) = self.field(name) else { return };
        let (at, len) = (self.base + range.start, range.len());
        match (info.kind, value) {
            (Kind::Bytes, _) => self.w.bytes(info, at, len),
            // What they are may be masked in the message.
            (Kind::Ipv4, declared::Value::Text(text)) => {
                if let Ok(address) = text.parse() {
                    self.w.add(info, at, len, Value::Ipv4(address));
                }
            }
            (Kind::Ipv6, declared::Value::Text(text)) => {
                if let Ok(address) = text.parse() {
                    self.w.add(info, at, len, Value::Ipv6(address));
                }
            }
            (Kind::Mac, _) => self.w.mac(info, at),
            (Kind::Int, declared::Value::Signed(number)) => {
                self.w.add(info, at, len, Value::Int(*number));
            }
            (Kind::Bool, declared::Value::Unsigned(number)) => {
                self.w.add(info, at, len, Value::Bool(*number != 0));
            }
            (_, declared::Value::Unsigned(number)) => self.w.computed(info, at, len, *number),
            (Kind::Text, declared::Value::Text(text)) => self.w.said(info, at, len, text),
            _ => {}
        }
    }

    fn begin_number(&mut self, name: &str, number: u64, range: Range<usize>) {
        let info = self.field(name);
        if let Some(info) = info {
            self.w.computed(info, self.base + range.start, range.len(), number);
        }
        self.enter(info.is_some());
    }

    fn begin(&mut self, name: &str, start: usize) {
        let info = self.field(name);
        if let Some(info) = info {
            self.w.add(info, self.base + start, 0, Value::None);
        }
        self.enter(info.is_some());
        self.path.push_str(name);
        self.path.push('.');
    }

    fn end(&mut self, end: usize) {
        let Some(around) = self.around.pop() else { return };
        self.path.truncate(around.path_len);
        let Some(at) = around.field else { return };
        self.w.depth -= 1;
        let end = (self.base + end).min(self.w.end) as u32;
        let fields = &mut self.w.out.fields;
        let is_empty = fields.len() == at + 1;
        match fields.get_mut(at) {
            Some(field) if field.value == Value::None && is_empty => fields.truncate(at),
            Some(field) if field.value == Value::None => {
                field.len = end.saturating_sub(field.start);
            }
            _ => {}
        }
    }
}

impl Shower<'_, '_> {
    /// The field of a name in the parts around; none of what is not shown.
    fn field(&mut self, name: &str) -> Option<&'static FieldInfo> {
        let fields = &self.layer?.fields;
        if self.path.is_empty() {
            return fields.get(name).copied();
        }
        let len = self.path.len();
        self.path.push_str(name);
        let field = fields.get(&self.path).copied();
        self.path.truncate(len);
        field
    }

    /// What follows is in the field that was written last, if it was.
    fn enter(&mut self, is_shown: bool) {
        let field = is_shown.then(|| self.w.out.fields.len() - 1);
        self.w.depth += u8::from(is_shown);
        self.around.push(Around { path_len: self.path.len(), field });
    }
}

fn kind(kind: ShownKind) -> Kind {
    match kind {
        ShownKind::Unsigned => Kind::Uint,
        ShownKind::Flag => Kind::Bool,
        ShownKind::Signed => Kind::Int,
        ShownKind::Text => Kind::Text,
        ShownKind::Bytes => Kind::Bytes,
        ShownKind::Mac => Kind::Mac,
        ShownKind::Ipv4 => Kind::Ipv4,
        ShownKind::Ipv6 => Kind::Ipv6,
        ShownKind::Part => Kind::Group,
    }
}

/// What is said of something, as a sentence; its name if nothing is.
fn sentence(doc: &str, name: &str) -> String {
    let doc = if doc.is_empty() { name } else { doc };
    if doc.ends_with('.') { doc.to_owned() } else { format!("{doc}.") }
}

/// What was made of declarations. It stays for as long as the program runs, as what is written here
/// does; what is declared again and again is there once.
static INTERNED: Mutex<Interned> = Mutex::new(Interned { layers: Vec::new(), fields: Vec::new() });

struct Interned {
    layers: Vec<&'static LayerInfo>,
    fields: Vec<&'static FieldInfo>,
}

fn interned_field(name: &str, kind: Kind, doc: &str) -> &'static FieldInfo {
    let mut interned = INTERNED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it = |known: &&&FieldInfo| (known.name, known.kind, known.doc) == (name, kind, doc);
    if let Some(known) = interned.fields.iter().find(is_it) {
        return known;
    }
    let info = FieldInfo { name: leaked(name), kind, doc: leaked(doc) };
    let info: &'static FieldInfo = Box::leak(Box::new(info));
    interned.fields.push(info);
    info
}

fn interned_layer(name: &str, doc: &str, fields: &[&'static FieldInfo]) -> &'static LayerInfo {
    let mut interned = INTERNED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it = |known: &&&LayerInfo| {
        let mut pairs = known.fields.iter().zip(fields);
        (known.name, known.doc, known.fields.len()) == (name, doc, fields.len())
            && pairs.all(|(known, field)| std::ptr::eq(*known, *field))
    };
    if let Some(known) = interned.layers.iter().find(is_it) {
        return known;
    }
    let (name, fields) = (leaked(name), Box::leak(fields.to_vec().into_boxed_slice()));
    let info = LayerInfo { name, prefix: name, doc: leaked(doc), fields, is_declared: true };
    let info: &'static LayerInfo = Box::leak(Box::new(info));
    interned.layers.push(info);
    info
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}
