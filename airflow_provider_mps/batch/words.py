"""The words of a batch's arguments."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from airflow_provider_mps.core import arguments


class OnEmpty(StrEnum):
    """What becomes of the Airflow task when there is no picture to make."""

    SUCCESS = "success"
    SKIP = "skip"


def check_on_empty(name: str, value: Any) -> OnEmpty:
    """Return the word for what becomes of a batch without requests.

    :raises ArgumentError: it is another word
    """
    return arguments.word(name, value, OnEmpty)


def whole_address(name: str, value: Any) -> str:
    """Return the address of a file or folder; a relative one would be another in each worker.

    ``cos:/folder/``, with a slash too few, is a relative path.

    :raises ArgumentError: it is none
    """
    address = arguments.folder(name, value)
    if "://" not in address and not address.startswith(("/", "~")):
        arguments.fail(name, value, "a whole address such as 'cos://name-1250000000/folder' or '/data/folder'")
    return address
