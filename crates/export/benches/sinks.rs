//! What an output costs per packet in CPU time, and how many bytes it makes of one: `cargo bench -p
//! flowloom-export [FORMAT...]`. A million packets in 66 thousand flows, with the sequences of all
//! of them. Parquet is run with each codec.
#![expect(clippy::unwrap_used, reason = "nothing to recover: it stops, and says where")]
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use flowloom_export::{Codec, Format, Settings, TableInfo, open};
use flowloom_schema::{Batch, Column, DataType, Role, Series, Unit};

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let table = table();
    let batches = batches(&table);
    let run = |format: Format, codec| {
        if wanted.is_empty() || wanted.iter().any(|name| name == format.name()) {
            measure(format, codec, &table, &batches);
        }
    };
    println!("format   codec            ns/packet  bytes/packet");
    // Logs are of their own columns alone.
    let other = [Format::Parquet, Format::Zeek, Format::Eve, Format::Ipfix];
    for format in Format::ALL.into_iter().filter(|format| !other.contains(format)) {
        run(format, Codec::None);
    }
    let codecs = [1, 3].map(Codec::Zstd);
    for codec in [Codec::None, Codec::Snappy].into_iter().chain(codecs) {
        run(Format::Parquet, codec);
    }
}

fn measure(format: Format, codec: Codec, table: &TableInfo, batches: &[Batch]) {
    let mut settings = Settings::default();
    settings.parquet.codec = codec;
    let directory = tempfile::tempdir().unwrap();
    let mut best = u64::MAX;
    let mut bytes = 0;
    for _ in 0..5 {
        let path = directory.path().join("flows");
        let batches = batches.to_vec();
        let start = cpu_nanos();
        let mut sink = open(format, path.into(), table, &settings).unwrap();
        for batch in batches {
            sink.write(batch).unwrap();
        }
        bytes = sink.close(&[]).unwrap().bytes;
        best = best.min(cpu_nanos() - start);
    }
    let codec = format!("{codec:?}");
    let (nanos, bytes) = (best as f64 / PACKETS as f64, bytes as f64 / PACKETS as f64);
    println!("{:8} {codec:16} {nanos:9.1} {bytes:13.1}", format.name());
}

/// Time this thread ran, which other programs change little. Linux has it; elsewhere there is no
/// benchmark.
fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn table() -> TableInfo {
    const LISTS: [(&str, DataType); 9] = [
        ("directions", DataType::List(&DataType::I8)),
        ("times", DataType::List(&DataType::I64)),
        ("iats", DataType::List(&DataType::I64)),
        ("packet_lengths", DataType::List(&DataType::I32)),
        ("ip_lengths", DataType::List(&DataType::I32)),
        ("trans_lengths", DataType::List(&DataType::I32)),
        ("app_lengths", DataType::List(&DataType::I32)),
        ("tcp_flags", DataType::List(&DataType::U8)),
        ("tcp_window_sizes", DataType::List(&DataType::U16)),
    ];
    let mut columns = vec![
        ("flow_id", DataType::I64),
        ("src_ip", DataType::Text),
        ("dst_ip", DataType::Text),
        ("src_port", DataType::I32),
        ("dst_port", DataType::I32),
        ("protocol", DataType::U8),
        ("start_time", DataType::Time),
        ("end_time", DataType::Time),
        ("duration", DataType::F64),
        ("packet_count", DataType::I64),
        ("byte_count", DataType::I64),
        ("community_id", DataType::Text),
        ("end_reason", DataType::Text),
    ];
    columns.extend(LISTS);
    let columns = columns.into_iter().map(|(name, data_type)| Column {
        name: name.into(),
        doc: "A column.".into(),
        data_type,
        nullable: matches!(name, "tcp_flags" | "tcp_window_sizes" | "src_port" | "dst_port"),
        unit: Unit::None,
        role: Role::Feature,
        family: "bench",
        population: "all packets",
        since: "0.1",
    });
    TableInfo { name: "flows".into(), columns: columns.collect(), metadata: Vec::new() }
}

/// Flows of 1 to some hundred packets, 15 on average: requests and answers over TCP, in a capture
/// with microseconds.
fn batches(table: &TableInfo) -> Vec<Batch> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut batches = Vec::new();
    let mut packets = 0;
    let mut flow_id = 1;
    while packets < PACKETS {
        let mut columns: Vec<Series> =
            table.columns.iter().map(|column| Series::new(column.data_type)).collect();
        let mut rows = 0;
        while rows < ROWS && packets < PACKETS {
            let count = (random.heavy(7) as usize).clamp(1, PACKETS - packets);
            push(&mut columns, flow_id, count, &mut random);
            packets += count;
            flow_id += random.below(20) as i64 + 1;
            rows += 1;
        }
        batches.push(Batch { columns, rows });
    }
    let rows: usize = batches.iter().map(|batch| batch.rows).sum();
    println!("{rows} flows, {packets} packets");
    batches
}

fn push(columns: &mut [Series], flow_id: i64, count: usize, random: &mut Random) {
    let packets: Vec<Packet> = (0..count).map(|i| Packet::new(i, random)).collect();
    let duration: i64 = packets.iter().map(|packet| packet.gap).sum();
    let start = 1_700_000_000_000_000_000 + flow_id * 1_234_000;
    let [
        id,
        src,
        dst,
        src_port,
        dst_port,
        protocol,
        began,
        ended,
        lasted,
        n,
        sum,
        community,
        reason,
        lists @ ..,
    ] = columns
    else {
        unreachable!()
    };
    id.push_i64(flow_id);
    src.push_text(&format!("192.168.{}.{}", random.below(4), random.below(250)));
    dst.push_text(&format!("{}.{}.7.{}", 1 + random.below(60), random.below(9), random.below(250)));
    src_port.push_i32(32_768 + random.below(28_000) as i32);
    dst_port.push_i32([443, 443, 443, 80, 53][random.below(5) as usize]);
    protocol.push_u8(6);
    began.push_i64(start);
    ended.push_i64(start + duration);
    lasted.push_f64(duration as f64 / 1e9);
    n.push_i64(count as i64);
    sum.push_i64(packets.iter().map(|packet| i64::from(packet.length)).sum());
    community.push_text(&format!("1:{:016x}{:011x}=", random.next(), random.below(1 << 40)));
    reason.push_text(["fin", "fin", "idle", "rst"][random.below(4) as usize]);
    let mut time = 0;
    let values: Vec<(i64, &Packet)> = packets
        .iter()
        .map(|packet| {
            time += packet.gap;
            (time, packet)
        })
        .collect();
    for (i, list) in lists.iter_mut().enumerate() {
        list.push_list(|items| {
            for (time, packet) in &values {
                match i {
                    0 => items.push_i8(packet.direction),
                    1 => items.push_i64(*time),
                    2 => items.push_i64(packet.gap),
                    3 => items.push_i32(packet.length),
                    4 => items.push_i32(packet.length - 14),
                    5 => items.push_i32(packet.length - 34),
                    6 => items.push_i32(packet.length - 66),
                    7 => items.push_u8(packet.flags),
                    _ => items.push_u16(packet.window),
                }
            }
        });
    }
}

struct Packet {
    direction: i8,
    gap: i64,
    length: i32,
    flags: u8,
    window: u16,
}

impl Packet {
    fn new(i: usize, random: &mut Random) -> Self {
        let direction = if random.below(5) < 3 { -1 } else { 1 };
        let gap = if i == 0 { 0 } else { random.heavy(200) as i64 * 1_000 };
        let length = match random.below(10) {
            0..4 => 66,
            4..8 if direction < 0 => 1_514,
            _ => 66 + random.below(1_448) as i32,
        };
        let flags = match (i, length) {
            (0 | 1, _) => 0x02,
            (_, 66 | 1_514) => 0x10,
            _ => 0x18,
        };
        let window = if direction > 0 { 501 } else { 235 + (random.below(40) as u16) * 12 };
        Self { direction, gap, length, flags, window }
    }
}

/// Marsaglia's xorshift: the same numbers every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Mostly around `middle`, now and then a hundred times as much.
    fn heavy(&mut self, middle: u64) -> u64 {
        let scale = 1 << self.next().leading_zeros().min(7);
        1 + self.below(middle * scale)
    }
}

const PACKETS: usize = 1_000_000;
const ROWS: usize = 4_096;
