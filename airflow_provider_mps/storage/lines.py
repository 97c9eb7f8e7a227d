"""JSON Lines: files of one object a line, read and written without holding all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files

CONTENT_TYPE = "application/x-ndjson"


def write_lines(files: Files, address: str, lines: Iterable[Mapping[str, Any]]) -> None:
    """Store a file of JSON Lines in UTF-8, whole or not at all.

    :param lines: what to write; taken one by one
    :raises TypeError: a line has something that JSON has not
    :raises ValueError: a line has a number that JSON has not, such as NaN
    """
    buffer = BytesIO()
    for line in lines:
        buffer.write(json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
        buffer.write(b"\n")
    files.write(address, buffer.getvalue(), CONTENT_TYPE)


def read_lines(files: Files, address: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON Lines.

    The file is fetched when the first is asked for, and stays in memory until the last has been.

    :raises FileNotFoundError: there is no such file
    :raises UnreadableLinesError: a line is no JSON object, or the last has no end; Airflow does not retry
    """
    data = files.read(address)
    for number, line in enumerate(BytesIO(data), start=1):
        # What was cut off between two lines would be missed by nobody.
        if not line.endswith(b"\n"):
            raise UnreadableLinesError(address, number, "it has no line feed at its end: something is missing")
        yield _object(address, number, line)


def _object(address: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode(), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise UnreadableLinesError(address, number, f"it is not UTF-8 at byte {error.start + 1}") from None
    except ValueError as error:
        raise UnreadableLinesError(address, number, f"it is not JSON: {error}") from None
    except RecursionError:
        raise UnreadableLinesError(address, number, "it is nested too deeply") from None
    if not isinstance(value, dict):
        raise UnreadableLinesError(address, number, f"it is no JSON object but {type(value).__name__}")
    return value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")
