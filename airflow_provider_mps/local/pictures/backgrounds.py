"""Backgrounds drawn from words and a seed: the stand-in for a generative model.

A few words are understood (surfaces, moods, colours); any other prompt gets soft lights in colours of its own. The
same words with the same seed always give the same picture.
"""

from __future__ import annotations

import colorsys
import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

Colour = tuple[int, int, int]
Size = tuple[int, int]

# Drawn at most this large and then enlarged: a background is out of focus anyway.
_DRAWN_SIDE = 1024

_COLOURS: dict[str, Colour] = {
    "red": (190, 45, 45),
    "orange": (230, 130, 50),
    "yellow": (235, 200, 80),
    "green": (80, 150, 85),
    "teal": (45, 140, 140),
    "blue": (60, 110, 190),
    "purple": (130, 80, 170),
    "pink": (235, 150, 175),
    "brown": (130, 90, 60),
    "beige": (225, 205, 175),
    "grey": (150, 150, 155),
    "gray": (150, 150, 155),
    "white": (240, 240, 238),
    "black": (45, 45, 50),
    "gold": (205, 165, 75),
    "honey": (205, 155, 95),
}


def draw(prompt: str, seed: int | str, size: Size) -> Image.Image:
    """Draw a background.

    :param prompt: what it should show; upper and lower case are the same.
    :param seed: chooses among the many pictures for the same words.
    :param size: width and height in pixels.
    :return: an RGB picture.
    """
    words = prompt.lower()
    # Seeding with a string is the same on every platform and in every process.
    rng = random.Random(f"{seed}\0{words}")  # noqa: S311
    scale = min(1.0, _DRAWN_SIDE / max(size))
    drawn = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    colour = colour_in(words)
    scene = next((one for keys, one in _SCENES if any(key in words for key in keys)), _lights)
    picture = _light(scene(rng, drawn, colour), rng)
    return picture if drawn == size else picture.resize(size, Image.Resampling.BICUBIC)


def colour_in(words: str) -> Colour | None:
    """Return the first colour of the table that is named in ``words`` (lower case), if any."""
    return next((value for name, value in _COLOURS.items() if name in words), None)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour on the way from ``one`` (share 0) to ``other`` (share 1)."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def bokeh(picture: Image.Image, rng: random.Random, count: int, colours: Sequence[Colour], share: float) -> None:
    """Paint ``count`` lights out of focus, as large as ``share`` of the picture at most."""
    for _ in range(count):
        radius = rng.uniform(0.3, 1.0) * share * max(picture.size)
        x, y = rng.uniform(0, picture.width), rng.uniform(0, picture.height)
        side = round(2 * radius) + 8
        spot = Image.new("L", (side, side), 0)
        pen = ImageDraw.Draw(spot)
        strength = rng.randint(30, 110)
        pen.ellipse((4, 4, side - 5, side - 5), fill=strength, outline=min(255, strength + 40), width=2)
        spot = spot.filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 3.0)))
        picture.paste(rng.choice(list(colours)), (round(x - side / 2), round(y - side / 2)), spot)


def _marble(rng: random.Random, size: Size, colour: Colour | None) -> Image.Image:
    base = colour or (236, 234, 230)
    dark = mix(base, (70, 72, 80) if sum(base) > 330 else (215, 205, 190), 0.75)
    stone = _colourise(_noise(rng, size, 300), mix(base, dark, 0.12), mix(base, (255, 255, 255), 0.5))
    for cell, width, strength in ((260, 5.0, 0.8), (140, 3.0, 0.45), (420, 9.0, 0.35)):
        # A vein runs where the noise crosses its middle value.
        bend = [int(255 * strength * math.exp(-(((value - 128) / width) ** 2))) for value in range(256)]
        veins = _noise(rng, size, cell).point(bend).filter(ImageFilter.GaussianBlur(0.8))
        fade = _noise(rng, size, 200).point(lambda value: min(255, value * 2))
        stone.paste(dark, (0, 0), ImageChops.multiply(veins, fade))
    return stone


def _wood(rng: random.Random, size: Size, colour: Colour | None) -> Image.Image:
    base = colour or rng.choice(((168, 118, 72), (120, 78, 48), (205, 165, 118)))
    picture = Image.new("RGB", size)
    planks = rng.randint(4, 6)
    edges = [round(size[1] * number / planks) for number in range(planks + 1)]
    for top, bottom in pairwise(edges):
        part = (size[0], max(1, bottom - top))
        grain = _noise(rng, part, 10, stretch=30)
        tone = mix(base, (0, 0, 0) if rng.random() < 0.5 else (255, 240, 220), rng.uniform(0.0, 0.18))
        plank = _colourise(grain, mix(tone, (30, 15, 5), 0.45), mix(tone, (255, 235, 205), 0.25))
        rings = _noise(rng, part, 60, stretch=8).point([int(60 * (0.5 + 0.5 * math.sin(v / 4))) for v in range(256)])
        plank.paste(mix(tone, (30, 15, 5), 0.6), (0, 0), rings)
        picture.paste(plank, (0, top))
    lines = ImageDraw.Draw(picture)
    for edge in edges[1:-1]:
        lines.line((0, edge, size[0], edge), fill=mix(base, (0, 0, 0), 0.7), width=3)
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def _grass(rng: random.Random, size: Size, colour: Colour | None) -> Image.Image:
    base = colour or (86, 150, 62)
    near = _colourise(_noise(rng, size, 8, stretch=0.3), mix(base, (10, 40, 5), 0.6), mix(base, (225, 245, 140), 0.5))
    patches = _noise(rng, size, 220).point(lambda value: value // 3)
    near.paste(mix(base, (240, 250, 150), 0.4), (0, 0), patches)
    far = near.filter(ImageFilter.GaussianBlur(6))
    return Image.composite(far, near, _column(size, 255, 0, 0).convert("L"))


def _sunset(rng: random.Random, size: Size, _colour: Colour | None) -> Image.Image:
    sky = _column(size, (40, 36, 84), (122, 62, 122), (226, 106, 90), (250, 178, 96), (255, 226, 160))
    clouds = _noise(rng, size, 130, stretch=5).point(lambda value: max(0, value - 128))
    sky.paste((255, 170, 140), (0, 0), clouds)
    x, y, radius = rng.uniform(0.2, 0.8) * size[0], 0.68 * size[1], 0.09 * size[0]
    sun = Image.new("L", size, 0)
    ImageDraw.Draw(sun).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    sky.paste((255, 240, 205), (0, 0), ImageChops.lighter(sun, sun.filter(ImageFilter.GaussianBlur(radius / 2))))
    horizon = round(0.78 * size[1])
    sea = ImageOps.flip(sky.crop((0, horizon - (size[1] - horizon), size[0], horizon)))
    ripples = _noise(rng, sea.size, 6, stretch=12).point(lambda value: value // 2)
    sea.paste((70, 40, 80), (0, 0), ripples)
    sky.paste(sea, (0, horizon))
    return sky


def _night(rng: random.Random, size: Size, colour: Colour | None) -> Image.Image:
    base = mix(colour or (40, 54, 110), (8, 10, 24), 0.45)
    picture = _column(size, (8, 10, 26), base, mix(base, (30, 20, 40), 0.4))
    bokeh(picture, rng, 46, ((255, 196, 110), (255, 236, 190), (110, 160, 255), (255, 120, 130)), 0.045)
    return picture


def _beach(rng: random.Random, size: Size, colour: Colour | None) -> Image.Image:
    base = colour or (226, 204, 164)
    sand = _colourise(_noise(rng, size, 5), mix(base, (120, 90, 50), 0.3), mix(base, (255, 255, 245), 0.4))
    dunes = _noise(rng, size, 160, stretch=3).point(lambda value: value // 3)
    sand.paste(mix(base, (150, 115, 70), 0.5), (0, 0), dunes)
    return sand


def _sky(rng: random.Random, size: Size, colour: Colour | None) -> Image.Image:
    base = colour or (104, 166, 226)
    picture = _column(size, mix(base, (20, 60, 130), 0.3), base, mix(base, (255, 255, 255), 0.7))
    clouds = _noise(rng, size, 240, stretch=1.8).point(lambda value: min(255, max(0, (value - 120) * 3)))
    picture.paste((255, 255, 255), (0, 0), clouds)
    return picture


def _lights(rng: random.Random, size: Size, colour: Colour | None) -> Image.Image:
    hue = rng.random()
    base = colour or _from_hue(hue, 0.42, 0.82)
    other = mix(base, _from_hue(hue + rng.uniform(0.08, 0.2), 0.5, 0.7), 0.6)
    picture = _column(size, mix(base, (255, 255, 255), 0.35), base, other)
    glow = _noise(rng, size, 420)
    picture.paste(mix(other, (255, 255, 255), 0.4), (0, 0), glow.point(lambda value: value // 2))
    bokeh(picture, rng, 26, (mix(base, (255, 255, 255), 0.7), mix(other, (255, 255, 255), 0.5)), 0.07)
    return picture


# The first scene with a word in the prompt is drawn.
_SCENES: Sequence[tuple[tuple[str, ...], Callable[[random.Random, Size, Colour | None], Image.Image]]] = (
    (("sunset", "sunrise", "dusk", "dawn", "夕阳", "日落"), _sunset),
    (("night", "neon", "city lights", "夜"), _night),
    (("marble", "stone", "大理石"), _marble),
    (("wood", "oak", "walnut", "plank", "木"), _wood),
    (("grass", "lawn", "meadow", "garden", "草"), _grass),
    (("beach", "sand", "desert", "沙"), _beach),
    (("sky", "cloud", "天空", "云"), _sky),
)


def _noise(rng: random.Random, size: Size, cell: float, stretch: float = 1.0) -> Image.Image:
    """Give cloudy grey noise whose largest blots are ``cell`` pixels high and ``stretch`` times as wide."""
    total = Image.new("L", size, 128)
    for octave in range(4):
        step = cell / 2**octave
        if octave and step < 1:
            break
        across, down = max(2, round(size[0] / (step * stretch)) + 2), max(2, round(size[1] / step) + 2)
        across, down = min(across, size[0] + 2), min(down, size[1] + 2)
        layer = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        layer = layer.resize(size, Image.Resampling.BICUBIC)
        # Each finer layer weighs less, so that the large blots stay what one sees.
        total = layer if octave == 0 else Image.blend(total, layer, 1.2 / (2 ** (octave + 1) + 1))
    return ImageOps.autocontrast(total, cutoff=1)


def _light(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Let light fall in from one side and darken the corners a little."""
    small = Image.new("L", (64, 64), 0)
    x, y = rng.choice((-1, 1)) * rng.uniform(4, 12) + 32, rng.uniform(18, 28)
    ImageDraw.Draw(small).ellipse((x - 40, y - 34, x + 40, y + 40), fill=255)
    mask = small.filter(ImageFilter.GaussianBlur(16)).resize(picture.size, Image.Resampling.BICUBIC)
    return Image.composite(picture, picture.point(lambda value: value * 7 // 10), mask)


def _column(size: Size, *stops: Colour | int) -> Image.Image:
    """Give a vertical gradient through the stops, from top to bottom."""
    colours = [stop if isinstance(stop, tuple) else (stop, stop, stop) for stop in stops]
    column = Image.new("RGB", (1, len(colours)))
    column.putdata(colours)
    return column.resize(size, Image.Resampling.BILINEAR)


def _colourise(grey: Image.Image, dark: Colour, light: Colour) -> Image.Image:
    return ImageOps.colorize(grey, dark, light)


def _from_hue(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)
