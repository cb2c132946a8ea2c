//! `quic`: a record for each flow whose QUIC handshake was seen. Suricata makes one for each Initial
//! packet that it reads.

use super::{At, Record};
use crate::value::Value;
use crate::{Field, alone};

pub(super) const RECORD: Record = Record {
    event: "quic",
    fields: FIELDS,
    records: |flow, _| alone(flow.text("quic_version").is_some()),
    at: |subject| {
        let value = |column| subject.flow.int(column);
        At { time: value("tls_client_hello_time").or(value("start_time")), ..At::default() }
    },
};

const FIELDS: &[Field] = &[
    Field::flow("quic.version", "", "quic_version"),
    Field::made("quic.sni", "", "tls_sni; quic_sni of Google's first versions", |s| {
        match s.flow.value("tls_sni") {
            Value::None => s.flow.value("quic_sni"),
            name => name,
        }
    }),
    Field::flow("quic.ua", "", "quic_user_agent"),
    Field::flow("quic.ja3.hash", "", "tls_ja3"),
    Field::never("quic.ja3.string", ""),
    Field::flow("quic.ja3s.hash", "", "tls_ja3s"),
    Field::never("quic.ja3s.string", ""),
    Field::flow("quic.ja4", "", "tls_ja4"),
    Field::never("quic.extensions", ""),
    Field::never("quic.cyu", ""),
];
