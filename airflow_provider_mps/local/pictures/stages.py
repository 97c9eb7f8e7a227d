"""Scenes for a product to stand in: a floor in perspective before something out of focus, or a podium."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from airflow_provider_mps.local.pictures.backgrounds import Colour, Size, bokeh, colour_in, draw, mix

WHITE, BLACK = (255, 255, 255), (0, 0, 0)

# Surfaces of a grain so fine that more of them is seen than one picture holds.
_FINE = ("sand", "grass")
# How much nearer the lower end of a floor is than its upper one.
_NEARNESS = 2.4
_CREAM: Colour = (232, 218, 196)


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What a scene is drawn from.

    :param words: what is behind the product, in words of :mod:`airflow_provider_mps.local.pictures.backgrounds`. Two
        more are known: ``room`` is a wall with light from a window, ``glow`` are lights in one colour. For a podium its
        colour.
    :param floor: what the product stands on; empty for a product that floats. For a podium the colour of its edges.
    :param podium: whether the product stands on a podium.
    """

    words: str
    floor: str = ""
    podium: bool = False

    @property
    def stands(self) -> bool:
        """Whether a product stands in it, rather than floats."""
        return self.podium or bool(self.floor)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a product will be; all are shares of the picture's height or width.

    :param base: where it stands, from the top.
    :param depth: how much of the floor is seen behind that.
    :param width: how broad it is.
    """

    base: float
    depth: float
    width: float


def draw_stage(backdrop: Backdrop, seed: str, size: Size, spot: Spot) -> Image.Image:
    """Draw a scene without its product.

    :param backdrop: what to draw.
    :param seed: chooses among the many pictures of one scene.
    :param size: width and height in pixels.
    :param spot: where the product will be.
    :return: an RGB picture.
    """
    rng = random.Random(f"{seed}\0stage")  # noqa: S311
    if backdrop.podium:
        # Its sharp edges are drawn twice as large and reduced, or they would be jagged.
        large = _podium(backdrop, rng, (2 * size[0], 2 * size[1]), spot)
        return large.resize(size, Image.Resampling.BOX)
    if not backdrop.floor:
        return _glow(backdrop.words, rng, size) if "glow" in backdrop.words else draw(backdrop.words, seed, size)
    horizon = round(size[1] * min(0.7, max(0.26, spot.base - spot.depth - rng.uniform(0.0, 0.03))))
    picture = _wall(backdrop.words, seed, size, horizon, rng)
    floor = _floor(backdrop.floor, seed, (size[0], size[1] - horizon))
    edge = Image.new("L", floor.size, 255)
    soft = max(1, size[1] // 200)
    ImageDraw.Draw(edge).rectangle((0, 0, size[0], soft), fill=0)
    picture.paste(floor, (0, horizon), edge.filter(ImageFilter.GaussianBlur(soft)))
    return picture


def _wall(words: str, seed: str, size: Size, horizon: int, rng: random.Random) -> Image.Image:
    if "room" in words.split():
        return _room(words, size, horizon, rng)
    # Drawn down to a little below the horizon, so that what is at the foot of the view is seen at the horizon.
    height = min(size[1], round(horizon * 1.04) + 1)
    view = draw(words, seed, (size[0], height)).filter(ImageFilter.GaussianBlur(max(size) / 260))
    picture = Image.new("RGB", size)
    picture.paste(view)
    return picture


def _room(words: str, size: Size, horizon: int, rng: random.Random) -> Image.Image:
    """Paint a wall with the light of a window on it, out of focus."""
    base = mix(colour_in(words) or _CREAM, WHITE, 0.3)
    picture = gradient(size, horizon, mix(base, BLACK, 0.05), mix(base, BLACK, 0.24))
    light = Image.new("L", size, 0)
    pen = ImageDraw.Draw(light)
    pane, gap = size[0] * rng.uniform(0.13, 0.17), size[0] * 0.03
    left, top, slant = size[0] * rng.uniform(0.08, 0.4), -0.05 * size[1], size[0] * rng.uniform(0.1, 0.22)
    for column in range(2):
        for row in range(3):
            x, y = left + column * (pane + gap), top + row * (1.35 * pane + gap)
            lean = slant * (y - top) / size[1]
            drop = slant * 1.35 * pane / size[1]
            corners = ((x + lean, y), (x + pane + lean, y + pane * 0.16))
            feet = ((x + pane + lean + drop, y + 1.51 * pane), (x + lean + drop, y + 1.35 * pane))
            pen.polygon(corners + feet, fill=rng.randint(120, 150))
    light = light.filter(ImageFilter.GaussianBlur(max(size) / 70))
    picture.paste(mix(base, (255, 250, 232), 0.8), (0, 0), light)
    return picture


def _glow(words: str, rng: random.Random, size: Size) -> Image.Image:
    base = colour_in(words) or _CREAM
    picture = gradient(size, size[1] // 2, mix(base, BLACK, 0.25), mix(base, WHITE, 0.25))
    for count, share in ((30, 0.1), (50, 0.04)):
        bokeh(picture, rng, count, (mix(base, WHITE, 0.75), mix(base, WHITE, 0.45)), share)
    return picture


def _floor(words: str, seed: str, size: Size) -> Image.Image:
    """Draw a surface and look at it from the side."""
    width, height = size
    flat = (round(width * 1.5), max(2, round(width * 1.1)))
    texture = draw(words, f"{seed}\0floor", flat)
    if any(fine in words for fine in _FINE):
        texture = _mirrored(texture)
        flat = texture.size
    grow = (_NEARNESS - 1) / height
    # The mapping that keeps the middle in place and shows all of the width at the far end.
    across, down = flat[0] / width, flat[1] * _NEARNESS / height
    floor = texture.transform(
        size,
        Image.Transform.PERSPECTIVE,
        (across, flat[0] * grow / 2, 0, 0, down, 0, 0, grow),
        Image.Resampling.BICUBIC,
    )
    far = floor.filter(ImageFilter.GaussianBlur(max(size) / 160))
    return Image.composite(far, floor, _fade(size, 255, 120, 0, 0))


def _mirrored(texture: Image.Image) -> Image.Image:
    """Repeat a texture to twice its width and height without a seam."""
    (width, height) = texture.size
    picture = Image.new("RGB", (2 * width, 2 * height))
    for at, part in (((0, 0), texture), ((width, 0), ImageOps.mirror(texture))):
        picture.paste(part, at)
        picture.paste(ImageOps.flip(part), (at[0], height))
    return picture


def _podium(backdrop: Backdrop, rng: random.Random, size: Size, spot: Spot) -> Image.Image:
    colour = colour_in(backdrop.words) or _CREAM
    edge = colour_in(backdrop.floor) or mix(colour, WHITE, 0.65)
    width, height = size
    top, half = spot.base * height, width * min(0.4, max(0.34, 0.56 * spot.width))
    rise, tall = half * 0.2, height * 0.085
    middle = width / 2
    picture = gradient(size, round(top), mix(colour, WHITE, 0.22), mix(colour, BLACK, 0.12))
    _rays(picture, rng, (middle, top - height * 0.3), mix(colour, WHITE, 0.4))
    # Each step wider and lower than the one before.
    for step in (1, 0):
        reach, drop = half * (1 + 0.24 * step), tall * step
        box = (middle - reach, top - rise * (1 + 0.24 * step), middle + reach, top + rise * (1 + 0.24 * step))
        _cylinder(picture, box, drop, tall, colour, edge)
    return picture


def _cylinder(
    picture: Image.Image, box: tuple[float, float, float, float], drop: float, tall: float, colour: Colour, edge: Colour
) -> None:
    left, upper, right, lower = box[0], box[1] + drop, box[2], box[3] + drop
    width, line = right - left, max(1, picture.width // 200)
    shade = Image.new("L", picture.size, 0)
    ImageDraw.Draw(shade).ellipse(
        (left - width * 0.05, upper + tall, right + width * 0.05, lower + tall * 1.5), fill=150
    )
    picture.paste(mix(colour, BLACK, 0.7), (0, 0), shade.filter(ImageFilter.GaussianBlur(picture.width / 50)))
    side = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(side)
    pen.ellipse((left, upper + tall, right, lower + tall), fill=255)
    pen.rectangle((left, (upper + lower) / 2, right, (upper + lower) / 2 + tall), fill=255)
    # Light from the left front: the side is brightest at a third and dark at its right end.
    row = Image.new("RGB", (5, 1))
    shares = (0.25, 0.0, 0.08, 0.3, 0.5)
    row.putdata([mix(mix(colour, WHITE, 0.12), BLACK, share) for share in shares])
    strip = row.resize((max(1, round(width)), picture.height), Image.Resampling.BILINEAR)
    body = Image.new("RGB", picture.size, colour)
    body.paste(strip, (round(left), 0))
    picture.paste(body, (0, 0), side)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((left, upper, right, lower), fill=mix(colour, WHITE, 0.3), outline=edge, width=line)
    pen.arc((left, upper + tall, right, lower + tall), 0, 180, fill=edge, width=line)


def _rays(picture: Image.Image, rng: random.Random, origin: tuple[float, float], colour: Colour) -> None:
    """Let rays go out from behind the product."""
    rays = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(rays)
    count, reach, turn = rng.choice((14, 16, 18)), 2 * max(picture.size), rng.uniform(0, 24)
    box = (origin[0] - reach, origin[1] - reach, origin[0] + reach, origin[1] + reach)
    for number in range(count):
        start = turn + number * 360 / count
        pen.pieslice(box, start, start + 180 / count, fill=90)
    rays = ImageChops.multiply(rays, _fade(picture.size, 255, 230, 90, 0))
    picture.paste(colour, (0, 0), rays.filter(ImageFilter.GaussianBlur(max(picture.size) / 500)))


def gradient(size: Size, horizon: int, upper: Colour, lower: Colour) -> Image.Image:
    """Paint an evenly lit wall above the horizon that turns into a floor below it."""
    column = Image.new("RGB", (1, 5))
    column.putdata([upper, mix(upper, lower, 0.25), lower, mix(lower, upper, 0.5), mix(upper, WHITE, 0.1)])
    above = column.crop((0, 0, 1, 3)).resize((size[0], max(1, horizon)), Image.Resampling.BILINEAR)
    below = column.crop((0, 2, 1, 5)).resize((size[0], max(1, size[1] - horizon)), Image.Resampling.BILINEAR)
    picture = Image.new("RGB", size)
    picture.paste(above)
    picture.paste(below, (0, horizon))
    return picture


def _fade(size: Size, *stops: int) -> Image.Image:
    """Give a vertical gradient of grey through the stops, from top to bottom."""
    column = Image.new("L", (1, len(stops)))
    column.putdata(list(stops))
    return column.resize(size, Image.Resampling.BILINEAR)
