"""The pictures that people are asked about, and what each is known by in a question and in its answer. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from airflow_provider_mps.catalogue.lines import is_rejected
from airflow_provider_mps.catalogue.shown import mapping
from airflow_provider_mps.catalogue.words import Action, AskPer
from airflow_provider_mps.core.texts import clean

MARK_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture that may be approved.

    :param name: what people know it by
    :param group: what it has in common with its variants: the product, or the product photo
    :param mark: what tells it from every other, of an earlier round too: hexadecimal digits
    :param part: which of the lines or results it is of, from 0
    :param output: which of that one's pictures it is, from 0
    """

    name: str
    group: str
    mark: str
    part: int
    output: int


def candidates_of(parts: Iterable[Mapping[str, Any]]) -> Iterator[Candidate]:
    """Give the pictures that people are asked about: none that failed, that a check rejected, or that is to go.

    Of a result with several pictures each is one, so that the best can be chosen; once a check has looked at them, only
    the first is, which is the one that it found right.

    :param parts: lines of a catalogue, entries of a batch, or results
    """
    for index, part in enumerate(parts):
        entry = entry_of(part)
        outputs = pictures_of(part, entry)
        for place in range(min(len(outputs), 1) if "check" in part else len(outputs)):
            name = _name(part, index) + (f" ({place + 1} of {len(outputs)})" if len(outputs) > 1 else "")
            yield Candidate(name, _group(part, name), _mark(part, entry, outputs, place), index, place)


def entry_of(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the result of a line; a result as it is."""
    return mapping(part.get("entry")) if "item" in part else part


def pictures_of(part: Mapping[str, Any], entry: Mapping[str, Any]) -> list[Any]:
    """Return the pictures of a line or a result that people may be asked about."""
    outputs = entry.get("Outputs")
    if entry.get("Error") or part.get("action") == Action.UNPUBLISH or is_rejected(part):
        return []
    return outputs if isinstance(outputs, list) else []


def pages_of(candidates: Sequence[Candidate], per: AskPer, per_page: int) -> list[tuple[int, ...]]:
    """Return what there is one question about each: the numbers of pictures, from 1, in their order.

    :param candidates: all of them
    :param per: what there is a question for
    :param per_page: how many pictures a question may have
    """
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(candidates, start=1):
        groups.setdefault(one.group if per is AskPer.PRODUCT else "", []).append(number)
    size = 1 if per is AskPer.PICTURE else per_page
    return [tuple(group[at : at + size]) for group in groups.values() for at in range(0, len(group), size)]


def _name(part: Mapping[str, Any], index: int) -> str:
    given = part.get("item", part.get("key"))
    if isinstance(given, str) and (name := clean(given)):
        return name
    file = clean(part.get("subject")).rstrip("/").rpartition("/")[2]
    return file or f"picture {index + 1}"


def _group(part: Mapping[str, Any], name: str) -> str:
    if "item" in part:
        return str(part.get("sku") or part["item"])
    return str(part.get("subject") or part.get("key") or name)


def _mark(part: Mapping[str, Any], entry: Mapping[str, Any], outputs: Sequence[Any], output: int) -> str:
    # Not by its place among several, which a check changes; nor by its folder, as a label may have moved it.
    addresses = [_address(one) for one in outputs]
    files = [address.rpartition("/")[2] for address in addresses]
    is_told_by_name = entry.get("TaskId") and len(set(files)) == len(files)
    picture = (files if is_told_by_name else addresses)[output]
    return digest(json.dumps([part.get("item", part.get("key")), entry.get("TaskId"), picture], default=str))


def _address(output: Any) -> str:
    found = mapping(output)
    return str(found.get("path") or found.get("cos_uri") or found.get("uri"))


def digest(text: str, length: int = MARK_LENGTH) -> str:
    """Return a short digest of a text."""
    return sha256(text.encode()).hexdigest()[:length]
