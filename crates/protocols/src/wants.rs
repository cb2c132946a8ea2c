//! What the output needs of the protocols: parsers run for nothing else.

/// Something that a parser can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Want {
    /// Which protocol it is, and the name of the server.
    Application,
    /// The TLS handshake, fingerprints and alerts.
    Tls,
    /// Every TLS record.
    TlsRecords,
    /// TLS certificates.
    Certificates,
    /// The QUIC handshake.
    Quic,
    /// The first HTTP request and response, and counts.
    Http,
    /// Every HTTP request and response.
    HttpMessages,
    /// The bodies of HTTP requests and responses; with every request and response.
    HttpBodies,
    /// The first DNS question and answer, and counts.
    Dns,
    /// The names and types in all DNS questions.
    DnsQuestions,
    /// Every DNS message.
    DnsMessages,
    /// What DNS answers teach about later flows.
    DnsNames,
    /// DHCP and `DHCPv6`.
    Dhcp,
    /// Every DHCP and `DHCPv6` message.
    DhcpMessages,
    /// SSH banners and key exchange.
    Ssh,
    /// Fields of ICMP and IGMP.
    Icmp,
    /// Fields of the protocols declared in YAML.
    Declared,
    /// Fingerprints under the `FoxIO` licence that are not of TLS.
    #[cfg(feature = "ja4plus")]
    Ja4Plus,
}

/// All that the output needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants(u32);

impl Wants {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(u32::MAX);

    /// Just these.
    pub const fn of(wants: &[Want]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < wants.len() {
            bits |= 1 << wants[i] as u32;
            i += 1;
        }
        Self(bits)
    }

    /// Whether something is needed.
    #[inline]
    pub const fn has(self, want: Want) -> bool {
        self.0 >> want as u32 & 1 == 1
    }

    /// Whether any of these is needed.
    pub const fn has_any(self, wants: &[Want]) -> bool {
        self.0 & Self::of(wants).0 != 0
    }

    /// Whether nothing is needed.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// What either needs.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
