//! What is said of a connection's beginning and end, where its packets come again or late.

use flowloom_wire::tcp_flags::{ACK, RST};

use crate::common::Row;
use crate::packets::tcp;
use crate::{A, B, MS, SECOND, Timed, closed, flows, with};

/// The only row, with sequences.
fn row(frames: &[Timed]) -> Row {
    let (mut rows, _) = flows(frames, |config| {
        config.features = ["core", "sequences"].map(Into::into).into();
    });
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

#[test]
fn a_closed_connection_is_not_reset() {
    for flags in [RST, RST | ACK] {
        let row = row(&with(closed(), SECOND + 300 * MS, tcp(B, A, flags, 702, 102, 0)));
        assert_eq!((row.text("end_reason"), row.text("tcp_state")), ("fin", "closed"));
        assert_eq!((row.number("packet_count"), row.number("rst_count")), (7, 1));
    }
}
