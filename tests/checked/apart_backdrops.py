"""The backgrounds of the set that is kept apart: places and stages as a service makes them up for a product."""

from __future__ import annotations

import math
import random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tests.checked.drawing import Array, clouds

Size = tuple[int, int]
Colour = tuple[int, int, int]


def _image(pixels: Array) -> Image.Image:
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


def _floats(picture: Image.Image) -> Array:
    return np.asarray(picture, np.float32)


def _blur(picture: Image.Image, radius: float) -> Image.Image:
    if radius < 3:
        return picture.filter(ImageFilter.GaussianBlur(radius)) if radius > 0.3 else picture
    half = picture.reduce(2).filter(ImageFilter.GaussianBlur(radius / 2))
    return half.resize(picture.size, Image.Resampling.BILINEAR)


def _grid(size: Size) -> tuple[Array, Array]:
    """The shares of the width and of the height, of each pixel."""
    across = np.linspace(0, 1, size[0], dtype=np.float32)[None, :]
    down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    return np.broadcast_to(across, (size[1], size[0])), np.broadcast_to(down, (size[1], size[0]))


def _between(one: Colour, other: Colour, share: Array) -> Array:
    first, second = np.asarray(one, np.float32), np.asarray(other, np.float32)
    return first + (second - first) * np.clip(share, 0, 1)[..., None]


def _glow(pixels: Array, x: float, y: float, reach: float, colour: Colour, amount: float) -> None:
    """Add a round light with a soft edge; places are shares."""
    high, wide = pixels.shape[:2]
    across, down = _grid((wide, high))
    far = np.hypot(across - x, (down - y) * high / wide) / reach
    pixels += amount * np.exp(-far * far)[..., None] * np.asarray(colour, np.float32)


def _discs(pixels: Array, rng: random.Random, count: int, box: tuple[float, ...], colours: list[Colour]) -> Array:
    """Add lights that are out of focus, each fainter than 0.3 of its colour."""
    high, wide = pixels.shape[:2]
    layer = Image.new("RGB", (wide, high))
    pen = ImageDraw.Draw(layer)
    for _ in range(count):
        x, y = rng.uniform(box[0], box[2]) * wide, rng.uniform(box[1], box[3]) * high
        reach, share = rng.uniform(0.012, 0.035) * max(wide, high), rng.uniform(0.1, 0.3)
        fill = tuple(round(one * share) for one in rng.choice(colours))
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)
    return pixels + _floats(_blur(layer, 0.0016 * max(wide, high)))


def _ground(size: Size, horizon: float, zoom: float) -> tuple[Array, Array, Array]:
    """Where each pixel below the horizon lies on the ground, and how near it is from 0 to 1."""
    across, down = _grid(size)
    depth = np.clip(down - horizon, 0, None) + 0.09
    return (across - 0.5) / depth * zoom, zoom / depth, np.clip((down - horizon) / (1 - horizon), 0, 1)


def _focus(picture: Image.Image, horizon: float, far: float, near: float = 0) -> Image.Image:
    """Blurred above the horizon and less and less below it."""
    blurred, share = _blur(picture, far), np.clip((_grid(picture.size)[1] - horizon) / 0.3, 0, 1)
    return Image.composite(_blur(picture, near), blurred, _image(255 * share))


def _tiles(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """A bathroom: glazed tiles out of focus behind a counter of stone."""
    horizon, rows = rng.uniform(0.56, 0.7), rng.randint(6, 9)
    colour = rng.choice(((118, 160, 156), (226, 222, 212), (92, 116, 146), (206, 170, 160)))
    across, down = _grid(size)
    tall = down * rows
    wide = across * size[0] / size[1] * rows / 2 + 0.5 * (np.floor(tall) % 2)
    tone = noise.normal(1, 0.05, (rows + 1, 64)).astype(np.float32)[
        np.floor(tall).astype(int), np.floor(wide).astype(int)
    ]
    joint = np.clip(np.minimum(np.abs(wide % 1 - 0.5) * -2 + 1, (np.abs(tall % 1 - 0.5) * -2 + 1) / 2) / 0.05, 0, 1)
    sheen = 0.12 * np.exp(-(((tall % 1) - 0.2) ** 2) / 0.02) * (1 - across)
    wall = np.asarray(colour, np.float32) * ((tone + sheen) * (1.1 - 0.3 * across))[..., None]
    wall = wall * joint[..., None] + 214 * (1 - joint[..., None]) * (1.05 - 0.3 * across)[..., None]
    _, _, near = _ground(size, horizon, 0.5)
    stone = rng.choice(((232, 228, 222), (196, 190, 182), (70, 72, 76)))
    grain = 1 + 0.03 * clouds(noise, size, 30, 7, 3)
    top = np.asarray(stone, np.float32) * (grain * (0.84 + 0.2 * near))[..., None]
    top += 0.1 * np.flipud(wall)[np.clip(np.arange(size[1]) - round((2 * horizon - 1) * size[1]), 0, size[1] - 1)]
    pixels = np.where((down > horizon)[..., None], top * 0.92, wall)
    pixels *= (1 - 0.25 * np.exp(-np.abs(down - horizon) / 0.012))[..., None]
    return _focus(_image(pixels), horizon, size[1] / 130, 0.4)


def _ridges(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """Mountains behind each other in haze, and a ledge of rock before them."""
    dawn = rng.random() < 0.5
    sky, haze = ((244, 196, 160), (246, 226, 200)) if dawn else ((132, 172, 212), (222, 232, 238))
    rock: Colour = (86, 74, 92) if dawn else (64, 88, 104)
    _, down = _grid(size)
    pixels = _between(sky, haze, down / 0.5)
    _glow(pixels, rng.uniform(0.2, 0.8), 0.34, 0.3, (255, 236, 200), 0.16)
    for layer in range(5):
        base = 0.3 + 0.09 * layer
        height = clouds(noise, (size[0], 2), (420 - 60 * layer) * size[0] / 1024, 2, 5)[0] * (0.045 + 0.006 * layer)
        lower = slice(int((base - 0.24) * size[1]), None)
        share = np.clip((down[lower] - base + height[None, :]) * size[1] / 2, 0, 1)[..., None]
        foggy = 0.85 - 0.17 * layer + np.clip((down[lower] - base) * 2.4, 0, 0.5)
        pixels[lower] += (_between(rock, haze, foggy) - pixels[lower]) * share
    ledge = rng.uniform(0.66, 0.76)
    edge = np.clip((down - ledge + 0.008 * clouds(noise, (size[0], 2), 45, 2, 4)[:1]) * size[1] / 2, 0, 1)[..., None]
    relief = np.gradient(5 * clouds(noise, size, 90, 34, 4), axis=0)
    light = 0.86 - 0.3 * relief
    stone = (
        np.asarray((132, 122, 116), np.float32)
        * np.clip(light * (0.72 + 0.4 * (down - ledge) / 0.3), 0.3, 1.5)[..., None]
    )
    return _focus(_image(pixels * (1 - edge) + stone * edge), ledge - 0.03, size[1] / 160)


def _water(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """Shallow water in the sun, from above: a net of light on what is below."""
    deep, shallow = rng.choice(
        (((30, 120, 150), (136, 214, 220)), ((60, 104, 160), (170, 206, 236)), ((190, 150, 150), (246, 220, 212)))
    )
    net = np.zeros((size[1], size[0]), np.float32)
    for scale in (150, 84):
        one, other = clouds(noise, size, scale, scale * 0.8), clouds(noise, size, scale, scale * 0.8)
        net += np.exp(-np.abs(one) * 3.6) + 0.8 * np.exp(-np.abs(other) * 4)
    across, down = _grid(size)
    swell = 0.5 + 0.16 * clouds(noise, size, 260, 160) + 0.4 * (across - 0.5) * rng.choice((-1, 1)) + 0.3 * (down - 0.5)
    pixels = _between(deep, shallow, swell) + 44 * np.clip(net - 0.9, 0, 1.6)[..., None]
    return _blur(_image(pixels), 2.4)


def _pane(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """Plaster in the light of a window, with the shadows of its bars, and a floor."""
    light = Image.new("L", size)
    pen, (wide, high) = ImageDraw.Draw(light), size
    lean, x, y = (
        rng.uniform(0.15, 0.4) * rng.choice((-1, 1)),
        rng.uniform(0.05, 0.3) * wide,
        rng.uniform(-0.1, 0.15) * high,
    )
    pane, tall = rng.uniform(0.2, 0.26) * wide, rng.uniform(0.24, 0.32) * high
    for column in range(2):
        for row in range(3):
            left, top = x + column * 1.1 * pane, y + row * 1.08 * tall
            slope = lean * pane
            pen.polygon(
                [(left, top), (left + pane, top + slope), (left + pane, top + tall + slope), (left, top + tall)],
                fill=255,
            )
        y += lean * 1.1 * pane
    cast = _floats(_blur(light, 0.009 * wide)) / 255
    _, down = _grid(size)
    colour = rng.choice(((206, 190, 172), (188, 196, 186), (210, 182, 168), (176, 180, 190), (196, 160, 122)))
    plaster = 1 + 0.03 * clouds(noise, size, 120, 90, 4)
    floor = rng.uniform(0.72, 0.82)
    tone = (0.66 + 0.42 * cast) * plaster * np.where(down > floor, 0.86 + 0.5 * (down - floor), 1)
    tone *= 1 - 0.16 * np.exp(-np.abs(down - floor) / 0.014)
    warm = np.stack([1 + 0.05 * cast, 1 + 0.01 * cast, 1 - 0.05 * cast], axis=-1)
    return _blur(_image(np.asarray(colour, np.float32) * tone[..., None] * warm), 1)


def _lounge(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """A living room far out of focus, and a rug."""
    horizon = rng.uniform(0.5, 0.62)
    wide, high = size
    wall = rng.choice(((222, 214, 202), (150, 164, 158), (196, 186, 190)))
    picture = _image(_between(wall, tuple(round(0.86 * one) for one in wall), _grid(size)[1]))
    pen, side = ImageDraw.Draw(picture), rng.choice((0.06, 0.6))
    pen.rectangle((side * wide, 0.04 * high, (side + 0.3) * wide, 0.36 * high), fill=(250, 250, 244))
    pen.line(((side + 0.15) * wide, 0, (side + 0.15) * wide, 0.36 * high), fill=wall, width=6)
    sofa = rng.choice(((88, 108, 128), (164, 112, 84), (118, 126, 98), (206, 198, 186)))
    left, top = rng.uniform(0, 0.35) * wide, (horizon - 0.24) * high
    dark = tuple(round(0.8 * one) for one in sofa)
    pen.rounded_rectangle((left, top, left + 0.6 * wide, horizon * high), 18, fill=sofa)
    pen.rounded_rectangle((left - 20, top + 0.1 * high, left + 0.63 * wide, horizon * high), 16, fill=dark)
    for k in range(3):
        x = left + (0.05 + 0.18 * k) * wide
        pen.rounded_rectangle(
            (x, top + 0.03 * high, x + 0.13 * wide, top + 0.14 * high),
            12,
            fill=rng.choice(((226, 180, 90), (236, 230, 218), (96, 130, 120))),
        )
    x = 0.92 * wide if side < 0.5 else 0.08 * wide
    for k in range(9):
        a = -math.pi / 2 + (k - 4) * 0.32
        pen.line(
            (x, 0.42 * high, x + 0.13 * wide * math.cos(a), 0.42 * high + 0.2 * high * math.sin(a)),
            fill=(70, 104 + 5 * k, 66),
            width=12,
        )
    pen.polygon(
        [(x - 22, 0.42 * high), (x + 22, 0.42 * high), (x + 16, horizon * high), (x - 16, horizon * high)],
        fill=(190, 150, 120),
    )
    back = _floats(_blur(picture, high / 42))
    x_of, y_of, near = _ground(size, horizon, 1.0)
    pile = 1 + 0.06 * clouds(noise, size, 3, 2.4) * (0.3 + near) + 0.05 * clouds(noise, size, 95, 30)
    stripe = 0.08 * np.clip(4 * np.sin(y_of * 2.4 + 0.6 * np.sin(x_of * 2)), -1, 1)
    rug = np.asarray(rng.choice(((206, 196, 180), (150, 130, 118), (186, 188, 190), (120, 132, 148))), np.float32)
    ground = rug * ((pile + stripe) * (0.8 + 0.24 * near))[..., None]
    share = np.clip((_grid(size)[1] - horizon) * size[1] / 8, 0, 1)[..., None]
    return _focus(_image(back * (1 - share) + ground * share), horizon, size[1] / 120, 0.5)


def _snow(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """A field of snow before dark spruces; a little of it falls."""
    horizon = rng.uniform(0.44, 0.58)
    wide, high = size
    evening = rng.random() < 0.4
    sky, low = ((86, 96, 140), (226, 176, 170)) if evening else ((176, 192, 208), (228, 232, 234))
    picture = _image(_between(sky, low, _grid(size)[1] / horizon))
    pen = ImageDraw.Draw(picture)
    for _ in range(20):
        x, tall = rng.uniform(-0.05, 1.05) * wide, rng.uniform(0.16, 0.42) * high
        tone = rng.randrange(46, 96)
        for k in range(4):
            foot, reach = (horizon * high) - 0.2 * k * tall, (0.26 - 0.05 * k) * tall
            pen.polygon(
                [(x - reach, foot), (x + reach, foot), (x, foot - 0.42 * tall)], fill=(tone, tone + 12, tone + 14)
            )
    pixels = _floats(_blur(picture, high / 60))
    pixels = _discs(pixels, rng, 12, (0, 0.05, 1, horizon), [(255, 214, 150), (220, 230, 250)])
    slope = np.gradient(clouds(noise, size, 190, 70, 2), axis=0)
    _, down = _grid(size)
    near = np.clip((down - horizon) / (1 - horizon), 0, 1)
    share = np.clip(0.6 + 7 * slope + 0.03 * clouds(noise, size, 2, 2) * near, 0, 1)
    snow = _between((170, 182, 212), (250, 248, 246) if not evening else (244, 214, 206), share * (0.7 + 0.3 * near))
    edge = np.clip((down - horizon) * size[1] / 8, 0, 1)[..., None]
    return _focus(_image(pixels * (1 - edge) + snow * edge), horizon, size[1] / 170, 0.5)


def _arches(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """A stage of plain bodies: an arch in the wall, steps and a round base, all in tones of one colour."""
    base = np.asarray(
        rng.choice(((226, 190, 176), (190, 206, 196), (208, 200, 222), (236, 220, 190), (172, 192, 214), (92, 84, 100)))
    )
    wide, high = size
    picture = Image.new("RGB", size, tuple(base))
    floor, x = rng.uniform(0.66, 0.76) * high, rng.uniform(0.35, 0.65) * wide

    def tone(share: float) -> Colour:
        red, green, blue = (min(255, round(float(one) * share)) for one in base)
        return red, green, blue

    def body(shape: str, box: tuple[float, ...], share: float, blur: float) -> None:
        cast, mask = Image.new("L", size), Image.new("L", size)
        for image, shift in ((cast, 0.02 * wide), (mask, 0)):
            moved = (box[0] + shift, box[1] + shift, box[2] + shift, box[3] + shift)
            getattr(ImageDraw.Draw(image), shape)(moved, fill=255)
        picture.paste(tone(share * 0.72), mask=_blur(cast, 0.016 * wide).point(lambda one: one * 0.5))
        picture.paste(tone(share), mask=_blur(mask, blur))

    reach = rng.uniform(0.2, 0.3) * wide
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, floor, wide, high), fill=tone(1.06))
    pen.ellipse((x - reach, floor - 2.3 * reach, x + reach, floor - 0.3 * reach), fill=tone(0.86))
    pen.rectangle((x - reach, floor - 1.3 * reach, x + reach, floor - 1), fill=tone(0.86))
    for k in range(3):
        left = (0.02 + 0.06 * k) * wide if x > wide / 2 else (0.62 + 0.06 * k) * wide
        body(
            "rectangle",
            (left, floor - (0.3 - 0.09 * k) * high, left + 0.3 * wide, floor + 0.01 * high),
            0.93 + 0.05 * k,
            1.2,
        )
    body("ellipse", (0.12 * wide, floor + 0.04 * high, 0.88 * wide, floor + 0.2 * high), 0.95, 1.5)
    body("ellipse", (0.12 * wide, floor + 0.01 * high, 0.88 * wide, floor + 0.17 * high), 1.12, 1.0)
    across, down = _grid(size)
    light = 1.08 - 0.22 * across - 0.1 * np.abs(down - 0.5) + 0.01 * clouds(noise, size, 200, 200)
    return _blur(_image(_floats(_blur(picture, 1.4)) * light[..., None]), 0.8)


def _neon(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    """A dark room with tubes of light on its wall, seen once more in the floor."""
    wide, high = size
    first, second = rng.choice(
        (((255, 60, 150), (60, 150, 255)), ((255, 130, 40), (150, 70, 255)), ((40, 220, 190), (250, 80, 120)))
    )
    tubes, horizon = Image.new("RGB", size), rng.uniform(0.6, 0.7)
    pen = ImageDraw.Draw(tubes)
    reach, x = rng.uniform(0.16, 0.26) * high, rng.uniform(0.3, 0.7) * wide
    box = (x - reach, 0.3 * high - reach, x + reach, 0.3 * high + reach)
    if rng.random() < 0.5:
        pen.ellipse(box, outline=first, width=6)
    else:
        pen.rounded_rectangle(box, 20, outline=first, width=6)
    for at in (rng.uniform(0.03, 0.15), rng.uniform(0.85, 0.97)):
        pen.line((at * wide, 0, at * wide, horizon * high), fill=second, width=6)
    few = tubes.reduce(4)
    halo = sum(
        _floats(_blur(few, radius).resize(size, Image.Resampling.BICUBIC)) * much
        for radius, much in ((5, 1.2), (18, 2.4), (50, 4.0))
    )
    _, down = _grid(size)
    wall = _between((30, 26, 44), (44, 36, 58), down) * (1 + 0.05 * clouds(noise, size, 60, 60, 3))[..., None]
    pixels = wall + halo * (0.8 + 0.08 * clouds(noise, size, 120, 90, 2))[..., None] + 1.3 * _floats(_blur(tubes, 2))
    line = int(horizon * high)
    rows = np.clip(line - 1 - (np.arange(high - line) * 1.5).astype(int), 0, line - 1)
    mirror = _floats(_blur(_image(pixels[rows]), 7))
    ripple = 1 + 0.1 * clouds(noise, (wide, high - line), 140, 7, 2)[..., None]
    pixels[line:] = 14 + 0.5 * mirror * ripple
    return _blur(_image(pixels), 1.6)


_DRAWINGS = (_tiles, _ridges, _water, _pane, _lounge, _snow, _arches, _neon)
KINDS = {draw.__name__.removeprefix("_"): draw for draw in _DRAWINGS}


def drawn(kind: str, rng: random.Random, size: Size) -> Image.Image:
    """A background of some kind, with a little grain."""
    noise = np.random.default_rng(rng.randrange(2**32))
    # Half the size is enough: all of it is a little out of focus.
    picture = KINDS[kind](rng, noise, (size[0] // 2, size[1] // 2)).resize(size, Image.Resampling.BICUBIC)
    grain = noise.standard_normal((size[1], size[0]), np.float32) * np.float32(rng.uniform(0.6, 1.8))
    speckle = _image(grain + 128)
    return ImageChops.add(picture, Image.merge("RGB", (speckle, speckle, speckle)), offset=-128)


def backdrop(rng: random.Random, size: Size) -> Image.Image:
    """A background of any kind."""
    return drawn(rng.choice(sorted(KINDS)), rng, size)
