"""More products of the set that is kept apart."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from tests.checked.drawing import Array, Sheet, at, blob, line, oval, poly, slab, smooth, tube, wood, words
from tests.checked.making import Product


def _board(sheet: Sheet, y: float, left: float, right: float, grain: Array) -> None:
    top = sheet.mask(poly((left, y), (right, y), (right - 34, y - 40), (left + 34, y - 40)))
    sheet.put(top, grain * 1.05, gloss=0.08)
    sheet.shade(
        sheet.mask(poly((left + 60, y - 12), (right - 20, y - 12), (right - 50, y - 36), (left + 60, y - 36))), 0.1, 9
    )
    front = sheet.mask(slab(left - 4, y, right + 4, y + 22, 3))
    sheet.put(front, grain * 0.84, swell=4)


def rack() -> Product:
    sheet = Sheet(640, 1060, 307)
    grain, iron = wood(sheet, (182, 132, 84), upright=False, contrast=0.1), (46, 46, 50)
    for ends in (((104, 950), (536, 90)), ((536, 950), (104, 90))):
        sheet.put(sheet.mask(line(8, *ends)), (58, 58, 62), swell=3, metal=0.2)
    for x in (104, 536):
        sheet.put(sheet.mask(slab(x - 9, 50, x + 9, 970)), (54, 54, 58), swell=6)
    for y in (100, 380, 660):
        _board(sheet, y, 74, 566, grain)
    bin_front = sheet.mask(slab(92, 772, 330, 940, 8))
    weave = 0.8 * np.sin(sheet.x * 0.6) * np.sign(np.sin(sheet.y * 0.35))
    sheet.put(sheet.mask(poly(*at("92,780 330,780 312,752 120,752"))), (96, 92, 86))
    _board(sheet, 940, 74, 566, grain)
    sheet.shade(sheet.mask(slab(110, 920, 360, 944)), 0.4, 8)
    sheet.put(bin_front, (176, 168, 152), swell=9, bumps=weave)
    sheet.shade(sheet.mask(slab(174, 800, 248, 826, 12)), 0.8, 1)
    tag = sheet.put(sheet.mask(slab(170, 850, 252, 896, 3)), (236, 230, 214), swell=2)
    sheet.put(sheet.mask(words(211, 872, "toys", 26)) * tag, (60, 60, 64))
    for x in (74, 566):
        sheet.put(sheet.mask(slab(x - 13, 20, x + 13, 1020, 4)), iron, swell=8, metal=0.15, gloss=0.3)
        sheet.put(sheet.mask(slab(x - 17, 1014, x + 17, 1034, 6)), (26, 26, 28), swell=5)
        sheet.put(sheet.mask(*[oval(x, y + 11, 5) for y in (100, 380, 660, 940)]), (170, 170, 174), swell=3, metal=0.5)
    sheet.put(sheet.mask(slab(74, 20, 566, 40, 4)), iron, swell=7, metal=0.15, gloss=0.3)
    return sheet.done()


def lipstick() -> Product:
    sheet = Sheet(480, 780, 401)
    gold, lacquer = (222, 176, 104), (34, 26, 34)

    tip = sheet.mask(blob(*at("88,420 88,240 92,190 120,120 150,76 176,72 190,100 192,240 192,420")))
    wax = np.asarray((176, 30, 58), np.float32) * (1 + 0.02 * sheet.clouds(60, 12, 2))[..., None]
    sheet.put(tip, wax, swell=44, gloss=0.35, sharp=16)
    slope = sheet.mask(blob(*at("96,200 122,128 152,86 174,80 182,106 172,150 142,190 110,214")))
    sheet.put(slope * tip, wax * 1.12, swell=12, gloss=0.3, sharp=8)
    for profile, colour, metal in (
        (((360, 60), (420, 60), (500, 60)), gold, 0.75),
        (((494, 74), (510, 76), (540, 76), (544, 74)), gold, 0.7),
        (((540, 78), (600, 78), (720, 78), (740, 76)), lacquer, 0.0),
    ):
        part, facing = sheet.turned(140, profile, 0.08)
        sheet.put(part, colour, normal=facing, metal=metal, gloss=0.7, sharp=40)
    sheet.shade(sheet.mask(line(5, (82, 378), (198, 378))), 0.35, 2)
    cap, facing = sheet.turned(340, ((330, 76), (336, 80), (500, 80), (730, 80), (742, 78)), 0.08)
    sheet.put(cap, lacquer, normal=facing, gloss=0.7, sharp=40)
    sheet.put(sheet.mask(oval(340, 332, 76, 8)), (66, 54, 64), swell=4, gloss=0.3)
    ring, facing = sheet.turned(340, ((690, 81), (704, 81), (718, 81)), 0.08)
    sheet.put(ring, gold, normal=facing, metal=0.75)
    for x in (98, 298):
        glint = sheet.mask(slab(x - 7, 350 if x > 200 else 560, x + 5, 684 if x > 200 else 716, 6))
        sheet.put(glint, (255, 250, 255), opacity=0.28)
    print_on = sheet.mask(words(352, 500, "mira", 42), words(352, 536, "VELVET RED", 12), words(352, 560, "No. 12", 15))
    sheet.put(print_on, gold, metal=0.3)
    return sheet.done()


def _jug(sheet: Sheet) -> None:
    way = (*at("440,262 560,250 590,320 560,470 520,560 440,590"),)
    sheet.put(sheet.mask(tube(46, *way)), (206, 218, 222), swell=16, gloss=0.5, opacity=0.5)
    sheet.put(sheet.mask(tube(14, *[(x - 12, y - 4) for x, y in way[1:-1]])), (255, 255, 255), opacity=0.5)
    profile = (*at("180,196 260,186 420,168 560,146 650,128 690,126"),)
    glass, facing = sheet.turned(290, profile, 0.05)
    sheet.put(glass, (216, 230, 234), normal=facing, opacity=0.3)
    rim = glass * np.clip(np.abs(facing[..., 0]) - 0.7, 0, 1) * 2.4
    sheet.put(np.clip(rim, 0, 1), (112, 138, 146), opacity=0.6)
    sheet.put(glass * np.exp(-(((sheet.y - 676) / 16) ** 2)), (120, 146, 152), opacity=0.5)
    blades = (at("290,640 220,606 196,612 230,640 290,662"), at("290,640 360,606 384,612 350,640 290,662"))
    wings = (at("290,650 240,664 206,660 250,642"), at("290,650 340,664 374,660 330,642"))
    sheet.put(sheet.mask(*[poly(*one) for one in (*blades, *wings)]), (176, 180, 186), swell=7, metal=0.7)
    sheet.put(sheet.mask(slab(270, 636, 310, 690, 8)), (126, 130, 136), swell=14, metal=0.6)
    marks = [line(3, (330, 260 + 62 * k), (372 - 22 * (k % 2), 260 + 62 * k)) for k in range(6)]
    marks += [words(398, 260 + 124 * k, f"{1500 - 500 * k}", 20) for k in range(3)]
    sheet.put(sheet.mask(*marks), (56, 70, 84))
    for x, top, low, wide in ((146, 230, 560, 20), (176, 250, 500, 7), (440, 420, 540, 8)):
        lean = 44 if x < 290 else -24
        sheet.put(
            sheet.mask(tube(wide, (x, top), (x + 0.4 * lean, (top + low) / 2), (x + lean, low))),
            (255, 255, 255),
            opacity=0.55,
        )


def blender() -> Product:
    sheet = Sheet(660, 1060, 402)
    brushed = np.asarray((186, 188, 192), np.float32) * (1 + 0.03 * sheet.clouds(300, 3, 2))[..., None]
    _jug(sheet)
    lid, facing = sheet.turned(290, (*at("116,80 130,92 146,186 170,200 196,200"),), 0.06)
    sheet.put(lid, (40, 42, 46), normal=facing, gloss=0.4, sharp=20)
    sheet.put(sheet.mask(slab(236, 70, 344, 128, 16)), (58, 60, 64), swell=22, gloss=0.4)
    collar, facing = sheet.turned(290, (*at("680,132 696,140 730,146 744,146"),), 0.08)
    sheet.put(collar, (44, 46, 50), normal=facing, gloss=0.35)
    sheet.shade(sheet.mask(*[line(3, (176 + 19 * k, 694), (174 + 19.4 * k, 740)) for k in range(13)]), 0.5, 1)
    base, facing = sheet.turned(290, (*at("738,150 770,166 880,196 980,214 1010,212"),), 0.06)
    sheet.put(base, brushed, normal=facing, metal=0.35, gloss=0.3, sharp=12)
    foot, facing = sheet.turned(290, (*at("1000,214 1020,216 1032,210"),), 0.06)
    sheet.put(foot, (34, 36, 40), normal=facing)
    plate = sheet.mask(slab(158, 800, 422, 986, 30))
    sheet.put(plate, (34, 36, 40), swell=6, gloss=0.2)
    for reach, colour, metal in ((60, (20, 21, 24), 0.0), (52, (200, 202, 206), 0.6), (40, (168, 170, 176), 0.4)):
        knob = sheet.mask(oval(290, 880, reach))
        sheet.shade(knob, 0.4, 5, 2, 6)
        sheet.put(knob, colour, swell=9, metal=metal, gloss=0.3)
    sheet.put(sheet.mask(line(6, (276, 862), (260, 842))), (214, 60, 40))
    turns = [(290 + 76 * math.cos(a), 880 + 76 * math.sin(a)) for a in np.linspace(2.6, 6.8, 7)]
    sheet.put(sheet.mask(*[oval(x, y, 4) for x, y in turns]), (236, 236, 236))
    sheet.put(
        sheet.mask(words(196, 900, "OFF", 16), words(386, 900, "MAX", 16), words(290, 966, "TORRENT 900", 21)),
        (236, 236, 236),
    )
    button = sheet.mask(slab(352, 932, 402, 958, 10), slab(178, 932, 228, 958, 10))
    sheet.put(button, (206, 66, 44), swell=8, gloss=0.4)
    return sheet.done()


def _crisp(sheet: Sheet, x: float, y: float, reach: float, turn: float) -> None:
    rim = []
    for a in np.linspace(0, math.tau, 12, endpoint=False):
        far = reach * (1 + 0.05 * math.sin(3 * a + x))
        dx, dy = far * math.cos(a), 0.66 * far * math.sin(a)
        rim.append((x + dx * math.cos(turn) - dy * math.sin(turn), y + dx * math.sin(turn) + dy * math.cos(turn)))
    chip = sheet.mask(blob(*rim))
    sheet.shade(chip, 0.4, 9, 3, 9)
    ridge = 2.4 * np.sin((sheet.x * math.cos(turn + 0.7) + sheet.y * math.sin(turn + 0.7)) * 0.3)
    tone = np.asarray((238, 188, 84), np.float32) * (1 + 0.05 * sheet.clouds(16, 16, 2))[..., None]
    sheet.put(chip, tone, swell=7, bumps=ridge, gloss=0.1, sharp=10)


def crisps() -> Product:
    sheet = Sheet(700, 960, 403)
    left, right = (
        at("52,40 58,110 40,200 34,480 42,760 58,850 50,920"),
        at("648,920 642,850 660,760 666,480 660,200 640,110 650,40"),
    )
    bag = sheet.mask(poly(*smooth(left), *smooth(right)))
    middle = 1 - np.abs(sheet.y - 480) / 480
    folds = (5 * sheet.clouds(70, 190, 2) + 4 * sheet.clouds(200, 70)) * np.clip(1.1 - middle, 0.12, 1)
    crimp = ((sheet.y < 104) | (sheet.y > 856)) * 1.5 * np.sin(sheet.x * 0.7)
    share = np.clip((sheet.y - 200) / 560, 0, 1)[..., None]
    paint = np.asarray((28, 120, 92), np.float32) * (1 - share) + np.asarray((14, 74, 66), np.float32) * share
    bumps = folds + crimp
    sheet.put(bag, paint, swell=70, bumps=bumps, gloss=0.5, sharp=16)
    band = sheet.mask(
        poly(*smooth(at("20,300 200,250 420,290 690,230")), *smooth(at("690,420 420,470 200,430 20,490")))
    )
    sheet.put(band * bag, (246, 234, 204), swell=0, bumps=bumps, gloss=0.3, sharp=16)
    for x, y, reach, turn in (
        (210, 700, 92, 0.3),
        (470, 680, 98, -0.4),
        (340, 640, 84, 0.1),
        (300, 770, 96, -0.2),
        (440, 780, 80, 0.5),
    ):
        _crisp(sheet, x, y, reach, turn)
    red = sheet.mask(words(350, 364, "KNAKK", 132))
    sheet.put(red * bag, (186, 40, 34), bumps=bumps, gloss=0.3, sharp=16)
    light = sheet.mask(words(350, 208, "crispy since 1961", 34), words(290, 526, "sea salt & dill", 52))
    sheet.put(light * bag, (250, 244, 224), bumps=bumps, gloss=0.2)
    seal = sheet.mask(oval(556, 560, 62))
    sheet.put(seal * bag, (240, 190, 48), bumps=bumps, gloss=0.3)
    sheet.put(sheet.mask(words(556, 548, "30 %", 34), words(556, 580, "less fat", 20)), (60, 40, 20), bumps=bumps)
    sheet.put(sheet.mask(words(132, 838, "175 g", 28)), (250, 244, 224), bumps=bumps)
    for y in (100, 860):
        sheet.shade(sheet.mask(line(3, (50, y), (650, y))) * bag, 0.3, 2)
    shine = np.exp(-(((sheet.x - 110 - 12 * np.sin(sheet.y / 70)) / 16) ** 2)) * np.clip(middle * 2, 0, 1)
    sheet.put(shine * bag, (230, 255, 244), opacity=0.26)
    return sheet.done()


def _sheared(mask: Array, slope: float, start: float, squeeze: float = 1) -> Array:
    """What was drawn flat from ``start`` on, on a side that leads away."""
    flat = Image.fromarray(mask.astype(np.float32))
    way = (1 / squeeze, 0, start - start / squeeze, -slope, 1, slope * start)
    return np.asarray(flat.transform(flat.size, Image.Transform.AFFINE, way, Image.Resampling.BILINEAR))


def carton() -> Product:
    sheet = Sheet(560, 1000, 404)
    cream, blue = np.asarray((240, 234, 220), np.float32), (38, 92, 140)
    side = sheet.mask(poly(*at("360,330 520,268 520,880 360,970")))
    sheet.put(side, cream * 0.78)
    sheet.put(sheet.mask(poly(*at("360,330 520,268 400,120 300,142"))), cream * 0.7)
    sheet.put(sheet.mask(poly(*at("44,330 360,330 300,142 104,142"))), blue, swell=6)
    sheet.put(sheet.mask(poly(*at("360,330 520,268 330,150"))), cream * 0.84, swell=3)
    sheet.put(sheet.mask(poly(*at("104,142 300,142 400,120 400,60 300,76 104,76"))), cream * 0.96, swell=4)
    sheet.shade(sheet.mask(line(2, (104, 108), (300, 108), (400, 90))), 0.3, 1)
    sheet.put(sheet.mask(poly(*at("44,330 360,330 360,970 44,970"))), cream, swell=5, gloss=0.05)
    front = sheet.mask(poly(*at("44,330 360,330 360,970 44,970")))
    wave = sheet.mask(poly(*smooth(at("0,700 110,660 230,720 400,660")), (400, 1000), (0, 1000))) * front
    sheet.put(wave, blue)
    sheet.put(_sheared(sheet.mask(slab(360, 690, 700, 1200)), -0.5, 360, 1) * side, np.asarray(blue) * 0.72)
    ear = [oval(200 + 0.5 * s * (20 + 10 * (k % 2)) * 2, 760 + 30 * k, 17, 26) for k in range(5) for s in (-1, 1)]
    sheet.shade(sheet.mask(*ear) * front, 0.2, 4, 1, 4)
    sheet.put(sheet.mask(*ear), (226, 184, 104), swell=12)
    sheet.put(sheet.mask(tube(6, (200, 730), (202, 850), (196, 950)), oval(200, 726, 14, 28)), (206, 160, 82), swell=4)
    sheet.put(sheet.mask(words(202, 430, "HAVRE", 88)), blue)
    sheet.put(sheet.mask(words(202, 510, "oat drink", 54), words(202, 570, "barista", 32)), (60, 60, 58))
    sheet.put(sheet.mask(words(94, 936, "1 L", 40), words(306, 936, "bio", 34)), cream)
    lines = [
        words(468, 420 + 26 * k, text, 19)
        for k, text in enumerate(("Shake well.", "Keep cool", "once open.", "oats 11 %", "sea salt", "no sugar"))
    ]
    sheet.put(_sheared(sheet.mask(*lines), -0.46, 360, 0.72) * side, (70, 70, 70))
    bars = [slab(410 + 9 * k, 770, 410 + 9 * k + 2 + (k * 5) % 5, 830) for k in range(14)]
    sheet.put(_sheared(sheet.mask(slab(400, 758, 540, 842)), -0.5, 360, 0.8) * side, (236, 236, 232))
    sheet.put(_sheared(sheet.mask(*bars), -0.5, 360, 0.8) * side, (24, 24, 24))
    sheet.shade(sheet.mask(line(2, (360, 330), (360, 970))), -0.25, 1)
    sheet.shade(sheet.mask(line(2, (44, 330), (360, 330))), 0.3, 1)
    cap = sheet.mask(oval(202, 246, 58, 46))
    sheet.shade(cap, 0.4, 6, 3, 8)
    sheet.put(cap, (230, 228, 222), swell=12, gloss=0.3)
    sheet.put(sheet.mask(oval(202, 236, 50, 38)), (244, 242, 238), swell=10, gloss=0.3)
    return sheet.done()


PRODUCTS = {
    "rack": rack,
    "lipstick": lipstick,
    "blender": blender,
    "crisps": crisps,
    "carton": carton,
}
