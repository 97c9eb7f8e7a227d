"""The backgrounds of the set nobody has seen: places as a service dreams them up, most of them out of focus."""

from __future__ import annotations

import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.checked.drawing import Array, clouds

Size = tuple[int, int]
Colour = tuple[float, float, float]


def _picture(pixels: Array) -> Image.Image:
    rounded = pixels + np.float32(0.5)
    return Image.fromarray(np.clip(rounded, 0, 255, out=rounded).astype(np.uint8))


def _soft(picture: Image.Image, radius: float) -> Image.Image:
    """Out of focus. What is far out is blurred small: nobody sees the difference, and it takes a fourth of the time."""
    if radius < 2:
        return picture.filter(ImageFilter.BoxBlur(radius))
    share = 4 if radius >= 6 else 2
    less = picture.reduce(share).filter(ImageFilter.GaussianBlur(radius / share))
    return less.resize(picture.size, Image.Resampling.BILINEAR)


def _ramp(size: Size, upper: Colour, lower: Colour, top: float = 0, bottom: float = 1) -> Array:
    share = np.interp(np.linspace(0, 1, size[1], dtype=np.float32), (top, bottom), (0, 1)).astype(np.float32)
    tone = (
        np.asarray(upper, np.float32) + (np.asarray(lower, np.float32) - np.asarray(upper, np.float32)) * share[:, None]
    )
    return np.repeat(tone[:, None, :], size[0], axis=1)


def _wall(size: Size, upper: Colour, lower: Colour) -> Image.Image:
    return _picture(_ramp((1, size[1]), upper, lower)).resize(size, Image.Resampling.NEAREST)


def _lamps(
    picture: Image.Image, rng: random.Random, count: int, colours: list[Colour], box: tuple[float, ...]
) -> Image.Image:
    """Lights out of focus: discs with a brighter edge, where they fall together brighter still."""
    small = (picture.width // 2, picture.height // 2)
    total = np.array(picture.resize(small, Image.Resampling.BILINEAR, reducing_gap=1), np.float32)
    for _ in range(count):
        reach = rng.uniform(0.012, 0.045) * max(small)
        x, y = rng.uniform(box[0], box[2]) * small[0], rng.uniform(box[1], box[3]) * small[1]
        left, top = max(0, int(x - reach - 2)), max(0, int(y - reach - 2))
        part = total[top : int(y + reach + 3), left : int(x + reach + 3)]
        if not part.size:
            continue
        rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        far = np.hypot(columns - x, rows - y) / reach
        disc = np.clip((1 - far) * reach * 0.4, 0, 1) * (0.55 + 0.45 * np.clip(far, 0, 1) ** 6)
        part += disc[..., None] * np.asarray(rng.choice(colours), np.float32) * rng.uniform(0.25, 0.8)
    return _picture(total).resize(picture.size, Image.Resampling.BILINEAR)


def _blocks(picture: Image.Image, rng: random.Random, count: int, colours: list[Colour], floor: float) -> None:
    """Things that stand in a room, of which only tone and outline are left."""
    pen, (across, down) = ImageDraw.Draw(picture), picture.size
    for _ in range(count):
        x, wide, high = (
            rng.uniform(-0.1, 1) * across,
            rng.uniform(0.06, 0.25) * across,
            rng.uniform(0.1, 0.5) * floor * down,
        )
        share = rng.uniform(0.75, 1.15)
        tone = tuple(min(255, round(one * share)) for one in rng.choice(colours))
        pen.rectangle((x, floor * down - high, x + wide, floor * down), fill=tone)


def _near(plane: Image.Image, horizon: float, radius: float, least: float = 0.6) -> Image.Image:
    """Out of focus towards the horizon."""
    top = int(horizon * plane.height)
    lower = _soft(plane.crop((0, top, *plane.size)), least)
    sharp = np.interp(np.arange(lower.height), (0, 0.3 * plane.height), (0, 255)).astype(np.uint8)
    picture = _soft(plane, radius)
    picture.paste(lower, (0, top), Image.fromarray(np.repeat(sharp[:, None], plane.width, axis=1)))
    return picture


def _laid(texture: Array, size: Size, horizon: float, turn: float = 0, zoom: float = 1) -> Array:
    """A texture on the ground, seen from above it; the rows below the horizon."""
    rows = np.arange(int(horizon * size[1]), size[1], dtype=np.float32)
    away = 1 / (rows / size[1] - horizon + 0.16)[:, None]
    across = (np.arange(size[0], dtype=np.float32)[None, :] / size[0] - 0.5) * away
    x, y = across * math.cos(turn) + away * math.sin(turn), away * math.cos(turn) - across * math.sin(turn)
    high, wide = texture.shape[:2]
    # Every other tile is mirrored, so that no seam is seen.
    rows_of, columns_of = ((one * 260 * zoom + 170).astype(np.int32) for one in (y, x))
    rows_of, columns_of = np.abs(rows_of % (2 * high) - high), np.abs(columns_of % (2 * wide) - wide)
    places = np.minimum(rows_of, high - 1) * wide + np.minimum(columns_of, wide - 1)
    return np.take(texture.reshape(high * wide, -1), places, axis=0).reshape(*places.shape, *texture.shape[2:])


def _over(back: Image.Image, ground: Array) -> Image.Image:
    """The ground before what is behind; their border is soft."""
    whole = back.copy()
    whole.paste(_picture(ground), (0, back.height - ground.shape[0]))
    top = back.height - ground.shape[0]
    rows = np.interp(np.arange(back.height), (top, top + 9), (0, 255)).astype(np.uint8)
    return Image.composite(whole, back, Image.fromarray(np.repeat(rows[:, None], back.width, axis=1)))


def _planks(noise: np.random.Generator, colour: Colour) -> Array:
    texture = np.zeros((512, 512), np.float32)
    for number in range(4):
        board = (
            0.05 * clouds(noise, (128, 512), 9, 400, 2)
            + 0.04 * clouds(noise, (128, 512), 40, 300)
            + noise.normal(0, 0.07)
        )
        board[:, :2] -= 0.5
        texture[:, 128 * number : 128 * number + 128] = board
    return np.asarray(colour, np.float32) * (1 + texture[..., None])


def _table(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    wall = rng.choice(((206, 200, 190), (176, 186, 188), (120, 112, 104)))
    back = _wall(size, wall, tuple(0.8 * one for one in wall))
    horizon = rng.uniform(0.4, 0.6)
    _blocks(back, rng, 6, [(92, 78, 66), (140, 120, 96), (70, 92, 84), (200, 196, 188)], horizon)
    x = rng.uniform(0.05, 0.6) * size[0]
    ImageDraw.Draw(back).rectangle((x, 0, x + 0.3 * size[0], 0.3 * size[1]), fill=(255, 252, 240))
    colour = rng.choice(((176, 124, 80), (120, 80, 52), (204, 168, 124), (150, 140, 128)))
    ground = _laid(_planks(noise, colour), size, horizon, rng.choice((0, 1.571)), 0.8)
    return _near(_over(_soft(back, size[1] / 26), ground), horizon, 7)


def _marble(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    small = (size[0] // 2, size[1] // 2)
    warp = clouds(noise, small, 260, 200, 4)
    y, x = np.mgrid[0 : small[1], 0 : small[0]].astype(np.float32)
    turn = rng.uniform(0.3, 1.2)
    veins = np.abs(np.sin((x * math.cos(turn) + y * math.sin(turn)) / 90 + 1.5 * warp))
    finer = np.exp(-np.abs(clouds(noise, small, 150, 130, 3)) * 26) * np.clip(clouds(noise, small, 200, 200), 0, 1.2)
    thin = 0.3 * finer + np.exp(-veins * 14) * (0.4 + 0.35 * np.clip(clouds(noise, small, 120, 120), -1, 1.5))
    tone = 0.05 * clouds(noise, small, 160, 120, 3)
    light, vein = rng.choice(
        (((236, 234, 230), (120, 118, 118)), ((44, 46, 50), (206, 200, 186)), ((226, 216, 204), (150, 120, 96)))
    )
    share = np.clip(thin + np.abs(tone), 0, 1)[..., None]
    pixels = np.asarray(light, np.float32) * (1 - share) + np.asarray(vein, np.float32) * share
    pixels *= np.linspace(1.05, 0.86, small[1], dtype=np.float32)[:, None, None]
    return _picture(pixels).resize(size, Image.Resampling.BICUBIC)


def _linen(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    small = (size[0] // 4, size[1] // 4)
    y, x = np.mgrid[0 : small[1], 0 : small[0]].astype(np.float32)
    turn = rng.uniform(-0.6, 0.6)
    way = (x * math.cos(turn) + y * math.sin(turn)) / rng.uniform(18, 34) + 1.1 * clouds(noise, small, 110, 180, 2)
    height = 9 * np.sin(way) * (0.6 + 0.4 * clouds(noise, small, 120, 120)) + 5 * clouds(noise, small, 90, 90, 2)
    down, across = np.gradient(height)
    light = Image.fromarray(np.clip(1 - 0.16 * across - 0.13 * down, 0.5, 1.2).astype(np.float32)).resize(
        size, Image.Resampling.BICUBIC
    )
    weave = 0.03 * clouds(noise, size, 2, 40) + 0.03 * clouds(noise, size, 40, 2)
    colour = rng.choice(((222, 212, 194), (196, 204, 208), (214, 186, 172), (150, 158, 140)))
    return _picture(np.asarray(colour, np.float32) * (np.asarray(light) + weave)[..., None])


def _kitchen(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    horizon = rng.uniform(0.5, 0.64)
    back = _wall(size, (228, 226, 218), (198, 190, 176))
    pen = ImageDraw.Draw(back)
    cupboard = rng.choice(((240, 238, 232), (92, 116, 108), (62, 72, 88)))
    for number in range(4):
        x = (number * 0.3 - 0.1) * size[0]
        pen.rectangle((x, 0, x + 0.285 * size[0], 0.24 * size[1]), fill=cupboard)
    _blocks(back, rng, 7, [(190, 90, 60), (230, 228, 220), (90, 120, 70), (60, 60, 64), (210, 170, 90)], horizon)
    back = _lamps(_soft(back, size[1] / 34), rng, 9, [(255, 220, 150), (255, 240, 200)], (0, 0.1, 1, 0.4))
    speckle = 5 * clouds(noise, (512, 512), 3, 3) + 5 * clouds(noise, (512, 512), 40, 40)
    colour = rng.choice(((214, 210, 204), (70, 70, 72), (190, 160, 124)))
    ground = _laid(np.asarray(colour, np.float32) + speckle[..., None], size, horizon)
    ground *= np.linspace(1.1, 0.88, len(ground), dtype=np.float32)[:, None, None]
    return _near(_over(back, ground), horizon, 8)


def _beach(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    horizon, shore = rng.uniform(0.26, 0.36), rng.uniform(0.5, 0.6)
    evening = rng.random() < 0.4
    sky = ((96, 150, 206), (214, 226, 232)) if not evening else ((112, 110, 156), (250, 190, 130))
    pixels = _ramp(size, *sky, 0, horizon)
    haze = np.clip(clouds(noise, (size[0] // 4, size[1] // 4), 105, 22, 3), 0, 2).astype(np.float32)
    pixels += np.asarray(Image.fromarray(14 * haze).resize(size, Image.Resampling.BICUBIC))[..., None]
    top, bottom = int(horizon * size[1]), int(shore * size[1])
    sea = _ramp((size[0], bottom - top), (60, 120, 150), (120, 186, 190)) * (0.9 if not evening else 0.75)
    waves = clouds(noise, (size[0], bottom - top), 160, 6, 2)[..., None]
    pixels[top:bottom] = sea + 9 * waves + np.clip(waves - 1.6, 0, 2) * 50
    grains = 0.05 * clouds(noise, (512, 512), 3, 3) + 0.06 * clouds(noise, (512, 512), 60, 30, 2)
    sand = _laid(np.asarray((222, 196, 156), np.float32) * (1 + grains[..., None]), size, shore)
    edge = np.arange(size[1], dtype=np.float32)[:, None] - bottom - 16 * clouds(noise, (size[0], 2), 300, 2)[:1]
    wet = np.exp(-np.clip(edge, 0, None) / 60)[bottom:, :, None]
    pixels[size[1] - len(sand) :] = sand * (1 - 0.3 * wet[-len(sand) :])
    strip = slice(bottom - 70, bottom + 70)
    foam = np.exp(-((edge[strip] / 9) ** 2)) * (0.7 + 0.3 * clouds(noise, (size[0], 140), 30, 8))
    pixels[strip] += 110 * foam[..., None]
    return _near(_picture(pixels), shore, 6)


def _forest(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    horizon = rng.uniform(0.42, 0.55)
    back = _picture(
        _ramp(size, (176, 196, 140), (92, 118, 70), 0, horizon) + 16 * clouds(noise, size, 45, 35)[..., None]
    )
    pen = ImageDraw.Draw(back)
    for _ in range(11):
        x, wide = rng.uniform(0, 1) * size[0], rng.uniform(0.012, 0.05) * size[0]
        tone = rng.randrange(34, 84)
        pen.polygon(
            [(x, 0), (x + wide, 0), (x + 1.2 * wide, size[1]), (x - 0.2 * wide, size[1])],
            fill=(tone, tone - 8, tone - 20),
        )
    back = _lamps(_soft(back, size[1] / 50), rng, 26, [(150, 170, 70), (200, 210, 130)], (0, 0, 1, 0.4))
    share = np.clip(0.5 + 0.4 * clouds(noise, (512, 512), 90, 70, 4), 0, 1)[..., None]
    ground = np.asarray((74, 96, 40), np.float32) * share + np.asarray((104, 74, 46), np.float32) * (1 - share)
    ground *= 1 + 0.16 * clouds(noise, (512, 512), 16, 12, 2)[..., None]
    return _near(_over(back, _laid(ground, size, horizon, 0.5)), horizon, 4, 1.2)


def _sweep(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    base = np.asarray(
        rng.choice(((206, 190, 176), (168, 186, 200), (226, 224, 220), (196, 160, 150), (70, 74, 82), (160, 178, 150))),
        np.float32,
    )
    y, x = np.mgrid[0 : size[1] : 4, 0 : size[0] : 4].astype(np.float32)
    spot = np.exp(-(((x / size[0] - rng.uniform(0.35, 0.65)) / 0.4) ** 2) - ((y / size[1] - 0.4) / 0.42) ** 2)
    floor = 0.09 / (1 + np.exp(-(y / size[1] - 0.72) * 22))
    light = Image.fromarray((0.74 + 0.34 * spot + floor).astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return _picture(base * np.asarray(light)[..., None])


def _concrete(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    tone = rng.uniform(120, 176)
    wall = tone * (1 + 0.05 * clouds(noise, size, 300, 240, 2) + 0.012 * clouds(noise, size, 3, 3))
    wall *= np.linspace(1.16, 0.84, size[0], dtype=np.float32)[None, :]
    horizon = rng.uniform(0.62, 0.74)
    texture = tone * 0.9 * (1 + 0.05 * clouds(noise, (512, 512), 120, 80, 4))
    ground = _laid(texture, size, horizon)
    ground *= np.interp(np.arange(len(ground)), (0, 40, 200), (0.72, 0.94, 1.08)).astype(np.float32)[:, None]
    grey = _soft(_over(_picture(wall), ground), 1.6)
    return Image.merge("RGB", (grey.point(lambda one: min(255, one * 1.02)), grey, grey.point(lambda one: one * 0.97)))


def _shelf(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    wall = rng.choice(((214, 208, 196), (150, 168, 160), (186, 160, 144)))
    back = _wall(size, wall, tuple(0.84 * one for one in wall))
    board, pen = rng.uniform(0.66, 0.78), ImageDraw.Draw(back)
    tones = [(120, 70, 54), (226, 220, 206), (64, 88, 96), (180, 140, 80), (90, 104, 76)]
    _blocks(back, rng, 9, tones, board)
    for _ in range(3):
        x, y, reach = rng.uniform(0, 1) * size[0], board * size[1], rng.uniform(0.05, 0.1) * size[0]
        pen.ellipse((x - reach, y - 2.4 * reach, x + reach, y), fill=rng.choice(tones))
    _blocks(back, rng, 5, tones, 0.26)
    pen.rectangle((0, 0.26 * size[1], size[0], 0.3 * size[1]), fill=(140, 100, 66))
    texture = _planks(noise, rng.choice(((170, 122, 80), (226, 222, 214), (92, 62, 44))))
    ground = _laid(texture, size, board, 1.571)
    return _near(_over(_soft(back, size[1] / 46), ground), board, 3)


def _night(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    horizon = rng.uniform(0.55, 0.68)
    dark = _ramp(size, (16, 18, 36), (44, 34, 44), 0, horizon)
    dark += 6 * np.clip(clouds(noise, size, 130, 150, 2), -1, 2)[..., None]
    colours: list[Colour] = [(255, 176, 80), (255, 90, 70), (110, 170, 255), (255, 226, 170), (90, 220, 190)]
    lit = np.asarray(_lamps(_picture(dark), rng, 60, colours, (0, 0.14, 1, horizon - 0.02)), np.float32)
    top = int(horizon * size[1])
    # What lies below is wet and shows the lights once more, drawn long.
    rows = np.clip(top - 1 - np.arange(size[1] - top) * 1.3, 0, top - 1).astype(np.int32)
    mirror = np.asarray(_picture(lit[rows]).resize((size[0], 24)).resize((size[0], size[1] - top)), np.float32)
    wet = 0.45 * mirror + 14 + 4 * clouds(noise, (size[0], size[1] - top), 60, 4, 2)[..., None]
    return _over(_picture(lit), wet)


def _meadow(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    back = _picture(
        _ramp(size, (196, 214, 190), (86, 128, 56), 0.05, 0.6) + 12 * clouds(noise, size, 120, 60)[..., None]
    )
    colours = rng.sample([(206, 60, 70), (240, 210, 90), (190, 130, 200), (244, 240, 236), (230, 130, 60)], 3)
    for number, (depth, radius) in enumerate(((0.4, 14), (0.6, 9), (0.8, 5))):
        pen = ImageDraw.Draw(back)
        for _ in range(70 - 16 * number):
            x, y = rng.uniform(0, 1) * size[0], (depth + rng.gauss(0, 0.09)) * size[1]
            reach = rng.uniform(0.006, 0.014) * (1 + 1.2 * number) * size[0]
            pen.line((x, y, x + rng.uniform(-40, 40), y + 7 * reach), fill=(70, 112, 44), width=3 + 2 * number)
            pen.ellipse((x - reach, y - 0.8 * reach, x + reach, y + 0.8 * reach), fill=rng.choice(colours))
        back = _soft(back, radius * size[1] / 1024)
    return back


def _paper(rng: random.Random, noise: np.random.Generator, size: Size) -> Image.Image:
    one, other = rng.sample([(238, 196, 180), (244, 224, 170), (170, 206, 200), (196, 190, 222), (240, 236, 226)], 2)
    picture = Image.new("RGB", size, one)
    if rng.random() < 0.6:
        y = rng.uniform(0.5, 0.7) * size[1]
        ImageDraw.Draw(picture).polygon(
            [(0, y), (size[0], y - rng.uniform(-0.1, 0.1) * size[1]), size, (0, size[1])], fill=other
        )
    shade = Image.new("L", (size[0] // 2, size[1] // 2), 0)
    pen, (wide, high) = ImageDraw.Draw(shade), shade.size
    for _ in range(2):
        root, turn = (rng.choice((-0.04, 1.04)) * wide, rng.uniform(0.1, 0.9) * high), rng.uniform(-0.5, 0.5)
        turn += math.pi if root[0] > 0 else 0
        for step in range(4, 24):
            at = (root[0] + step * 0.035 * wide * math.cos(turn), root[1] + step * 0.035 * wide * math.sin(turn))
            for side in (-1, 1):
                way, far = turn + side * (1.2 - step * 0.03), (0.3 - 0.009 * step) * wide
                tip = (at[0] + far * math.cos(way), at[1] + far * math.sin(way))
                mid = (at[0] + 0.4 * far * math.cos(way + 0.09), at[1] + 0.4 * far * math.sin(way + 0.09))
                pen.polygon([at, mid, tip, (2 * at[0] * 0.3 + 0.4 * tip[0], 2 * at[1] * 0.3 + 0.4 * tip[1])], fill=255)
    cast = (
        np.asarray(shade.filter(ImageFilter.GaussianBlur(4)).resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    )
    light = (1 - 0.36 * cast) * np.linspace(1.06, 0.92, size[0], dtype=np.float32)[None, :]
    return _picture(np.asarray(picture, np.float32) * light[..., None])


_DRAWINGS = (_table, _marble, _linen, _kitchen, _beach, _forest, _sweep, _concrete, _shelf, _night, _meadow, _paper)
KINDS = {draw.__name__.removeprefix("_"): draw for draw in _DRAWINGS}
# All of it is, so that half the size is enough.
_OUT_OF_FOCUS = ("forest", "night")


def drawn(kind: str, rng: random.Random, size: Size) -> Image.Image:
    """A background of some kind, with the grain of a photograph."""
    noise = np.random.default_rng(rng.randrange(2**32))
    drawn_at = (size[0] // 2, size[1] // 2) if kind in _OUT_OF_FOCUS else size
    pixels = np.asarray(KINDS[kind](rng, noise, drawn_at).resize(size, Image.Resampling.BICUBIC), np.float32)
    return _picture(pixels + noise.standard_normal((size[1], size[0], 1), np.float32) * 1.6)


def backdrop(rng: random.Random, size: Size) -> Image.Image:
    """A background of any kind."""
    return drawn(rng.choice(sorted(KINDS)), rng, size)
