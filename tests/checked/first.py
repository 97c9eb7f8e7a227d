"""The set by which the bounds were chosen: 200 pictures of the samples, on what the stand-in draws."""

from __future__ import annotations

import io
import random
from functools import cache

from PIL import Image, ImageDraw, ImageFont, ImageOps

from airflow_provider_mps.local.pictures.backgrounds import draw
from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.pictures.sample_pictures import CATALOGUE_SKUS, read_sample
from airflow_provider_mps.local.pictures.scene_pictures import Order, ScenePictures
from airflow_provider_mps.local.pictures.stages import Backdrop
from tests.checked.cases import Source, Studio

PICTURES = Pictures()
PROMPTS = (
    "white marble",
    "oak planks",
    "a meadow, grass",
    "sunset over the sea",
    "city lights at night",
    "beach sand",
    "blue sky with clouds",
    "soft lights in pink",
    "dark walnut wood",
    "black stone",
    "warm beige lights",
    "desert",
)
SCENES = (
    Backdrop("room beige", "oak wood"),
    Backdrop("grass garden", "stone"),
    Backdrop("night", "dark wood"),
    Backdrop("pink", "gold", podium=True),
    Backdrop("glow blue"),
    Backdrop("sky", "beach sand"),
)


@cache
def sample(name: str) -> bytes:
    return read_sample(name)


def _labelled(name: str, words: str, where: tuple[float, float], colour: tuple[int, int, int]) -> bytes:
    """A drawn product with words on it, which no mirror leaves as they are."""
    with Image.open(io.BytesIO(sample(name))) as file:
        picture = file.convert("RGBA")
    alpha = picture.getchannel("A")
    font = ImageFont.load_default(round(picture.width * 0.052))
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(words.split("\n")):
        at = (picture.width * where[0], picture.height * where[1] + number * picture.width * 0.06)
        pen.text(at, line, fill=colour, font=font, anchor="mm")
    picture.putalpha(alpha)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@cache
def subjects() -> dict[str, bytes]:
    """The pictures of the products: a photograph, cut-outs without a feature, and such with words on them."""
    dark, light = (40, 30, 30), (250, 246, 236)
    return {
        "coffee": sample("coffee.png"),
        "coffee large": sample("coffee-large.jpg"),
        "vase": sample("vase.png"),
        "bottle": sample("bottle.png"),
        **{sku: sample(f"catalogue/{sku}.png") for sku in CATALOGUE_SKUS},
        "labelled bottle": _labelled("bottle.png", "OLIVE\nOIL 5L", (0.49, 0.60), dark),
        "labelled jar": _labelled("catalogue/jar-honey.png", "Honey\nfrom Rila\n450 g", (0.48, 0.53), dark),
        "labelled tin": _labelled("catalogue/tin-tea.png", "EARL GREY\nNo. 47", (0.5, 0.46), (120, 20, 20)),
        "labelled vase": _labelled("vase.png", "Delft 1653", (0.5, 0.55), light),
        "labelled plum": _labelled("catalogue/jar-plum.png", "Plum\njam 7", (0.5, 0.56), dark),
        "labelled cassis": _labelled("catalogue/bottle-cassis.png", "CASSIS\n20 %", (0.5, 0.62), dark),
    }


def _cut_out(data: bytes) -> Image.Image:
    subject = PICTURES.subject(data)
    picture = subject.pixels.convert("RGB")
    picture.putalpha(subject.mask)
    return picture


def _backdrop(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    kind = rng.random()
    if kind < 0.15:
        with Image.open(io.BytesIO(sample(rng.choice(("brick.png", "gravel.png"))))) as file:
            return ImageOps.fit(file.convert("RGB"), size)
    return draw(rng.choice(PROMPTS), rng.randrange(1000), size)


def _by_stand_in(data: bytes, rng: random.Random) -> bytes:
    """A result as the local service makes it."""
    if rng.random() < 0.5:
        return PICTURES.fuse(data, None, rng.choice(PROMPTS), rng.randrange(1000), "JPEG", "1K", 85)
    order = Order(rng.choice(SCENES), rng.choice(((1024, 1024), (1024, 768), (768, 1024))), rng.random() < 0.5, "New")
    return ScenePictures(PICTURES).make(data, order, str(rng.random()), rng.randrange(10))


STUDIO = Studio(
    name="samples",
    source=lambda: {
        name: Source(data, _cut_out(data), mirrors=name.startswith(("coffee", "labelled")))
        for name, data in subjects().items()
    },
    backdrop=_backdrop,
    by_service=_by_stand_in,
)
