"""Faults that are planted in pictures, each as a service or a slip may make it."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from tests.checked.making import Product

# Of 255: the saturation and the value that a product in another colour has at least.
_TINT, _DARKEST = 100, 70


def recoloured(product: Product, rng: random.Random) -> Product:
    """The product in another colour: its hue turned by at least 70 degrees, all of it alike.

    So strongly that anybody sees it: what is grey or white is tinted more than a light would tint it, and what is black
    is no longer black.
    """
    turn = rng.uniform(70, 290) / 360 * 256
    hue, saturation, value = product.convert("RGB").convert("HSV").split()
    turned = hue.point(lambda one: int(one + turn) % 256)
    stronger = saturation.point(lambda one: max(one, _TINT))
    lighter = value.point(lambda one: max(one, _DARKEST))
    seen = Image.merge("HSV", (turned, stronger, lighter)).convert("RGB")
    seen.putalpha(product.getchannel("A"))
    return seen


def mirrored(product: Product) -> Product:
    """The product as in a mirror."""
    return ImageOps.mirror(product)


def half_hidden(product: Product, cover: Image.Image, rng: random.Random) -> Product:
    """The product with something before a half of it: whatever ``cover`` shows, with a soft and uneven edge."""
    width, height = product.size
    shown = Image.new("L", (width, height), 0)
    side = rng.choice(("left", "right", "upper", "lower"))
    edge = [rng.uniform(0.42, 0.58) for _ in range(5)]
    if side in ("left", "right"):
        line = [(share * width, height * step / 4) for step, share in enumerate(edge)]
        corners = [(0, height), (0, 0)] if side == "left" else [(width, height), (width, 0)]
    else:
        line = [(width * step / 4, share * height) for step, share in enumerate(edge)]
        corners = [(width, 0), (0, 0)] if side == "upper" else [(width, height), (0, height)]
    ImageDraw.Draw(shown).polygon([*line, *corners], fill=255)
    seen = product.convert("RGB")
    seen.paste(ImageOps.fit(cover.convert("RGB"), seen.size), (0, 0), shown.filter(ImageFilter.GaussianBlur(2)))
    # What covers a product is seen beside it too.
    alpha = np.maximum(np.asarray(product.getchannel("A")), np.asarray(shown))
    seen.putalpha(Image.fromarray(alpha))
    return seen


def cut(picture: bytes, rng: random.Random) -> bytes:
    """A file that ends early, as a broken transfer leaves it; sometimes somebody has put the end mark behind it."""
    short = picture[: int(len(picture) * rng.uniform(0.3, 0.93))]
    return short + b"\xff\xd9" if rng.random() < 0.3 else short


def blank(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """A picture of nothing: one colour, with hardly any noise."""
    colour = rng.choice(((0, 0, 0), (255, 255, 255), (128, 128, 128), (236, 232, 224)))
    pixels = np.full((size[1], size[0], 3), colour, np.float32)
    pixels += np.random.default_rng(rng.randrange(2**32)).normal(0, rng.choice((0, 1.2)), pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
