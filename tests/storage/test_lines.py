"""JSON Lines are read as they were written, and what is no JSON Lines is said with its line."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines, write_lines

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=6,
)
LINES = st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES, max_size=4), max_size=5)


@given(content=LINES)
def test_what_was_written_is_read(content: list[dict[str, Any]], tmp_path_factory: Any) -> None:
    path = f"{tmp_path_factory.mktemp('lines')}/a.jsonl"
    write_lines(Files(), path, iter(content))
    assert list(read_lines(Files(), path)) == content
    assert Path(path).read_bytes().count(b"\n") == len(content)


def test_the_form(tmp_path: Path) -> None:
    path = f"{tmp_path}/a.jsonl"
    write_lines(Files(), path, [{"sku": "tässe", "a": [1, 2.5, None]}, {}])
    assert Path(path).read_bytes() == '{"sku":"tässe","a":[1,2.5,null]}\n{}\n'.encode()


@pytest.mark.parametrize("line", [{"a": float("nan")}, {"a": float("inf")}, {"a": object()}, {"a": "\ud800"}])
def test_what_json_has_not_is_not_written(line: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)):
        write_lines(Files(), f"{tmp_path}/a.jsonl", [{}, line])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("data", "number", "why"),
    [
        (b'{"a":1}\n{"b":', 2, "no line feed at its end: something is missing"),
        (b'{"a":1}\n{"b":2}', 2, "no line feed at its end: something is missing"),
        (b'{"a":1}\n\n', 2, "it is not JSON"),
        (b'{"a":1}\n[1]\n', 2, "it is no JSON object but list"),
        (b'{"a":NaN}\n', 1, "NaN is no number of JSON"),
        (b'{"a":1}\n{"b":"\xff"}\n', 2, "it is not UTF-8 at byte 7"),
        (b'{"a":1}{"b":2}\n', 1, "it is not JSON"),
        (b"[" * 100_000 + b"\n", 1, "nested too deeply"),
        (b"\xef\xbb\xbf{}\n", 1, "it is not JSON"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(data: bytes, number: int, why: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(data)
    with pytest.raises(UnreadableLinesError, match=f"/a.jsonl, line {number}: .*{why}") as caught:
        list(read_lines(Files(), f"{tmp_path}/a.jsonl"))
    assert isinstance(caught.value, AirflowFailException)
    code, remedy = caught.value.in_short
    assert (code, remedy.startswith(f"a.jsonl, line {number}: ")) == ("UnreadableLines", True)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.line_number) == (str(caught.value), number)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(read_lines(Files(), f"{tmp_path}/a.jsonl"))


def test_credentials_are_not_said() -> None:
    assert "hunter22" not in str(UnreadableLinesError("s3://b/a?sign=hunter22hunter22", 1, "x"))
