//! The family `packed_addresses`: addresses as bytes, for programs that would parse their text.

use flowloom_schema::{Column, Packed, Record, Series, record};

use crate::family::{Family, FlowRow, Needs};

pub(crate) struct PackedAddressesFamily;

impl Family for PackedAddressesFamily {
    fn columns(&self) -> Vec<Column> {
        PackedAddresses::columns()
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        let [src_ip_packed, dst_ip_packed] = row.ips.map(Packed);
        PackedAddresses::push_all(&[PackedAddresses { src_ip_packed, dst_ip_packed }], series);
    }
}

record! {
    /// The addresses of the two sides, as bytes.
    pub struct PackedAddresses in "packed_addresses" since "0.1" over "all packets of the flow" {
        /// Address of the initiator: 4 bytes of IPv4, 16 of IPv6, in the order of the header.
        src_ip_packed: Packed [None, Identity],
        /// Address of the other side: 4 bytes of IPv4, 16 of IPv6, in the order of the header.
        dst_ip_packed: Packed [None, Identity],
    }
}
