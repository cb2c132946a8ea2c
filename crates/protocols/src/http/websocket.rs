//! `WebSocket` (RFC 6455): named once HTTP/1 was upgraded to it; its frames are not parsed.

use std::sync::Arc;

use crate::{Application, Context, FoundBy, Match, Opening, Protocol, Transport};

/// `WebSocket` after HTTP/1.
#[derive(Debug)]
pub struct WebsocketProtocol;

impl WebsocketProtocol {
    /// What a connection is upgraded to, in any case of letters (RFC 6455, section 4.2.2).
    pub(super) const UPGRADE: &str = "websocket";

    /// HTTP/1 was upgraded.
    pub(super) fn found(context: &mut Context<'_>) {
        let applications = &mut context.findings.applications;
        if !applications.iter().any(|known| known.protocol.name() == Self.name()) {
            applications.push(Application { protocol: Arc::new(Self), by: FoundBy::Content });
        }
    }
}

impl Protocol for WebsocketProtocol {
    fn name(&self) -> &'static str {
        "websocket"
    }

    fn ports(&self, _: Transport) -> &[u16] {
        &[]
    }

    /// Frames alone cannot be told from other bytes.
    fn probe(&self, _: &Opening<'_>) -> Match {
        Match::No
    }
}
