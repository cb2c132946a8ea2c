//! The family `connection`: what came of the TCP streams of a flow, and its history in letters.

use flowloom_flow::{InitiatorBy, PacketMarks};
use flowloom_schema::{Column, Record, Series, record};
use flowloom_wire::protocol;
use flowloom_wire::tcp_flags::{ACK, FIN, RST, SYN};

use crate::family::{Family, FlowRow, Needs};
use crate::kept::PacketRecord;

/// Streams and history.
pub(crate) struct ConnectionFamily;

impl Family for ConnectionFamily {
    fn columns(&self) -> Vec<Column> {
        Connection::columns()
    }

    fn needs(&self) -> Needs {
        Needs { sequences: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        Connection::push_all(&[connection(row)], series);
    }
}

record! {
    /// What came of the streams.
    pub struct Connection in "connection" since "0.1" over "all packets of the flow; `history`: those that sequences have" {
        /// Bytes of the initiator's TCP stream by its sequence numbers, from the first to the last that
        /// was seen: what was sent again counts once, and what is missing counts, too. Null for other
        /// protocols, and beyond 1 GiB where the SYN was not seen.
        up_stream_byte_count: Option<i64> [Bytes, Feature],
        /// Bytes of the other side's TCP stream, likewise.
        down_stream_byte_count: Option<i64> [Bytes, Feature],
        /// Bytes of `up_stream_byte_count` that were never seen.
        up_missing_byte_count: Option<i64> [Bytes, Account],
        /// Bytes of `down_stream_byte_count` that were never seen.
        down_missing_byte_count: Option<i64> [Bytes, Account],
        /// What happened, a letter each, large from the initiator and small to it, each the first time: S a SYN, H a SYN+ACK, A a bare ACK, D payload, F a FIN, R an RST, Q flags that contradict each other; C a wrong checksum if they are verified, T payload sent again, W a window of zero, G a gap: at the first, tenth, hundredth time and so on. It begins with ^ where the initiator did not send the first packet. As in Zeek's log of connections. Null but for TCP and UDP.
        history: Option<String> [None, Feature],
    }
}

fn connection(row: &FlowRow<'_>) -> Connection {
    let flow = &row.ended.flow;
    let streams = flow.sides.each_ref().map(|side| side.stream_bytes().filter(|_| flow.is_tcp()));
    let [up, down] =
        streams.map(|stream| stream.map(|(bytes, missing)| (bytes as i64, missing as i64)));
    let is_flipped = flow.first.initiator_by == InitiatorBy::SynAck;
    let records = flow.keep.log().sequence();
    Connection {
        up_stream_byte_count: up.map(|(bytes, _)| bytes),
        down_stream_byte_count: down.map(|(bytes, _)| bytes),
        up_missing_byte_count: up.map(|(_, missing)| missing),
        down_missing_byte_count: down.map(|(_, missing)| missing),
        history: match flow.key.protocol() {
            protocol::TCP | protocol::UDP => Some(history(records, flow.is_tcp(), is_flipped)),
            _ => None,
        },
    }
}

/// The letters of all packets, in their order.
fn history(records: &[PacketRecord], is_tcp: bool, is_flipped: bool) -> String {
    let mut history = History::default();
    if is_flipped {
        history.text.push('^');
    }
    for record in records {
        if is_tcp {
            history.tcp(record);
        } else {
            history.once('D', record);
        }
    }
    history.text
}

#[derive(Default)]
struct History {
    text: String,
    /// How often each letter came, of the initiator and of the other side.
    counts: [[u64; 26]; 2],
}

impl History {
    fn tcp(&mut self, record: &PacketRecord) {
        let has = |flag: u8| record.tcp_flags & flag != 0;
        let is = |mark: PacketMarks| record.marks & mark.0 != 0;
        if is(PacketMarks::BAD_CHECKSUM) {
            return self.again('C', record);
        }
        if (has(SYN) && (has(FIN) || has(RST))) || (has(FIN) && has(RST)) {
            self.once('Q', record);
        }
        if is(PacketMarks::GAP_BEFORE) && record.app_len > 0 {
            self.again('G', record);
        }
        if has(SYN) {
            self.once(if has(ACK) { 'H' } else { 'S' }, record);
        }
        if is(PacketMarks::ZERO_WINDOW) {
            self.again('W', record);
        }
        if is(PacketMarks::RETRANSMISSION) && record.app_len > 0 {
            self.again('T', record);
        } else if record.app_len > 0 {
            self.once('D', record);
        }
        if has(FIN) {
            self.once('F', record);
        }
        if has(RST) {
            self.once('R', record);
        }
        if has(ACK) && record.app_len == 0 && !has(SYN) && !has(FIN) && !has(RST) {
            self.once('A', record);
        }
    }

    /// A letter that is written the first time.
    fn once(&mut self, letter: char, record: &PacketRecord) {
        if self.count(letter, record) == 1 {
            self.put(letter, record);
        }
    }

    /// A letter that is written at the first, tenth, hundredth time.
    fn again(&mut self, letter: char, record: &PacketRecord) {
        let count = self.count(letter, record);
        if 10_u64.pow(count.ilog10()) == count {
            self.put(letter, record);
        }
    }

    fn count(&mut self, letter: char, record: &PacketRecord) -> u64 {
        let count =
            &mut self.counts[usize::from(record.direction < 0)][letter as usize - 'A' as usize];
        *count += 1;
        *count
    }

    fn put(&mut self, letter: char, record: &PacketRecord) {
        self.text.push(if record.direction < 0 { letter.to_ascii_lowercase() } else { letter });
    }
}

#[cfg(test)]
mod tests {
    use flowloom_flow::PacketMarks;

    use super::{ACK, FIN, PacketRecord, RST, SYN, history};

    fn record(direction: i8, tcp_flags: u8, app_len: u32, marks: u16) -> PacketRecord {
        PacketRecord { app_len, marks, tcp_flags, direction, ..PacketRecord::default() }
    }

    #[test]
    fn each_letter_is_written_once() {
        let whole = [
            record(1, SYN, 0, 0),
            record(1, SYN, 0, 0),
            record(-1, SYN | ACK, 0, 0),
            record(1, ACK, 0, 0),
            record(1, ACK, 10, 0),
            record(-1, ACK, 0, 0),
            record(-1, ACK, 10, 0),
            record(1, ACK, 0, 0),
            record(1, FIN | ACK, 0, 0),
            record(-1, FIN | ACK, 5, 0),
            record(1, RST, 0, 0),
        ];
        assert_eq!(history(&whole, true, false), "ShADadFfR");
        assert_eq!(history(&whole[2..], true, true), "^hADadFfR");
        assert_eq!(history(&[record(1, FIN | RST, 0, 0)], true, false), "QFR");
        assert_eq!(history(&[record(-1, 0, 0, 0), record(1, 0, 9, 0)], false, false), "dD");
        assert_eq!(history(&[], true, false), "");
    }

    #[test]
    fn some_letters_are_written_at_each_power_of_ten() {
        let mark = |mark: PacketMarks| record(1, ACK, 7, mark.0);
        let again = vec![mark(PacketMarks::RETRANSMISSION); 99];
        assert_eq!(history(&again, true, false), "TT");
        assert_eq!(history(&[&again[..], &again[..1]].concat(), true, false), "TTT");
        let gap = [mark(PacketMarks::GAP_BEFORE), mark(PacketMarks::ZERO_WINDOW)];
        assert_eq!(history(&gap, true, false), "GDW");
        assert_eq!(history(&[mark(PacketMarks::BAD_CHECKSUM)], true, false), "C");
    }
}
