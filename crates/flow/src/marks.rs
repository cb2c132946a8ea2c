//! Marks of a packet within its flow: the bits of the column `packet_marks`.

use flowloom_wire::Marks;

/// What a packet is within its flow. Marks drop nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketMarks(pub u16);

macro_rules! marks {
    ($($(#[doc = $doc:literal])+ $name:ident = $bit:literal, $text:literal;)*) => {
        impl PacketMarks {
            $($(#[doc = $doc])+ pub const $name: Self = Self(1 << $bit);)*

            /// Name, bit value and meaning of each mark.
            pub const ALL: &[(&str, u16, &str)] =
                &[$(($text, 1 << $bit, concat!($($doc),+)),)*];
        }
    };
}

marks! {
    /// TCP without payload and with no flag but ACK; options do not matter.
    PURE_ACK = 0, "pure_ack";
    /// TCP with at most one byte of payload, at the byte before the next expected one.
    KEEP_ALIVE = 1, "keep_alive";
    /// TCP whose whole sequence range was seen before.
    RETRANSMISSION = 2, "retransmission";
    /// TCP part of whose sequence range was seen before.
    OVERLAP = 3, "overlap";
    /// TCP that fills a hole, or comes before the first byte seen.
    OUT_OF_ORDER = 4, "out_of_order";
    /// TCP that begins beyond the next expected byte.
    GAP_BEFORE = 5, "gap_before";
    /// TCP that announces a receive window of zero (SYN and RST apart).
    ZERO_WINDOW = 6, "zero_window";
    /// A datagram put together from IP fragments, or a fragment whose datagram stayed incomplete.
    FRAGMENT = 7, "fragment";
    /// IP length above what the link carries: TSO or GRO at the capture point.
    SUPER_FRAME = 8, "super_frame";
    /// The capture does not hold the whole packet (snap length).
    CLIPPED = 9, "clipped";
    /// A checksum was verified and is wrong.
    BAD_CHECKSUM = 10, "bad_checksum";
    /// TCP of the handshake: SYN, SYN+ACK, and the ACK that completes it.
    HANDSHAKE = 11, "handshake";
    /// The IP header claimed more than the frame had; the length was clamped.
    CLAMPED = 12, "clamped";
}

impl PacketMarks {
    /// The marks that decoding already gave.
    #[inline]
    pub fn from_wire(marks: Marks) -> Self {
        let mut own = Self::default();
        if marks.0 == 0 {
            return own;
        }
        for (theirs, ours) in [
            (Marks::FRAGMENT, Self::FRAGMENT),
            (Marks::SUPER_FRAME, Self::SUPER_FRAME),
            (Marks::CLIPPED, Self::CLIPPED),
            (Marks::BAD_CHECKSUM, Self::BAD_CHECKSUM),
            (Marks::CLAMPED, Self::CLAMPED),
        ] {
            if marks.has(theirs) {
                own.set(ours);
            }
        }
        own
    }

    /// Whether all bits of `mark` are set.
    #[inline]
    pub fn has(self, mark: Self) -> bool {
        self.0 & mark.0 == mark.0
    }

    /// Sets the bits of `mark`.
    #[inline]
    pub fn set(&mut self, mark: Self) {
        self.0 |= mark.0;
    }
}
