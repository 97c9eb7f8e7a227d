"""A set with other products and other backgrounds, drawn by other code, in which faults of the check were found."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.checked.cases import Source, Studio
from tests.checked.making import Product, photo, png

Colour = tuple[int, int, int]
Pen = ImageDraw.ImageDraw
# Drawn twice as large and reduced, so that edges are smooth.
_DRAWN = 2


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _sheet(width: int, height: int) -> tuple[Image.Image, Pen]:
    picture = Image.new("RGBA", (width * _DRAWN, height * _DRAWN), (0, 0, 0, 0))
    return picture, ImageDraw.Draw(picture)


def _done(picture: Image.Image) -> Product:
    small = picture.resize((picture.width // _DRAWN, picture.height // _DRAWN), Image.Resampling.LANCZOS)
    return small.crop(small.getchannel("A").point(lambda value: 255 if value > 20 else 0).getbbox())


def _shaded(picture: Image.Image, strength: float, across: bool = True) -> Image.Image:
    """Let light fall on a product from one side."""
    pixels = np.asarray(picture).astype(np.float32)
    side = picture.width if across else picture.height
    ramp = 1 + strength * np.cos(np.linspace(-0.9, 2.2, side)) - strength / 2
    pixels[..., :3] *= ramp[None, :, None] if across else ramp[:, None, None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA")


def _book(rng: random.Random) -> Product:
    picture, pen = _sheet(420, 560)
    pen.rectangle((20, 20, 820, 1100), fill=(28, 60, 92))
    pen.rectangle((20, 20, 84, 1100), fill=(18, 40, 64))
    pen.text((150, 120), "The Salt\nRoads", fill=(244, 226, 170), font=_font(120))
    pen.text((150, 1000), "M. OKAFOR", fill=(230, 230, 230), font=_font(64))
    for number in range(9):
        pen.arc((180 + 20 * number, 460 + 22 * number, 700, 900), 180, 350, fill=(220, 120 + 10 * number, 60), width=10)
    return _done(picture)


def _sneaker(rng: random.Random) -> Product:
    picture, pen = _sheet(620, 340)
    sole = [(40, 560), (60, 480), (1200, 500), (1190, 590), (1100, 620), (120, 620)]
    pen.polygon(sole, fill=(238, 236, 228))
    upper = [
        (60, 490),
        (90, 260),
        (200, 160),
        (330, 150),
        (420, 250),
        (700, 330),
        (1020, 380),
        (1180, 440),
        (1200, 505),
    ]
    pen.polygon(upper, fill=(178, 44, 52))
    for number in range(3):
        pen.polygon(
            [(500 + 90 * number, 300), (540 + 90 * number, 310), (440 + 90 * number, 480), (400 + 90 * number, 480)],
            fill=(250, 250, 250),
        )
    for number in range(6):
        pen.line(
            (420 + 50 * number, 240 + 18 * number, 470 + 50 * number, 300 + 16 * number), fill=(20, 20, 24), width=12
        )
    for number in range(40):
        pen.line((70 + 28 * number, 580, 84 + 28 * number, 618), fill=(150, 148, 140), width=4)
    return _done(_shaded(picture, 0.12, across=False))


def _cushion(rng: random.Random) -> Product:
    picture, pen = _sheet(460, 460)
    pen.rounded_rectangle((20, 20, 900, 900), 120, fill=(216, 200, 168))
    for row in range(11):
        for column in range(11):
            if (row + column) % 2:
                x, y = 20 + 80 * column, 20 + 80 * row
                pen.polygon(
                    [(x + 40, y), (x + 80, y + 40), (x + 40, y + 80), (x, y + 40)],
                    fill=(60 + 8 * row, 96, 110 + 6 * column),
                )
    shape = Image.new("L", picture.size, 0)
    ImageDraw.Draw(shape).rounded_rectangle((20, 20, 900, 900), 120, fill=255)
    picture.putalpha(shape)
    return _done(_shaded(picture, 0.2))


def _phone(rng: random.Random) -> Product:
    picture, pen = _sheet(260, 520)
    pen.rounded_rectangle((10, 10, 510, 1030), 70, fill=(22, 22, 26))
    pen.rounded_rectangle((34, 40, 486, 1000), 50, fill=(34, 38, 52))
    for number in range(20):
        x, y = 70 + 104 * (number % 4), 180 + 130 * (number // 4)
        colour = [(200, 80, 70), (70, 150, 210), (90, 180, 110), (220, 180, 80), (150, 110, 200)][(number * 3) % 5]
        pen.rounded_rectangle((x, y, x + 76, y + 76), 18, fill=colour)
    pen.text((260, 100), "10:42", fill=(235, 235, 240), font=_font(70), anchor="mm")
    return _done(picture)


def _mug(rng: random.Random) -> Product:
    picture, pen = _sheet(420, 400)
    pen.ellipse((480, 180, 800, 580), outline=(228, 228, 226), width=62)
    pen.rectangle((60, 90, 600, 700), fill=(240, 240, 238))
    pen.ellipse((60, 640, 600, 760), fill=(236, 236, 234))
    pen.ellipse((60, 40, 600, 150), fill=(226, 226, 224))
    pen.ellipse((90, 56, 570, 136), fill=(206, 206, 204))
    return _done(_shaded(picture, 0.12))


def _glass(rng: random.Random) -> Product:
    picture, pen = _sheet(220, 560)
    pen.rounded_rectangle((60, 300, 380, 1090), 60, fill=(226, 238, 236, 46), outline=(150, 176, 172, 190), width=10)
    pen.polygon([(180, 40), (260, 40), (266, 220), (360, 330), (80, 330), (174, 220)], fill=(226, 238, 236, 46))
    pen.line([(180, 40), (174, 220), (80, 330)], fill=(150, 176, 172, 190), width=10)
    pen.line([(260, 40), (266, 220), (360, 330)], fill=(150, 176, 172, 190), width=10)
    pen.rectangle((172, 30, 268, 70), fill=(170, 190, 188, 200))
    pen.line((110, 380, 110, 1000), fill=(255, 255, 255, 150), width=14)
    return _done(picture)


def _headphones(rng: random.Random) -> Product:
    picture, pen = _sheet(440, 460)
    pen.arc((110, 40, 770, 760), 180, 360, fill=(44, 44, 48), width=56)
    pen.rounded_rectangle((60, 400, 240, 820), 80, fill=(66, 66, 72))
    pen.rounded_rectangle((640, 400, 820, 820), 80, fill=(66, 66, 72))
    pen.ellipse((100, 520, 200, 700), fill=(206, 160, 70))
    pen.line((660, 440, 800, 780), fill=(206, 160, 70), width=16)
    return _done(_shaded(picture, 0.2))


def _cereal(rng: random.Random) -> Product:
    picture, pen = _sheet(460, 580)
    pen.polygon([(60, 90), (640, 40), (640, 1120), (60, 1060)], fill=(236, 180, 36))
    pen.polygon([(640, 40), (860, 110), (860, 1040), (640, 1120)], fill=(176, 120, 20))
    pen.text((120, 170), "OAT\nRINGS", fill=(120, 30, 20), font=_font(150))
    for number in range(26):
        x, y = 130 + (number * 137) % 420, 560 + (number * 89) % 380
        pen.ellipse((x, y, x + 70, y + 56), outline=(150, 96, 30), width=18)
    pen.text((700, 500), "400g", fill=(240, 230, 200), font=_font(60))
    return _done(picture)


def _watch(rng: random.Random) -> Product:
    picture, pen = _sheet(320, 560)
    pen.rectangle((210, 20, 430, 1090), fill=(128, 130, 134))
    for number in range(26):
        pen.line((210, 30 + 42 * number, 430, 30 + 42 * number), fill=(76, 78, 84), width=7)
    pen.ellipse((90, 320, 550, 780), fill=(190, 192, 196))
    pen.ellipse((130, 360, 510, 740), fill=(16, 26, 48))
    for number in range(12):
        angle = math.radians(30 * number)
        x, y = 320 + 165 * math.sin(angle), 550 - 165 * math.cos(angle)
        pen.ellipse((x - 11, y - 11, x + 11, y + 11), fill=(236, 236, 230))
    pen.line((320, 550, 410, 470), fill=(240, 240, 240), width=14)
    pen.line((320, 550, 300, 400), fill=(240, 240, 240), width=9)
    pen.rectangle((548, 530, 590, 570), fill=(150, 152, 156))
    return _done(_shaded(picture, 0.3))


def _plush(rng: random.Random) -> Product:
    picture, pen = _sheet(400, 480)
    for box in ((120, 40, 300, 220), (500, 40, 680, 220), (130, 90, 670, 560), (90, 460, 710, 940)):
        pen.ellipse(box, fill=(150, 102, 60))
    pen.ellipse((270, 340, 530, 520), fill=(200, 160, 112))
    for box in ((250, 240, 310, 300), (490, 240, 550, 300), (370, 360, 430, 410)):
        pen.ellipse(box, fill=(24, 18, 16))
    pen.polygon([(330, 560), (400, 610), (330, 660)], fill=(180, 30, 40))
    pen.polygon([(470, 560), (400, 610), (470, 660)], fill=(180, 30, 40))
    pixels = np.asarray(picture).astype(np.float32)
    fur = np.random.default_rng(5).normal(0, 1, pixels.shape[:2]).astype(np.float32)
    fur = np.asarray(Image.fromarray(fur).filter(ImageFilter.BoxBlur(0)).resize(picture.size))
    coarse = np.random.default_rng(6).normal(0, 26, (picture.height // 6, picture.width // 6)).astype(np.float32)
    coarse_large = np.asarray(Image.fromarray(coarse).resize(picture.size, Image.Resampling.BICUBIC))
    pixels[..., :3] += (14 * fur + coarse_large)[..., None]
    return _done(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA"))


def _perfume(rng: random.Random) -> Product:
    picture, pen = _sheet(300, 420)
    pen.rounded_rectangle((40, 260, 560, 800), 50, fill=(236, 190, 170, 120), outline=(190, 140, 120, 230), width=14)
    pen.rectangle((220, 60, 380, 240), fill=(34, 30, 34, 255))
    pen.rectangle((180, 470, 420, 600), fill=(250, 246, 240, 235))
    pen.text((300, 535), "Nuit 5", fill=(40, 30, 30, 255), font=_font(60), anchor="mm")
    return _done(picture)


def _pan(rng: random.Random) -> Product:
    picture, pen = _sheet(640, 300)
    pen.ellipse((30, 90, 700, 520), fill=(150, 152, 156))
    pen.ellipse((70, 120, 660, 480), fill=(92, 94, 100))
    for number in range(12):
        pen.arc(
            (90 + 18 * number, 130 + 11 * number, 640 - 18 * number, 470 - 11 * number),
            200,
            330,
            fill=(120 + 8 * number, 122 + 8 * number, 126 + 8 * number),
            width=6,
        )
    pen.polygon([(690, 270), (1240, 200), (1250, 260), (700, 350)], fill=(30, 28, 28))
    return _done(picture)


def _ball(rng: random.Random) -> Product:
    side = 420
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    inside = x * x + y * y < 0.96
    light = np.clip(1 - ((x + 0.35) ** 2 + (y + 0.4) ** 2) * 0.42, 0.2, 1)
    pixels = np.zeros((side, side, 4), np.float32)
    pixels[..., :3] = np.array([36, 120, 190]) * light[..., None]
    pixels[..., 3] = inside * 255
    return Image.fromarray(pixels.astype(np.uint8), "RGBA").filter(ImageFilter.GaussianBlur(0.6))


def _shirt(rng: random.Random) -> Product:
    picture, pen = _sheet(520, 560)
    body = [
        (300, 40),
        (420, 90),
        (620, 90),
        (740, 40),
        (1020, 240),
        (900, 420),
        (800, 360),
        (800, 1080),
        (240, 1080),
        (240, 360),
        (140, 420),
        (20, 240),
    ]
    pen.polygon(body, fill=(52, 92, 74))
    pen.text((430, 420), "north\nbound", fill=(240, 232, 210), font=_font(96))
    pen.ellipse((610, 260, 720, 370), fill=(222, 170, 60))
    for number in range(7):
        pen.line((280 + 70 * number, 700, 250 + 80 * number, 1070), fill=(44, 80, 64), width=8)
    return _done(picture)


def _speaker(rng: random.Random) -> Product:
    picture, pen = _sheet(340, 520)
    pen.rounded_rectangle((20, 20, 660, 1020), 40, fill=(26, 26, 28))
    for x, y, radius in ((340, 300, 150), (340, 720, 230)):
        for step in range(6):
            tone = 30 + 12 * (step % 3)
            pen.ellipse(
                (x - radius + 30 * step, y - radius + 30 * step, x + radius - 30 * step, y + radius - 30 * step),
                fill=(tone, tone, tone + 3),
            )
    pen.rectangle((80, 960, 190, 980), fill=(150, 150, 150))
    return _done(picture)


_DRAWINGS: dict[str, Callable[[random.Random], Product]] = {
    "book": _book,
    "sneaker": _sneaker,
    "cushion": _cushion,
    "phone": _phone,
    "mug": _mug,
    "glass": _glass,
    "headphones": _headphones,
    "cereal": _cereal,
    "watch": _watch,
    "plush": _plush,
    "perfume": _perfume,
    "pan": _pan,
    "ball": _ball,
    "shirt": _shirt,
    "speaker": _speaker,
}
# What is photographed before a plain backdrop, the others are cut out.
_BACKDROPS: dict[str, Colour] = {
    "book": (250, 250, 248),
    "phone": (28, 28, 32),
    "mug": (250, 250, 250),
    "glass": (250, 250, 250),
    "cereal": (208, 214, 220),
    "watch": (246, 246, 246),
    "pan": (255, 255, 255),
    "speaker": (40, 40, 42),
    "headphones": (232, 228, 220),
}
_SAME_IN_A_MIRROR = ("ball", "glass", "speaker")
_CLEAR = ("glass", "perfume")


@cache
def _sources() -> dict[str, Source]:
    found = {}
    for name, draw in _DRAWINGS.items():
        rng = random.Random(name)
        product = draw(rng)
        if name in _BACKDROPS:
            picture = photo(product, _BACKDROPS[name], 0.15, rng)
        else:
            room = Image.new("RGBA", (product.width + 80, product.height + 60), (0, 0, 0, 0))
            room.paste(product, (40, 30))
            picture = png(room)
        found[name] = Source(picture, product, name not in _SAME_IN_A_MIRROR, name in _CLEAR)
    return found


def _clouds(rng: np.random.Generator, size: tuple[int, int], cell: int) -> np.ndarray:
    """Noise of some coarseness, 0 to 1."""
    small = rng.random((max(2, size[1] // cell), max(2, size[0] // cell))).astype(np.float32)
    return np.clip(np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)), 0, 1)


def _background(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    noise = np.random.default_rng(rng.randrange(2**32))
    one, other = (np.array([rng.randrange(256) for _ in range(3)], np.float32) for _ in range(2))
    kind = rng.choice(("plain", "clouds", "tiles", "leaves", "shelf", "white", "dark"))
    if kind == "plain":
        share = np.linspace(0, 1, size[1], dtype=np.float32)[:, None] + np.zeros((1, size[0]), np.float32)
        other = one * 0.8
    elif kind == "tiles":
        y, x = np.mgrid[0 : size[1], 0 : size[0]]
        side = rng.randrange(40, 160)
        share = (((x // side + y // side) % 2) * 0.7 + 0.3 * _clouds(noise, size, 60)).astype(np.float32)
    elif kind == "clouds":
        share = 0.6 * _clouds(noise, size, 200) + 0.3 * _clouds(noise, size, 30) + 0.1 * _clouds(noise, size, 4)
    else:
        share = _clouds(noise, size, 90)
    if kind in ("white", "dark"):
        one, other = (np.full(3, tone, np.float32) for tone in ((255, 244) if kind == "white" else (18, 34)))
    picture = Image.fromarray(np.clip(one + (other - one) * share[..., None], 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range({"leaves": 160, "shelf": 24}.get(kind, 0)):
        x, y, reach = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(20, 120)
        colour = tuple(rng.randrange(256) for _ in range(3))
        if kind == "leaves":
            pen.pieslice(
                (x - reach, y - reach, x + reach, y + reach), rng.uniform(0, 360), rng.uniform(0, 360), fill=colour
            )
        else:
            pen.rectangle((x, y, x + reach, y + 2 * reach), fill=colour)
    return (
        picture.filter(ImageFilter.GaussianBlur(rng.choice((0.6, 2, 5)))) if kind not in ("white", "dark") else picture
    )


STUDIO = Studio("other subjects", _sources, _background)
