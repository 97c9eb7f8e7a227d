"""Which rejected pictures are made once more, and as what. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, cast

from airflow_provider_mps.catalogue.checking.jobs import has_picture
from airflow_provider_mps.catalogue.lines import PictureLine, PlanLine, entry_of, picture_id
from airflow_provider_mps.catalogue.plan.planning import before_of
from airflow_provider_mps.catalogue.record.events import Event, ItemRejected
from airflow_provider_mps.catalogue.record.state import ItemState
from airflow_provider_mps.catalogue.words import Action, LineService, Why
from airflow_provider_mps.core.airflow_task import TaskKey

# As long as services take it for a number of 32 bits.
_SEEDS = 2**31


def rejection(line: PictureLine, codes: Collection[str], state: ItemState) -> Event | None:
    """Return what comes on record of a rejected picture; None if that is there already.

    :param codes: why
    :param state: what is known of the item
    """
    picture, fingerprint = picture_id(line["entry"]), line["fingerprint"]
    known = state.rejected
    if known is not None and known.fingerprint == fingerprint and picture in known.pictures:
        return None
    return ItemRejected(line["item"], fingerprint, picture, tuple(sorted(set(codes))))


def remake_of(line: PictureLine, state: ItemState, run: TaskKey, max_remakes: int) -> PlanLine | None:
    """Return the line by which a rejected picture is made once more; None if it was made often enough.

    The seed follows from what is made and from which of the tries it is: whoever comes to it again, be it a retry or a
    run after one that died, asks for the same, and joins what was submitted.

    :param state: what is known of the item, this rejection among it
    :param run: the task that checks
    :param max_remakes: how often an item may be made anew
    """
    known = state.rejected
    if known is None or known.fingerprint != line["fingerprint"] or line["service"] != LineService.MPS:
        return None
    try:
        number = known.pictures.index(picture_id(line["entry"])) + 1
    except ValueError:
        return None
    if number > max_remakes:
        return None
    seed = seed_of(line["item"], line["fingerprint"], number)
    rest = {name: value for name, value in line.items() if name not in ("entry", "check", "before")}
    made: dict[str, Any] = {
        **rest,
        "action": Action.MAKE.value,
        "why": Why.REMADE.value,
        "request": {**line["request"], "random_seed": seed},
    }
    if before := before_of(state, run):
        made["before"] = before
    return cast(PlanLine, made)


def seed_of(item: str, fingerprint: str, number: int) -> int:
    """Return the seed of a remake.

    :param number: which one it is, from 1
    """
    return int.from_bytes(sha256(f"{item}\n{fingerprint}\n{number}".encode()).digest()[:8], "big") % _SEEDS


def caught_up(line: PictureLine, state: ItemState) -> PictureLine:
    """Return a line with the picture that was made in the place of its own since, if that is on record.

    A retry or a clear is given what was there before. To go on from that would pay for the same opinions and remakes
    again, as the record knows of the newest picture.

    :param state: what is known of the item
    """
    known, made = state.rejected, state.made
    if "entry" not in line or known is None or made is None or not has_picture(line["entry"]):
        return line
    if not known.fingerprint == made.fingerprint == line.get("fingerprint"):
        return line
    here, entry = picture_id(line["entry"]), entry_of(made.task_id, made.picture)
    newest = picture_id(entry)
    number = known.pictures.index(newest) if newest in known.pictures else len(known.pictures)
    if here == newest or here not in known.pictures[:number]:
        return line
    return cast(PictureLine, {**line, "entry": entry, "check": {"remakes": number}})


def replaced(line: PictureLine, remade: Mapping[str, Any]) -> PictureLine:
    """Return a line with the picture that was made anew; what was asked for otherwise stays.

    :param remade: the line of the batch that made it
    """
    return cast(PictureLine, {**line, "entry": remade["entry"]})
