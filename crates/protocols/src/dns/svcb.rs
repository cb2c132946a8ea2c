//! Service bindings: the records SVCB and HTTPS (RFC 9460).

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::name::{Reader, push_string};
use crate::text::hex;

/// How a service is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Svcb {
    /// 0 where the target stands for the name itself, else the lower the better.
    pub priority: u16,
    /// Where the service is; `.` for the name that was asked for.
    pub target: String,
    /// The protocols it speaks.
    pub alpn: Vec<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Addresses that it may have, IPv4 before IPv6.
    pub hints: Vec<IpAddr>,
    /// The list of configurations for Encrypted Client Hello.
    pub ech: Option<Box<[u8]>>,
    /// Keys of parameters that are not understood.
    pub others: Vec<u16>,
}

/// Reads the data of a record; what is there of it.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Svcb> {
    let priority = reader.u16()?;
    let mut svcb = Svcb { priority, target: reader.name()?, ..Svcb::default() };
    while let Some(key) = reader.u16() {
        let Some(mut value) = reader.u16().and_then(|len| reader.sub(len.into())) else { break };
        match key {
            ALPN => {
                while let Some(id) = value.u8().and_then(|len| value.take(len.into())) {
                    let mut text = String::new();
                    push_string(&mut text, id);
                    svcb.alpn.push(text);
                }
            }
            PORT => svcb.port = value.u16(),
            IPV4_HINT => {
                while let Some(octets) = value.array::<4>() {
                    svcb.hints.push(Ipv4Addr::from(octets).into());
                }
            }
            IPV6_HINT => {
                while let Some(octets) = value.array::<16>() {
                    svcb.hints.push(Ipv6Addr::from(octets).into());
                }
            }
            ECH => svcb.ech = Some(value.rest().into()),
            other if svcb.others.len() < OTHERS_MAX => svcb.others.push(other),
            _ => {}
        }
    }
    Some(svcb)
}

/// As RFC 9460 section 2.1 writes it, except that `ech` is in hexadecimal and of parameters that are
/// not understood only the key is shown.
impl Display for Svcb {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.priority, self.target)?;
        if !self.alpn.is_empty() {
            write!(f, " alpn={}", self.alpn.join(","))?;
        }
        if let Some(port) = self.port {
            write!(f, " port={port}")?;
        }
        for (key, is_v4) in [("ipv4hint", true), ("ipv6hint", false)] {
            let hints: Vec<_> = self.hints.iter().filter(|hint| hint.is_ipv4() == is_v4).collect();
            for (i, hint) in hints.iter().enumerate() {
                let before = if i == 0 { format!(" {key}=") } else { ",".into() };
                write!(f, "{before}{hint}")?;
            }
        }
        if let Some(ech) = &self.ech {
            write!(f, " ech={}", hex(ech))?;
        }
        self.others.iter().try_for_each(|key| write!(f, " key{key}"))
    }
}

const ALPN: u16 = 1;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6_HINT: u16 = 6;
/// Parameters that are not understood of which the keys are kept.
const OTHERS_MAX: usize = 16;
