//! Headers of tunnels: their numbers stay, what they say of their ends is mapped.

use flowloom_wire::Layer;
use flowloom_wire::gre::Gre;

use super::frame::{Around, Header, Rewriting};
use super::transport::plain_sum;

impl Rewriting<'_, '_> {
    pub(super) fn tunnel(&mut self, header: Header, around: &mut Around) {
        let Header { layer, at, end, is_last } = header;
        match layer {
            Layer::Gre | Layer::Nvgre => self.gre(header, around),
            Layer::Vxlan | Layer::Lisp => self.keep(at..at + 8),
            Layer::EtherIp => self.keep(at..at + 2),
            Layer::Geneve => self.geneve(at),
            Layer::Teredo => self.teredo(at, end),
            Layer::Ayiya => self.ayiya(at),
            Layer::Capwap => self.capwap(at),
            // Session, sequence and time; there is no address in them.
            Layer::Erspan | Layer::Gtp | Layer::L2tp if !is_last => self.keep(at..end),
            _ => self.keep(at..(at + 8).min(end)),
        }
    }

    fn gre(&mut self, header: Header, around: &Around) {
        let Header { at, .. } = header;
        let Some(flags) = self.u16(at) else { return };
        let Ok(gre) = Gre::parse(self.rest(at)) else { return };
        let (is_plain, header_len) = (gre.version() == 0, gre.header_len());
        if is_plain && flags & GRE_ROUTING != 0 {
            // Checksum and offset, key, sequence number; not the routes.
            let optional = (flags & GRE_KEY != 0) as usize + (flags & GRE_SEQUENCE != 0) as usize;
            self.keep(at..at + 8 + optional * 4);
        } else {
            self.keep(at..at + header_len);
        }
        // Redirection to a cache has a header of its own.
        if header.end == at + header_len + 4 {
            self.up_to_next(header, 4);
        }
        if is_plain && flags & GRE_CHECKSUM != 0 {
            self.sums.push(plain_sum(at + 4, at..around.end));
        }
    }

    /// Of options, which can be anything, their heads stay.
    fn geneve(&mut self, at: usize) {
        self.keep(at..at + 8);
        let Some(first) = self.byte(at) else { return };
        let end = at + 8 + usize::from(first & 0x3f) * 4;
        let mut option = at + 8;
        while option + 4 <= end {
            let Some(len) = self.byte(option + 3) else { return };
            self.keep(option..option + 4);
            option += 4 + usize::from(len & 0x1f) * 4;
        }
    }

    /// The origin indication has port and address inverted (RFC 4380, section 5.1.1).
    fn teredo(&mut self, mut at: usize, end: usize) {
        if let Some(&[0, 1, id, value]) = self.rest(at).first_chunk() {
            self.keep(at..at + 4);
            at += 4 + usize::from(id) + usize::from(value) + 8 + 1;
        }
        if let Some(&[0, 0, _, _, a, b, c, d]) = self.rest(at).first_chunk()
            && at + 8 <= end
        {
            self.keep(at..at + 4);
            let own = self.map.v4([!a, !b, !c, !d]).map(|byte| !byte);
            self.write(at + 4, &own);
        }
    }

    /// The identity is an address more often than not; the signature is none.
    fn ayiya(&mut self, at: usize) {
        self.keep(at..at + 8);
        if self.byte(at).is_some_and(|first| first >> 4 == 4) {
            self.v6(at + 8);
        }
    }

    fn capwap(&mut self, at: usize) {
        self.keep(at..at + 8);
        if self.byte(at + 3).is_some_and(|flags| flags & 0x10 != 0) {
            self.keep(at + 8..at + 9);
            if self.byte(at + 8) == Some(6) {
                self.mac(at + 9);
            }
        } else if self.byte(at + 3).is_some_and(|flags| flags & 0x20 != 0) {
            let len = self.byte(at + 8).map_or(0, usize::from);
            self.keep(at + 8..at + 9 + len);
        }
    }
}

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
