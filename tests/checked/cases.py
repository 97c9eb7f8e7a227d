"""Sets of pictures: most of them good and hard, and some with one fault each, always the same ones."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from PIL import Image

from airflow_provider_mps.pictures.check import Asked
from tests.checked import faults
from tests.checked.making import Product, jpeg, lit, placed, png, some_light, some_place

FAULTS = (
    "cut file",
    "wrong size",
    "blank",
    "background unchanged",
    "product missing",
    "mirrored",
    "recoloured",
    "half hidden",
    "another product",
    "duplicate",
)
SIZES = ((1024, 1024), (1024, 768), (768, 1024), (1024, 683))


@dataclass(frozen=True)
class Source:
    """A product of a set.

    :param picture: its file, as a shop has it
    :param cut_out: the product alone
    :param mirrors: whether it looks different in a mirror
    :param clear: whether it is see-through, so that a background shows in it
    """

    picture: bytes
    cut_out: Product
    mirrors: bool = True
    clear: bool = False


@dataclass(frozen=True)
class Studio:
    """Where the pictures of a set come from.

    :param name: of the set
    :param source: the products by name
    :param backdrop: draws a background of some size
    :param by_service: makes a good picture of a product as the service of the set does; None if there is none
    """

    name: str
    source: Callable[[], Mapping[str, Source]]
    backdrop: Callable[[random.Random, tuple[int, int]], Image.Image]
    by_service: Callable[[bytes, random.Random], bytes] | None = None


@dataclass(frozen=True)
class Case:
    """One picture of a set.

    :param name: of the picture
    :param fault: what is wrong with it; None for nothing
    :param subject: the name of the product that was asked for
    :param source: that product
    :param picture: the file to check
    :param asked: what it was asked to be
    """

    name: str
    fault: str | None
    subject: str
    source: Source
    picture: bytes
    asked: Asked


def cases(studio: Studio, good: int, faulty: int, seed: int = 1) -> Iterator[Case]:
    """Make a set.

    :param studio: where its pictures come from
    :param good: how many are good
    :param faulty: how many have each of the faults
    :param seed: another one makes another set
    """
    sources = dict(studio.source())
    names = sorted(sources)
    made: list[Case] = []
    for number in range(good):
        rng = random.Random(f"{studio.name} good {number} {seed}")
        name = names[number % len(names)]
        source = sources[name]
        if studio.by_service is not None and rng.random() < 0.3:
            picture = studio.by_service(source.picture, rng)
            case = Case(f"good {number}", None, name, source, picture, Asked(format="JPEG", size="1K"))
        else:
            picture, asked = _made(studio, source, source.cut_out, rng)
            case = Case(f"good {number}", None, name, source, picture, asked)
        made.append(case)
        yield case
    for fault in FAULTS:
        wanted = [name for name in names if fault != "mirrored" or sources[name].mirrors]
        for number in range(faulty):
            rng = random.Random(f"{studio.name} {fault} {number} {seed}")
            name = wanted[(number * 7 + len(fault)) % len(wanted)]
            other = sources[rng.choice([one for one in names if one.split()[0] != name.split()[0]])]
            if fault == "duplicate":
                case = _duplicate(rng.choice(made), fault, number)
            else:
                picture, asked = _faulty(studio, sources[name], other, fault, rng)
                case = Case(f"{fault} {number}", fault, name, sources[name], picture, asked)
            yield case


def _made(studio: Studio, source: Source, product: Product, rng: random.Random) -> tuple[bytes, Asked]:
    """A picture that is good if the product is."""
    size = rng.choice(SIZES)
    # Of the room of the product itself, so that a changed one is placed as it would be.
    place = some_place(source.cut_out, size, rng)
    picture = placed(studio.backdrop(rng, size), lit(product, some_light(rng)), place)
    if rng.random() < 0.15:
        return png(picture), Asked(format="PNG", size="1K")
    return jpeg(picture, rng.choice((80, 85, 92))), Asked(format="JPEG", width=size[0], height=size[1])


def _faulty(studio: Studio, source: Source, other: Source, fault: str, rng: random.Random) -> tuple[bytes, Asked]:
    asked = Asked(format="JPEG", size="1K")
    product = source.cut_out
    if fault == "mirrored":
        return _made(studio, source, faults.mirrored(product), rng)
    if fault == "recoloured":
        return _made(studio, source, faults.recoloured(product, rng), rng)
    if fault == "half hidden":
        return _made(studio, source, faults.half_hidden(product, studio.backdrop(rng, (400, 400)), rng), rng)
    if fault == "another product":
        return _made(studio, other, other.cut_out, rng)
    if fault == "product missing":
        return jpeg(studio.backdrop(rng, rng.choice(SIZES))), asked
    if fault == "blank":
        return jpeg(faults.blank((1024, 1024), rng)), asked
    if fault == "background unchanged":
        return _unchanged(source, rng), asked
    picture, right = _made(studio, source, product, rng)
    if fault == "cut file":
        return faults.cut(picture, rng), Asked()
    with Image.open(io.BytesIO(picture)) as file:
        smaller = file.convert("RGB").resize((file.width * 5 // 8, file.height * 5 // 8), Image.Resampling.LANCZOS)
    return jpeg(smaller), Asked(format="JPEG", size="1K") if right.format == "JPEG" else right


def _unchanged(source: Source, rng: random.Random) -> bytes:
    """The subject as it was, encoded anew; what was transparent is white, or black."""
    with Image.open(io.BytesIO(source.picture)) as file:
        picture = file.convert("RGBA")
    factor = 1024 / max(picture.size)
    picture = picture.resize((round(picture.width * factor), round(picture.height * factor)))
    plain = Image.new("RGB", picture.size, rng.choice(("white", "black")))
    plain.paste(picture, mask=picture.getchannel("A"))
    return jpeg(plain, 85)


def _duplicate(case: Case, fault: str, number: int) -> Case:
    """Another item's picture once more, encoded anew."""
    with Image.open(io.BytesIO(case.picture)) as file:
        again = jpeg(file.convert("RGB"), 83)
    return Case(f"{fault} {number}", fault, case.subject, case.source, again, Asked())
