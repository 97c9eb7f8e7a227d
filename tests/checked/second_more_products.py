"""The other products of the set nobody has seen."""

from __future__ import annotations

import math

import numpy as np

from tests.checked.drawing import Sheet, Stroke, at, blob, line, oval, poly, slab, stitches, tube, wood, words
from tests.checked.making import Product


def gamepad() -> Product:
    sheet = Sheet(860, 600, 11)
    shell, dark = (214, 214, 220), (38, 38, 44)
    for side in (-1, 1):
        sheet.put(
            sheet.mask(
                blob((430 + 120 * side, 96), (430 + 190 * side, 56), (430 + 290 * side, 70), (430 + 300 * side, 130))
            ),
            dark,
            swell=16,
            gloss=0.4,
        )
    body = sheet.mask(
        blob(
            *at(
                "430,100 560,90 700,92 770,170 820,340 826,480 770,545 700,500 620,400 430,392 "
                "240,400 160,500 90,545 34,480 40,340 90,170 160,92 300,90"
            )
        )
    )
    sheet.put(body, shell, swell=46, bumps=0.06 * sheet.clouds(3), gloss=0.16, sharp=14)
    sheet.put(sheet.mask(slab(340, 118, 520, 220, 22)), dark, swell=8, gloss=0.35)
    for x, y in ((214, 210), (548, 330)):
        sheet.shade(sheet.mask(oval(x, y, 66)), 0.5, 6)
        sheet.put(sheet.mask(oval(x, y, 62)), (60, 60, 66), swell=8)
        sheet.shade(sheet.mask(oval(x, y, 44)), 0.6, 8, 3, 8)
        sheet.put(sheet.mask(oval(x, y - 4, 46)), dark, swell=14, gloss=0.4, sharp=18)
        sheet.put(sheet.mask(oval(x, y - 4, 30)), (54, 54, 58), swell=8)
    cross = [slab(266, 316, 364, 350, 7), slab(298, 284, 332, 382, 7)]
    sheet.shade(sheet.mask(oval(315, 334, 62)), 0.16, 4)
    sheet.shade(sheet.mask(*cross), 0.5, 6, 2, 4)
    sheet.put(sheet.mask(*cross), dark, swell=9, gloss=0.35)
    caps = (
        ("Y", 0, -58, (232, 190, 40)),
        ("B", 58, 0, (206, 54, 50)),
        ("A", 0, 58, (62, 158, 84)),
        ("X", -58, 0, (48, 110, 196)),
    )
    for letter, dx, dy, colour in caps:
        x, y = 650 + dx, 204 + dy
        sheet.shade(sheet.mask(oval(x, y, 31)), 0.5, 5, 2, 3)
        sheet.put(sheet.mask(oval(x, y, 28)), colour, swell=14, gloss=0.6)
        sheet.put(sheet.mask(words(x, y, letter, 30)), (250, 250, 250))
    for x in (370, 490):
        sheet.put(sheet.mask(slab(x - 20, 244, x + 20, 258, 7)), dark, swell=6, gloss=0.3)
    sheet.put(sheet.mask(oval(430, 276, 24)), (170, 172, 176), swell=10, metal=0.5)
    sheet.put(sheet.mask(words(430, 168, "volt", 44)), (120, 214, 220))
    holes = [oval(430 + 14 * k, 340 + 12 * j, 3) for k in range(-2, 3) for j in range(2)]
    sheet.put(sheet.mask(*holes), (60, 60, 64))
    return sheet.done()


def sandal() -> Product:
    sheet = Sheet(860, 480, 12)
    leather = np.asarray((122, 70, 38), np.float32) * (1 + 0.07 * sheet.clouds(14, 14, 3))[..., None]
    cork = np.asarray((190, 148, 98), np.float32) * (1 + 0.16 * np.clip(sheet.clouds(6, 5, 2), -2, 1))[..., None]
    sole = sheet.mask(
        blob(*at("50,330 130,316 300,350 480,372 680,356 800,330 826,370 790,412 560,430 300,424 90,420 44,380"))
    )
    sheet.put(sole, (50, 36, 28), swell=12)
    grooves = [line(5, (80 + 24 * k, 406), (84 + 24 * k, 428)) for k in range(30)]
    sheet.shade(sheet.mask(*grooves), 0.5)
    sheet.put(
        sheet.mask(
            blob(*at("52,320 130,300 300,336 480,358 680,342 800,318 822,352 780,388 560,404 300,396 90,394 48,362"))
        ),
        cork,
        swell=14,
    )
    bed = sheet.mask(
        blob(*at("56,318 120,270 260,276 440,310 620,296 770,270 816,318 700,344 480,360 300,338 130,306"))
    )
    sheet.put(bed, (204, 170, 126), swell=12, bumps=0.3 * sheet.clouds(3))
    back = sheet.mask(tube(40, *at("96,290 110,190 170,120 250,110")))
    sheet.put(back, leather * 0.7, swell=10, gloss=0.12)
    straps = (
        (*at("104,320 190,210 260,150 330,200 372,330"),),
        (*at("430,336 470,240 560,190 640,230 668,344"),),
        (*at("560,340 610,262 690,224 752,262 770,336"),),
    )
    for number, way in enumerate(straps):
        band = sheet.mask(tube(58 if number else 46, *way))
        sheet.shade(band, 0.5, 12, 4, 12)
        sheet.put(band, leather, swell=9, gloss=0.2, sharp=14)
        for shift in (-21, 21) if number else (-16, 16):
            sheet.put(
                sheet.mask(*stitches(2.6, 7, *[(x + shift, y + abs(shift) / 3) for x, y in way])) * band,
                (222, 190, 140),
            )
    sheet.put(
        sheet.mask(tube(34, *at("250,112 300,120 330,170 350,240"))), leather * 0.92, swell=9, gloss=0.2, sharp=14
    )
    frame = sheet.mask(slab(294, 176, 366, 236, 12)) * (1 - sheet.mask(slab(306, 188, 354, 224, 6)))
    sheet.shade(frame, 0.5, 5, 2, 4)
    sheet.put(frame, (206, 178, 110), swell=6, metal=0.7)
    sheet.put(sheet.mask(line(6, (300, 206), (352, 208))), (206, 178, 110), swell=3, metal=0.7)
    sheet.put(sheet.mask(*[oval(336 + 3 * k, 258 + 26 * k, 4) for k in range(3)]), (40, 24, 16))
    return sheet.done()


def drill() -> Product:
    sheet = Sheet(820, 760, 13)
    teal, dark = (20, 128, 120), (42, 42, 46)
    rubber = 0.8 * np.sin(sheet.y * 0.9)
    sheet.put(sheet.mask(poly(*at("8,214 30,204 130,204 130,224 30,224"))), (176, 178, 182), swell=8, metal=0.9)
    twist = [line(4, (34 + 16 * k, 224), (46 + 16 * k, 204)) for k in range(6)]
    sheet.shade(sheet.mask(*twist), 0.5)
    sheet.put(
        sheet.mask(poly(*at("112,190 160,160 250,150 250,280 160,268 112,238"))), (64, 64, 68), swell=26, gloss=0.5
    )
    ribs = [line(4, (174 + 11 * k, 162), (174 + 11 * k, 270)) for k in range(6)]
    sheet.shade(sheet.mask(*ribs), 0.4)
    sheet.put(sheet.mask(slab(244, 138, 300, 292, 10)), (216, 150, 30), swell=18, gloss=0.4)
    grip = sheet.mask(blob(*at("470,270 620,260 640,330 650,470 690,610 560,630 510,470 478,360")))
    sheet.put(grip, dark, swell=30, bumps=rubber, gloss=0.15, sharp=12)
    trigger = sheet.mask(blob(*at("440,306 484,300 504,350 512,400 478,404 464,350")))
    sheet.put(trigger, (206, 60, 36), swell=12, gloss=0.4)
    body = sheet.mask(blob(*at("296,130 420,112 600,112 700,140 736,214 700,290 600,312 420,318 296,300")))
    sheet.shade(body, 0.5, 14, 0, 12)
    sheet.put(body, teal, swell=48, gloss=0.4, sharp=22)
    sheet.put(sheet.mask(blob(*at("650,122 712,146 740,214 706,288 640,306 668,214"))), dark, swell=20, gloss=0.2)
    vents = [line(9, (676 - 4 * abs(k), 214 + 22 * k), (716 - 8 * abs(k), 214 + 22 * k)) for k in range(-2, 3)]
    sheet.put(sheet.mask(*vents), (14, 14, 16))
    label = sheet.mask(poly(*at("366,164 600,164 580,250 346,250")))
    sheet.put(label, (236, 238, 236), swell=3)
    sheet.put(sheet.mask(words(474, 196, "TORQ", 58)), (20, 30, 34))
    sheet.put(sheet.mask(words(474, 234, "18V  brushless", 20)), (196, 60, 36))
    foot = sheet.mask(blob(*at("490,612 700,596 770,620 776,700 740,736 500,742 460,716 462,640")))
    sheet.shade(foot, 0.4, 8, 0, -6)
    sheet.put(foot, dark, swell=26, gloss=0.3)
    sheet.put(sheet.mask(slab(484, 656, 700, 712, 8)), teal, swell=8, gloss=0.3)
    sheet.put(sheet.mask(words(592, 684, "4.0 Ah", 34)), (240, 242, 240))
    sheet.put(sheet.mask(*[oval(722, 664 + 18 * k, 5) for k in range(3)]), (120, 230, 120), swell=3)
    return sheet.done()


def _fluff(sheet: Sheet, x: float, y: float, reach: float, colour: tuple[int, int, int]) -> None:
    """A bobble of wool: threads from the outside in, each lighter than the one below."""
    for step in range(7):
        threads: list[Stroke] = []
        for _ in range(90):
            turn, far = sheet.noise.uniform(0, math.tau), sheet.noise.uniform(0.55, 1.0) * reach * (1 - step * 0.12)
            end, bend = (x + far * math.cos(turn), y + far * math.sin(turn)), sheet.noise.uniform(-8, 8)
            threads.append(line(3.4, (x + 0.3 * far * math.cos(turn) + bend, y + 0.3 * far * math.sin(turn)), end))
        sheet.put(sheet.mask(*threads), np.asarray(colour) * (0.62 + 0.075 * step), swell=3)


def hat() -> Product:
    sheet = Sheet(660, 700, 14)
    wave = np.abs(((sheet.x + 5 * np.sin(sheet.y / 60)) / 24) % 1 - 0.5) * 2
    knit = 5.0 * np.abs(np.sin(math.pi * ((sheet.y - 22 * wave) / 20)))
    crown = sheet.mask(blob(*at("330,150 450,170 550,270 592,420 600,540 330,560 60,540 68,420 110,270 210,170")))
    band = (np.abs(sheet.y - 330 - 0.0004 * (sheet.x - 330) ** 2) < 44)[..., None]
    zig = (np.abs(((sheet.x / 48) % 1) - 0.5) * 60 + 316 + 0.0004 * (sheet.x - 330) ** 2 > sheet.y)[..., None]
    wool = np.where(band, np.where(zig, (226, 214, 192), (40, 62, 96)), (156, 46, 52))
    sheet.put(crown, wool, swell=90, bumps=knit + 0.4 * sheet.clouds(3))
    ribbing = 7 * np.abs(np.sin(math.pi * (sheet.x / 26))) + 1.6 * np.sin(sheet.y * 0.6)
    cuff = sheet.mask(
        blob(*at("50,500 180,520 330,526 480,520 610,500 622,570 608,650 480,672 330,678 180,672 52,650 38,570"))
    )
    sheet.shade(cuff, 0.5, 12, 0, -8)
    sheet.put(cuff, (140, 40, 46), swell=34, bumps=ribbing + 0.4 * sheet.clouds(3))
    tag = sheet.mask(slab(420, 560, 530, 630, 6))
    sheet.shade(tag, 0.5, 6, 2, 4)
    sheet.put(tag, (196, 160, 112), swell=4, bumps=0.2 * sheet.clouds(4))
    sheet.put(sheet.mask(words(475, 584, "NORD", 30), words(475, 612, "merino", 18)), (62, 40, 24))
    _fluff(sheet, 330, 108, 100, (236, 226, 206))
    return sheet.done()


def _guitar_head(sheet: Sheet) -> None:
    sheet.put(sheet.mask(poly(*at("186,210 254,210 262,140 270,30 170,30 178,140"))), (70, 38, 22), swell=8, gloss=0.3)
    sheet.put(sheet.mask(words(220, 60, "Alma", 30)), (226, 194, 120))
    for side in (-1, 1):
        for y in (86, 126, 166):
            sheet.put(
                sheet.mask(line(8, (220 + 44 * side, y), (220 + 70 * side, y)), oval(220 + 74 * side, y, 9, 12)),
                (200, 202, 206),
                swell=6,
                metal=0.7,
            )
            sheet.put(sheet.mask(oval(220 + 28 * side, y, 6)), (200, 202, 206), swell=4, metal=0.7)


def guitar() -> Product:
    sheet = Sheet(440, 1120, 15)
    spruce = wood(sheet, (222, 170, 96), contrast=0.09)
    _guitar_head(sheet)
    body = sheet.mask(
        blob(
            *at(
                "220,600 300,590 356,640 352,720 336,770 376,840 408,930 370,1050 220,1100 70,1050 "
                "32,930 64,840 104,770 88,720 84,640 140,590"
            )
        )
    )
    sheet.put(body, (64, 32, 18), swell=8, gloss=0.4)
    inner = sheet.mask(
        blob(
            *at(
                "220,610 296,600 346,646 342,718 324,770 366,846 396,930 362,1042 220,1088 78,1042 "
                "44,930 74,846 116,770 98,718 94,646 144,600"
            )
        )
    )
    sheet.put(inner, spruce, swell=5, gloss=0.22, sharp=20)
    sheet.put(
        sheet.mask(blob(*at("252,800 300,760 338,850 350,930 310,950 268,880"))), (74, 34, 26), swell=3, gloss=0.5
    )
    for reach, colour in ((72, (60, 34, 22)), (66, (220, 190, 130)), (62, (60, 34, 22)), (56, (24, 16, 12))):
        sheet.put(sheet.mask(oval(220, 790, reach)), colour)
    sheet.shade(sheet.mask(oval(228, 806, 40)), -0.7, 14)
    neck = sheet.mask(poly(*at("192,206 248,206 254,740 186,740")))
    sheet.shade(neck, 0.4, 8, 6, 0)
    sheet.put(neck, wood(sheet, (66, 42, 30)), swell=5, gloss=0.2)
    frets = [214 + 680 * (1 - 2 ** (-k / 12)) for k in range(1, 19)]
    sheet.put(sheet.mask(*[line(3, (190, y), (250, y)) for y in frets]), (206, 206, 200), swell=2, metal=0.4)
    sheet.put(sheet.mask(*[oval(220, (frets[k] + frets[k - 1]) / 2, 5) for k in (2, 4, 6, 8)]), (240, 236, 226))
    sheet.put(sheet.mask(slab(190, 202, 250, 212, 3)), (240, 234, 216), swell=3)
    sheet.put(
        sheet.mask(blob(*at("130,944 220,930 310,944 316,966 220,974 124,966"))), (52, 28, 20), swell=7, gloss=0.3
    )
    sheet.put(sheet.mask(slab(172, 938, 268, 946, 3)), (240, 234, 216), swell=3)
    strings = [line(1.3 + 0.25 * (5 - k), (197 + 9 * k, 206), (180 + 16 * k, 956)) for k in range(6)]
    sheet.shade(sheet.mask(*strings), 0.35, 2, 4, 2)
    sheet.put(sheet.mask(*strings), (196, 182, 150), gloss=0.4)
    return sheet.done(-24)


def umbrella() -> Product:
    sheet = Sheet(920, 860, 16)
    sheet.put(sheet.mask(line(11, (460, 60), (460, 700))), (150, 152, 158), swell=5, metal=0.8)
    handle = sheet.mask(tube(30, *at("460,640 460,760 440,820 384,832 340,790 346,756")))
    sheet.put(handle, wood(sheet, (120, 66, 34)), swell=13, gloss=0.6, sharp=40)
    sheet.put(sheet.mask(slab(442, 636, 478, 654, 5)), (206, 178, 110), swell=8, metal=0.7)
    knots = (-1.0, -0.78, -0.42, 0.0, 0.42, 0.78, 1.0)
    colours = ((24, 52, 104), (238, 234, 224), (24, 52, 104), (238, 234, 224), (24, 52, 104), (238, 234, 224))
    light = (1.0, 1.12, 1.1, 1.0, 0.88, 0.72)
    for number in (0, 5, 1, 4, 2, 3):
        start, end = knots[number], knots[number + 1]
        left = [(460 + 410 * start * math.sin(t), 470 - 390 * math.cos(t)) for t in np.linspace(0, math.pi / 2, 24)]
        right = [(460 + 410 * end * math.sin(t), 470 - 390 * math.cos(t)) for t in np.linspace(0, math.pi / 2, 24)]
        hem = [
            (
                (1 - u) * left[-1][0] + u * right[-1][0],
                470 - 52 * math.sin(math.pi * u) + 26 * (1 - abs(start + u * (end - start)) ** 2),
            )
            for u in np.linspace(0, 1, 16)
        ]
        panel = sheet.mask(poly(*left, *hem, *right[::-1]))
        tone = np.asarray(colours[number]) * light[number] * np.interp(sheet.y, (80, 480), (1.12, 0.8))[..., None]
        sheet.put(panel, np.clip(tone, 0, 255), swell=12, bumps=2.2 * sheet.clouds(50, 160), gloss=0.12, sharp=10)
        sheet.shade(sheet.mask(line(3, *right)) * panel, 0.4, 2)
    tips = [line(8, (460 + 410 * k, 468 + 26 * (1 - k * k)), (460 + 416 * k, 484 + 26 * (1 - k * k))) for k in knots]
    sheet.put(sheet.mask(*tips), (190, 192, 196), swell=4, metal=0.6)
    sheet.put(sheet.mask(line(12, (460, 84), (460, 34))), (120, 66, 34), swell=6, gloss=0.5)
    sheet.put(sheet.mask(oval(460, 84, 30, 10)), (24, 52, 104), swell=8)
    return sheet.done(14)


PRODUCTS = {
    "gamepad": gamepad,
    "sandal": sandal,
    "drill": drill,
    "hat": hat,
    "guitar": guitar,
    "umbrella": umbrella,
}
