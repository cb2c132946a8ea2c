//! Handshake messages, without state.

use crate::Cursor;

/// The server name in a ClientHello.
pub(super) fn server_name(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(bytes);
    if cursor.u8()? != 1 {
        return None;
    }
    let mut hello = cursor.sub_u24()?;
    hello.take(34)?;
    hello.sub_u8()?;
    hello.sub_u16()?;
    hello.sub_u8()?;
    let mut extensions = hello.sub_u16()?;
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let mut body = extensions.sub_u16()?;
        if kind == 0 {
            let mut names = body.sub_u16()?;
            names.u8()?;
            return names.sub_u16().map(|name| name.rest());
        }
    }
    None
}
