# ruff: noqa: E501  (a table, a line a case)
"""Manifests that cannot be used: what is wrong is said with line and column, and nothing of it is wanted."""

from __future__ import annotations

import gzip
import json
import pickle
import tracemalloc
from typing import Any, NamedTuple

import pytest

from airflow_provider_mps.catalogue.errors import ManifestError
from airflow_provider_mps.catalogue.items.wanted import wanted_items
from airflow_provider_mps.catalogue.rows import BadRow, given_rows
from airflow_provider_mps.core.arguments import ArgumentError
from tests.catalogue.manifests import LOOKS, PUBLISH_TO, STORAGE, error_of, said_of, wanted_of

HEAD = "sku,subject_cos_key\n"
SIGNED = "https://img.example.com/cup.png?q-sign-algorithm=sha1&q-ak=AKIDsecretsecret&q-signature=0123456789abcdef"


class Broken(NamedTuple):
    """A manifest, where its fault is, and words of what is said about it."""

    data: bytes | str
    place: str
    words: str
    name: str = "products.csv"
    given: dict[str, Any] = {}


def row(sku: str, key: str = "/photos/cup.png") -> str:
    return f"{HEAD}{sku},{key}\n"


AIDGE = {"looks": {"scene": {"scene_id": "A1"}}}
SMALL = {"limit": 4_000_000}
BROKEN = {
    # The file
    "empty": Broken("", "line 1", "the file is empty"),
    "only a BOM": Broken(b"\xef\xbb\xbf", "line 1", "the file is empty"),
    "only line breaks": Broken("\n\r\n\n", "line 1", "the file is empty"),
    "empty JSON": Broken("", "line 1", "expected a list of objects", "p.json"),
    "empty JSON Lines": Broken("\n\n", "line 1", "the file is empty", "p.jsonl"),
    "header alone": Broken("\n" + HEAD, "line 2", "a header and no product below it"),
    "header and empty rows": Broken(HEAD + ",\n,\n", "line 1", "a header and no product below it"),
    "empty list": Broken("[\n]", "line 2, character 2", "no product in the list", "p.json"),
    "UTF-16": Broken(row("杯子").encode("utf-16"), "line 1, character 1", "0xFF begins the file, which looks like UTF-16"),
    "UTF-16 without BOM": Broken(HEAD.encode("utf-16-le"), "line 1, character 2", "looks like UTF-16"),
    "UTF-32": Broken(HEAD.encode("utf-32"), "line 1, character 1", "looks like UTF-32"),
    "Latin-1": Broken(row("Café").encode("latin-1"), "line 2, character 4", "0xE9 is no UTF-8; the file looks like Latin-1"),
    "GBK": Broken(row("a杯子").encode("gbk"), "line 2, character 2", "0xB1 is no UTF-8; the file looks like GBK"),
    "cut in a character": Broken((HEAD + "a杯").encode()[:-1], "line 2, character 2", "is it cut off?"),
    "Latin-1 in JSON": Broken('[\n{"sku": "é"}]'.encode("latin-1"), "line 2, character 10", "looks like Latin-1", "p.json"),
    "NUL": Broken(row("cu\x00p"), "line 2, character 3", "a NUL byte"),
    "NUL in JSON": Broken('[{"sku":\n"a\x00"}]', "line 2, character 3", "a NUL byte", "p.json"),
    "workbook": Broken(b"PK\x03\x04abc", "line 1, character 1", "looks like an Excel workbook"),
    "Parquet": Broken(b"PAR1abc", "line 1, character 1", "looks like Parquet"),
    "page of an error": Broken("<!DOCTYPE html><p>404", "line 1, character 1", "looks like HTML"),
    "cut gzip": Broken(gzip.compress(row("cup").encode())[:-4], "line 1", "cannot be unpacked", "p.csv.gz"),
    "spoilt gzip": Broken(gzip.compress(row("cup").encode())[:-8] + bytes(8), "line 1", "cannot be unpacked", "p.csv.gz"),
    "gzip bomb": Broken(gzip.compress(HEAD.encode() + (b" " * 999 + b"\n") * 5_000), "line 1", "more than 4,000,000 bytes, unpacked", "p.csv.gz", SMALL),
    "gzip bomb of JSON": Broken(gzip.compress(b" " * 9_000_000), "line 1", "more than 4,000,000 bytes, unpacked", "p.json", SMALL),
    "line of 10 MB": Broken(row("cup", "x" * 10_000_000), "line 2, byte 1,048,577", "a line of more than 1,048,576 bytes"),
    # The table
    "no sku": Broken("article,subject_cos_key\n1,/a.png\n", "line 1, sku", "no column has the SKU"),
    "sku in other letters": Broken("SKU,subject_cos_key\n1,/a.png\n", "line 1, sku", "is it 'SKU'? then give columns={'sku': 'SKU'}"),
    "no picture": Broken("sku,photo\n1,/a.png\n", "line 1, subject_cos_key", "no column has the product's picture"),
    "near miss": Broken("sku,subject_key,subject_url\n1,/a,\n", "line 1, subject_key", "nearly subject_cos_key"),
    "another near miss": Broken("sku,subject_url,Promt\n1,,x\n", "line 1, Promt", "nearly prompt"),
    "column of columns": Broken(row("1"), "line 1, photo", "no such column, and columns names it", given={"columns": {"subject_cos_key": "photo"}}),
    "column of a placeholder": Broken(row("1"), "line 1, kind", "publish_to has {kind}", given={"publish_to": "/{kind}/{sku}/{look}.{ext}"}),
    "two columns of a name": Broken("sku,a,sku\n1,2,3\n", "line 1, cell 3 'sku'", "the first is cell 1"),
    "column without a name": Broken("sku,,a\n1,2,3\n", "line 1, cell 2", "a column without a name"),
    "too few cells": Broken(HEAD + "a,/a.png\nb\n", "line 3, subject_cos_key", "1 cell, and the header has 2"),
    "too many cells": Broken(HEAD + "a,/a.png,x\n", "line 2, cell 3", "3 cells, and the header has 2; a cell with ',' in it is quoted"),
    "open quote": Broken(HEAD + 'a,"/a.png\nb,/b.png\nc,/c.png\n', "line 2", "begins in this row and does not end"),
    "very long open quote": Broken(HEAD + 'a,"\n' + "b,/b.png\n" * 20_000, "line 2", "begins in this row and does not end"),
    "quote in quotes": Broken(HEAD + 'a,"/a "b".png"\n', "line 2", "a quote inside of quotes is doubled"),
    "row after a cell of lines": Broken("sku,n,subject_url\na,\"x\ny\n\",http://e.com/a.png\n,z,http://e.com/a.png\n", "line 5, sku", "is empty"),
    # JSON
    "no JSON": Broken('[{"sku": 1},\n {"sku" 2}]', "line 2, character 9", "no JSON", "p.json"),
    "end of JSON missing": Broken('[{"sku": 1}', "line 1, character 12", "no JSON: expected ','", "p.json"),
    "more behind JSON": Broken('[{"sku": 1}]\n]', "line 2, character 1", "more behind the end", "p.json"),
    "comma before the end": Broken('[{"sku": 1},]', "line 1, character 13", "a comma before ']'", "p.json"),
    "several lists": Broken('{"a": [{"sku": 1}],\n "b": []}', "line 2, character 7", "several lists, 'a' and 'b'", "p.json"),
    "no list": Broken('{"a": 1}', "line 1, character 9", "has no list", "p.json"),
    "no object": Broken('[\n{"sku": "a", "subject_url": "http://e.com/a"},\n7]', "line 3", "got int", "p.json"),
    "name twice": Broken('[\n{"sku": 1, "sku": 2}]', "line 2", "'sku' is there twice", "p.json"),
    "not a number": Broken('{"sku": NaN}\n', "line 1", "NaN is no JSON", "p.jsonl"),
    "long number": Broken(f'\n{{"sku": {"1" * 5000}}}\n', "line 2", "a number is too long", "p.jsonl"),
    "deep JSON": Broken("[" * 50_000, "line 1, character 2", "nested too deeply", "p.json"),
    "deep line": Broken('{"a":' * 50_000, "line 1", "nested too deeply", "p.jsonl"),
    "a line that is no object": Broken('\n[1]\n', "line 2", "got list", "p.jsonl"),
    "a list in lines": Broken("[\n", "line 1, character 2", "name the file .json", "p.jsonl"),
    "row without sku": Broken('{"subject_url": "http://e.com/a"}', "line 1, sku", "no column has the SKU", "p.jsonl"),
    "float": Broken('{"sku": 1.5, "subject_url": "http://e.com/a"}', "line 1, sku 1.5", "expected a text or a whole number", "p.jsonl"),
    "bool": Broken('{"sku": true, "subject_url": "http://e.com/a"}', "line 1, sku True", "expected a text or a whole number", "p.jsonl"),
    "null": Broken('{"sku": null, "subject_url": "http://e.com/a"}', "line 1, sku", "is empty", "p.jsonl"),
    "nested": Broken('{"sku": ["a"], "subject_url": "http://e.com/a"}', "line 1, sku ['a']", "expected a text or a whole number", "p.jsonl"),
    "half of a pair": Broken('{"sku": "a\\ud800", "subject_url": "http://e.com/a"}', "line 1, sku", "U+D800", "p.jsonl"),
    # The SKU
    "empty sku": Broken(row(""), "line 2, sku", "is empty"),
    "sku twice": Broken(HEAD + "a,/a.png\nb,/b.png\na,/c.png\n", "line 4, sku 'a'", "line 2 has this SKU too"),
    "sku in another case": Broken(HEAD + "Straße,/a.png\nSTRASSE,/b.png\n", "line 3, sku", "line 2 has this SKU too"),
    "sku in another form": Broken(HEAD + "caf\u00e9,/a.png\ncafe\u0301,/b.png\n", "line 3, sku", "line 2 has this SKU too"),
    "formula": Broken(row('"=HYPERLINK(""http://x"",""y"")"'), "line 2, sku '=HYPERLINK", "begins with '=', as a formula"),
    "formula with +": Broken(row("+1"), "line 2, sku '+1'", "begins with '+'"),
    "formula with -": Broken(row("-1"), "line 2, sku '-1'", "begins with '-'"),
    "formula with @": Broken(row("@SUM"), "line 2, sku '***@SUM'", "begins with '@'"),
    "sku of Excel": Broken(row("4.00638E+12"), "line 2, sku '4.00638E+12'", "a spreadsheet has shortened"),
    "sku up": Broken(row("../cup"), "line 2, sku '../cup'", "'..'"),
    "sku with slashes": Broken(row("a//b"), "line 2, sku 'a//b'", "with nothing"),
    "sku with a slash first": Broken(row("/a"), "line 2, sku '/a'", "with nothing"),
    "sku with a backslash": Broken(row("..\\cup"), "line 2, sku '..", "a backslash"),
    "sku with a control": Broken(row("a\x07b"), "line 2, sku 'a\\x07b'", "U+0007"),
    "sku with zero width": Broken(row("a\u200bb"), "line 2, sku", "U+200B"),
    "sku of two lines": Broken(row('"a\nb"'), "line 2, sku 'a\\nb'", "U+000A"),
    "long sku": Broken(row("杯" * 86), "line 2, sku", "more than 255 bytes"),
    # The request
    "key up": Broken(row("a", "/photos/../a.png"), "line 2, subject_cos_key '/photos/../a.png'", "without '.' or '..'"),
    "long key": Broken(row("a", "/" + "x" * 851), "line 2, subject_cos_key", "at most 850 bytes"),
    "folder as key": Broken(row("a", "/photos/"), "line 2, subject_cos_key '/photos/'", "expected a COS object key"),
    "no picture in a row": Broken(row("a", ""), "line 2, subject_url", "subject_url or subject_cos_key is required"),
    "no address": Broken("sku,subject_url\na,ftp://e.com/a.png\n", "line 2, subject_url 'ftp://e.com/a.png'", "an http:// or https:// address"),
    "quality": Broken("sku,subject_url,quality\na,http://e.com/a.png,101\n", "line 2, quality '101'", "a whole number from 1 to 100"),
    "quality of columns": Broken("sku,subject_url,q\na,http://e.com/a.png,high\n", "line 2, q 'high'", "a whole number", given={"columns": {"quality": "q"}}),
    "look without prompt": Broken("sku,subject_url,prompt\na,http://e.com/a.png,\n", "line 2, prompt of look plain", "prompt is required", given={"looks": {"plain": {}}}),
    "region for Aidge": Broken("sku,subject_cos_key,subject_cos_region\na,/a.png,ap-beijing\n", "line 2, subject_cos_region 'ap-beijing'", "expected ap-guangzhou", given=AIDGE),
    "size for Aidge": Broken("sku,subject_url,width,height\na,http://e.com/a.png,80,80\n", "line 2, width '80'", "expected 800x800 or 750x1000", given=AIDGE),
    "empty placeholder": Broken("sku,subject_url,name\na,http://e.com/a.png,\n", "line 2, name", "is empty, and a text with {name}", given={"looks": {"x": {"prompt": "a {name}"}}}),
    "placeholder of a list": Broken('{"sku": 1, "subject_url": "http://e.com/a", "name": [1]}', "line 1, name [1]", "a text or a number", "p.jsonl", {"looks": {"x": {"prompt": "a {name}"}}}),
    "placeholder leads up": Broken("sku,subject_url,kind\na,http://e.com/a.png,..\n", "line 2, bg_cos_key of look x", "without '.' or '..'", given={"looks": {"x": {"bg_cos_key": "/bg/{kind}/w.png"}}}),
    "text that grows": Broken(f"sku,subject_url,name\na,http://e.com/a.png,{'x' * 9000}\n", "line 2, name", "more than 65,536 characters", given={"looks": {"x": {"prompt": "{name}" * 9}}}),
    # The final key
    "final key twice": Broken("sku,subject_url,no\na,http://e.com/a,1\nb,http://e.com/b,1\n", "line 3, publish_to", "line 2 has this final key too", given={"publish_to": "/{no}/{look}.{ext}"}),
    "final key in another case": Broken("sku,subject_url,no\na,http://e.com/a,A1\nb,http://e.com/b,a1\n", "line 3, publish_to", "line 2 has this final key too", given={"publish_to": "/{no}/{look}.{ext}"}),
    "final key of pieces": Broken("sku,subject_url,x,y\na,http://e.com/a,1,23\nb,http://e.com/b,12,3\n", "line 3, publish_to", "line 2 has this final key too", given={"publish_to": "/{x}{y}/{look}.{ext}"}),
    "final key up": Broken("sku,subject_url,kind\na,http://e.com/a,..\n", "line 2, publish_to", "without '.' or '..'", given={"publish_to": "/shop/{kind}/{look}.{ext}"}),
    "final key with slashes": Broken("sku,subject_url,kind\na,http://e.com/a,/etc\n", "line 2, publish_to", "a name between its slashes", given={"publish_to": "/shop/{kind}/{look}.{ext}"}),
    "percent": Broken(row("100%"), "line 2, publish_to", "without '%'"),
    "question mark": Broken(row("who?"), "line 2, publish_to", "without '?'"),
    "hash": Broken(row("a#1"), "line 2, publish_to", "without '#'"),
    "long final key": Broken("sku,subject_url,kind\na,http://e.com/a," + "k" * 850 + "\n", "line 2, publish_to", "at most 850 bytes", given={"publish_to": "/{kind}/{look}.{ext}"}),
    "other ending": Broken("sku,subject_url,format\na,http://e.com/a.png,png\n", "line 2, publish_to", "ends in .png", given={"publish_to": "/{sku}/{look}.jpg"}),
    "over a subject": Broken(row("cup", "/shop/cup/white.jpeg"), "line 2, publish_to", "line 2 is made from this picture"),
    "over a later subject": Broken(HEAD + "a,/a.png\nb,/shop/a/white.jpeg\n", "line 2, publish_to", "line 3 is made from this picture"),
}  # fmt: skip


def data_of(broken: Broken) -> bytes:
    return broken.data.encode() if isinstance(broken.data, str) else broken.data


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_fault_is_said_with_its_line_and_column(broken: Broken) -> None:
    said = said_of(data_of(broken), broken.name, **broken.given)
    assert broken.words in said
    # The log page shows 80 characters: the file and the line are among them.
    assert said.startswith(f"{broken.name}: {broken.place}")
    assert said.index(broken.place) + min(len(broken.place), 40) < 80
    assert "Nothing of" in said


def test_a_manifest_that_unpacks_without_end_is_not_unpacked_whole() -> None:
    bomb = gzip.compress((b" " * 999 + b"\n") * 60_000)
    tracemalloc.start()
    try:
        assert "more than 4,000,000 bytes" in said_of(bomb, "p.csv.gz", limit=4_000_000)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_all_bad_rows_are_found_at_once_and_ten_are_shown() -> None:
    rows = "".join(f"{'' if n % 2 else n},/photos/{n}.png\n" for n in range(100))
    wanted, bad_rows = wanted_of((HEAD + rows).encode())
    assert (len(wanted), len(bad_rows)) == (100, 50)
    said = str(ManifestError("cos://shop-1250000000/catalogues/products.csv", bad_rows))
    assert said.startswith("50 bad rows in products.csv: line 3, sku: is empty")
    assert said.count("is empty") == 10
    assert "; and 40 more. Nothing of cos://shop-1250000000/catalogues/products.csv was submitted." in said
    assert "on_bad_row='skip'" in said


def test_bad_rows_of_all_kinds_are_in_the_order_of_the_manifest() -> None:
    _, bad_rows = wanted_of((HEAD + "a,/shop/b/white.jpeg\nb,/b.png\nb,/c.png\nc\n=d,/d.png\n").encode())
    assert [bad.line for bad in bad_rows] == [3, 4, 5, 6]


def test_a_row_is_wanted_in_all_looks_or_not_at_all() -> None:
    looks = {"white": LOOKS["white"], "named": {"prompt": "a {name}"}}
    data = b"sku,subject_cos_key,name\na,/a.png,\nb,/b.png,cup\n"
    wanted, bad_rows = wanted_of(data, looks=looks)
    assert [item.item for item in wanted] == ["b/white", "b/named"]
    assert [bad.line for bad in bad_rows] == [2]


@pytest.mark.parametrize(
    "rows",
    [
        f"sku,subject_url\na,{SIGNED} x\n",
        f"sku,subject_url\n{SIGNED},http://e.com/a.png\n",
        f"sku,subject_url\na,{SIGNED},{SIGNED}\n",
        f"a,{SIGNED}\nb,{SIGNED}\n",
        f"sku,{SIGNED},{SIGNED}\na,b,c\n",
        f"sku,subject_url,quality\na,http://e.com/a.png,{SIGNED}\n",
        f"sku,subject_url,kind\na,http://e.com/a.png,{SIGNED}\n",
        f"sku,subject_cos_key\na,{SIGNED}\n",
    ],
)
def test_no_signature_is_in_an_error(rows: str) -> None:
    said = said_of(rows.encode(), publish_to="/{kind}/{sku}/{look}.{ext}" if "kind" in rows else PUBLISH_TO)
    assert said
    assert not any(secret in said for secret in ("AKIDsecretsecret", "0123456789abcdef"))


def test_no_signature_is_in_an_error_of_json() -> None:
    for found in (
        {"sku": {"a": SIGNED}},
        {"sku": [SIGNED]},
        {SIGNED: 1},
        {"sku": 1, "subject_cos_key": {"path": SIGNED}},
    ):
        said = said_of(json.dumps([found]).encode(), "p.json")
        assert said
        assert "0123456789abcdef" not in said


def test_rows_of_another_task_are_numbered() -> None:
    rows = [{"sku": "a", "subject_url": "http://e.com/a"}, [{"sku": "a", "subject_url": "http://e.com/a"}, 5]]
    wanted, bad_rows = wanted_items(given_rows(rows), LOOKS, publish_to=PUBLISH_TO, storage=STORAGE)
    assert [item.line for item in wanted] == [1, 1]
    assert str(bad_rows[0]) == "row 2, sku 'a': row 1 has this SKU too; case and normal form make no difference"
    assert str(bad_rows[1]) == "row 3: expected an object that describes a product, got int"


@pytest.mark.parametrize("rows", [[], [[]], "abc", {"sku": 1}, None, 5, {1, 2}])
def test_what_are_no_rows_is_an_argument_that_cannot_be_used(rows: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^manifest: "):
        given_rows(rows)


def test_a_list_that_holds_itself_is_no_rows() -> None:
    rows: list[Any] = []
    rows.append(rows)
    with pytest.raises(ArgumentError, match="holds itself"):
        given_rows(rows)


def test_the_error_survives_pickling_and_keeps_ten_rows() -> None:
    error = ManifestError("p.csv", [BadRow(n, "sku", "'a'", "why") for n in range(1, 1000)], is_whole=True)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))
    assert (len(again.bad_rows), again.count) == (10, 999)
    assert len(pickle.dumps(error)) < 3000


def test_a_long_name_leaves_room_for_the_fault() -> None:
    error = ManifestError("cos://conn@b-1250000000/" + "n" * 100 + ".csv", [BadRow(12, "sku", "'='", "a formula")])
    assert "line 12, sku" in str(error)[:80]
    assert "conn@" not in str(error)


def test_the_short_line_says_how_many_and_the_first() -> None:
    bad_rows = [BadRow(n, "sku", "'='", "a formula") for n in (12, 13)]
    assert ManifestError("cos://b/p.csv", bad_rows).in_short == ("2 bad rows", "p.csv: line 12, sku '=': a formula")
    assert ManifestError("cos://b/p.csv", bad_rows[:1]).in_short == ("Manifest", "p.csv: line 12, sku '=': a formula")


def test_no_signature_of_the_manifest_itself_is_in_its_error() -> None:
    error = error_of(b"", SIGNED.replace("cup.png", "p.csv"))
    assert str(error).startswith("p.csv?***: line 1: the file is empty")
    assert not any(secret in f"{error} {error!r} {vars(error)}" for secret in ("AKIDsecretsecret", "0123456789abcdef"))
