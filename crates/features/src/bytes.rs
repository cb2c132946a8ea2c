//! The family `bytes`: what the first packets hold, byte for byte.

use flowloom_schema::{Column, DataType, Role, Series, Unit};

use crate::family::{Family, FlowRow, Needs};
use crate::kept::FirstBytes;

pub(crate) struct BytesFamily;

impl Family for BytesFamily {
    fn columns(&self) -> Vec<Column> {
        let column = |name: &'static str, doc: &'static str, role| Column {
            name: name.into(),
            doc: doc.into(),
            data_type: DataType::List(&DataType::Binary),
            nullable: false,
            unit: Unit::Bytes,
            role,
            family: "bytes",
            population: "the first counted packets of the flow, 10 by default",
            since: "0.1",
        };
        vec![
            column(
                "header_bytes",
                "Headers of each of the first packets as they were captured, from the innermost IP \
                 header to the payload, the first 256 bytes; of a datagram that came in fragments, \
                 the transport header alone. They hold addresses and ports.",
                Role::Identity,
            ),
            column(
                "payload_bytes",
                "First bytes of the transport payload of each of these packets, as far as they were \
                 captured, 256 by default; empty where there are none.",
                Role::Feature,
            ),
        ]
    }

    fn needs(&self) -> Needs {
        Needs { bytes: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        let [headers, payloads] = series else { return };
        let first = row.ended.flow.keep.first_bytes();
        let packets = || first.into_iter().flat_map(FirstBytes::packets);
        headers.push_list(|items| packets().for_each(|[bytes, _]| items.push_binary(bytes)));
        payloads.push_list(|items| packets().for_each(|[_, bytes]| items.push_binary(bytes)));
    }
}

#[cfg(test)]
mod tests;
