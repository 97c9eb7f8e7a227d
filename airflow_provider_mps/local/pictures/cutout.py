"""Cutting a product out of its photograph by classical means, with Pillow alone.

A picture with transparency says itself what the subject is. Otherwise the colours of the border stand for the
background and those of the middle for the subject; pixels are sorted by which of the two they resemble, the two colour
models are learnt anew from the outcome, and so on a few times. The largest piece near the middle, without holes and
with a calm outline, is the subject. An outcome that cannot be a product gives way to a soft ellipse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

Point = tuple[int, int]

_ANALYSIS_SIDE = 240
_COLOURS = 160
_ROUNDS = 6
_THRESHOLD = [0] * 128 + [255] * 128


def cut_out(picture: Image.Image) -> Image.Image:
    """Find the subject of a picture.

    :param picture: an RGB or RGBA picture.
    :return: an ``L`` mask of the same size: 255 for the subject, 0 for the rest, soft in between.
    """
    if picture.mode == "RGBA":
        alpha = picture.getchannel("A")
        # A few stray transparent pixels are no cut-out.
        if sum(alpha.histogram()[:128]) > 0.01 * alpha.width * alpha.height:
            return alpha
    rgb = picture.convert("RGB")
    small = rgb.copy()
    small.thumbnail((_ANALYSIS_SIDE, _ANALYSIS_SIDE), Image.Resampling.LANCZOS)
    mask = _clean(_classify(small))
    share = sum(mask.histogram()[128:]) / (mask.width * mask.height)
    if not 0.03 < share < 0.85:
        mask = _ellipse(small.size)
    return _enlarge(mask, rgb.size)


def _classify(small: Image.Image) -> Image.Image:
    """Sort pixels by which colour model they resemble, in a few rounds."""
    smooth = small.filter(ImageFilter.MedianFilter(3))
    indexed = smooth.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    labels = Image.frombytes("L", indexed.size, indexed.tobytes())
    prior = _prior(small.size)
    mask = _ellipse(small.size, 0.62).point(_THRESHOLD)
    radius = max(small.size) / 90
    for _ in range(_ROUNDS):
        inside = labels.histogram(mask)
        outside = labels.histogram(ImageChops.invert(mask))
        table = _ratios(inside, outside)
        score = labels.point(table).filter(ImageFilter.GaussianBlur(radius))
        mask = ImageChops.add(score, prior, scale=1, offset=-128).point(_THRESHOLD)
    return mask


def _ratios(inside: Sequence[int], outside: Sequence[int]) -> list[int]:
    """Say for each colour how much more it is the subject's: 128 is even, 0 and 255 are certain."""
    total_in, total_out = sum(inside) or 1, sum(outside) or 1
    table = []
    for one_in, one_out in zip(inside, outside, strict=True):
        ratio = math.log((one_in + 2) / (total_in + 2)) - math.log((one_out + 2) / (total_out + 2))
        table.append(int(min(255, max(0, 128 + 50 * ratio))))
    return table


def _prior(size: Point) -> Image.Image:
    """Favour the middle a little and the border not at all: 128 is neutral."""
    return _ellipse(size, 0.9).filter(ImageFilter.GaussianBlur(max(size) / 12)).point(lambda v: 64 + v * 96 // 255)


def _ellipse(size: Point, share: float = 0.8) -> Image.Image:
    mask = Image.new("L", size, 0)
    across, down = size[0] * (1 - share) / 2, size[1] * (1 - share) / 2
    ImageDraw.Draw(mask).ellipse((across, down, size[0] - across, size[1] - down), fill=255)
    return mask


def _clean(mask: Image.Image) -> Image.Image:
    """Keep the largest piece near the middle, fill its holes and calm its outline."""
    size = max(3, round(max(mask.size) / 60) | 1)
    # Filters repeat the outermost pixels, which would glue the subject to the border; a margin keeps it free.
    margin = 4 * size
    wide = ImageOps.expand(mask, margin)
    opened = wide.filter(ImageFilter.MinFilter(size)).filter(ImageFilter.MaxFilter(size))
    filled = _fill_holes(_central_piece(opened))
    closed = filled.filter(ImageFilter.MaxFilter(size * 2 + 1)).filter(ImageFilter.MinFilter(size * 2 + 1))
    calm = _fill_holes(closed)
    for radius in (size, size * 0.7):
        calm = calm.filter(ImageFilter.GaussianBlur(radius)).point(_THRESHOLD)
    calm = _central_piece(calm)
    hull = _hull_mask(calm)
    area, hull_area = calm.histogram()[255], hull.histogram()[255]
    # A nearly convex product is taken as convex: what lacks are mistakes along its edge.
    best = hull if hull_area and area / hull_area > 0.97 else calm
    return best.crop((margin, margin, margin + mask.width, margin + mask.height))


def _central_piece(mask: Image.Image) -> Image.Image:
    """Keep one connected piece: the one with the most area, counted more towards the middle."""
    width, height = mask.size
    weight = _prior(mask.size).tobytes()
    data = bytearray(mask.tobytes())
    best: list[int] = []
    best_score = 0
    for start, value in enumerate(data):
        if value != 255:
            continue
        data[start] = 1
        piece, score = [start], 0
        for at in piece:
            score += weight[at]
            column = at % width
            for near, inside in (
                (at - 1, column > 0),
                (at + 1, column < width - 1),
                (at - width, at >= width),
                (at + width, at < width * (height - 1)),
            ):
                if inside and data[near] == 255:
                    data[near] = 1
                    piece.append(near)
        if score > best_score:
            best, best_score = piece, score
    kept = bytearray(width * height)
    for at in best:
        kept[at] = 255
    return Image.frombytes("L", mask.size, bytes(kept))


def _fill_holes(mask: Image.Image) -> Image.Image:
    # A frame lets the outside be filled from one corner, even where the subject touches the border.
    framed = Image.new("L", (mask.width + 2, mask.height + 2), 0)
    framed.paste(mask, (1, 1))
    ImageDraw.floodfill(framed, (0, 0), 128)
    return framed.crop((1, 1, mask.width + 1, mask.height + 1)).point(lambda value: 0 if value == 128 else 255)


def _hull_mask(mask: Image.Image) -> Image.Image:
    width = mask.width
    rows = mask.tobytes()
    points: list[Point] = []
    for row in range(mask.height):
        line = rows[row * width : (row + 1) * width]
        first = line.find(b"\xff")
        if first >= 0:
            points += [(first, row), (line.rfind(b"\xff"), row)]
    hull = Image.new("L", mask.size, 0)
    outline = _convex(points)
    if len(outline) > 2:
        ImageDraw.Draw(hull).polygon(outline, fill=255)
    return hull


def _convex(points: Sequence[Point]) -> list[Point]:
    """Return the corners of the convex hull."""

    def half(ordered: Sequence[Point]) -> list[Point]:
        chain: list[Point] = []
        for point in ordered:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    ordered = sorted(set(points))
    return half(ordered) + half(ordered[::-1])


def _turn(a: Point, b: Point, c: Point) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _enlarge(mask: Image.Image, size: Point) -> Image.Image:
    """Bring the mask to full size with a smooth, slightly soft edge."""
    scale = max(size) / max(mask.size)
    soft = mask.filter(ImageFilter.GaussianBlur(1.5)).resize(size, Image.Resampling.BICUBIC)
    soft = soft.filter(ImageFilter.GaussianBlur(max(1.0, scale)))
    # Steepen the blurred edge, a little inside of where it was, so that no rim of the old background stays.
    return soft.point(lambda value: max(0, min(255, (value - 128) * 255 // 100)))
