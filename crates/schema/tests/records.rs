//! Records as columns, and as values of other records.

use flowloom_schema::{Cell, DataType, Record, Series, Unit, Values, record};

record! {
    /// A pair.
    pub struct Pair<'a> in "pairs" since "0.1" over "nothing" {
        /// The name.
        name: &'a str [None, Identity],
        /// The sizes.
        sizes: Vec<u16> [Bytes, Feature],
    }
}

record! {
    /// Pairs.
    pub struct Pairs<'a> in "pairs" since "0.1" over "nothing" {
        /// All of them,
        /// in order.
        all: Vec<Pair<'a>> [None, Identity],
        /// The one.
        one: Option<Pair<'a>> [None, Identity],
    }
}

#[test]
fn records_are_structs_in_records() {
    let name = "struct<name: text, sizes: list<u16>>";
    assert_eq!(<Pair<'_> as Cell>::TYPE.name(), name);
    let [all, one] = &Pairs::columns()[..] else { panic!("two columns") };
    assert_eq!((all.data_type.name(), all.nullable), (format!("list<{name}>"), false));
    assert_eq!((one.data_type.name(), one.nullable), (name.to_owned(), true));
    assert_eq!(Pairs::FIELDS[0].doc, "All of them, in order.");
    assert_eq!(Pair::FIELDS[1].unit, Unit::Bytes);

    let pair = |name, sizes: &[u16]| Pair { name, sizes: sizes.to_vec() };
    let rows = [
        Pairs { all: vec![pair("a", &[1, 2]), pair("", &[])], one: None },
        Pairs { all: vec![], one: Some(pair("b", &[3])) },
    ];
    let mut series = [all, one].map(|column| Series::new(column.data_type));
    Record::push_all(&rows, &mut series);
    let Values::List(lists) = &series[0].values else { panic!("lists") };
    assert_eq!((lists.range(0), lists.range(1)), (0..2, 2..2));
    let Values::Struct(structs) = &lists.items.values else { panic!("structs") };
    let mut sizes = Series::new(DataType::List(&DataType::U16));
    sizes.push_list(|items| items.extend_u16([1, 2].into_iter()));
    sizes.push_list(|_| ());
    assert_eq!((structs.len, &structs.series[1]), (2, &sizes));
    let Values::Struct(structs) = &series[1].values else { panic!("structs") };
    let Values::Text(names) = &structs.series[0].values else { panic!("texts") };
    assert_eq!((names.get(0), names.get(1)), ("", "b"));
    assert!(!series[1].validity.is_valid(0) && series[1].validity.is_valid(1));
}
