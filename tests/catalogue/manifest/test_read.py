"""Manifests are read as they were written, in every format; whatever is no manifest is an error of one kind."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.errors import ManifestError
from airflow_provider_mps.catalogue.manifest.read import read_rows
from airflow_provider_mps.catalogue.rows import Row, Unit
from airflow_provider_mps.core.arguments import ArgumentError
from tests.catalogue.manifests import error_of, wanted_of

Rows = list[dict[str, str]]

# No halves of pairs, and no NUL, which no text of a manifest has.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
NAMES = st.text(CHARACTERS, min_size=1, max_size=8).map(str.strip).filter(bool)
CELLS = st.text(CHARACTERS, max_size=20).map(str.strip)
HEADERS = st.lists(NAMES, min_size=1, max_size=4, unique=True)
TABLES = HEADERS.flatmap(
    lambda header: st.lists(
        st.fixed_dictionaries(dict.fromkeys(header, CELLS)).filter(lambda row: any(row.values())),
        min_size=1,
        max_size=5,
    )
)


def as_table(rows: Rows, **form: Any) -> bytes:
    text = io.StringIO(newline="")
    # All quoted: what stands between the cells is then never in doubt.
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL, **form)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


FORMATS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "CSV": ("p.csv", as_table),
    "CSV of Excel in Europe": ("p.csv", lambda rows: b"\xef\xbb\xbf" + as_table(rows, delimiter=";")),
    "CSV with bare LF": ("P.CSV", lambda rows: as_table(rows, lineterminator="\n") + b"\n\n"),
    "CSV with bare CR": ("p.csv", lambda rows: as_table(rows, lineterminator="\r")),
    "CSV with bars": ("p.csv", lambda rows: as_table(rows, delimiter="|")),
    "CSV that says its separator": ("p.csv", lambda rows: b"sep=;\r\n" + as_table(rows, delimiter=";")),
    "TSV": ("p.tsv", lambda rows: as_table(rows, delimiter="\t")),
    "JSON": ("p.json", lambda rows: json.dumps(rows).encode()),
    "JSON for people": ("p.json", lambda rows: json.dumps(rows, indent=1, ensure_ascii=False).encode()),
    "JSON with one list": ("p.json", lambda rows: json.dumps({"at": 1, "products": rows, "more": {"a": [1]}}).encode()),
    "JSON without a name": ("cos://b/manifest", lambda rows: b"\xef\xbb\xbf \n" + json.dumps(rows).encode()),
    "JSON Lines": ("p.jsonl", lambda rows: "\n".join(map(json.dumps, rows)).encode()),
    "JSON Lines with CRLF": ("p.ndjson", lambda rows: "".join(f"{json.dumps(row)}\r\n\r\n" for row in rows).encode()),
}


def read(data: bytes, name: str) -> list[Row]:
    return list(read_rows(data, name))


@pytest.mark.parametrize(("name", "write"), FORMATS.values(), ids=FORMATS.keys())
@given(rows=TABLES, packed=st.booleans())
@example(rows=[{"sku": "007", "n": 'a "b"\r\nc;d,e\tf|'}, {"sku": "\ufeff", "n": ""}], packed=True)
@example(rows=[{"0\n\n,": "0", "0": ""}], packed=False)
def test_what_is_written_is_read(name: str, write: Callable[[Rows], bytes], rows: Rows, packed: bool) -> None:
    data = write(rows)
    found = read(gzip.compress(data) if packed else data, f"{name}.gz" if packed else name)
    assert [row.values for row in found] == rows
    assert all(row.bad is None for row in found)
    assert [row.line for row in found] == sorted({row.line for row in found})


@given(data=st.binary(max_size=300), name=st.sampled_from(["p.csv", "p.tsv", "p.json", "p.jsonl", "p", "p.csv.gz"]))
@example(data=b"\x1f\x8b", name="p.csv")
@example(data=b'{"a"', name="p")
@example(data=b"[1", name="p.json")
@example(data=b"{}\n{", name="p.json")
@example(data=b'sku\n"', name="p.csv")
@example(data=b"sep=\n\n", name="p.csv")
@example(data=b'sep="\n"a', name="p.csv")
@example(data=b"sep= \na b", name="p.csv")
def test_any_bytes_are_a_manifest_or_a_manifest_error(data: bytes, name: str) -> None:
    error = error_of(data, name)
    assert error is None or error.bad_rows[0].line >= 1


@given(
    text=st.lists(
        st.sampled_from(
            [
                '"',
                ",",
                ";",
                "\n",
                "\r",
                "\t",
                "[",
                "]",
                "{",
                "}",
                ":",
                "sku",
                "subject_url",
                "http://e.com/a",
                "1",
                " ",
                "=",
            ]
        ),
        max_size=40,
    ).map("".join),
    name=st.sampled_from(["p.csv", "p.tsv", "p.json", "p.jsonl", "p"]),
)
def test_any_text_of_the_right_characters_is_too(text: str, name: str) -> None:
    error = error_of(text.encode(), name)
    assert error is None or error.bad_rows[0].line >= 1


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
KEYS = st.sampled_from(["sku", "subject_url", "subject_cos_key", "prompt", "quality", "path"]) | st.text()
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(rows=st.lists(JSON, max_size=5))
def test_any_values_of_json_are_too(rows: list[Any]) -> None:
    data = json.dumps(rows).encode()
    error = error_of(data, "p.json")
    if error is None or not error.is_whole:
        wanted, bad_rows = wanted_of(data, "p.json")
        assert len({item.line for item in wanted}) + len(bad_rows) == len(rows)


def test_lines_are_those_that_an_editor_shows() -> None:
    data = b'\n\r\nsku,n\r\na,"x\r\ny"\r\n\r\nb,z\rc,\n,\nd,e'
    assert [(row.line, row.header) for row in read(data, "p.csv")] == [(4, 3), (7, 3), (8, 3), (10, 3)]


def test_lines_of_json_are_those_that_its_objects_begin_at() -> None:
    data = json.dumps({"products": [{"sku": n} for n in range(3)]}, indent=1).encode()
    assert [(row.line, row.unit) for row in read(data, "p.json")] == [(3, Unit.LINE), (6, Unit.LINE), (9, Unit.LINE)]
    data = json.dumps([{"sku": n} for n in range(3)]).encode()
    assert [(row.line, row.unit) for row in read(data, "p.json")] == [(1, Unit.ROW), (2, Unit.ROW), (3, Unit.ROW)]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (b"sku;price, EUR", {"sku": "a", "price, EUR": "1,5"}),
        (b'sku;"price; EUR"', {"sku": "a", "price; EUR": "1,5"}),
        (b"sku ; price", {"sku": "a", "price": "1,5"}),
    ],
)
def test_semicolons_stand_between_cells_where_they_do_in_the_header(header: bytes, cells: dict[str, str]) -> None:
    # As often as a comma: then it is one.
    if header == b"sku;price, EUR":
        header = b"sku;price, EUR;"
    assert [row.values for row in read(header + b"\na;1,5\n", "p.csv")] == [cells]


def test_cells_lose_the_white_space_around_them_and_empty_ones_at_the_end_are_no_fault() -> None:
    data = ' sku , n ,,\n a\u00a0, "b c ",,,\n'
    assert [row.values for row in read(data.encode(), "p.csv")] == [{"sku": "a", "n": "b c"}]
    assert [row.values for row in read(b'{"sku": " a\\t", "n": 1}', "p.jsonl")] == [{"sku": "a", "n": 1}]


def test_a_json_with_an_object_a_line_is_json_lines() -> None:
    assert [row.line for row in read(b'{"sku": 1}\n\n{"sku": 2}\n', "p.json")] == [1, 3]
    assert [row.line for row in read(b'{"sku": 1}\n{"sku": 2}\n', "https://e.com/x?sig=.csv")] == [1, 2]
    with pytest.raises(ManifestError, match="has no list"):
        read(b'{"sku": 1}', "p.json")


def test_the_ending_says_the_format_and_gzip_is_seen_in_the_file() -> None:
    for name in (
        "p.csv",
        "p.csv.gz",
        "cos://b-1250000000/P.CSV.GZ",
        "https://e.com/p.csv?a=/b.json",
        "p",
        "p.txt",
        "a.b/p",
    ):
        assert [row.values for row in read(gzip.compress(b"sku\n1\n"), name)] == [{"sku": "1"}]
        assert [row.values for row in read(b"sku\n1\n", name)] == [{"sku": "1"}]


def test_a_document_may_be_one_long_line() -> None:
    rows = [{"sku": f"{n}", "note": "x" * 100} for n in range(20_000)]
    assert sum(row.bad is None for row in read(json.dumps(rows).encode(), "p.json")) == 20_000


def test_rows_come_one_by_one() -> None:
    rows = read_rows(b"sku\na\n\xff", "p.csv")
    assert next(rows).values == {"sku": "a"}
    with pytest.raises(ManifestError):
        next(rows)


def test_a_fault_of_the_arguments_is_none_of_the_manifest() -> None:
    with pytest.raises(ArgumentError, match=r"^looks: "):
        wanted_of(b"sku\na\n", looks={})
