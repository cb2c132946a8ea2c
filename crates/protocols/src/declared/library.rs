//! All definitions of a run: those that are shipped, and the user's.

use std::sync::{Arc, LazyLock};

use crate::Protocol;

use super::compile::{Compiled, compile};
use super::protocol::DeclaredProtocol;
use super::shown::ShownLayer;
use super::source::Source;
use super::{DeclaredField, LoadError};

/// Definitions, checked and compiled: those that are shipped, and the user's, which win over shipped
/// ones of the same name.
#[derive(Clone, Debug)]
pub struct Library {
    protocols: Arc<Vec<Arc<DeclaredProtocol>>>,
    layers: Arc<Vec<(usize, ShownLayer)>>,
}

impl Library {
    /// The definitions that are shipped.
    pub fn shipped() -> &'static Self {
        static SHIPPED_LIBRARY: LazyLock<Library> = LazyLock::new(|| {
            // What cannot be loaded is left out; a test says that there is nothing.
            let empty = || Library { protocols: Arc::default(), layers: Arc::default() };
            Library::parse(&[]).unwrap_or_else(|_| empty())
        });
        &SHIPPED_LIBRARY
    }

    /// Adds definitions to those that are shipped: the names of files, for messages, and their texts.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, LoadError> {
        if files.len() > FILES_MAX {
            let reason = format!("there are more than {FILES_MAX} definitions");
            return Err(LoadError::new(files[FILES_MAX].0, 0, reason));
        }
        let mut sources = Vec::new();
        for (file, text) in files {
            sources.push((*file, Source::parse(file, text)?));
        }
        let own = sources.len();
        for (file, text) in SHIPPED {
            let source = Source::parse(file, text)?;
            if !sources[..own].iter().any(|(_, other)| other.name.value == source.name.value) {
                sources.push((*file, source));
            }
        }
        let Compiled { program, protocols, layers } = compile(&sources)?;
        let program = Arc::new(program);
        let protocols = protocols.into_iter().enumerate();
        let protocols = protocols
            .map(|(at, outline)| Arc::new(DeclaredProtocol::new(&program, outline, at < own)));
        Ok(Self { protocols: Arc::new(protocols.collect()), layers: Arc::new(layers) })
    }

    /// The protocols that run over TCP or UDP: the user's first.
    pub fn protocols(&self) -> impl Iterator<Item = &Arc<DeclaredProtocol>> {
        self.protocols.iter().filter(|protocol| protocol.is_application())
    }

    /// All protocols, those among them that are only found within others.
    pub fn all(&self) -> impl Iterator<Item = &Arc<DeclaredProtocol>> {
        self.protocols.iter()
    }

    /// The layers that messages can have as they are shown, each with its number.
    pub fn layers(&self) -> &[(usize, ShownLayer)] {
        &self.layers
    }

    /// The fields that a protocol can have.
    pub fn fields(&self, protocol: &str) -> Option<&[DeclaredField]> {
        let is_it = |known: &&Arc<DeclaredProtocol>| known.declared_name() == protocol;
        self.protocols.iter().find(is_it).map(|protocol| protocol.fields())
    }
}

macro_rules! shipped {
    ($($name:literal)*) => {
        &[$((
            concat!($name, ".yaml"),
            include_str!(concat!("../../definitions/", $name, ".yaml")),
        ),)*]
    };
}

/// The definitions that are shipped: the names of their files, and their texts.
pub const SHIPPED: &[(&str, &str)] = shipped! {
    "bfd" "bittorrent" "bt_dht" "bt_lsd" "bt_utp" "coap" "ike" "ipfix" "l2tp" "modbus" "mqtt"
    "netflow" "ntp" "radius" "rtcp" "rtp" "sip" "snmp" "stun" "syslog" "tftp" "wireguard"
};

/// Definitions that a user can add.
const FILES_MAX: usize = 1_000;
