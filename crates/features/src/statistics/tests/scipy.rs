//! Statistics against `NumPy` and `SciPy`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use super::{packets, row, traffic, with_statistics};
use crate::testing::packet;
use flowloom_flow::Arrival;

/// What the script compares, with the columns' names.
const STATISTICS: [&str; 12] =
    ["count", "mean", "std", "var", "min", "max", "range", "median", "sum", "skew", "kurt", "cv"];

#[test]
#[expect(clippy::print_stdout, reason = "what was compared or skipped is to be seen")]
fn statistics_are_those_of_scipy() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scipy_check.py");
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn()
    };
    let there = python(&["-c", "import numpy, scipy.stats"]).and_then(Child::wait_with_output);
    if !there.is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no python3 with numpy and scipy");
        return;
    }
    let mut run = python(&[script]).unwrap();
    let mut input = run.stdin.take().unwrap();
    for arrivals in flows() {
        input.write_all(cases(&arrivals).as_bytes()).unwrap();
    }
    drop(input);
    let output = run.wait_with_output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Flows whose values floats can tell apart well enough for `SciPy`.
fn flows() -> Vec<Vec<Arrival>> {
    let mut flows = Vec::new();
    flows.extend([1, 2, 3, 5, 50, 1_000, 20_000].map(traffic));
    flows.push(packets(300, |i, _| packet(i as i64 * 20_000_000, true, [214, 200, 180, 172])));
    flows.push(packets(400, |i, random| {
        let time = i as i64 * 1_000_000 - (random() % 5_000_000) as i64;
        packet(time, random().is_multiple_of(7), [random() as u32 % 65_536, 60, 40, 20])
    }));
    flows
}

/// One line of JSON for each group of columns: values, units that make one, and our statistics.
fn cases(arrivals: &[Arrival]) -> String {
    let (row, _) = row(arrivals, with_statistics());
    let mut cases = String::new();
    for side in ["", "up_", "down_"] {
        let of_side = arrivals.iter().filter(|arrival| match side {
            "up_" => arrival.packet.src_port == 1_000,
            "down_" => arrival.packet.src_port == 2_000,
            _ => true,
        });
        let of_side = of_side.collect::<Vec<_>>();
        let lengths = of_side.iter().map(|arrival| i64::from(arrival.wire_len));
        let gaps = of_side.windows(2).map(|pair| pair[1].time - pair[0].time);
        for (sequence, values, units) in [
            ("packet_lengths", lengths.collect::<Vec<_>>(), 1),
            ("iats", gaps.collect(), 1_000_000_000),
        ] {
            write!(cases, r#"{{"name":"{sequence}_{side}","units":{units},"values":{values:?}"#)
                .unwrap();
            for statistic in STATISTICS {
                let name = format!("{sequence}_{side}{statistic}");
                let integer = statistic == "count"
                    || (units == 1 && ["min", "max", "range", "sum"].contains(&statistic));
                let value = if integer {
                    row.int(&name).map(|value| value.to_string())
                } else {
                    row.float(&name).map(|value| format!("{value:?}"))
                };
                write!(cases, r#","{statistic}":{}"#, value.as_deref().unwrap_or("null")).unwrap();
            }
            cases.push_str("}\n");
        }
    }
    cases
}
