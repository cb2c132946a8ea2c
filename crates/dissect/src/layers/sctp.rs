//! SCTP (RFC 9260) and DCCP (RFC 4340).

use flowloom_wire::dccp::Dccp;
use flowloom_wire::sctp::Sctp;

use crate::field::layer;
use crate::layers::frame::data;
use crate::writer::Writer;

layer! {
    SCTP "sctp" "sctp" "SCTP (RFC 9260).";
    SRC_PORT Uint "sctp.srcport" "Source port.";
    DST_PORT Uint "sctp.dstport" "Destination port.";
    TAG Hex(8) "sctp.verification_tag" "What shows that the sender belongs to the association.";
    CHECKSUM Hex(8) "sctp.checksum" "Checksum, as sent.";
    CHUNK Uint "sctp.chunk_type" "Kind of a chunk.";
    CHUNK_FLAGS Hex(2) "sctp.chunk_flags" "Flags of a chunk.";
    CHUNK_LENGTH Uint "sctp.chunk_length" "Bytes of a chunk.";
    TSN Uint "sctp.data_tsn_raw" "Data: transmission sequence number.";
    STREAM Hex(4) "sctp.data_sid" "Data: the stream.";
    STREAM_SEQ Uint "sctp.data_ssn" "Data: sequence number in the stream.";
    PAYLOAD_PROTOCOL Uint "sctp.data_payload_proto_id" "Data: what they are.";
    DATA_END Bool "sctp.data_e_bit" "Data: the end of a message.";
    DATA_BEGIN Bool "sctp.data_b_bit" "Data: the beginning of a message.";
    DATA_UNORDERED Bool "sctp.data_u_bit" "Data: in no order.";
    DATA_IMMEDIATE Bool "sctp.data_i_bit" "Data: to be acknowledged at once.";
    INIT_TAG Hex(8) "sctp.init_initiate_tag" "Init: the tag the other side must use.";
    INIT_CREDIT Uint "sctp.init_credit" "Init: receive window.";
    INIT_OUT Uint "sctp.init_nr_out_streams" "Init: streams to be sent on.";
    INIT_IN Uint "sctp.init_nr_in_streams" "Init: streams to be received on.";
    INIT_TSN Uint "sctp.init_initial_tsn" "Init: first sequence number.";
    INITACK_TAG Hex(8) "sctp.initack_initiate_tag" "Init acknowledgement: the tag the other side must use.";
    INITACK_CREDIT Uint "sctp.initack_credit" "Init acknowledgement: receive window.";
    INITACK_OUT Uint "sctp.initack_nr_out_streams" "Init acknowledgement: streams to be sent on.";
    INITACK_IN Uint "sctp.initack_nr_in_streams" "Init acknowledgement: streams to be received on.";
    INITACK_TSN Uint "sctp.initack_initial_tsn" "Init acknowledgement: first sequence number.";
    SACK_TSN Uint "sctp.sack_cumulative_tsn_ack_raw" "Acknowledgement: all up to this sequence number.";
    SACK_WINDOW Uint "sctp.sack_a_rwnd" "Acknowledgement: receive window.";
    SACK_GAPS Uint "sctp.sack_number_of_gap_blocks" "Acknowledgement: blocks received out of order.";
    SACK_TWICE Uint "sctp.sack_number_of_duplicated_tsns" "Acknowledgement: sequence numbers received twice.";
    SHUTDOWN_TSN Uint "sctp.shutdown_cumulative_tsn_ack" "Shutdown: all up to this sequence number.";
}

layer! {
    DCCP "dccp" "dccp" "DCCP (RFC 4340).";
    D_SRC_PORT Uint "dccp.srcport" "Source port.";
    D_DST_PORT Uint "dccp.dstport" "Destination port.";
    D_OFFSET Uint "dccp.data_offset" "Words of the header with its options.";
    D_CCVAL Uint "dccp.ccval" "For the congestion control.";
    D_COVERAGE Uint "dccp.cscov" "What the checksum covers.";
    D_CHECKSUM Hex(4) "dccp.checksum" "Checksum, as sent.";
    D_TYPE Uint "dccp.type" "Kind of packet.";
    D_EXTENDED Bool "dccp.x" "The sequence number has 48 bits.";
    D_SEQ Uint "dccp.seq_raw" "Sequence number.";
    D_ACK Uint "dccp.ack_raw" "Acknowledgement number.";
    D_SERVICE Uint "dccp.service_code" "The service that is asked for.";
    D_RESET Uint "dccp.reset_code" "Why the connection is reset.";
}

pub(super) fn sctp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&SCTP, at);
    w.uint(&SRC_PORT, at, 2);
    w.uint(&DST_PORT, at + 2, 2);
    w.uint(&TAG, at + 4, 4);
    w.uint(&CHECKSUM, at + 8, 4);
    let mut chunk = at + Sctp::LEN;
    while let Some(length) = w.number(chunk + 2, 2) {
        let kind = w.named(&CHUNK, chunk, 1, chunk_name);
        w.uint(&CHUNK_FLAGS, chunk + 1, 1);
        w.uint(&CHUNK_LENGTH, chunk + 2, 2);
        w.below(|w| chunk_fields(w, kind, chunk));
        if length < 4 {
            break;
        }
        // Chunks begin at multiples of four bytes.
        chunk += (length as usize).next_multiple_of(4);
    }
    w.layer_end(chunk);
    let end = chunk;
    let mut chunk = at + Sctp::LEN;
    while let Some(length) = w.number(chunk + 2, 2).map(|length| length as usize)
        && chunk < end
    {
        if w.number(chunk, 1) == Some(0) && length > DATA_HEADER_LEN {
            data(w, chunk + DATA_HEADER_LEN, length - DATA_HEADER_LEN);
        }
        chunk += length.max(4).next_multiple_of(4);
    }
    w.end
}

fn chunk_fields(w: &mut Writer<'_>, kind: u64, at: usize) {
    match kind {
        0 => {
            w.flags(at + 1, 1, &[(&DATA_IMMEDIATE, 3), (&DATA_UNORDERED, 2)]);
            w.flags(at + 1, 1, &[(&DATA_BEGIN, 1), (&DATA_END, 0)]);
            w.uint(&TSN, at + 4, 4);
            w.uint(&STREAM, at + 8, 2);
            w.uint(&STREAM_SEQ, at + 10, 2);
            w.uint(&PAYLOAD_PROTOCOL, at + 12, 4);
        }
        1 => init(w, at, [&INIT_TAG, &INIT_CREDIT, &INIT_OUT, &INIT_IN, &INIT_TSN]),
        2 => init(w, at, [&INITACK_TAG, &INITACK_CREDIT, &INITACK_OUT, &INITACK_IN, &INITACK_TSN]),
        3 => {
            w.uint(&SACK_TSN, at + 4, 4);
            w.uint(&SACK_WINDOW, at + 8, 4);
            w.uint(&SACK_GAPS, at + 12, 2);
            w.uint(&SACK_TWICE, at + 14, 2);
        }
        7 => {
            w.uint(&SHUTDOWN_TSN, at + 4, 4);
        }
        _ => {}
    }
}

fn init(w: &mut Writer<'_>, at: usize, fields: [&'static crate::field::FieldInfo; 5]) {
    for (field, (offset, len)) in
        fields.into_iter().zip([(4, 4), (8, 4), (12, 2), (14, 2), (16, 4)])
    {
        w.uint(field, at + offset, len);
    }
}

pub(super) fn dccp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&DCCP, at);
    let Ok(dccp) = Dccp::parse(w.rest(at)) else { return at };
    w.uint(&D_SRC_PORT, at, 2);
    w.uint(&D_DST_PORT, at + 2, 2);
    w.uint(&D_OFFSET, at + 4, 1);
    w.bits(&D_CCVAL, at + 5, 1, 4, 4);
    w.bits(&D_COVERAGE, at + 5, 1, 0, 4);
    w.uint(&D_CHECKSUM, at + 6, 2);
    let kind = u64::from(dccp.kind());
    w.bits(&D_TYPE, at + 8, 1, 1, 4);
    let extended = w.bits(&D_EXTENDED, at + 8, 1, 0, 1) == 1;
    let ack = if extended {
        w.uint(&D_SEQ, at + 10, 6);
        at + 16
    } else {
        w.uint(&D_SEQ, at + 9, 3);
        at + 12
    };
    match kind {
        0 => {
            w.uint(&D_SERVICE, at + 16, 4);
        }
        1 | 3..=9 => {
            if extended {
                w.uint(&D_ACK, ack + 2, 6);
            } else {
                w.uint(&D_ACK, ack + 1, 3);
            }
            match kind {
                1 => {
                    w.uint(&D_SERVICE, at + 24, 4);
                }
                7 => {
                    w.uint(&D_RESET, at + 24, 1);
                }
                _ => {}
            }
        }
        _ => {}
    }
    w.layer_end(at + dccp.header_len());
    at + dccp.header_len()
}

fn chunk_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "data",
        1 => "init",
        2 => "init acknowledgement",
        3 => "selective acknowledgement",
        4 => "heartbeat",
        5 => "heartbeat acknowledgement",
        6 => "abort",
        7 => "shutdown",
        8 => "shutdown acknowledgement",
        9 => "error",
        10 => "cookie echo",
        11 => "cookie acknowledgement",
        14 => "shutdown complete",
        _ => return None,
    })
}

const DATA_HEADER_LEN: usize = 16;
