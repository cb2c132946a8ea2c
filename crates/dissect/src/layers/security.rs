//! What is signed or encrypted below IP: AH (RFC 4302), ESP (RFC 4303).

use flowloom_wire::Ah;

use crate::field::layer;
use crate::names;
use crate::writer::Writer;

layer! {
    AH "ah" "ah" "IP authentication header (RFC 4302).";
    NEXT Uint "ah.next_header" "What follows.";
    LENGTH Uint "ah.length" "Words of the header, less two.";
    RESERVED Bytes "ah.reserved" "Reserved.";
    SPI Hex(8) "ah.spi" "Security parameters index.";
    SEQUENCE Uint "ah.sequence" "Sequence number.";
    ICV Bytes "ah.icv" "Integrity check value.";
}

layer! {
    ESP "esp" "esp" "IP encapsulating security payload (RFC 4303).";
    ESP_SPI Hex(8) "esp.spi" "Security parameters index.";
    ESP_SEQUENCE Uint "esp.sequence" "Sequence number.";
}

pub(super) fn ah(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&AH, at);
    let len = Ah::parse(w.rest(at)).map_or(12, |ah| ah.header_len());
    w.named(&NEXT, at, 1, names::ip_protocol);
    w.uint(&LENGTH, at + 1, 1);
    w.bytes(&RESERVED, at + 2, 2);
    w.uint(&SPI, at + 4, 4);
    w.uint(&SEQUENCE, at + 8, 4);
    w.bytes(&ICV, at + 12, len.saturating_sub(12));
    w.layer_end(at + len);
    at + len
}

pub(super) fn esp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&ESP, at);
    w.uint(&ESP_SPI, at, 4);
    w.uint(&ESP_SEQUENCE, at + 4, 4);
    w.layer_end(at + 8);
    at + 8
}
