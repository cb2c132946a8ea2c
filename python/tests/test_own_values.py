"""Values of features of one's own: of which types they are, and what is refused."""

from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flowloom as fl

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
BROWSING = SAMPLES / "browsing.pcapng"

pytestmark = pytest.mark.usefixtures("no_features_stay")


@pytest.mark.parametrize(
    ("dtype", "values", "stored"),
    [
        ("f8", [1.5, None], "f64"),
        ("i4", [1, 2], "i32"),
        ("u1", [1, None], "u8"),
        ("bool", [True, False], "bool"),
        ("text", ["a", None], "text"),
        ("list<f8>", [[1.0, 2.0], None], "list<f64>"),
        ("list<i8>", [[], [3]], "list<i64>"),
        ("json", [{"a": np.arange(2)}, b"\xff"], "text"),
    ],
)
def test_types_are_as_declared(dtype: str, values: list[Any], stored: str) -> None:
    made = fl.feature(dtype=dtype, needs=["flow_id"], name="x")(lambda batch: values)
    table = fl.read_flows(BROWSING, features="core")[:2]
    from flowloom._own_columns import OwnColumns

    added = OwnColumns([made], ["core"], "raise").added(table)
    assert added.column_type("x") == stored
    expected = ['{"a": [0, 1]}', '"ff"'] if dtype == "json" else values
    assert added.to_dict()["x"] == expected


def test_values_of_another_type_are_told() -> None:
    made = fl.feature(dtype="u1", needs=[], name="x")(lambda batch: np.full(len(batch), 300))
    with pytest.raises(fl.ConfigError, match="'x'.*u1"):
        fl.read_flows(BROWSING, features="core", own=[made])


@pytest.mark.parametrize("value", [float("nan"), 0.5, 2, "False", [True], np.float32("nan")])
def test_what_is_no_truth_value_is_not_made_true(value: Any) -> None:
    made = fl.feature(dtype="bool", needs=[], name="x")(
        lambda batch: [True] * (len(batch) - 1) + [value]
    )
    flows = fl.read_flows(BROWSING, features="core")
    where = f"'x' of flow {flows['flow_id'][-1]}: .* is not of type bool"
    with pytest.raises(fl.ConfigError, match=where):
        fl.read_flows(BROWSING, features="core", own=[made])

    fl.register_feature("y", fl.FeatureType.BINARY)(lambda flow: value)
    with pytest.raises(fl.ConfigError, match="'y' of flow 1: .* is not of type bool"):
        fl.read_flows(BROWSING, features="core", own=["y"])


def test_a_value_of_another_type_names_its_flow() -> None:
    for dtype, value in (("i4", 0.5), ("f8", "one"), ("list<u1>", [1, 300]), ("f8", [1, 2])):
        made = fl.feature(dtype=dtype, needs=[], name="x")(
            lambda batch, value=value: [None] * (len(batch) - 1) + [value]
        )
        with pytest.raises(fl.ConfigError, match=rf"'x' of flow 335: .* not of type {dtype}"):
            fl.read_flows(BROWSING, features="core", own=[made])


def test_values_for_each_flow_are_no_matrix() -> None:
    def columns(dtype: str) -> fl.FlowTable:
        made = fl.feature(dtype=dtype, needs=[], name="x")(lambda batch: np.ones((len(batch), 2)))
        return fl.read_flows(BROWSING, features="core", own=[made])

    with pytest.raises(fl.FeatureError, match=r"feature 'x' .* shape \(36, 2\): not one f8"):
        columns("f8")
    assert columns("list<f8>")["x"][0].tolist() == [1.0, 1.0]


def test_what_json_has_no_number_for_is_null_there() -> None:
    value = {"a": [float("nan"), np.array([np.inf, 1.0])], "NaN": "Infinity"}
    made = fl.feature(dtype="json", needs=[], name="x")(lambda batch: [value] * len(batch))
    text = fl.read_flows(BROWSING, features="core", own=[made])["x"][0]
    assert text == '{"a": [null, [null, 1.0]], "NaN": "Infinity"}'


def test_instants_that_are_none_are_missing(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    exact = np.datetime64("2020-01-01T00:00:00.123456789")
    values = [np.datetime64("NaT"), exact, pandas.NaT, pandas.Timestamp(exact)] * 9
    made = fl.feature(dtype="datetime64[ns]", needs=[], name="x")(lambda batch: values)
    table = fl.read_flows(BROWSING, features="core", own=[made])
    nanoseconds = int(exact.astype(np.int64))
    assert table.to_dict()["x"] == [None, nanoseconds] * 18
    table.to_csv(tmp_path / "x.csv")
    assert "1677" not in (tmp_path / "x.csv").read_text()


def column(dtype: Any, values: Any, **asked: Any) -> fl.FlowTable:
    """Two flows of a sample with values of a feature."""
    made = fl.feature(dtype=dtype, needs=[], name="x")(lambda batch: values)
    return fl.read_flows(BROWSING, count=4, own=[made], **asked)


TOKYO = dt.timezone(dt.timedelta(hours=9))


@pytest.mark.parametrize(
    ("dtype", "values", "stored"),
    [
        ("datetime64[s]", [1, None], [1_000_000_000, None]),
        ("datetime64[ms]", np.array([1, 2]), [1_000_000, 2_000_000]),
        ("datetime64[us]", np.array([1, "NaT"], "M8[ns]"), [1, None]),
        ("datetime64[s]", np.ma.masked_array(np.array([1, 2], "M8[D]"), [0, 1]), [86400e9, None]),
        ("datetime64", [5, np.datetime64(5, "s")], [5, 5_000_000_000]),
        ("datetime64[ns]", [dt.datetime(1970, 1, 1, 9, tzinfo=TOKYO), dt.date(1970, 1, 1)], [0, 0]),
        ("list<datetime64[s]>", [[1], None], [[1_000_000_000], None]),
    ],
)
def test_instants_are_of_the_unit_that_was_declared(
    dtype: str, values: Any, stored: list[Any]
) -> None:
    assert column(dtype, values).to_dict()["x"] == stored


def test_what_pandas_has_for_missing_texts_is_missing() -> None:
    pandas = pytest.importorskip("pandas")
    for nothing in (None, float("nan"), np.float32("nan"), pandas.NA, pandas.NaT, np.ma.masked):
        assert column("text", [np.str_("a"), nothing]).to_dict()["x"] == ["a", None]
    values = pandas.array([1, None], dtype="Int64")
    assert column("i8", values).to_dict()["x"] == [1, None]


@pytest.mark.parametrize(
    ("dtype", "value", "text"),
    [
        *((dtype, -1, "whole numbers of that size") for dtype in ("u1", "u2", "u4")),
        *((dtype, 2**40, "whole numbers of that size") for dtype in ("i1", "i2", "i4", "u4")),
        ("i8", 2**70, "."),
        ("i8", 1.5, "whole numbers"),
        ("f4", 1e300, "real numbers of that size"),
        ("f8", 10**400, "real numbers of that size"),
        ("f8", 1j, "real numbers"),
        ("f8", np.complex64(1), "real numbers"),
        ("f8", "1.5", "real numbers"),
        ("f8", np.datetime64(1, "s"), "real numbers"),
        ("text", b"a", "texts are str, not bytes: make one of it, or declare"),
        ("text", 5, "texts are str, not int: make one of it, or declare"),
        ("list<text>", "ab", "these are lists, not str"),
        ("datetime64[s]", 1.5, "datetimes or whole numbers, not float"),
        ("datetime64[ns]", "2020-01-01", "not str"),
        ("datetime64[s]", True, "not bool"),
        ("datetime64[s]", 10**12, "no time of 292 years"),
        ("datetime64[s]", 2**70, "."),
        ("datetime64[ns]", dt.datetime(3000, 1, 1), "no time of 292 years"),
        ("datetime64[ns]", np.datetime64("3000"), "no time of 292 years"),
    ],
)
def test_values_that_a_type_does_not_hold_are_refused_or_missing(
    dtype: str, value: Any, text: str
) -> None:
    with pytest.raises(fl.ConfigError, match=f"'x' of flow 4: .* is not of type .*: .*{text}"):
        column(dtype, [None, value])
    assert column(dtype, [None, value], on_feature_error="null").to_dict()["x"] == [None, None]


def test_only_the_flows_whose_values_are_not_of_the_type_lack_them() -> None:
    fl.register_feature("y", fl.FeatureType.STATISTICAL)(lambda flow: [1.0, "no"][flow.flow_id > 1])
    asked: dict[str, Any] = {"own": ["y"], "features": "core", "on_feature_error": "null"}
    assert fl.read_flows(BROWSING, **asked).to_dict()["y"] == [1.0] + [None] * 35
    assert column("f4", [np.inf, 0.1]).to_dict()["x"] == [float("inf"), 0.1]


def test_arrays_of_pyarrow_are_values() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    array = pyarrow.array([1, None])
    for values in (array, pyarrow.chunked_array([array])):
        assert column("i8", values).to_dict()["x"] == [1, None]
    assert column("text", pyarrow.array(["a", None])).to_dict()["x"] == ["a", None]


def test_rows_without_numbers_of_flows_are_named_as_rows() -> None:
    with pytest.raises(fl.FeatureError, match="'x' of rows 0 to 1: .* 3 values for 2") as failed:
        column("f8", [1, 2, 3], columns="src_ip")
    assert pickle.loads(pickle.dumps(failed.value)).flow == "0 to 1"
    with pytest.raises(fl.ConfigError, match="'x' of row 1: "):
        column("f8", [1, "a"], columns="src_ip")


def test_keys_of_any_kind_are_text_in_json() -> None:
    value = {np.int64(66): 2, (1, 2): 3}
    made = fl.feature(dtype="json", needs=[], name="x")(lambda batch: [value] * len(batch))
    text = fl.read_flows(BROWSING, features="core", own=[made])["x"][0]
    assert text == '{"66": 2, "(1, 2)": 3}'
