//! Initial packets opened: keys, header protection, payload (RFC 9001 section 5, RFC 9369).

use aes::cipher::BlockCipherEncrypt;
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

use super::header::Long;
use super::version::{InitialRule, Version};

/// The keys of the Initial packets of a connection.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) version: Version,
    /// What they were derived from.
    pub(super) dcid: Box<[u8]>,
    pub(super) client: SideKeys,
    pub(super) server: SideKeys,
}

impl Keys {
    /// The keys that may follow from the destination of the client's first packet.
    pub(super) fn derive(version: Version, dcid: &[u8]) -> impl Iterator<Item = Self> {
        version.initial_rules().iter().filter_map(move |rule| Self::by(rule, version, dcid))
    }

    fn by(rule: &InitialRule, version: Version, dcid: &[u8]) -> Option<Self> {
        let secret = Hkdf::<Sha256>::new(Some(&rule.salt), dcid);
        let client = SideKeys::derive(rule, &expand(&secret, "client in")?)?;
        let server = SideKeys::derive(rule, &expand(&secret, "server in")?)?;
        Some(Self { version, dcid: dcid.into(), client, server })
    }
}

/// The keys of one side.
pub(super) struct SideKeys {
    payload: Aes128Gcm,
    /// The same, for payload whose end was not captured.
    blocks: aes::Aes128,
    iv: [u8; 12],
    header: aes::Aes128,
}

/// What an Initial packet holds.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) number: u64,
    /// Where the payload begins in the packet.
    pub(super) payload_at: usize,
    pub(super) payload: Vec<u8>,
}

impl SideKeys {
    /// Opens a packet, the largest number so far being `largest`. A packet whose end was not captured
    /// cannot be verified: it is believed if its reserved bits are zero.
    pub(super) fn open(&self, packet: &Long<'_>, largest: u64) -> Option<Opened> {
        let sample_at = packet.number_at + SAMPLE_OFFSET;
        let sample = packet.bytes.get(sample_at..)?.first_chunk::<16>()?;
        let mask = block(&self.header, *sample);
        let first = packet.bytes.first()? ^ mask[0] & 0x0f;
        let number_len = usize::from(first & 3) + 1;
        let payload_at = packet.number_at + number_len;
        let mut header = packet.bytes.get(..payload_at)?.to_vec();
        *header.first_mut()? = first;
        let mut truncated = 0;
        for (byte, mask) in header.get_mut(packet.number_at..)?.iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
            truncated = truncated << 8 | u64::from(*byte);
        }
        let number = whole_number(truncated, number_len, largest);
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *byte ^= number;
        }
        let payload = if packet.bytes.len() == packet.len {
            let (payload, tag) = packet.bytes.get(payload_at..)?.split_last_chunk::<16>()?;
            let mut payload = payload.to_vec();
            let buffer = payload.as_mut_slice().into();
            self.payload
                .decrypt_inout_detached(&nonce.into(), &header, buffer, &(*tag).into())
                .ok()?;
            payload
        } else {
            if first & RESERVED != 0 {
                return None;
            }
            let end = packet.bytes.len().min(packet.len.checked_sub(TAG_LEN)?);
            let mut payload = packet.bytes.get(payload_at..end)?.to_vec();
            self.undo_counter(nonce, &mut payload);
            payload
        };
        Some(Opened { number, payload_at, payload })
    }

    fn derive(rule: &InitialRule, secret: &[u8; 32]) -> Option<Self> {
        let secret = Hkdf::<Sha256>::from_prk(secret).ok()?;
        let [key, iv, header] = rule.labels;
        let key = expand::<16>(&secret, key)?;
        Some(Self {
            payload: Aes128Gcm::new(&key.into()),
            blocks: aes::Aes128::new(&key.into()),
            iv: expand(&secret, iv)?,
            header: aes::Aes128::new(&expand::<16>(&secret, header)?.into()),
        })
    }

    /// What GCM does but for the tag: the first counter is the tag's (NIST SP 800-38D section 7).
    fn undo_counter(&self, nonce: [u8; 12], payload: &mut [u8]) {
        for (chunk, counter) in payload.chunks_mut(16).zip(2_u32..) {
            let mut input = [0; 16];
            input[..12].copy_from_slice(&nonce);
            input[12..].copy_from_slice(&counter.to_be_bytes());
            for (byte, mask) in chunk.iter_mut().zip(block(&self.blocks, input)) {
                *byte ^= mask;
            }
        }
    }
}

impl std::fmt::Debug for SideKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SideKeys").finish_non_exhaustive()
    }
}

fn block(cipher: &aes::Aes128, input: [u8; 16]) -> [u8; 16] {
    let mut block = input.into();
    cipher.encrypt_block(&mut block);
    block.into()
}

/// HKDF-Expand-Label without context (RFC 8446 section 7.1).
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> Option<[u8; N]> {
    let len = u16::try_from(N).ok()?.to_be_bytes();
    let label_len = [u8::try_from(PREFIX.len() + label.len()).ok()?];
    let mut key = [0; N];
    let info: [&[u8]; 5] = [&len, &label_len, PREFIX, label.as_bytes(), &[0]];
    secret.expand_multi_info(&info, &mut key).ok()?;
    Some(key)
}

/// The packet number of which these are the last bytes (RFC 9000 appendix A.3).
fn whole_number(truncated: u64, len: usize, largest: u64) -> u64 {
    let window = 1_u64 << (8 * len);
    let expected = largest + 1;
    let candidate = expected & !(window - 1) | truncated;
    if candidate + window / 2 <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected + window / 2 && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

const PREFIX: &[u8] = b"tls13 ";
/// Where the sample begins, from the packet number: as if that had its full length.
const SAMPLE_OFFSET: usize = 4;
/// Bits of the first byte that are zero, once unmasked.
const RESERVED: u8 = 0x0c;
const TAG_LEN: usize = 16;

#[cfg(test)]
pub(super) mod tests;
