//! The family `frames`: which frames a flow has, and where they are in the capture.
//!
//! With it, the frames of a flow can be taken out of the capture without reading the rest.

use flowloom_schema::{Column, DataType, Role, Series, Unit};

use crate::family::{Family, FlowRow, Needs};

pub(crate) struct FramesFamily;

/// The frames of packets, on request.
pub(crate) struct PacketFramesFamily;

impl Family for FramesFamily {
    fn columns(&self) -> Vec<Column> {
        vec![
            column(
                "frame_numbers",
                "Numbers of the flow's frames, in their order in the input; all fragments of a \
                 datagram are among them.",
                false,
            ),
            column(
                "frame_offsets",
                "Where the record of each of these frames begins in the (uncompressed) capture; \
                 null where several files are read as one.",
                true,
            ),
        ]
    }

    fn needs(&self) -> Needs {
        Needs { frames: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        let [numbers, offsets] = series else { return };
        let places = row.ended.flow.keep.frames().places();
        numbers.push_list(|items| items.extend_i64(places.iter().map(|place| place.frame as i64)));
        if places.iter().all(|place| place.offset.is_some()) {
            let known = places.iter().filter_map(|place| place.offset);
            offsets.push_list(|items| items.extend_i64(known.map(|offset| offset as i64)));
        } else {
            offsets.push_null();
        }
    }
}

impl Family for PacketFramesFamily {
    fn columns(&self) -> Vec<Column> {
        let mut column = column(
            "packet_frames",
            "Number of the frame in which each packet of the flow came; of one that came in \
             fragments, the last.",
            false,
        );
        (column.family, column.population) = ("packet_frames", "all packets of the flow");
        vec![column]
    }

    fn needs(&self) -> Needs {
        Needs { frames: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        let [numbers] = series else { return };
        let frames = row.ended.flow.keep.frames().of_packets();
        numbers.push_list(|items| items.extend_i64(frames.map(|frame| frame as i64)));
    }
}

fn column(name: &'static str, doc: &'static str, nullable: bool) -> Column {
    Column {
        name: name.into(),
        doc: doc.into(),
        data_type: DataType::List(&DataType::I64),
        nullable,
        unit: if nullable { Unit::Bytes } else { Unit::FrameNumber },
        role: Role::Account,
        family: "frames",
        population: "all frames of the flow",
        since: "0.1",
    }
}
