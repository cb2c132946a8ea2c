//! Service bindings: the records SVCB and HTTPS (RFC 9460).

use std::borrow::Cow;
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
    /// Other parameters: their keys and values.
    pub others: Vec<(u16, Box<[u8]>)>,
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
            other if svcb.others.len() < OTHERS_MAX => {
                svcb.others.push((other, value.rest().into()));
            }
            _ => {}
        }
    }
    Some(svcb)
}

/// As RFC 9460 section 2.1 writes it, except that `ech` is in hexadecimal.
impl Display for Svcb {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.priority, self.target)?;
        if !self.alpn.is_empty() {
            // What is escaped as a string is escaped as an item of a list before (appendix A.1).
            let item = |id: &String| id.replace("\\\\", "\\\\\\\\").replace(',', "\\\\,");
            write!(f, " alpn={}", self.alpn.iter().map(item).collect::<Vec<_>>().join(","))?;
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
        self.others.iter().try_for_each(|(key, value)| {
            let shown = if *key == MANDATORY { mandatory(value) } else { string(value) };
            let equals = if shown.is_empty() { "" } else { "=" };
            write!(f, " {}{equals}{shown}", name(*key))
        })
    }
}

/// What a key is called: in the register of IANA, or by its number.
fn name(key: u16) -> Cow<'static, str> {
    const NAMES: [&str; 9] = [
        "mandatory",
        "alpn",
        "no-default-alpn",
        "port",
        "ipv4hint",
        "ech",
        "ipv6hint",
        "dohpath",
        "ohttp",
    ];
    NAMES.get(usize::from(key)).map_or_else(|| format!("key{key}").into(), |name| (*name).into())
}

/// The names of the keys that must be understood.
fn mandatory(value: &[u8]) -> String {
    let keys = value.chunks_exact(2).map(|key| name(u16::from_be_bytes([key[0], key[1]])));
    keys.collect::<Vec<_>>().join(",")
}

/// A value as a string; a blank in it is escaped, since the next parameter comes after one.
fn string(value: &[u8]) -> String {
    let mut text = String::new();
    push_string(&mut text, value);
    text.replace(' ', "\\032")
}

const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const ECH: u16 = 5;
const IPV6_HINT: u16 = 6;
/// Other parameters that are kept.
const OTHERS_MAX: usize = 16;
