//! The columns of the set `ssh`.

use flowloom_schema::record;

use super::parse::names;
use super::{KexInit, SshSide};
use crate::{Findings, WireText};

record! {
    /// What the SSH banners and key exchange told.
    pub struct SshColumns<'a> in "ssh" since "0.1" over "the SSH banners and key exchange of the flow, up to the first encrypted packet" {
        /// The client's identification, as `SSH-2.0-OpenSSH_9.6` (RFC 4253, section 4.2).
        ssh_client: Option<&'a str> [None, Identity],
        /// `ssh_client` in hexadecimal where it was not UTF-8.
        ssh_client_raw: Option<String> [None, Identity],
        /// The server's identification.
        ssh_server: Option<&'a str> [None, Identity],
        /// `ssh_server` in hexadecimal where it was not UTF-8.
        ssh_server_raw: Option<String> [None, Identity],
        /// HASSH of the client: MD5 over its lists of key exchange methods, ciphers, MACs and compressions for what it sends, joined by semicolons.
        ssh_hassh: Option<String> [None, Identity],
        /// HASSH-server: the same of the server, for what the server sends.
        ssh_hassh_server: Option<String> [None, Identity],
        /// Key exchange method: the client's first that the server offers too (RFC 4253, section 7.1), as are the other algorithms chosen.
        ssh_kex: Option<&'a str> [None, Feature],
        /// Whether both sides asked for a strict key exchange (`kex-strict-c-v00@openssh.com` and `kex-strict-s-v00@openssh.com`).
        ssh_kex_strict: Option<bool> [None, Feature],
        /// Type of host key chosen.
        ssh_host_key: Option<&'a str> [None, Feature],
        /// SHA-256 of the server's host key as `ssh-keygen -l` writes it; null where the key exchange shows none.
        ssh_host_key_sha256: Option<&'a str> [None, Identity],
        /// Type that the host key itself has, as `ssh-rsa` where `rsa-sha2-512` signatures were chosen.
        ssh_host_key_type: Option<&'a str> [None, Feature],
        /// Cipher chosen for what the client sends.
        ssh_cipher: Option<&'a str> [None, Feature],
        /// Cipher chosen for what the server sends.
        ssh_cipher_server: Option<&'a str> [None, Feature],
        /// MAC chosen for what the client sends; null where the cipher authenticates (AES-GCM, ChaCha20-Poly1305).
        ssh_mac: Option<&'a str> [None, Feature],
        /// MAC chosen for what the server sends; null likewise.
        ssh_mac_server: Option<&'a str> [None, Feature],
        /// Compression chosen for what the client sends.
        ssh_compression: Option<&'a str> [None, Feature],
        /// Compression chosen for what the server sends.
        ssh_compression_server: Option<&'a str> [None, Feature],
        /// Key exchange methods the client offers, extensions among them.
        ssh_client_kex: Option<Vec<&'a str>> [None, Feature],
        /// Host key types the client takes.
        ssh_client_host_keys: Option<Vec<&'a str>> [None, Feature],
        /// Ciphers the client offers for what it sends.
        ssh_client_ciphers: Option<Vec<&'a str>> [None, Feature],
        /// MACs the client offers for what it sends.
        ssh_client_macs: Option<Vec<&'a str>> [None, Feature],
        /// Compressions the client offers for what it sends.
        ssh_client_compressions: Option<Vec<&'a str>> [None, Feature],
        /// Key exchange methods the server offers, extensions among them.
        ssh_server_kex: Option<Vec<&'a str>> [None, Feature],
        /// Host key types the server has.
        ssh_server_host_keys: Option<Vec<&'a str>> [None, Feature],
        /// Ciphers the server offers for what it sends.
        ssh_server_ciphers: Option<Vec<&'a str>> [None, Feature],
        /// MACs the server offers for what it sends.
        ssh_server_macs: Option<Vec<&'a str>> [None, Feature],
        /// Compressions the server offers for what it sends.
        ssh_server_compressions: Option<Vec<&'a str>> [None, Feature],
    }
}

impl<'a> SshColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let ssh = findings.and_then(|findings| findings.ssh.as_deref());
        let (client, server) = (ssh.map(super::Ssh::client), ssh.map(super::Ssh::server));
        let (client_banner, server_banner) = (banner(client), banner(server));
        let (client, server) = (offer(client), offer(server));
        let host_key = ssh.and_then(|ssh| ssh.host_key.as_ref());
        let chosen = ssh.and_then(super::Ssh::chosen);
        let is_strict = chosen.map(|chosen| chosen.is_strict);
        let chosen = chosen.unwrap_or_default();
        Self {
            ssh_client: client_banner.map(WireText::as_str),
            ssh_client_raw: client_banner.and_then(WireText::raw_hex),
            ssh_server: server_banner.map(WireText::as_str),
            ssh_server_raw: server_banner.and_then(WireText::raw_hex),
            ssh_hassh: client.map(|client| client.hassh(0)),
            ssh_hassh_server: server.map(|server| server.hassh(1)),
            ssh_kex: chosen.kex,
            ssh_kex_strict: is_strict,
            ssh_host_key: chosen.host_key,
            ssh_host_key_sha256: host_key.map(|key| key.fingerprint.as_str()),
            ssh_host_key_type: host_key.map(|key| key.kind.as_str()),
            ssh_cipher: chosen.ciphers[0],
            ssh_cipher_server: chosen.ciphers[1],
            ssh_mac: chosen.macs[0],
            ssh_mac_server: chosen.macs[1],
            ssh_compression: chosen.compressions[0],
            ssh_compression_server: chosen.compressions[1],
            ssh_client_kex: client.map(|offer| names(&offer.kex).collect()),
            ssh_client_host_keys: client.map(|offer| names(&offer.host_keys).collect()),
            ssh_client_ciphers: client.map(|offer| names(&offer.ciphers[0]).collect()),
            ssh_client_macs: client.map(|offer| names(&offer.macs[0]).collect()),
            ssh_client_compressions: client.map(|offer| names(&offer.compressions[0]).collect()),
            ssh_server_kex: server.map(|offer| names(&offer.kex).collect()),
            ssh_server_host_keys: server.map(|offer| names(&offer.host_keys).collect()),
            ssh_server_ciphers: server.map(|offer| names(&offer.ciphers[1]).collect()),
            ssh_server_macs: server.map(|offer| names(&offer.macs[1]).collect()),
            ssh_server_compressions: server.map(|offer| names(&offer.compressions[1]).collect()),
        }
    }
}

fn banner(side: Option<&SshSide>) -> Option<&WireText> {
    side.and_then(|side| side.banner.as_ref())
}

fn offer(side: Option<&SshSide>) -> Option<&KexInit> {
    side.and_then(|side| side.kex_init.as_ref())
}
