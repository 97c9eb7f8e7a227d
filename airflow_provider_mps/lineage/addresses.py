"""The addresses in what tasks are given, and in what they return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def given_addresses(value: Any) -> Iterator[str]:
    """Give the addresses of what a task reads.

    :param value: a rendered argument: an address, a path with a folder in it, a result, an entry of a batch, what a
        task with a file has returned, or a list of these
    """
    yield from _addresses(value, subjects=True)


def made_addresses(value: Any) -> Iterator[str]:
    """Give the addresses of what a task has written.

    :param value: what it returns
    """
    yield from _addresses(value, subjects=False)


def payload_addresses(payload: Any) -> Iterator[str]:
    """Give the addresses of the pictures in a request body of MPS, the one to work on first."""
    if isinstance(payload, Mapping):
        cos, url = payload.get("CosInputInfo"), payload.get("UrlInputInfo")
        if isinstance(cos, Mapping):
            yield f"cos://{cos.get('Bucket') or ''}/{str(cos.get('Object') or '').lstrip('/')}"
        elif isinstance(url, Mapping) and isinstance(url.get("Url"), str):
            yield url["Url"]
        else:
            for item in payload.values():
                yield from payload_addresses(item)
    elif isinstance(payload, list | tuple):
        for item in payload:
            yield from payload_addresses(item)


def _addresses(value: Any, *, subjects: bool) -> Iterator[str]:
    if isinstance(value, str):
        if _is_address(value):
            yield value
    elif isinstance(value, Mapping):
        yield from _of_result(value, subjects=subjects)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _addresses(item, subjects=subjects)


def _of_result(result: Mapping[str, Any], *, subjects: bool) -> Iterator[str]:
    if subjects:
        yield from _texts(result, "subject")
    stored = list(_stored(result))
    yield from stored or _texts(result, "path", "json_path")
    outputs = _mappings(result.get("Outputs"))
    for output in outputs:
        yield from _stored(output)
    if not outputs:
        # Of Aidge, whose addresses are temporary; what was copied is in the outputs.
        for image in _mappings(result.get("Images")):
            yield from _texts(image, "url")


def _stored(output: Mapping[str, Any]) -> Iterator[str]:
    bucket, key = output.get("bucket"), output.get("path")
    if isinstance(bucket, str) and isinstance(key, str) and bucket and key:
        yield f"cos://{bucket}/{key.lstrip('/')}"
    else:
        yield from _texts(output, "cos_uri" if output.get("cos_uri") else "uri")


def _texts(found: Mapping[str, Any], *names: str) -> Iterator[str]:
    return (value for name in names if isinstance(value := found.get(name), str) and _is_address(value))


def _is_address(text: str) -> bool:
    return "://" in text or text[:1] in ("/", "~")


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []
