//! Rows come out in the order of their `flow_id`, whatever the memory.

use std::sync::{Arc, Mutex};

use flowloom_export::{
    Destination, Ending, Format, Order, Ordered, Settings, Sink, SinkError, SinkStats, TableInfo,
    Written, open,
};
use flowloom_schema::{Batch, DataType, Series, Values};

use crate::tables;

#[test]
fn rows_are_sorted_in_memory_and_on_disk_alike() {
    let table = numbered();
    let expected = sorted(&table, 400, 5);
    for memory_bytes_max in [0, 10_000, 100_000, usize::MAX] {
        let (stats, text) = through(&table, memory_bytes_max, 400, 5);
        assert_eq!(stats.rows, 2_000);
        assert_eq!(stats.spilled_bytes > 0, memory_bytes_max != usize::MAX);
        assert!(text == expected, "with {memory_bytes_max} bytes");
    }
}

/// 1,100 runs: more than are merged at once, and more than that squared.
#[test]
fn runs_are_merged_in_levels() {
    let table = numbered();
    assert!(through(&table, 0, 1_100, 2).1 == sorted(&table, 1_100, 2));
}

/// Lists as long as they get: pieces are cut by bytes, not by rows alone.
#[test]
fn pieces_are_small_however_long_the_lists() {
    let table = tables::table(vec![
        tables::column("flow_id", DataType::I64, false),
        tables::column("times", DataType::List(&DataType::I64), false),
    ]);
    let seen = Collected::default();
    let order = Order { memory_bytes_max: 0, ..Order::default() };
    let mut sink = Ordered::new(Box::new(seen.clone()), &table, order).unwrap();
    for flow_id in 0..20 {
        let mut columns: Vec<Series> =
            table.columns.iter().map(|column| Series::new(column.data_type)).collect();
        columns[0].push_i64(flow_id);
        columns[1].push_list(|items| (0..65_536).for_each(|i| items.push_i64(i)));
        sink.write(Batch { columns, rows: 1 }).unwrap();
    }
    Box::new(sink).close(&[]).unwrap();
    let batches = seen.0.lock().unwrap();
    assert_eq!(batches.iter().map(|batch| batch.rows).sum::<usize>(), 20);
    assert!(batches.iter().all(|batch| batch.rows <= 2), "a piece is a megabyte");
}

#[test]
fn nothing_comes_before_everything_is_there() {
    let table = numbered();
    let seen = Collected::default();
    let mut sink = Ordered::new(Box::new(seen.clone()), &table, Order::default()).unwrap();
    for batch in batches(&table, 10, 5) {
        sink.write(batch).unwrap();
    }
    assert!(seen.0.lock().unwrap().is_empty());
    Box::new(sink).close_partial(&[]).unwrap();
    let batches = seen.0.lock().unwrap();
    let ids: Vec<i64> = batches.iter().flat_map(ids).collect();
    assert_eq!(ids.len(), 50);
    assert!(ids.is_sorted());
}

#[test]
fn a_table_without_rows_stays_one() {
    let seen = Collected::default();
    let sink = Ordered::new(Box::new(seen.clone()), &numbered(), Order::default()).unwrap();
    assert_eq!(Box::new(sink).close(&[]).unwrap().rows, 0);
}

#[test]
fn a_table_without_flow_ids_has_no_order() {
    let inner = Box::new(Collected::default());
    let error = Ordered::new(inner, &tables::every_type(), Order::default()).err().unwrap();
    assert!(error.to_string().contains("flow_id"), "{error}");
}

#[test]
fn a_place_for_runs_that_is_not_there_is_named() {
    let table = numbered();
    let directory = tempfile::tempdir().unwrap().path().join("gone");
    let order = Order { memory_bytes_max: 0, directory: directory.clone() };
    let mut sink = Ordered::new(Box::new(Collected::default()), &table, order).unwrap();
    let error = sink.write(batches(&table, 1, 1).swap_remove(0)).unwrap_err();
    assert!(matches!(error, SinkError::Spill { .. }), "{error:?}");
    assert!(error.to_string().contains(directory.to_str().unwrap()), "{error}");
}

/// [`tables::every_type`] with numbers in front.
fn numbered() -> TableInfo {
    let mut table = tables::every_type();
    table.columns.insert(0, tables::column("flow_id", DataType::I64, false));
    table
}

/// Batches whose numbers are all over the place, some of them more than once.
fn batches(table: &TableInfo, count: usize, rows: usize) -> Vec<Batch> {
    let number = |row: usize| (row as i64 * 7_919) % 1_009 - 100;
    let batch = |i: usize| {
        let mut batch = tables::every_value(table, i * rows, rows);
        batch.columns[0].values = Values::I64((i * rows..(i + 1) * rows).map(number).collect());
        batch
    };
    (0..count).map(batch).collect()
}

/// The same rows as JSON Lines, sorted by another's stable sort.
fn sorted(table: &TableInfo, count: usize, rows: usize) -> String {
    let batches = batches(table, count, rows);
    let ids: Vec<i64> = batches.iter().flat_map(ids).collect();
    let text = written(table, |mut sink| {
        for batch in &batches {
            sink.write(batch.clone()).unwrap();
        }
        sink.close(&[]).unwrap()
    });
    let mut lines: Vec<_> = ids.into_iter().zip(text.1.lines()).collect();
    lines.sort_by_key(|(id, _)| *id);
    lines.into_iter().fold(String::new(), |text, (_, line)| text + line + "\n")
}

fn through(table: &TableInfo, memory: usize, count: usize, rows: usize) -> (SinkStats, String) {
    let directory = tempfile::tempdir().unwrap();
    let order = Order { memory_bytes_max: memory, directory: directory.path().to_owned() };
    let result = written(table, |inner| {
        let mut sink = Ordered::new(inner, table, order).unwrap();
        for batch in batches(table, count, rows) {
            sink.write(batch).unwrap();
        }
        Box::new(sink).close(&[]).unwrap()
    });
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    result
}

fn written(
    table: &TableInfo,
    write: impl FnOnce(Box<dyn Sink>) -> SinkStats,
) -> (SinkStats, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.jsonl");
    let destination = Destination::File(path.clone());
    let stats = write(open(Format::JsonLines, destination, table, &Settings::default()).unwrap());
    (stats, std::fs::read_to_string(path).unwrap())
}

fn ids(batch: &Batch) -> Vec<i64> {
    let Values::I64(ids) = &batch.columns[0].values else { unreachable!() };
    ids.clone()
}

/// Keeps what it is given, where the test can see it.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<Batch>>>);

impl Sink for Collected {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.0.lock().unwrap().push(batch);
        Ok(())
    }

    fn end(self: Box<Self>, _: Ending, _: &[(String, String)]) -> Result<Written, SinkError> {
        let rows = self.0.lock().unwrap().iter().map(|batch| batch.rows as u64).sum();
        Ok(SinkStats { rows, ..SinkStats::default() }.into())
    }
}
