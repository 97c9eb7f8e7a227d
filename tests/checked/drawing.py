"""Draws things by their outlines and how light falls on them, for the set nobody has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.checked.making import Product

Array = Any
Point = tuple[float, float]
Stroke = Callable[[ImageDraw.ImageDraw], None]
# Outlines are drawn three times as large and reduced, so that edges are smooth.
_FINE = 3
_LIGHT = np.array((-0.42, -0.58, 0.70), np.float32)
_HALFWAY = (_LIGHT + np.array((0, 0, 1), np.float32)) / np.linalg.norm(_LIGHT + np.array((0, 0, 1), np.float32))


def smooth(points: Sequence[Point], closed: bool = False, steps: int = 14) -> list[Point]:
    """A curve through points."""
    knots = np.asarray(points, np.float32)
    ends = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    knots = np.concatenate([ends[0], knots, ends[1]])
    share = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    found = []
    for before, start, end, after in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        bend = 2 * before - 5 * start + 4 * end - after
        twist = 3 * start - before - 3 * end + after
        found.append(0.5 * (2 * start + (end - before) * share + bend * share**2 + twist * share**3))
    if not closed:
        found.append(knots[-1:])
    return [(float(x), float(y)) for x, y in np.concatenate(found)]


def at(text: str) -> list[Point]:
    """Points written as ``x,y x,y``: an outline in Python's own notation takes a line for each of them."""
    return [(float(x), float(y)) for x, y in (one.split(",") for one in text.split())]


def _fine(points: Sequence[Point]) -> list[Point]:
    return [(x * _FINE, y * _FINE) for x, y in points]


def poly(*points: Point) -> Stroke:
    return lambda pen: pen.polygon(_fine(points), fill=255)


def blob(*points: Point) -> Stroke:
    return poly(*smooth(points, closed=True))


def line(width: float, *points: Point) -> Stroke:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        reach = width * _FINE / 2
        pen.line(_fine(points), fill=255, width=max(1, round(width * _FINE)), joint="curve")
        for x, y in _fine((points[0], points[-1])):
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)

    return draw


def tube(width: float, *points: Point) -> Stroke:
    return line(width, *smooth(points))


def stitches(width: float, length: float, *points: Point) -> list[Stroke]:
    """A dashed curve."""
    curve = np.asarray(smooth(points, steps=40), np.float32)
    way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    found = []
    for start in np.arange(0, way[-1] - length, 2 * length):
        ends = [
            (float(np.interp(at, way, curve[:, 0])), float(np.interp(at, way, curve[:, 1])))
            for at in (start, start + length)
        ]
        found.append(line(width, *ends))
    return found


def oval(x: float, y: float, across: float, down: float | None = None) -> Stroke:
    """An ellipse by its middle and half its sides."""
    high = across if down is None else down
    return lambda pen: pen.ellipse([one * _FINE for one in (x - across, y - high, x + across, y + high)], fill=255)


def slab(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Stroke:
    box = [one * _FINE for one in (left, top, right, bottom)]
    return lambda pen: pen.rounded_rectangle(box, radius * _FINE, fill=255)


def words(x: float, y: float, text: str, size: float) -> Stroke:
    font = ImageFont.load_default(size * _FINE)
    return lambda pen: pen.text((x * _FINE, y * _FINE), text, fill=255, font=font, anchor="mm", align="center")


def clouds(noise: np.random.Generator, size: tuple[int, int], across: float, down: float, octaves: int = 1) -> Array:
    """Soft noise of mean 0 and spread about 1, whose lumps are so many pixels wide and high."""
    total = np.zeros((size[1], size[0]), np.float32)
    for octave in range(octaves):
        few = (max(2, round(size[0] * 2**octave / across)), max(2, round(size[1] * 2**octave / down)))
        small = Image.fromarray(noise.normal(0, 1.4, (few[1], few[0])).astype(np.float32))
        total += np.asarray(small.resize(size, Image.Resampling.BICUBIC)) * 0.5**octave
    return total


def blurred(field: Array, radius: float) -> Array:
    """A field out of focus; PIL blurs bytes only, in which slopes would be steps."""
    height, width = field.shape
    less = max(1, int(radius / 4))
    small = np.asarray(Image.fromarray(field.astype(np.float32)).reduce(less)) if less > 1 else field
    reach = max(1, round(radius / less / 1.7))
    for axis in (0, 1, 0, 1, 0, 1):
        pads = [(reach + 1, reach) if one == axis else (0, 0) for one in (0, 1)]
        summed = np.cumsum(np.pad(small, pads, mode="edge"), axis=axis, dtype=np.float64)
        after, before = (
            (summed[2 * reach + 1 :], summed[: -2 * reach - 1])
            if axis == 0
            else (
                summed[:, 2 * reach + 1 :],
                summed[:, : -2 * reach - 1],
            )
        )
        small = ((after - before) / (2 * reach + 1)).astype(np.float32)
    if less == 1:
        return small
    box = (0, 0, width / less, height / less)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC, box=box))


def _unit(across: Array, down: Array, out: Array) -> Array:
    whole = np.stack(np.broadcast_arrays(across, down, out), axis=-1).astype(np.float32)
    return whole / np.maximum(np.linalg.norm(whole, axis=-1, keepdims=True), 1e-6)


def _room(mask: Array, more: int = 0) -> tuple[slice, slice]:
    """The rectangle of what is in a mask, and some more around it."""
    seen = mask > 0.004
    found = []
    for axis in (1, 0):
        places = np.flatnonzero(seen.any(axis=axis))
        found.append(slice(max(0, places[0] - more), places[-1] + 1 + more))
    return found[0], found[1]


class Sheet:
    """Where a product is drawn, part by part, from the back to the front."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.size = (width, height)
        self.noise = np.random.default_rng(seed)
        self.y, self.x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._paint = np.zeros((height, width, 3), np.float32)
        self._alpha = np.zeros((height, width), np.float32)

    def mask(self, *strokes: Stroke) -> Array:
        large = Image.new("L", (self.size[0] * _FINE, self.size[1] * _FINE))
        pen = ImageDraw.Draw(large)
        for stroke in strokes:
            stroke(pen)
        found = np.zeros((self.size[1], self.size[0]), np.float32)
        if box := large.getbbox():
            left, top, right, bottom = box[0] // _FINE, box[1] // _FINE, -(-box[2] // _FINE), -(-box[3] // _FINE)
            part = large.crop((left * _FINE, top * _FINE, right * _FINE, bottom * _FINE))
            found[top:bottom, left:right] = np.asarray(part.reduce(_FINE), np.float32) / 255
        return found

    def clouds(self, across: float, down: float | None = None, octaves: int = 1) -> Array:
        return clouds(self.noise, self.size, across, down or across, octaves)

    def put(
        self,
        mask: Array,
        colour: Any,
        *,
        swell: float = 0,
        bumps: Array | None = None,
        normal: Array | None = None,
        gloss: float = 0,
        sharp: float = 30,
        metal: float = 0,
        opacity: float = 1,
    ) -> Array:
        """Put a part on what is there.

        :param mask: where it is
        :param colour: 0 to 255, one or of each pixel
        :param swell: how far from its edge it is round, pixels
        :param bumps: how much each pixel stands out, pixels
        :param normal: which way its surface looks, if its outline does not tell
        :param gloss: how bright the light is seen in it
        :param sharp: how small
        :param metal: how much of it is a mirror of a room
        """
        part = _room(mask)
        facing = (
            self._facing(mask[part], swell, None if bumps is None else bumps[part]) if normal is None else normal[part]
        )
        paint = np.asarray(colour, np.float32)
        paint = (paint[part] if paint.ndim == 3 else paint) / 255
        light = 0.46 + 0.54 / _LIGHT[2] * np.clip(facing @ _LIGHT, 0, 1)
        if metal:
            way = np.clip(facing[..., 1] + 0.45 * facing[..., 0], -1, 1)
            room = np.interp(
                way, (-1, -0.7, -0.35, -0.1, 0.12, 0.4, 0.75, 1), (0.5, 1.25, 1.3, 0.75, 0.5, 1.05, 0.4, 0.25)
            )
            light = light * (1 - metal) + room * metal
        shine = gloss * np.clip(facing @ _HALFWAY, 0, 1) ** sharp
        paint = np.clip(paint * light[..., None] + shine[..., None], 0, 1)
        cover = (mask[part] * opacity)[..., None]
        self._paint[part] = self._paint[part] * (1 - cover) + paint * cover
        self._alpha[part] = self._alpha[part] * (1 - cover[..., 0]) + cover[..., 0]
        return mask

    def _facing(self, mask: Array, swell: float, bumps: Array | None) -> Array:
        height = np.zeros(mask.shape, np.float32)
        if swell:
            room = int(2 * swell) + 2
            depth = np.clip(blurred(np.pad(mask, room), swell)[room:-room, room:-room] * 2 - 1, 0, 1)
            height = blurred(swell * np.sqrt(1 - (1 - depth) ** 2), max(1.2, swell / 5))
        if bumps is not None:
            height = height + bumps
        if min(mask.shape) < 2:
            return _unit(height * 0, height * 0, height * 0 + 1)
        down, across = np.gradient(height)
        return _unit(-across, -down, np.ones_like(across))

    def shade(self, mask: Array, amount: float, blur: float = 0, dx: int = 0, dy: int = 0) -> None:
        """Darken what is there, or lighten it if the amount is below 0."""
        part = _room(mask, int(3 * blur) + max(abs(dx), abs(dy)) + 2)
        cast = np.roll(blurred(mask[part], blur) if blur else mask[part], (dy, dx), (0, 1))
        self._paint[part] = np.minimum(self._paint[part] * (1 - amount * cast)[..., None], self._alpha[part][..., None])

    def turned(self, axis: float, profile: Sequence[Point], tilt: float = 0) -> tuple[Array, Array]:
        """The mask of what a lathe makes, and which way it looks; of points (y, radius), seen a little from above."""
        curve = np.asarray(smooth(profile), np.float32)
        rows = np.arange(self.size[1], dtype=np.float32)
        radius = np.interp(rows, curve[:, 0], curve[:, 1]).astype(np.float32)
        # Points are joined by lines, whose corners would be seen as rings.
        slope = np.convolve(np.pad(np.gradient(radius), 12, mode="edge"), np.full(25, 1 / 25), "valid")[:, None]
        away = (self.x - axis) / radius[:, None]
        out = np.sqrt(np.clip(1 - away**2, 0, 1))
        sag = tilt * radius[:, None] * out
        mask = np.clip(radius[:, None] - np.abs(self.x - axis) + 0.5, 0, 1)
        mask = (
            mask
            * np.clip(self.y - profile[0][0] - sag + 0.5, 0, 1)
            * np.clip(profile[-1][0] + sag - self.y + 0.5, 0, 1)
        )
        return mask, _unit(np.clip(away, -1, 1), -slope * np.ones_like(away), np.maximum(out, 0.04))

    def within(self, mask: Array) -> Array:
        """That part of a mask where something is already."""
        return mask * self._alpha

    def done(self, turn: float = 0) -> Product:
        """The product alone, with the unevenness that any surface has in a photograph."""
        paint = self._paint / np.maximum(self._alpha, 1e-4)[..., None]
        uneven = 1 + 0.012 * self.clouds(90) + self.noise.normal(0, 0.006, self._alpha.shape)
        pixels = np.concatenate([np.clip(paint * uneven[..., None], 0, 1), self._alpha[..., None]], axis=-1)
        picture = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8), "RGBA")
        if turn:
            picture = picture.rotate(turn, Image.Resampling.BICUBIC, expand=True)
        return picture.crop(picture.getchannel("A").point(lambda value: 255 if value > 20 else 0).getbbox())


def wood(sheet: Sheet, colour: tuple[int, int, int], upright: bool = True, contrast: float = 0.12) -> Array:
    """The colour of wood whose grain runs up or across."""
    long, short = 420, 7
    lines = sheet.clouds(short, long, 2) if upright else sheet.clouds(long, short, 2)
    broad = sheet.clouds(40, 700) if upright else sheet.clouds(700, 40)
    tone = 1 + contrast * (0.5 * lines + 0.6 * broad)
    return np.clip(np.asarray(colour, np.float32) * tone[..., None], 0, 255)
