"""Half of the products of the set that is kept apart."""

from __future__ import annotations

import math

import numpy as np

from tests.checked.drawing import (
    Array,
    Point,
    Sheet,
    Stroke,
    at,
    blob,
    line,
    oval,
    poly,
    slab,
    stitches,
    tube,
    wood,
    words,
)
from tests.checked.making import Product


def _sole(sheet: Sheet) -> None:
    foot = "34,416 120,412 400,428 640,420 852,404 872,430 864,470 790,492 500,488 420,478 300,490 100,488 44,466"
    sole = sheet.put(sheet.mask(blob(*at(foot))), (240, 238, 230), swell=16, gloss=0.14, sharp=10)
    sheet.shade(sheet.mask(tube(5, *at("40,434 300,446 640,440 864,424"))) * sole, 0.2, 1)
    sheet.put(
        sheet.mask(tube(14, *at("50,472 110,486 300,488 420,478 500,486 790,490 858,470"))), (166, 110, 62), swell=5
    )
    sheet.shade(sheet.mask(*[line(3, (80 + 22 * k, 476), (86 + 22 * k, 494)) for k in range(35)]), 0.5)
    sheet.put(sheet.mask(words(756, 452, "aero 3", 22)), (110, 122, 140))


def sneaker() -> Product:
    sheet = Sheet(900, 540, 301)
    mesh = 0.5 * np.sin(sheet.x * 1.3 + sheet.y * 0.4) * np.sin(sheet.y * 1.3)
    knit, suede = (
        (226, 224, 216),
        np.asarray((70, 104, 150), np.float32) * (1 + 0.05 * sheet.clouds(7, 7, 2))[..., None],
    )
    sheet.put(sheet.mask(blob(*at("420,190 432,96 466,52 520,50 548,84 540,150 500,210"))), (206, 204, 198), swell=16)
    sheet.put(sheet.mask(words(492, 80, "RUNA", 22)), (40, 70, 120))
    sheet.put(sheet.mask(blob(*at("510,140 560,160 640,176 720,152 782,124 800,160 720,230 580,230"))), (60, 64, 74))
    upper = blob(
        *at(
            "70,410 56,366 84,318 150,284 250,256 330,214 400,158 446,118 500,118 540,160 600,196 680,194 "
            "736,168 780,130 808,136 812,190 804,270 826,340 824,420 600,436 300,436"
        )
    )
    body = sheet.put(sheet.mask(upper), knit, swell=52, bumps=mesh, gloss=0.05, sharp=10)
    sheet.shade(sheet.mask(tube(9, *at("540,164 600,200 680,200 738,172 784,134"))) * body, 0.3, 3)
    panels = (
        "60,420 50,366 84,318 150,284 200,292 236,330 250,430",
        "296,254 352,200 420,144 470,116 506,124 512,170 460,238 410,320 380,426 330,430 346,330",
        "806,130 814,200 806,270 830,340 830,426 664,430 676,366 738,318 766,246 778,160",
    )
    for points in panels:
        panel = sheet.mask(blob(*at(points))) * body
        sheet.shade(panel, 0.3, 5, 1, 4)
        sheet.put(panel, suede, swell=9, gloss=0.06, sharp=8)
    stripes = sheet.mask(
        tube(22, *at("470,424 520,370 590,300 640,224")), tube(22, *at("540,424 590,370 650,310 690,232"))
    )
    sheet.shade(stripes * body, 0.3, 3, 1, 3)
    sheet.put(stripes * body, (222, 96, 52), swell=6, gloss=0.2)
    seams = stitches(2.2, 6, *at("160,296 200,306 226,338 238,420"))
    seams += stitches(2.2, 6, *at("684,420 690,374 750,326 778,250 786,174"))
    seams += stitches(2.2, 6, *at("392,420 420,326 470,246 500,190"))
    sheet.put(sheet.mask(*seams) * body, (196, 208, 224))
    holes = [(318 + 31 * k, 262 - 25 * k) for k in range(6)]
    for x, y in holes:
        lace = sheet.mask(tube(13, (x, y), (x + 34, y + 6), (x + 66, y + 34)))
        sheet.shade(lace, 0.35, 4, 1, 4)
        sheet.put(lace, (244, 243, 238), swell=6, bumps=mesh)
    sheet.put(sheet.mask(*[oval(x + 66, y + 36, 6) for x, y in holes]), (44, 56, 78), swell=2)
    _sole(sheet)
    return sheet.done()


def _dial(sheet: Sheet) -> None:
    sheet.put(sheet.mask(oval(230, 470, 152)), (26, 34, 48), swell=7, gloss=0.4)
    around = np.arange(60) * math.tau / 60
    marks = [
        line(5 if k % 5 == 0 else 2, *[(230 + r * math.sin(a), 470 - r * math.cos(a)) for r in (137, 147)])
        for k, a in enumerate(around)
    ]
    sheet.put(sheet.mask(*marks), (222, 224, 226))
    far = np.hypot(sheet.x - 230, sheet.y - 470)[..., None] / 130
    rays = 1 + 0.07 * np.cos(4 * np.arctan2(sheet.y - 470, sheet.x - 230) + 1)[..., None]
    sheet.shade(sheet.mask(oval(230, 470, 132)), 0.3, 3, 1, 3)
    sheet.put(
        sheet.mask(oval(230, 470, 129)), np.asarray((42, 78, 92), np.float32) * (1.25 - 0.4 * far) * rays, gloss=0.1
    )
    hours = [
        line(10, *[(230 + r * math.sin(a), 470 - r * math.cos(a)) for r in (98, 116)])
        for a in around[5::5]
        if abs(a - math.pi / 2) > 0.1
    ]
    sheet.put(sheet.mask(*hours), (232, 230, 220), swell=4, metal=0.3)
    sheet.put(sheet.mask(slab(308, 456, 346, 484, 3)), (240, 240, 236), swell=2)
    sheet.put(sheet.mask(words(327, 470, "24", 22)), (24, 24, 28))
    sheet.put(sheet.mask(words(232, 390, "KELVA", 21), words(232, 410, "automatic", 11)), (234, 234, 230))


def _hands(sheet: Sheet) -> None:
    small = sheet.put(sheet.mask(oval(230, 534, 36)), (30, 60, 72), swell=3)
    sheet.put(sheet.mask(line(3, (230, 534), (214, 512))) * small, (240, 240, 236), swell=1)
    hands = [
        (poly(*at("222,478 166,396 160,388 170,388 236,466")), (238, 238, 234)),
        (poly(*at("226,462 322,404 332,400 326,410 236,478")), (238, 238, 234)),
        (line(2.4, (200, 508), (302, 382)), (226, 92, 56)),
    ]
    for stroke, colour in hands:
        hand = sheet.mask(stroke)
        sheet.shade(hand, 0.5, 3, 3, 5)
        sheet.put(hand, colour, swell=3, metal=0.2)
    sheet.put(sheet.mask(oval(230, 470, 9)), (220, 220, 222), swell=5, metal=0.6)
    glare = np.clip(1 - np.abs(sheet.x + 0.6 * sheet.y - 420) / 50, 0, 1) * sheet.mask(oval(230, 470, 129))
    sheet.put(glare, (230, 240, 250), opacity=0.13)


def wristwatch() -> Product:
    sheet = Sheet(460, 940, 302)
    hide = np.asarray((112, 62, 34), np.float32) * (1 + 0.06 * sheet.clouds(10, 10, 3))[..., None]
    strap = sheet.mask(
        poly(*at("158,340 170,60 182,30 278,30 290,60 302,340")),
        poly(*at("158,600 176,880 204,920 256,920 284,880 302,600")),
    )
    pores = sheet.mask(*[oval(230, 760 + 34 * k, 5, 6) for k in range(4)])
    sheet.put(strap * (1 - pores), hide, swell=16, bumps=0.25 * sheet.clouds(5), gloss=0.14, sharp=10)
    seams = [stitches(3, 9, (230 + s * 62, 330), (230 + s * 50, 50)) for s in (-1, 1)]
    seams += [stitches(3, 9, (230 + s * 62, 610), (230 + s * 44, 880)) for s in (-1, 1)]
    sheet.put(sheet.mask(*[one for seam in seams for one in seam]), (222, 186, 134), swell=1)
    buckle = sheet.mask(slab(158, 14, 302, 84, 12)) * (1 - sheet.mask(slab(174, 30, 286, 70, 6)))
    sheet.put(buckle, (196, 196, 200), swell=7, metal=0.75)
    lugs = [
        poly(
            (230 + s * 74, 470 + t * 190),
            (230 + s * 108, 470 + t * 184),
            (230 + s * 130, 470 + t * 70),
            (230 + s * 74, 470 + t * 80),
        )
        for s in (-1, 1)
        for t in (-1, 1)
    ]
    sheet.put(sheet.mask(*lugs), (188, 190, 196), swell=10, metal=0.7)
    sheet.put(sheet.mask(slab(396, 444, 428, 496, 8)), (186, 188, 192), swell=12, metal=0.8)
    sheet.put(sheet.mask(slab(382, 370, 408, 404, 6), slab(382, 536, 408, 570, 6)), (176, 178, 184), swell=9, metal=0.8)
    sheet.put(sheet.mask(oval(230, 470, 174)), (200, 202, 206), swell=22, metal=0.8, gloss=0.3)
    _dial(sheet)
    _hands(sheet)
    return sheet.done()


def skillet() -> Product:
    sheet = Sheet(680, 1060, 303)
    iron = np.asarray((48, 47, 48), np.float32) * (1 + 0.08 * sheet.clouds(4, 4, 2))[..., None]
    cast = 0.28 * sheet.clouds(4, 4, 2)
    hole = sheet.mask(blob(*at("340,900 362,930 364,966 340,990 316,966 318,930")))
    handle = sheet.mask(
        blob(*at("340,560 392,580 380,660 378,780 396,900 394,990 340,1034 286,990 284,900 302,780 300,660 288,580"))
    )
    sheet.put(handle * (1 - hole), iron, swell=20, bumps=cast, gloss=0.3, sharp=10)
    groove = sheet.mask(blob(*at("340,640 356,680 358,780 352,850 340,866 328,850 322,780 324,680")))
    sheet.shade(groove, 0.35, 5)
    outer = sheet.mask(
        oval(340, 320, 296), blob(*at("60,268 24,296 22,344 60,372")), blob(*at("620,268 656,296 658,344 620,372"))
    )
    sheet.put(outer, iron, swell=10, bumps=cast, gloss=0.45, sharp=10)
    wall = sheet.mask(oval(340, 320, 280))
    y, x = (sheet.y - 320) / 280, (sheet.x - 340) / 280
    lean = np.stack([-0.7 * x, -0.7 * y, np.full_like(x, 0.75)], axis=-1)
    sheet.put(wall, iron * 0.8, normal=lean / np.linalg.norm(lean, axis=-1, keepdims=True), gloss=0.25, sharp=8)
    floor = sheet.mask(oval(340, 324, 232))
    sheet.shade(floor, 0.3, 9, 0, 0)
    sheet.put(floor, iron * 0.92, bumps=cast + 0.12 * np.sin(np.hypot(x, y) * 300), gloss=0.2, sharp=6)
    shine = np.exp(-((np.hypot(x, y + 0.1) / 0.55) ** 2)) * (0.7 + 0.3 * np.cos(2 * np.arctan2(y + 0.1, x)))
    sheet.put(floor * shine, (150, 150, 154), opacity=0.16)
    return sheet.done()


def hammer() -> Product:
    sheet = Sheet(560, 1080, 304)
    ash = wood(sheet, (206, 164, 112), contrast=0.09)
    steel = np.asarray((150, 152, 158), np.float32) * (1 + 0.03 * sheet.clouds(200, 4, 2))[..., None]
    shaft = sheet.mask(blob(*at("226,90 276,90 280,300 276,460 290,640 286,800 214,800 210,640 224,460 220,300")))
    sheet.put(shaft, ash, swell=26, gloss=0.2, sharp=14)
    ribs = 2.2 * np.clip(np.sin(sheet.y * 0.28), -0.3, 0.8) * (np.abs(sheet.x - 250) < 30)
    grip = sheet.mask(
        blob(*at("250,600 292,604 296,700 290,840 304,960 306,1040 250,1058 194,1040 196,960 210,840 204,700 208,604"))
    )
    sheet.shade(grip, 0.4, 7, 2, -4)
    sheet.put(grip, (36, 38, 42), swell=30, bumps=ribs, gloss=0.3, sharp=10)
    sides = sheet.mask(
        tube(17, *at("214,630 218,760 208,900 212,1020")), tube(17, *at("286,630 282,760 292,900 288,1020"))
    )
    sheet.put(sides * grip, (224, 120, 28), swell=7, gloss=0.4)
    neck = sheet.mask(poly(*at("90,110 200,100 200,196 90,186")))
    sheet.put(neck, steel, swell=30, metal=0.55, gloss=0.3)
    claw = sheet.mask(
        blob(*at("280,98 350,96 430,128 490,190 522,262 516,274 496,256 446,206 380,180 300,190 282,180"))
    )
    sheet.put(claw, steel, swell=26, metal=0.55, gloss=0.3)
    sheet.shade(sheet.mask(tube(7, *at("400,146 450,186 490,234 512,266"))) * claw, 0.75, 2)
    sheet.put(sheet.mask(slab(186, 82, 300, 208, 16)), steel * 0.94, swell=18, metal=0.45, gloss=0.3)
    sheet.put(
        sheet.mask(poly(*at("34,82 84,76 100,102 100,194 84,220 34,212"))), steel * 1.1, swell=16, metal=0.6, gloss=0.4
    )
    sheet.shade(sheet.mask(line(3, (84, 78), (84, 218))), 0.4, 1)
    sheet.put(sheet.mask(slab(224, 64, 278, 90, 5)), ash * 0.86, swell=6)
    sheet.put(sheet.mask(line(5, (232, 76), (270, 76))), (130, 132, 136), swell=2, metal=0.5)
    sheet.put(
        sheet.mask(words(243, 134, "BRAND", 25), words(243, 164, "600 g", 23)),
        (60, 62, 66),
        bumps=-1.2 * sheet.clouds(9),
    )
    band = sheet.mask(slab(200, 396, 300, 500)) * shaft
    sheet.put(
        band,
        (196, 40, 36),
        normal=np.stack(
            [(sheet.x - 250) / 44, 0 * sheet.x, np.sqrt(np.clip(1 - ((sheet.x - 250) / 44) ** 2, 0.05, 1))], -1
        ),
        gloss=0.15,
    )
    sheet.put(sheet.mask(words(250, 434, "OAKE", 16), words(250, 462, "FORGE", 13)) * band, (250, 244, 230))
    return sheet.done(turn=-24)


def duck() -> Product:
    sheet = Sheet(720, 700, 305)
    yellow, orange = (250, 200, 34), (238, 116, 30)
    body = sheet.mask(
        blob(
            *at(
                "110,420 150,350 240,320 380,340 500,340 590,290 650,232 676,246 "
                "670,360 640,500 560,600 400,650 250,640 140,570"
            )
        )
    )
    sheet.put(body, yellow, swell=120, gloss=0.5, sharp=24)
    sheet.shade(sheet.mask(oval(270, 350, 130, 50)) * body, 0.22, 16)
    wing = sheet.mask(blob(*at("300,450 370,400 480,404 590,372 600,420 560,500 470,550 370,540 310,500")))
    sheet.shade(wing, 0.3, 10, 2, 9)
    sheet.put(wing, yellow, swell=40, gloss=0.4, sharp=20)
    sheet.shade(sheet.mask(tube(4, *at("450,520 510,490 560,440")), tube(4, *at("400,514 470,478 530,430"))), 0.16, 2)
    sheet.put(sheet.mask(blob(*at("288,56 316,26 350,36 340,76 300,90"))), yellow, swell=20, gloss=0.3)
    sheet.put(sheet.mask(oval(276, 214, 158, 152)), yellow, swell=110, gloss=0.6, sharp=26)
    lower = sheet.mask(blob(*at("140,262 90,266 44,276 60,300 120,312 170,296")))
    sheet.put(lower, (206, 88, 22), swell=14, gloss=0.3)
    upper = sheet.mask(blob(*at("168,216 120,226 70,244 30,238 26,258 70,278 130,282 182,276 196,244")))
    sheet.shade(upper, 0.25, 6, 1, 5)
    sheet.put(upper, orange, swell=22, gloss=0.5)
    sheet.put(sheet.mask(oval(206, 168, 27, 33)), (252, 252, 248), swell=8, gloss=0.3)
    sheet.put(sheet.mask(oval(198, 172, 18, 24)), (26, 24, 26), swell=8, gloss=0.6)
    sheet.put(sheet.mask(oval(192, 162, 6, 7)), (255, 255, 255))
    return sheet.done()


def _arch(middle: Point, across: float, down: float, thick: float, end: float) -> Stroke:
    """A band bent over a head; a wide line with bends leaves notches in its edge."""
    angles = np.linspace(-end, end, 60)
    sides = [
        [
            (middle[0] + (across + shift) * math.sin(a), middle[1] - (down + shift) * math.cos(a))
            for a in (angles if shift > 0 else angles[::-1])
        ]
        for shift in (thick / 2, -thick / 2)
    ]
    return poly(*sides[0], *sides[1])


def _cup(sheet: Sheet, side: int, grain: Array) -> None:
    black, soft = (40, 40, 44), (30, 30, 33)

    def on(x: float, y: float) -> tuple[float, float]:
        return (400 + side * x, y)

    pad = sheet.mask(
        blob(
            on(200, 450),
            on(250, 446),
            on(262, 520),
            on(264, 720),
            on(250, 800),
            on(206, 798),
            on(176, 740),
            on(170, 620),
            on(176, 510),
        )
    )
    sheet.put(pad, soft, swell=34, bumps=grain, gloss=0.16, sharp=8)
    sheet.shade(sheet.mask(tube(4, on(226, 450), on(212, 540), on(212, 710), on(230, 800))) * pad, 0.5, 2)
    shell = sheet.mask(
        blob(
            on(254, 450),
            on(310, 460),
            on(350, 520),
            on(366, 624),
            on(350, 730),
            on(310, 790),
            on(254, 800),
            on(246, 720),
            on(246, 530),
        )
    )
    sheet.shade(shell, 0.4, 6)
    sheet.put(shell, black, swell=44, gloss=0.4, sharp=14)
    trim = sheet.mask(tube(9, on(306, 466), on(330, 530), on(340, 624), on(330, 720), on(306, 784))) * shell
    sheet.put(trim, (206, 150, 96), swell=4, metal=0.6)
    yoke = sheet.mask(tube(24, on(300, 500), on(312, 560), on(322, 624)))
    sheet.shade(yoke, 0.5, 5, 0, 4)
    sheet.put(yoke, (60, 60, 66), swell=10, metal=0.35, gloss=0.4)
    sheet.put(sheet.mask(oval(*on(322, 624), 15)), (176, 178, 184), swell=7, metal=0.7)


def headphones() -> Product:
    sheet = Sheet(800, 900, 306)
    grain = 0.2 * sheet.clouds(5, 5, 2)
    black, soft = (40, 40, 44), (30, 30, 33)
    for side in (-1, 1):
        sheet.put(
            sheet.mask(line(22, (400 + side * 288, 340), (400 + side * 304, 540))), (176, 178, 184), swell=9, metal=0.8
        )
    sheet.put(sheet.mask(_arch((400, 436), 262, 338, 34, 1.05)), soft, swell=14, bumps=grain, gloss=0.1, sharp=6)
    sheet.put(sheet.mask(_arch((400, 430), 292, 370, 42, 1.42)), black, swell=17, gloss=0.35, sharp=12)
    seam = [(400 + 280 * math.sin(a), 430 - 358 * math.cos(a)) for a in np.linspace(-1.4, 1.4, 15)]
    sheet.put(sheet.mask(*stitches(2.4, 8, *seam)), (110, 110, 116))
    for side in (-1, 1):
        _cup(sheet, side, grain)
    return sheet.done()


PRODUCTS = {
    "sneaker": sneaker,
    "wristwatch": wristwatch,
    "skillet": skillet,
    "hammer": hammer,
    "duck": duck,
    "headphones": headphones,
}
