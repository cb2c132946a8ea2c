//! JA4T and JA4TS: the window of a SYN, the kinds of its options, its largest segment and its scale.

use flowloom_wire::{Tcp, TcpOption};

/// JA4T of a SYN; `00` stands for what is missing.
pub(super) fn ja4t(tcp: &Tcp<'_>) -> String {
    let (mut mss, mut scale) = (None, None);
    for option in tcp.options() {
        match option {
            TcpOption::MaxSegmentSize(size) => mss = mss.or(Some(size)),
            TcpOption::WindowScale(shift) => scale = scale.or(Some(shift)),
            _ => {}
        }
    }
    let kinds = kinds(tcp.option_bytes());
    let or_zeros = |value: Option<String>| value.unwrap_or_else(|| "00".to_owned());
    format!(
        "{}_{}_{}_{}",
        tcp.window(),
        or_zeros((!kinds.is_empty()).then(|| kinds.join("-"))),
        or_zeros(mss.map(|mss| mss.to_string())),
        or_zeros(scale.map(|scale| scale.to_string())),
    )
}

/// The kinds in order, padding included; those after a damaged one are not told.
fn kinds(mut bytes: &[u8]) -> Vec<String> {
    let mut kinds = Vec::new();
    while let Some((kind, rest)) = bytes.split_first() {
        let len = match kind {
            &(END | NOP) => Some(1),
            _ => rest.first().map(|len| usize::from(*len)).filter(|len| *len >= 2),
        };
        let Some(rest) = len.and_then(|len| bytes.get(len..)) else { break };
        kinds.push(kind.to_string());
        bytes = rest;
    }
    kinds
}

const END: u8 = 0;
const NOP: u8 = 1;
