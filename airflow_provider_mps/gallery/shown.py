"""What the page of a run shows of a result, as plain JSON: texts that are clean, and pictures by their ids alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.lines import is_rejected
from airflow_provider_mps.catalogue.report.items import End, Reported, read_line
from airflow_provider_mps.catalogue.shown import mapping
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.gallery.collect import Result
from airflow_provider_mps.gallery.sources import (
    AidgePicture,
    CosPicture,
    Source,
    id_of,
    source_at,
    source_of_key,
    source_of_output,
)
from airflow_provider_mps.pictures.check import Verdict

# Of one result; a task of MPS makes 13 at the most, one of Aidge 10.
_MOST_PICTURES = 20
_MOST_FINDINGS, _LOOKED_AT = 20, 1000
_RESULT = "result"
_MADE, _RUNNING = "made", "not there yet"
_GOOD, _BAD, _WAIT = "good", "bad", "wait"
_TONES = {End.PUBLISHED: _GOOD, End.MADE: _GOOD, End.UNPUBLISHED: _GOOD, End.LEFT: _WAIT, End.UNKNOWN: _WAIT}
_TONES[End.NOT_APPROVED] = _WAIT


class Shown(NamedTuple):
    """A result for the page.

    :param told: what is told of it, as JSON
    :param sources: where its pictures are
    """

    told: dict[str, Any]
    sources: tuple[Source, ...]


def shown(result: Result) -> Shown:
    """Return what the page shows of a result."""
    line = {**result.line, "item": _name(result)}
    reported = read_line(line)
    pictures = _pictures(result, reported)
    return Shown(
        {
            "name": reported.item,
            "sku": reported.sku,
            "look": reported.look,
            "tasks": [clean(task) for task in result.tasks],
            "map_indexes": {clean(task): index for task, index in result.map_indexes.items()},
            "iterations": {clean(task): iteration for task, iteration in result.iterations.items()},
            "turns": {clean(task): _numbers(turns) for task, turns in result.turns.items()},
            **_state(result, reported, has_pictures=any(told["role"] == _RESULT for told, _ in pictures)),
            "service": reported.service,
            "task_id": reported.task_id,
            "prompt": reported.prompt,
            "seed": _seed(result.line),
            "size": reported.image_size,
            "seconds": _seconds(reported),
            "code": reported.code,
            "message": reported.message,
            "hint": reported.hint,
            "request_id": reported.request_id,
            "findings": _findings(result.line),
            "remakes": reported.remakes,
            "final": reported.final,
            "approval": _approval(reported),
            "pictures": [told for told, _ in pictures],
        },
        (*(source for _, source in pictures if source is not None), *_also_known(result)),
    )


def _also_known(result: Result) -> Iterator[Source]:
    """Yield the subject as a batch has named it, which is what questions know: its request may name no bucket."""
    given = source_at(mapping(result.line.get("entry")).get("subject"), result.connections)
    if given is not None:
        yield given


def _name(result: Result) -> str:
    line = result.line
    item = line.get("item")
    if isinstance(item, str) and item:
        return item
    task = result.tasks[0] if result.tasks else ""
    index, turns = result.map_indexes.get(task), result.turns.get(task)
    name = task if turns is None else f"{task}, iteration {_numbers(turns)}"
    name = name if index is None else f"{name} [{index}]"
    key = line.get("key", mapping(line.get("entry")).get("key"))
    return name if key is None or key == "" else f"{name} {key}" if isinstance(key, int) else str(key)


def _numbers(turns: Sequence[int]) -> str:
    """Return the numbers of iterations as Airflow counts them, that of the outermost loop first."""
    return ".".join(map(str, turns))


def _state(result: Result, reported: Reported, *, has_pictures: bool) -> dict[str, str]:
    end, is_item = reported.end, isinstance(result.line.get("item"), str)
    if end is End.UNKNOWN and has_pictures:
        # The pictures of Aidge are no outputs in a storage of the user's.
        end = End.MADE
    word = str(end)
    if end is End.UNKNOWN:
        word = result.state.replace("_", " ") or _RUNNING
    elif end is End.MADE and not is_item:
        word = _MADE
    return {"state": word, "tone": _TONES.get(end, _BAD)}


def _pictures(result: Result, reported: Reported) -> list[tuple[dict[str, Any], Source | None]]:
    request, connections = mapping(result.line.get("request")), result.connections
    given = mapping(result.line.get("entry")).get("subject")
    subject = source_of_key(request, "subject", connections) or source_at(
        request.get("image_path") or given, connections
    )
    found: list[tuple[dict[str, Any], Source | None]] = []
    if subject is not None:
        found.append(_picture("subject", subject))
    elif elsewhere := reported.subject_elsewhere or clean(given, 300):
        found.append(_elsewhere("subject", elsewhere))
    background = source_of_key(request, "bg", connections)
    if background is not None:
        found.append(_picture("background", background))
    elif isinstance(url := request.get("bg_url"), str):
        found.append(_elsewhere("background", url))
    if reported.before is not None and (before := source_at(str(reported.before), connections)) is not None:
        found.append(_picture("before", before))
    found += [_picture(_RESULT, source) for source in _results(result)][:_MOST_PICTURES]
    return found


def _results(result: Result) -> Iterator[Source]:
    entry = mapping(result.line.get("entry"))
    outputs = entry.get("Outputs")
    found = [source_of_output(one, result.connections) for one in _list(outputs)]
    if not any(found) and is_rejected(result.line):
        # Left out by the check, which says where it is.
        found = [source_at(mapping(result.line.get("check")).get("picture"), result.connections)]
    if not any(found) and isinstance(task_id := entry.get("TaskId"), str):
        images = enumerate(_list(entry.get("Images")), start=1)
        made = [number for number, one in images if mapping(one).get("url")]
        found = [AidgePicture(task_id, number, result.connections.aidge) for number in range(1, len(made) + 1)]
    yield from (one for one in found if one is not None)


def _picture(role: str, source: Source) -> tuple[dict[str, Any], Source]:
    name = PurePosixPath(source.key if isinstance(source, CosPicture) else source.address).name
    return {"role": role, "id": id_of(source), "name": clean(name, 120)}, source


def _elsewhere(role: str, address: str) -> tuple[dict[str, Any], None]:
    # What a request names may lead anywhere within the network of the server.
    return {"role": role, "why_not": f"not fetched: {clean(address, 120)}"}, None


def _findings(line: Mapping[str, Any]) -> list[dict[str, str]]:
    found = []
    for one in _list(mapping(line.get("check")).get("findings"))[:_LOOKED_AT]:
        if isinstance(one, Mapping) and one.get("verdict") != Verdict.OK:
            names = ("code", "verdict", "words")
            found.append({name: clean(one.get(name), 200) for name in names})
    return found[:_MOST_FINDINGS]


def _approval(reported: Reported) -> str:
    if (said := reported.said) is None:
        return ""
    return " ".join(filter(None, ("approved:" if said.approved else "not approved:", said.by, said.at)))


def _seed(line: Mapping[str, Any]) -> str:
    return clean(mapping(line.get("request")).get("random_seed"), 40)


def _seconds(reported: Reported) -> float | None:
    if reported.created is None or reported.finished is None:
        return None
    return max(reported.finished - reported.created, 0.0)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
