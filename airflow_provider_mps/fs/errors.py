"""Errors of COS in the classes that users of a file system know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.services.tencentcloud.codes import ALREADY_EXISTS

_CLASSES: dict[str, type[OSError]] = {
    "NoSuchKey": FileNotFoundError,
    "NoSuchResource": FileNotFoundError,
    "NoSuchBucket": FileNotFoundError,
    "AccessDenied": PermissionError,
    ALREADY_EXISTS: FileExistsError,
}


@contextmanager
def file_system_errors() -> Iterator[None]:
    """Raise the class of Python's own for an error of COS, with the same words: code, object, RequestId, remedy."""
    try:
        yield
    except ServiceError as error:
        kind = _CLASSES.get(error.code)
        if kind is None:
            raise
        raise kind(str(error)) from None
