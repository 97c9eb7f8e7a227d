"""Ten of the products of the set nobody has seen."""

from __future__ import annotations

import math

import numpy as np

from tests.checked.drawing import Sheet, at, blob, line, oval, poly, slab, smooth, stitches, tube, wood, words
from tests.checked.making import Product


def backpack() -> Product:
    sheet = Sheet(720, 880, 1)
    weave = 0.35 * np.sin(sheet.x * 1.5) * np.sin(sheet.y * 1.5) + 1.6 * sheet.clouds(60, 90, 2)
    canvas, dark, leather = (52, 84, 92), (38, 62, 70), (150, 92, 50)
    sheet.put(sheet.mask(tube(26, *at("290,90 300,30 360,14 420,30 430,90"))), dark, swell=9, bumps=weave)
    for side in (-1, 1):
        strap = sheet.mask(
            tube(44, (360 + 170 * side, 130), (360 + 300 * side, 330), (360 + 292 * side, 620), (360 + 230 * side, 780))
        )
        sheet.put(strap, dark, swell=10, bumps=weave)
    body = sheet.mask(blob(*at("360,60 540,90 612,220 628,520 618,800 520,850 200,850 102,800 92,520 108,220 180,90")))
    sheet.put(body, canvas, swell=64, bumps=weave)
    side_pocket = sheet.mask(blob(*at("604,560 664,580 672,760 640,826 590,800")))
    sheet.put(side_pocket, dark, swell=18, bumps=weave)
    zip_way = (*at("128,460 140,240 210,130 360,104 510,130 580,240 592,460"),)
    sheet.put(sheet.mask(tube(15, *zip_way)), (26, 34, 38), swell=4)
    sheet.put(sheet.mask(*stitches(8, 3, *zip_way)), (176, 160, 120), gloss=0.3)
    pocket = sheet.mask(blob(*at("360,500 530,506 566,560 564,770 520,812 200,812 156,770 154,560 190,506")))
    sheet.shade(pocket, 0.5, 16, 4, 10)
    sheet.put(pocket, (58, 92, 100), swell=34, bumps=weave)
    pocket_zip = ((182, 580), (360, 566), (538, 580))
    sheet.put(sheet.mask(tube(14, *pocket_zip)), (26, 34, 38), swell=4)
    sheet.put(sheet.mask(*stitches(8, 3, *pocket_zip)), (176, 160, 120), gloss=0.3)
    pull = sheet.mask(tube(13, (206, 580), (200, 612), (204, 650)), oval(204, 654, 10))
    sheet.shade(pull, 0.4, 4, 2, 4)
    sheet.put(pull, leather, swell=5, gloss=0.2)
    patch = sheet.mask(slab(250, 300, 470, 400, 14))
    sheet.shade(patch, 0.4, 6, 2, 4)
    sheet.put(patch, np.asarray(leather) * (1 + 0.07 * sheet.clouds(9, 9, 2))[..., None], swell=5, gloss=0.12, sharp=12)
    sheet.put(
        sheet.mask(*stitches(2.5, 6, (260, 310), (460, 310)), *stitches(2.5, 6, (260, 390), (460, 390))),
        (226, 200, 150),
    )
    sheet.put(sheet.mask(words(360, 338, "FJELLVIK", 36), words(360, 374, "outdoor since 1974", 17)), (70, 38, 18))
    for y in (440, 690):
        strip = sheet.mask(slab(110 if y < 500 else 170, y, 610 if y < 500 else 550, y + 22))
        sheet.put(sheet.within(strip), dark, swell=3, bumps=weave)
    buckle = sheet.mask(slab(410, 432, 480, 470, 8))
    sheet.shade(buckle, 0.4, 5, 2, 3)
    sheet.put(buckle, (24, 24, 26), swell=8, gloss=0.4)
    sheet.put(sheet.mask(*stitches(2, 7, *at("178,640 176,770 210,796 510,796 544,770 542,640"))), (132, 160, 162))
    return sheet.done()


def lamp() -> Product:
    sheet = Sheet(680, 860, 2)
    yellow, steel = (222, 164, 38), (186, 188, 192)
    sheet.put(sheet.mask(oval(250, 806, 160, 40)), (190, 138, 30), swell=10, gloss=0.2)
    sheet.put(sheet.mask(oval(250, 792, 160, 40)), yellow, swell=12, gloss=0.35, sharp=20)
    stem, facing = sheet.turned(250, ((740, 26), (770, 30), (796, 44)))
    sheet.put(stem, yellow, normal=facing, gloss=0.5)
    cable = sheet.mask(tube(9, *at("250,750 216,640 176,520 130,430 170,350 300,250 420,170")))
    sheet.put(cable, (30, 30, 32), swell=4, gloss=0.3)
    for shift in (-14, 14):
        sheet.put(sheet.mask(line(13, (250 + shift, 750), (126 + shift, 420))), steel, swell=6, metal=0.8)
        sheet.put(sheet.mask(line(13, (126, 410 + shift), (440, 170 + shift))), steel, swell=6, metal=0.8)
    spring = [line(5, (236 - 9 * step, 700 - 23 * step), (262 - 9 * step, 694 - 23 * step)) for step in range(6)]
    sheet.put(sheet.mask(*spring), (120, 122, 126), swell=2, metal=0.5)
    for x, y, reach in ((250, 750, 24), (126, 416, 30), (440, 170, 26)):
        sheet.put(sheet.mask(oval(x, y, reach)), (44, 44, 48), swell=10, gloss=0.5)
        sheet.put(sheet.mask(oval(x, y, reach * 0.45)), steel, swell=6, metal=0.7)
    shade = sheet.mask(
        blob(*at("400,150 420,96 470,84 520,110 600,180 664,290 640,330 520,384 400,410 366,392 372,290"))
    )
    sheet.put(shade, yellow, swell=70, gloss=0.75, sharp=26)
    inside = sheet.mask(blob(*at("668,296 640,344 520,400 402,424 364,400 420,352 540,298 630,280")))
    sheet.put(inside, (246, 236, 208), swell=8)
    sheet.shade(sheet.mask(blob(*at("640,296 540,310 430,360 400,396 520,360"))), 0.3, 10)
    sheet.put(
        sheet.mask(blob(*at("480,350 520,322 560,318 574,350 550,392 510,396"))), (255, 250, 232), swell=20, gloss=0.4
    )
    sheet.put(sheet.mask(slab(446, 78, 486, 100, 8)), (44, 44, 48), swell=6, gloss=0.5)
    sheet.put(sheet.mask(oval(178, 786, 18, 8)), (40, 40, 44), swell=4, gloss=0.5)
    return sheet.done()


def _turned_leg(sheet: Sheet, x: float, top: float, foot: float, lean: float, colour: object) -> None:
    leg = sheet.mask(poly((x - 15, top), (x + 15, top), (x + lean + 11, foot), (x + lean - 11, foot)))
    sheet.put(leg, colour, swell=13, gloss=0.16, sharp=16)


def chair() -> Product:
    sheet = Sheet(560, 920, 3)
    upright, across = wood(sheet, (178, 122, 72)), wood(sheet, (186, 130, 78), upright=False)
    for x, lean in ((176, -22), (470, 26)):
        _turned_leg(sheet, x, 500, 800, lean, upright * 0.82)
    for x, lean in ((176, -34), (452, 20)):
        sheet.put(
            sheet.mask(tube(28, (x, 520), (x + lean * 0.3, 300), (x + lean, 50))),
            upright,
            swell=12,
            gloss=0.16,
            sharp=16,
        )
    for step in range(4):
        x = 220 + 62 * step
        sheet.put(
            sheet.mask(tube(17, (x, 500), (x - 5 + 3 * step, 320), (x - 22 + 11 * step, 120))),
            upright * 0.94,
            swell=8,
            gloss=0.14,
        )
    sheet.put(sheet.mask(tube(22, (160, 330), (310, 318), (464, 330))), across * 0.95, swell=9, gloss=0.14)
    rail = sheet.mask(blob(*at("130,40 300,20 478,40 486,110 470,124 306,104 146,124 128,110")))
    sheet.put(rail, across, swell=15, gloss=0.2, sharp=14)
    sheet.put(sheet.mask(line(15, (110, 700), (486, 690))), across * 0.8, swell=7)
    sheet.put(sheet.mask(line(15, (102, 690), (170, 640))), across * 0.75, swell=7)
    for x, lean in ((112, -28), (470, 34)):
        _turned_leg(sheet, x, 560, 890, lean, upright)
    seat = sheet.mask(blob(*at("150,476 320,468 490,476 524,560 508,592 300,604 84,592 76,560")))
    sheet.shade(seat, 0.55, 16, 0, 26)
    sheet.put(seat, across * 0.78, swell=8)
    top = sheet.mask(blob(*at("150,466 320,458 490,466 526,546 506,574 300,586 86,574 76,546")))
    sheet.put(top, across * 1.06, swell=14, gloss=0.22, sharp=14)
    for x in (176, 220, 282, 344, 406, 452):
        sheet.shade(sheet.mask(oval(x + 8, 500, 26, 9)), 0.35, 7)
    for step in range(4):
        x = 220 + 62 * step
        sheet.put(sheet.mask(tube(17, (x, 496), (x - 4 + 2 * step, 400))), upright * 0.94, swell=8, gloss=0.14)
    for x, lean in ((176, -6), (452, 4)):
        sheet.put(sheet.mask(tube(28, (x, 502), (x + lean, 400))), upright, swell=12, gloss=0.16, sharp=16)
    return sheet.done()


def truck() -> Product:
    sheet = Sheet(800, 520, 4)
    red, yellow, dark = (196, 36, 34), (242, 186, 30), (40, 40, 44)
    sheet.put(sheet.mask(slab(60, 340, 740, 392, 12)), dark, swell=10, gloss=0.3)
    bed = sheet.mask(poly(*at("30,120 500,120 470,350 90,350")))
    sheet.put(bed, yellow, swell=16, gloss=0.35, sharp=22)
    sheet.put(sheet.mask(slab(22, 104, 512, 138, 12)), (250, 198, 44), swell=12, gloss=0.5)
    for step in range(5):
        x = 120 + 76 * step
        sheet.put(
            sheet.mask(poly((x, 150), (x + 20, 150), (x + 17, 340), (x + 3, 340))), (236, 176, 24), swell=8, gloss=0.4
        )
    cab = sheet.mask(blob(*at("520,350 516,180 540,116 620,104 676,128 700,210 760,236 772,340 740,366 540,366")))
    sheet.put(cab, red, swell=30, gloss=0.7, sharp=34)
    window = sheet.mask(blob(*at("556,216 558,160 590,140 640,144 662,170 670,216")))
    sheet.put(window, (44, 62, 78), swell=8, gloss=0.5)
    sheet.shade(sheet.within(sheet.mask(poly(*at("580,140 612,140 580,218 552,218")))) * window, -0.9)
    sheet.put(sheet.mask(slab(722, 264, 768, 300, 14)), (250, 240, 190), swell=12, gloss=0.6)
    sheet.put(sheet.mask(slab(728, 330, 796, 376, 14)), (150, 152, 156), swell=12, metal=0.5)
    sheet.put(sheet.mask(slab(570, 70, 622, 108, 14)), (240, 120, 20), swell=12, gloss=0.7)
    sheet.shade(sheet.mask(*stitches(2.5, 400, *at("552,232 552,350 684,350 684,232 552,232"))), 0.4)
    sheet.put(sheet.mask(slab(566, 250, 596, 260, 4)), (230, 230, 230), swell=3, metal=0.5)
    sheet.put(sheet.mask(words(624, 306, "No. 7", 36)), (252, 246, 232))
    sheet.put(sheet.mask(words(296, 240, "GRAVEL & CO", 46)), (120, 34, 24))
    for x in (170, 320, 640):
        arch = sheet.mask(oval(x, 404, 92, 88))
        sheet.shade(arch, 0.6, 6)
        sheet.put(sheet.mask(oval(x, 420, 80)), (34, 34, 36), swell=18, gloss=0.2, sharp=12)
        treads = [
            line(6, *((x + r * math.cos(a), 420 + r * math.sin(a)) for r in (68, 79))) for a in np.arange(0, 6.28, 0.2)
        ]
        sheet.shade(sheet.mask(*treads), 0.55)
        sheet.put(sheet.mask(oval(x, 420, 46)), (236, 232, 222), swell=10, gloss=0.4)
        sheet.put(sheet.mask(oval(x, 420, 18)), red, swell=12, gloss=0.7)
        for angle in np.arange(0.4, 6.5, math.tau / 5):
            sheet.put(
                sheet.mask(oval(x + 31 * math.cos(angle), 420 + 31 * math.sin(angle), 5)), (120, 118, 114), swell=3
            )
    return sheet.done()


def teapot() -> Product:
    sheet = Sheet(860, 620, 5)
    glaze = np.asarray((232, 230, 220), np.float32) * (1 + 0.012 * sheet.clouds(50, 50, 3))[..., None]
    handle = sheet.mask(tube(38, *at("250,220 130,180 60,260 80,390 190,450 270,470")))
    sheet.put(handle, glaze, swell=16, gloss=0.6, sharp=40)
    spout = sheet.mask(blob(*at("590,460 680,390 730,270 790,196 832,206 800,290 770,420 690,510 600,540")))
    sheet.put(spout, glaze, swell=34, gloss=0.6, sharp=40)
    sheet.put(sheet.mask(blob(*at("786,200 812,192 834,206 816,216"))), (96, 84, 70))
    body, facing = sheet.turned(420, (*at("160,110 200,170 280,234 380,256 480,220 560,140 576,132"),), 0.1)
    sheet.put(body, glaze, normal=facing, gloss=0.75, sharp=60)
    away = np.arcsin(np.clip((sheet.x - 420) / 256, -1, 1))
    ring = np.exp(-(((sheet.y - 250 - 22 * np.cos(away)) / 9) ** 2)) + np.exp(
        -(((sheet.y - 500 - 18 * np.cos(away)) / 7) ** 2)
    )
    sheet.put(body * np.clip(1.6 * ring, 0, 1), (34, 62, 130), normal=facing, gloss=0.7, sharp=60)
    rng = np.random.default_rng(55)
    for _ in range(5):
        x, y = rng.uniform(260, 580), rng.uniform(320, 440)
        turn, reach = rng.uniform(0, 6), rng.uniform(22, 34)
        petals = [
            oval(
                x + reach * math.cos(turn + k * math.tau / 5),
                y + reach * math.sin(turn + k * math.tau / 5),
                reach * 0.62,
            )
            for k in range(5)
        ]
        sheet.put(sheet.mask(tube(5, (x, y), (x + 40, y + 40), (x + 50, y + 80))) * body, (60, 110, 84), normal=facing)
        sheet.put(sheet.mask(*petals) * body, (58, 92, 168), normal=facing, gloss=0.6, sharp=60)
        sheet.put(sheet.mask(oval(x, y, reach * 0.42)) * body, (228, 182, 70), normal=facing, gloss=0.5, sharp=60)
    foot, facing = sheet.turned(420, ((566, 128), (590, 134), (598, 132)), 0.1)
    sheet.put(foot, glaze * 0.9, normal=facing, gloss=0.3)
    lid, facing = sheet.turned(420, (*at("92,20 104,62 130,100 160,118"),), 0.12)
    sheet.put(lid, glaze, normal=facing, gloss=0.7, sharp=50)
    sheet.shade(sheet.mask(tube(5, *at("304,166 360,178 420,181 480,178 536,166"))), 0.5, 2)
    sheet.put(sheet.mask(oval(420, 72, 30, 28)), (34, 62, 130), swell=22, gloss=0.9, sharp=50)
    return sheet.done()


def sunglasses() -> Product:
    sheet = Sheet(900, 340, 6)
    frame = np.asarray((46, 30, 22), np.float32) * (1 + 0.3 * np.clip(sheet.clouds(26, 18, 2), -0.6, 2))[..., None]
    sides = [(1, 0), (-1, 900)]
    for sign, base in sides:
        temple = sheet.mask(*[poly(*[(base + sign * x, y) for x, y in (*at("46,60 110,64 150,96 128,110 60,100"),)])])
        sheet.put(temple, frame * 0.7, swell=8)
    for sign, base in sides:
        outer = [
            (base + sign * x, y) for x, y in (*at("30,50 120,34 300,44 404,78 416,150 378,260 270,312 150,300 66,216"),)
        ]
        rim = sheet.mask(blob(*outer))
        sheet.put(rim, frame, swell=16, gloss=0.6, sharp=36)
        inner = np.asarray(smooth(outer, closed=True))
        middle = inner.mean(0)
        lens = sheet.mask(poly(*[(float(x), float(y)) for x, y in middle + (inner - middle) * 0.84]))
        tone = np.interp(sheet.y, (50, 310), (0, 1))[..., None]
        sheet.put(lens, np.asarray((20, 20, 26)) * (1 - tone) + np.asarray((112, 86, 66)) * tone, swell=6)
        glint = lens * np.exp(-(((sheet.y - 96 - 0.0006 * (sheet.x - float(middle[0])) ** 2) / 16) ** 2))
        sheet.put(glint, (190, 200, 214), opacity=0.34)
        sheet.put(
            sheet.mask(
                slab(
                    *sorted((base + sign * 44, base + sign * 64))[:1],
                    66,
                    max(base + sign * 44, base + sign * 64),
                    74,
                    4,
                )
            ),
            (200, 180, 130),
            metal=0.7,
            swell=3,
        )
    bridge = sheet.mask(tube(26, (398, 110), (450, 84), (502, 110)))
    sheet.put(bridge, frame, swell=11, gloss=0.6, sharp=36)
    return sheet.done()


def candle() -> Product:
    sheet = Sheet(420, 640, 7)
    wax = np.asarray((228, 208, 172), np.float32) * (1 + 0.01 * sheet.clouds(90, 40, 3))[..., None]
    side, facing = sheet.turned(210, ((110, 160), (300, 160), (560, 160)), 0.26)
    facing = facing + 0.012 * np.stack([sheet.clouds(16), sheet.clouds(16), sheet.clouds(16) * 0], axis=-1)
    glow = np.interp(sheet.y, (100, 300), (1.1, 1.0))[..., None]
    sheet.put(
        np.maximum(side, sheet.mask(slab(50, 112, 370, 200)) * side), wax * glow, normal=facing, gloss=0.16, sharp=10
    )
    sheet.put(sheet.mask(oval(210, 110, 160, 42)), wax * 1.05, swell=10, gloss=0.2, sharp=10)
    pool = sheet.mask(oval(210, 112, 128, 31))
    sheet.put(pool, (240, 214, 160), gloss=0.1)
    sheet.shade(sheet.mask(oval(210, 98, 128, 20)) * pool, 0.12, 8)
    sheet.put(sheet.mask(tube(7, (210, 116), (209, 92), (215, 68))), (44, 36, 30), swell=3)
    return sheet.done()


PRODUCTS = {
    "backpack": backpack,
    "lamp": lamp,
    "chair": chair,
    "truck": truck,
    "teapot": teapot,
    "sunglasses": sunglasses,
    "candle": candle,
}
