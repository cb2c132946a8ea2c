//! Values, headers and records as Zeek has them.

use flowloom_schema::Values;

use super::{EMPTY, LOGS, conn, dhcp, dns, put, ssh, table};
use crate::Subject;
use crate::row::testing::Table;
use crate::value::Value;

fn shown(value: &Value<'_>, kind: &str) -> String {
    let mut out = String::new();
    put(value, kind, &mut out);
    out
}

#[test]
fn values_are_written_as_zeek_writes_them() {
    let cases = [
        (Value::None, "count", "-"),
        (Value::Bool(true), "bool", "T"),
        (Value::Int(-3), "count", "-3"),
        (Value::Int(1_751_915_613), "time", "1751915613.000000"),
        (Value::Int(30), "vector[interval]", "30.000000"),
        (Value::Real(0.000_123_6), "interval", "0.000124"),
        (Value::Time(1_234_567_899), "time", "1.234567"),
        (Value::Time(-1_000), "time", "-0.000001"),
        (Value::Time(-4_500_000_000), "time", "-4.500000"),
        (Value::Text("".into()), "string", EMPTY),
        (Value::Text("-".into()), "string", "\\x2d"),
        (Value::Text("(empty)".into()), "string", "\\x28empty)"),
        (Value::Text("a-b,c".into()), "string", "a-b,c"),
        (Value::Text("t\tn\nr\r\\".into()), "string", "t\\x09n\\x0ar\\x0d\\\\"),
        (Value::Text("é\u{85}\u{202e}".into()), "string", "é\\xc2\\x85\\xe2\\x80\\xae"),
        (Value::List(Vec::new()), "set[string]", EMPTY),
        (Value::texts(["a,b", "", "-"]), "vector[string]", "a\\x2cb,(empty),\\x2d"),
    ];
    for (value, kind, text) in cases {
        assert_eq!(shown(&value, kind), text, "{value:?}");
    }
}

#[test]
fn headers_name_and_type_every_field() {
    for log in LOGS {
        let head = table(log).head;
        let Values::Text(text) = &head.columns[0].values else { panic!() };
        let lines = text.get(0).lines().collect::<Vec<_>>();
        assert_eq!(lines[0], "#separator \\x09");
        assert_eq!(lines[4], format!("#path\t{}", log.path));
        let count = |line: &str| line.split('\t').count();
        assert_eq!(
            (count(lines[5]), count(lines[6])),
            (log.fields.len() + 1, log.fields.len() + 1)
        );
        let names = log.fields.iter().map(|field| field.name);
        assert_eq!(names.collect::<std::collections::BTreeSet<_>>().len(), log.fields.len());
    }
}

#[test]
fn responses_go_with_their_queries() {
    let mut messages = Table::new(&["is_response", "id", "direction", "qname", "qtype_id"]);
    let mut message = |is_response: bool, id: i64, name: &'static str| {
        let direction = Value::Int(if is_response { -1 } else { 1 });
        let name = if name.is_empty() { Value::None } else { name.into() };
        messages.push([is_response.into(), id.into(), direction, name, Value::Int(1)]);
    };
    message(false, 7, "a.example"); // 0: answered by 3
    message(false, 7, "b.example"); // 1: answered by 2
    message(true, 7, "B.example"); // 2
    message(true, 7, "a.example"); // 3
    message(true, 7, "a.example"); // 4: nobody asks any more
    message(false, 8, "c.example"); // 5: answered without a question by 6
    message(true, 8, ""); // 6
    message(true, 9, "d.example"); // 7: nobody asked
    message(false, 9, "d.example"); // 8: never answered
    let records = dns::pairs(&messages.rows());
    let places = records.iter().map(|record| record.iter().map(|row| row.at).collect::<Vec<_>>());
    let expected: [&[usize]; 6] = [&[0, 3], &[1, 2], &[4], &[5, 6], &[7], &[8]];
    assert_eq!(places.collect::<Vec<_>>(), expected);
}

#[test]
fn leases_that_servers_tell_of_are_theirs() {
    let mut flows = Table::new(&["src_ip", "dst_ip"]);
    flows.push(["10.0.0.9".into(), "10.0.0.1".into()]);
    let client = |kind: &'static str, direction: i64| {
        let mut messages = Table::new(&["message_type", "direction"]);
        messages.push([kind.into(), direction.into()]);
        let subject = Subject { flow: flows.rows()[0], events: &messages.rows(), number: 0 };
        let field = dhcp::LOG.fields.iter().find(|field| field.name == "client_addr").unwrap();
        shown(&field.value(&subject), "addr")
    };
    for kind in ["DISCOVER", "REQUEST", "LEASEQUERY", "BULKLEASEQUERY"] {
        assert_eq!(client(kind, 1), "10.0.0.9", "{kind}");
    }
    for kind in ["OFFER", "ACK", "LEASEACTIVE", "LEASEUNKNOWN", "LEASEQUERYDONE"] {
        assert_eq!(client(kind, -1), "-", "{kind}");
    }
}

#[test]
fn sides_of_ssh_may_differ() {
    let columns = ["ssh_client", "ssh_server", "ssh_cipher", "ssh_cipher_server"];
    let told = |values: [&'static str; 4]| {
        let mut flows = Table::new(&columns);
        flows.push(values.map(Value::from));
        let subject = Subject { flow: flows.rows()[0], events: &[], number: 0 };
        let fields = ssh::LOG.fields.iter();
        let fields = fields.filter(|field| ["version", "cipher_alg"].contains(&field.name));
        fields.map(|field| shown(&field.value(&subject), field.kind)).collect::<Vec<_>>()
    };
    assert_eq!(told(["SSH-2.0-a", "SSH-1.99-b", "aes128-ctr", "aes128-ctr"]), ["2", "aes128-ctr"]);
    let both = "To server: aes128-ctr, to client: 3des-cbc";
    assert_eq!(told(["SSH-1.5-a", "SSH-1.99-b", "aes128-ctr", "3des-cbc"]), ["1", both]);
}

#[test]
fn connections_are_called_as_zeek_documents() {
    const FIN: i64 = 1;
    const SYN: i64 = 2;
    const RST: i64 = 4;
    const ACK: i64 = 16;
    let cases = [
        (SYN, 0, "S", "S0"),
        (SYN | ACK, SYN | ACK, "ShA", "S1"),
        (ACK, SYN | ACK, "^hA", "S1"),
        (SYN | ACK | FIN, SYN | ACK | FIN, "ShAFaf", "SF"),
        (SYN | ACK | FIN | RST, SYN | ACK | FIN, "ShAFafR", "SF"),
        (SYN, RST | ACK, "Sr", "REJ"),
        (SYN | ACK | RST, SYN | ACK | RST, "ShARr", "REJ"),
        (SYN | ACK | FIN, SYN | ACK, "ShAFa", "S2"),
        (SYN | ACK, SYN | ACK | FIN, "ShAf", "S3"),
        (SYN | ACK | RST, SYN | ACK, "ShAR", "RSTO"),
        (SYN | ACK | FIN | RST, SYN | ACK, "ShAFR", "RSTO"),
        (SYN | ACK, SYN | ACK | RST, "ShAr", "RSTR"),
        (ACK | FIN, ACK | RST, "^Fr", "RSTR"),
        (SYN | RST, 0, "SR", "RSTOS0"),
        (SYN | ACK | RST, 0, "SAR", "OTH"),
        (0, SYN | ACK | RST, "^hr", "RSTRH"),
        (0, SYN | ACK | FIN | RST, "^hafr", "RSTRH"),
        (ACK, ACK | RST, "^Aar", "RSTRH"),
        (SYN | FIN, 0, "SF", "SH"),
        (ACK | FIN, ACK, "^aAF", "SH"),
        (0, SYN | ACK | FIN, "^haf", "SHR"),
        (ACK, ACK | FIN, "^Aaf", "SHR"),
        (ACK, ACK, "^Aa", "OTH"),
        (RST, 0, "^R", "OTH"),
    ];
    for (up, down, history, state) in cases {
        let columns = ["protocol", "up_tcp_flags", "down_tcp_flags", "history"];
        let mut flows = Table::new(&columns);
        flows.push([Value::Int(6), up.into(), down.into(), history.into()]);
        let subject = Subject { flow: flows.rows()[0], events: &[], number: 0 };
        assert_eq!(conn::conn_state(&subject), state.into(), "{up} {down}");
    }
}
