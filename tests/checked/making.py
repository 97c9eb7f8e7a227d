"""Puts a product on a background as a service does: placed, turned a little, lit anew, encoded."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image

from airflow_provider_mps.local.pictures.product_pictures import shadow

Product = Image.Image
"""A cut-out: RGBA, no larger than the product."""


@dataclass(frozen=True)
class Light:
    """How the light of a scene changes a product.

    :param gains: of red, green and blue
    :param gamma: of all of them
    :param slope: how much brighter one side is than the other, as a share
    """

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    slope: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where a product is put.

    :param scale: pixels of the result for one of the product's
    :param turn: degrees, anticlockwise
    :param x: of its middle, a share of the width
    :param y: of its middle, a share of the height
    """

    scale: float
    turn: float = 0.0
    x: float = 0.5
    y: float = 0.5


def some_light(rng: random.Random) -> Light:
    """Some light as scenes have it: a third brighter or darker, a little warmer or colder, from one side."""
    exposure, warmth, green = rng.uniform(0.74, 1.22), rng.uniform(-0.11, 0.11), rng.uniform(-0.03, 0.03)
    gains = (exposure * (1 + warmth), exposure * (1 + green), exposure * (1 - warmth))
    return Light(gains, rng.uniform(0.88, 1.14), rng.uniform(-0.22, 0.22))


def some_place(product: Product, size: tuple[int, int], rng: random.Random, least: float = 0.3) -> Place:
    """Some place where all of the product is seen, not too small; its scale is 0.3 to 1.7 where there is room."""
    turn = rng.choice((0.0, 0.0, rng.uniform(-6, 6)))
    # A product that is turned needs some more room.
    room = 0.9 * min(size[0] / (product.width + 0.1 * product.height), size[1] / (product.height + 0.1 * product.width))
    lower = max(0.3, least * min(size) / max(product.size))
    scale = rng.uniform(min(lower, room), min(1.7, room))
    half = (
        (product.width + 0.1 * product.height) * scale / 2 / size[0],
        (product.height + 0.1 * product.width) * scale / 2 / size[1],
    )
    return Place(scale, turn, rng.uniform(half[0], 1 - half[0]), rng.uniform(half[1], 1 - half[1]))


def lit(product: Product, light: Light) -> Product:
    """A product in another light."""
    pixels = np.asarray(product.convert("RGB"), np.float32) / 255
    across = np.linspace(1 - light.slope, 1 + light.slope, product.width, dtype=np.float32)[None, :, None]
    pixels = np.clip(pixels**light.gamma * np.asarray(light.gains, np.float32) * across, 0, 1)
    seen = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))
    seen.putalpha(product.getchannel("A"))
    return seen


def placed(canvas: Image.Image, product: Product, place: Place, casts_shadow: bool = True) -> Image.Image:
    """A copy of the background with the product on it."""
    canvas = canvas.convert("RGB")
    size = (max(1, round(product.width * place.scale)), max(1, round(product.height * place.scale)))
    seen = product.resize(size, Image.Resampling.BICUBIC if place.scale > 0.5 else Image.Resampling.LANCZOS)
    if place.turn:
        seen = seen.rotate(place.turn, Image.Resampling.BICUBIC, expand=True)
    at = (round(place.x * canvas.width - seen.width / 2), round(place.y * canvas.height - seen.height / 2))
    mask = seen.getchannel("A")
    if casts_shadow:
        shadow(canvas, mask, (at[0] + seen.width // 30, at[1] + seen.height // 14), 0.05, 0.5)
        shadow(canvas, mask, (at[0] + seen.width // 120, at[1] + seen.height // 45), 0.015, 0.55)
    canvas.paste(seen.convert("RGB"), at, mask)
    return canvas


def jpeg(picture: Image.Image, quality: int = 80) -> bytes:
    """A picture as a JPEG."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def png(picture: Image.Image) -> bytes:
    """A picture as a PNG."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def cut_out(product: Product, left: int, upper: int, right: int, lower: int) -> bytes:
    """A product alone, as a PNG, with so many transparent pixels around it."""
    room = Image.new("RGBA", (product.width + left + right, product.height + upper + lower), (0, 0, 0, 0))
    room.paste(product, (left, upper))
    return png(room)


def photo(
    product: Product, backdrop: tuple[int, int, int], margin: float, rng: random.Random, noise: float = 2
) -> bytes:
    """A photograph of a product before a plain backdrop, with the noise of a camera, as a JPEG."""
    across, down = round(product.width * (1 + 2 * margin)), round(product.height * (1 + 2 * margin))
    canvas = Image.new("RGB", (across, down), backdrop)
    canvas.paste(product.convert("RGB"), (round(product.width * margin), round(product.height * margin)), product)
    grain = np.random.default_rng(rng.randrange(2**32)).normal(0, noise, (down, across, 1))
    pixels = np.clip(np.asarray(canvas, np.float32) + grain, 0, 255).astype(np.uint8)
    return jpeg(Image.fromarray(pixels), 92)
