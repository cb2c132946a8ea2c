//! What stands for each address, remembered: most frames have addresses that were seen before.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flowloom_features::Anonymize;
use flowloom_schema::Mac;

use super::CryptoPan;
use super::names::Names;

/// The addresses of one key.
#[derive(Debug)]
pub(super) struct Mapping<'k> {
    pan: &'k CryptoPan,
    keeps_vendors: bool,
    v4: HashMap<[u8; 4], [u8; 4]>,
    v6: HashMap<[u8; 16], [u8; 16]>,
    names: Names,
    labels: HashMap<Vec<u8>, Vec<u8>>,
    heard: Option<Heard>,
}

/// Addresses that were asked for, with what stands for them.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) v4: Vec<([u8; 4], [u8; 4])>,
    pub(super) v6: Vec<([u8; 16], [u8; 16])>,
    pub(super) macs: Vec<([u8; 6], [u8; 6])>,
}

impl<'k> Mapping<'k> {
    pub(super) fn new(pan: &'k CryptoPan, keeps_vendors: bool) -> Self {
        Self {
            pan,
            keeps_vendors,
            v4: HashMap::new(),
            v6: HashMap::new(),
            names: Names::new(pan.key_of_names()),
            labels: HashMap::new(),
            heard: None,
        }
    }

    /// From now on, what is asked for is noted.
    pub(super) fn listen(&mut self) {
        self.heard = Some(Heard::default());
    }

    /// What was asked for since then.
    pub(super) fn heard(&mut self) -> Heard {
        self.heard.take().unwrap_or_default()
    }

    pub(super) fn v4(&mut self, address: [u8; 4]) -> [u8; 4] {
        let pan = self.pan;
        let own = || match pan.ip(Ipv4Addr::from(address).into()) {
            IpAddr::V4(v4) => v4.octets(),
            IpAddr::V6(_) => [0; 4],
        };
        let own = remembered(&mut self.v4, address, own);
        if let Some(heard) = &mut self.heard {
            heard.v4.push((address, own));
        }
        own
    }

    pub(super) fn v6(&mut self, address: [u8; 16]) -> [u8; 16] {
        let pan = self.pan;
        let own = || match pan.ip(Ipv6Addr::from(address).into()) {
            IpAddr::V6(v6) => v6.octets(),
            IpAddr::V4(_) => [0; 16],
        };
        let own = remembered(&mut self.v6, address, own);
        if let Some(heard) = &mut self.heard {
            heard.v6.push((address, own));
        }
        own
    }

    /// What stands for a label of a name.
    pub(super) fn label(&mut self, label: &[u8]) -> Vec<u8> {
        let names = &self.names;
        remembered(&mut self.labels, label.to_vec(), || names.label(label))
    }

    /// What stands for a name of labels with points between them.
    pub(super) fn host(&mut self, name: &[u8]) -> Vec<u8> {
        let labels = name.split(|&byte| byte == b'.').map(|label| self.label(label));
        labels.collect::<Vec<_>>().join(&b'.')
    }

    pub(super) fn mac(&mut self, address: [u8; 6]) -> [u8; 6] {
        let mac = Mac(address);
        let own =
            if self.keeps_vendors { self.pan.mac_of_vendor(mac).0 } else { self.pan.mac(mac).0 };
        if let Some(heard) = &mut self.heard {
            heard.macs.push((address, own));
        }
        own
    }
}

fn remembered<T: Clone + Eq + Hash>(
    known: &mut HashMap<T, T>,
    real: T,
    own: impl FnOnce() -> T,
) -> T {
    if let Some(own) = known.get(&real) {
        return own.clone();
    }
    if known.len() == REMEMBERED_MAX {
        known.clear();
    }
    let own = own();
    known.insert(real, own.clone());
    own
}

/// Beyond that, all are forgotten and computed again: a scan has many that come once.
const REMEMBERED_MAX: usize = 1 << 16;
