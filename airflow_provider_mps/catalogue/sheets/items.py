"""What is shown of a result, or of a line: its pictures, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.addresses import names_a_file, read_output
from airflow_provider_mps.catalogue.checking.words import rejected_findings, why_not_looked_for
from airflow_provider_mps.catalogue.report.items import End, Reported, read_line
from airflow_provider_mps.catalogue.report.pictures import no_before
from airflow_provider_mps.catalogue.report.read import ReadLines, told_of_plan
from airflow_provider_mps.catalogue.sheets.sources import Elsewhere, OfAidge, Source
from airflow_provider_mps.catalogue.shown import mapping, place_of, place_of_output
from airflow_provider_mps.catalogue.words import Action, Show
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.contenttypes import picture_type
from airflow_provider_mps.core.cos_address import split_address
from airflow_provider_mps.core.texts import clean

EXPECTED = "a result, an output, the address of a picture, or what a task with a file of lines returned"


class Shown(NamedTuple):
    """One picture of an item.

    :param source: where it is; None where there is none
    :param label: what is written under it
    :param why_not: why there is none
    """

    source: Source | None
    label: str
    why_not: str = ""


class SheetItem(NamedTuple):
    """One item of a sheet.

    :param title: what it is
    :param lines: what is said of it
    :param is_wrong: whether it has no picture that could be used
    :param pictures: of each kind, in their order
    """

    title: str
    lines: tuple[str, ...]
    is_wrong: bool
    pictures: Mapping[Show, tuple[Shown, ...]]


def sheet_items(parts: Iterable[Any], read_lines: ReadLines, subject: str | None = None) -> Iterator[SheetItem]:
    """Give what is shown of all that tasks have returned, in its order; files are read as they are needed.

    :param parts: results, outputs, addresses of pictures, and what names files of lines
    :param read_lines: gives the lines of a file
    :param subject: the product photo of results that name none
    :raises ArgumentError: a part is none of these
    """
    for part in parts:
        if isinstance(part, str) and picture_type(part.partition("?")[0]):
            yield of_result({"Outputs": [{"uri": part}]}, subject)
        elif names_a_file(part):
            for output in read_output("pictures", told_of_plan(part)):
                for line in read_lines(output.path):
                    if line.get("action") != Action.UNPUBLISH:
                        yield of_line(line)
        elif isinstance(part, Mapping) and (
            isinstance(part.get("Outputs"), list) or isinstance(part.get("Images"), list)
        ):
            yield of_result(part, subject)
        elif isinstance(part, Mapping) and any(isinstance(part.get(name), str) for name in ("path", "cos_uri", "uri")):
            yield of_result({"Outputs": [part]}, subject)
        else:
            arguments.fail("pictures", part, EXPECTED)


def of_result(result: Mapping[str, Any], subject: str | None = None) -> SheetItem:
    """Return what is shown of a result, or of an entry of a batch.

    :param subject: the product photo, where the result names none
    """
    key, own = result.get("key"), result.get("subject")
    photo = own if isinstance(own, str) and own else subject
    # The place of an entry among its batch's is no name.
    names = {"key": key} if isinstance(key, str) else {}
    return of_line({**names, "entry": result, "check": result.get("check"), "image_path": photo})


def of_line(line: Mapping[str, Any]) -> SheetItem:
    """Return what is shown of a line, of whatever step."""
    told = read_line(line)
    entry, check = (mapping(line.get(name)) for name in ("entry", "check"))
    results = tuple(_results(entry, check, told))
    return SheetItem(
        told.item or _name_of(told, entry),
        tuple(_lines(told, check)),
        told.end.is_failure,
        {
            Show.SUBJECT: (_subject(told),),
            Show.BEFORE: (Shown(told.before, Show.BEFORE.value, "" if told.before else no_before(told)),),
            Show.RESULT: results,
        },
    )


def _subject(told: Reported) -> Shown:
    if told.subject is not None:
        return Shown(told.subject, Show.SUBJECT.value)
    # What a manifest names is fetched by the services, and not from within the worker's network.
    elsewhere = told.subject_elsewhere
    return Shown(None, Show.SUBJECT.value, f"not fetched: {clean(elsewhere, 80)}" if elsewhere else "not known")


def _results(entry: Mapping[str, Any], check: Mapping[str, Any], told: Reported) -> Iterator[Shown]:
    if left_out := place_of(check.get("picture")):
        # A check has taken it out of its entry.
        yield Shown(left_out, Show.RESULT.value)
        return
    found = [] if entry.get("Error") else [*_outputs(entry), *_images(entry)]
    if not found:
        nothing = "no picture" if entry else "not made yet"
        said = f"{told.code}: {told.message}" if told.code else nothing
        yield Shown(None, Show.RESULT.value, told.end.value if told.end is End.LEFT else said)
    for number, one in enumerate(found, start=1):
        label = Show.RESULT.value if len(found) == 1 else f"{number} of {len(found)}"
        yield one._replace(label=": ".join(filter(None, (label, one.label))))


def _outputs(entry: Mapping[str, Any]) -> Iterator[Shown]:
    for output in _list(entry.get("Outputs")):
        if not (isinstance(output, Mapping) and "content" in output and not output.get("path")):
            scene = clean(output.get("scene"), 40) if isinstance(output, Mapping) else ""
            source, why_not = _source(output)
            yield Shown(source, f"scene {scene}" if scene else "", why_not)


def _source(output: Any) -> tuple[Source | None, str]:
    uri = mapping(output).get("uri") or mapping(output).get("cos_uri")
    is_of_other_connection = isinstance(uri, str) and uri[:6].lower() == "cos://" and split_address(uri).conn_id
    if not is_of_other_connection and (place := place_of_output(output)) is not None:
        return place, ""
    if not isinstance(uri, str) or not uri:
        return None, f"no picture: {clean(output, 80)}"
    if uri[:7].lower() == "http://" or uri[:8].lower() == "https://":
        return None, f"not fetched: {clean(uri, 80)}"
    return Elsewhere(uri), ""


def _images(entry: Mapping[str, Any]) -> Iterator[Shown]:
    """Give the pictures that Aidge still has, and why there are not more of them."""
    has_copies, made = bool(entry.get("Outputs")), 0
    for image in _list(entry.get("Images")):
        told = mapping(image)
        scene = clean(told.get("scene"), 40)
        label = f"scene {scene}" if scene else ""
        if not told.get("url"):
            yield Shown(None, label, f"not made: {clean(told.get('message')) or 'Aidge does not say why'}")
        elif not has_copies:
            yield Shown(OfAidge(str(entry.get("TaskId")), made), label)
            made += 1


def _lines(told: Reported, check: Mapping[str, Any]) -> Iterator[str]:
    """Give what is to be said of an item: what is wrong with it first."""
    if rejected := rejected_findings(check):
        yield from (f"{one.get('code')}: {clean(one.get('words'))}" for one in rejected)
    elif told.code:
        yield f"{told.code}: {told.message}"
    elif told.end is End.PUBLISHED:
        yield told.end.value
    if why := why_not_looked_for(check):
        yield f"not checked: {clean(why)}"


def _name_of(told: Reported, entry: Mapping[str, Any]) -> str:
    """Return the name of the first file that there is, of the result or else of the subject."""
    first = mapping(next(iter(_list(entry.get("Outputs"))), None))
    for place in (first.get("path"), first.get("uri"), told.subject_address, entry.get("TaskId")):
        if isinstance(place, str) and place:
            return clean(place.rstrip("/").rpartition("/")[2])
    return ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
