"""The last of the products of the set nobody has seen."""

from __future__ import annotations

import math

import numpy as np

from tests.checked.drawing import Array, Sheet, at, blob, line, oval, poly, slab, tube, wood, words
from tests.checked.making import Product


def suitcase() -> Product:
    sheet = Sheet(620, 1000, 21)
    shell, dark = (196, 92, 70), (48, 48, 52)
    for x in (230, 390):
        sheet.put(sheet.mask(line(16, (x, 60), (x, 200))), (178, 180, 184), swell=7, metal=0.7)
    sheet.put(sheet.mask(slab(206, 20, 414, 66, 20)), dark, swell=16, gloss=0.4)
    for x in (110, 190, 430, 510):
        sheet.put(sheet.mask(oval(x, 950, 22, 34)), (30, 30, 32), swell=12, gloss=0.3)
        sheet.put(sheet.mask(slab(x - 26, 900, x + 26, 940, 8)), dark, swell=8)
    body = sheet.mask(slab(50, 150, 570, 920, 66))
    ribs = 9 * np.clip(np.sin(sheet.x / 520 * math.tau * 9), -0.5, 0.5) * np.clip((sheet.y - 190) / 30, 0, 1)
    ribs = ribs * np.clip((880 - sheet.y) / 30, 0, 1)
    sheet.put(body, shell, swell=40, bumps=ribs + 0.05 * sheet.clouds(3), gloss=0.3, sharp=16)
    edge = body - sheet.mask(slab(62, 162, 558, 908, 58))
    sheet.shade(np.clip(edge, 0, 1), 0.25)
    for x, y, turn in ((50, 150, 1), (570, 150, -1), (50, 920, 1), (570, 920, -1)):
        corner = sheet.mask(oval(x + 4 * turn, y, 70)) * body
        sheet.put(corner, np.asarray(shell) * 0.8, swell=16, gloss=0.3)
    sheet.put(sheet.mask(slab(238, 132, 382, 160, 12)), dark, swell=10, gloss=0.4)
    lock = sheet.mask(slab(468, 196, 548, 262, 10))
    sheet.shade(lock, 0.5, 6, 2, 4)
    sheet.put(lock, (60, 60, 64), swell=8, gloss=0.4)
    sheet.put(sheet.mask(*[slab(478 + 21 * k, 212, 494 + 21 * k, 244, 3) for k in range(3)]), (196, 196, 198), swell=4)
    sheet.put(sheet.mask(*[words(486 + 21 * k, 228, "407"[k], 18) for k in range(3)]), (20, 20, 22))
    round_one = sheet.mask(oval(190, 650, 82))
    sheet.put(round_one, (238, 226, 190), bumps=ribs)
    sheet.put(sheet.mask(oval(190, 650, 70)), (30, 104, 120), bumps=ribs)
    sheet.put(sheet.mask(poly(*at("124,672 176,606 204,640 220,624 256,672"))), (240, 244, 244), bumps=ribs)
    sheet.put(sheet.mask(words(190, 694, "LOFOTEN", 24)), (250, 240, 200))
    sheet.put(sheet.mask(poly(*at("300,742 474,700 490,770 316,812"))), (242, 196, 50), bumps=ribs)
    sheet.put(sheet.mask(words(396, 756, "FRAGILE", 32)), (150, 30, 26))
    plate = sheet.mask(slab(250, 226, 370, 262, 6))
    sheet.put(plate, (190, 192, 196), swell=4, metal=0.5)
    sheet.put(sheet.mask(words(310, 244, "VANTO", 25)), (40, 40, 44))
    return sheet.done()


def soap() -> Product:
    sheet = Sheet(640, 440, 22)
    milk = np.asarray((206, 204, 164), np.float32) * (1 + 0.015 * sheet.clouds(90, 50, 3))[..., None]
    sheet.put(
        sheet.mask(blob(*at("40,230 70,110 320,84 570,110 600,230 572,352 320,380 68,352"))),
        milk * 0.86,
        swell=34,
        gloss=0.14,
        sharp=10,
    )
    face = sheet.mask(blob(*at("62,208 92,108 320,86 548,108 578,208 550,306 320,328 90,306")))
    sheet.put(face, milk, swell=34, gloss=0.2, sharp=10)
    seeds = [oval(*sheet.noise.uniform((80, 110), (560, 310)), sheet.noise.uniform(1.2, 3)) for _ in range(70)]
    sheet.put(sheet.mask(*seeds) * face, (124, 110, 64), opacity=0.6)
    pressed = sheet.mask(words(320, 196, "olive", 120), words(320, 268, "savon de jardin", 30))
    depth = -3.4 * pressed
    sheet.put(pressed * face, milk * 0.93, bumps=depth, gloss=0.12)
    frame = sheet.mask(blob(*at("94,206 120,126 320,106 520,126 546,206 522,288 320,308 118,288")))
    hollow = sheet.mask(blob(*at("100,206 126,131 320,111 514,131 540,206 516,283 320,303 124,283")))
    ring = np.clip(frame - hollow, 0, 1)
    sheet.put(ring * face, milk * 0.95, bumps=-3 * ring)
    return sheet.done()


def dumbbell() -> Product:
    sheet = Sheet(860, 420, 23)
    rubber = np.asarray((46, 46, 50), np.float32) * (1 + 0.1 * sheet.clouds(3))[..., None]
    knurl = 0.9 * np.sin((sheet.x + sheet.y) * 0.9) * np.sin((sheet.x - sheet.y) * 0.9)
    grip = sheet.mask(blob(*at("250,176 330,172 430,166 530,172 610,176 610,246 530,250 430,256 330,250 250,246")))
    sheet.put(grip, (196, 198, 202), swell=34, bumps=knurl, metal=0.85)
    for x in (262, 598):
        sheet.put(sheet.mask(slab(x - 22, 160, x + 22, 262, 10)), (160, 162, 166), swell=20, metal=0.8)
    for side, base in ((1, 0), (-1, 860)):

        def on(x: float, y: float, side: int = side, base: int = base) -> tuple[float, float]:
            return (base + side * x, y)

        head = sheet.mask(
            poly(
                on(30, 130), on(70, 60), on(220, 50), on(256, 128), on(256, 290), on(220, 366), on(70, 356), on(30, 286)
            )
        )
        sheet.put(head, rubber, swell=22, gloss=0.25, sharp=14)
        upper = sheet.mask(poly(on(34, 132), on(72, 64), on(218, 54), on(252, 130)))
        sheet.shade(upper, -0.55, 3)
        lower = sheet.mask(poly(on(34, 286), on(252, 290), on(218, 362), on(72, 352)))
        sheet.shade(lower, 0.45, 3)
        sheet.shade(sheet.mask(line(2, on(34, 131), on(252, 129)), line(2, on(34, 287), on(252, 290))), -0.5, 1)
    sheet.put(sheet.mask(words(144, 196, "10", 78), words(144, 252, "KG", 34)), (214, 214, 214), swell=3)
    sheet.put(sheet.mask(words(716, 196, "FORTE", 44), words(716, 240, "hex series", 22)), (206, 60, 44), swell=3)
    return sheet.done()


def _leaf(sheet: Sheet, root: tuple[float, float], turn: float, length: float, green: Array) -> None:
    """A leaf that points somewhere: half of it lies in the light."""
    along, beside = (math.sin(turn), -math.cos(turn)), (math.cos(turn), math.sin(turn))

    def on(far: float, off: float) -> tuple[float, float]:
        bend = 0.16 * far * far * math.copysign(1, along[0])
        far, off = far * length, off * length
        return root[0] + along[0] * far + beside[0] * off, root[1] + along[1] * far + beside[1] * off + bend * length

    whole = sheet.mask(
        blob(
            on(0, 0),
            on(0.14, 0.15),
            on(0.4, 0.23),
            on(0.72, 0.16),
            on(1, 0),
            on(0.72, -0.16),
            on(0.4, -0.23),
            on(0.14, -0.15),
        )
    )
    sheet.shade(whole, 0.4, 12, 5, 14)
    sheet.put(whole, green, swell=14, gloss=0.3, sharp=12)
    half = sheet.mask(blob(on(0, 0), on(0.14, 0.15), on(0.4, 0.23), on(0.72, 0.16), on(1, 0), on(0.6, 0), on(0.3, 0)))
    sheet.shade(half * whole, 0.2, 1)
    veins = [tube(2, on(k, 0), on(k + 0.12, 0.09), on(k + 0.17, 0.17)) for k in (0.2, 0.36, 0.52, 0.68)]
    veins += [tube(2, on(k, 0), on(k + 0.12, -0.09), on(k + 0.17, -0.17)) for k in (0.2, 0.36, 0.52, 0.68)]
    sheet.put(sheet.mask(tube(4, on(0, 0), on(0.5, 0), on(0.96, 0)), *veins) * whole, (150, 186, 110), opacity=0.55)


def plant() -> Product:
    sheet = Sheet(880, 1060, 24)
    clay = np.asarray((190, 104, 70), np.float32) * (1 + 0.03 * sheet.clouds(40, 20, 3))[..., None]
    leaves = [(-0.5, 330, -0.9, 250), (0.45, 320, 0.95, 240), (-0.16, 400, -0.4, 300), (0.2, 410, 0.36, 290)]
    leaves += [(-0.75, 250, -1.5, 250), (0.7, 220, 1.6, 230), (0.05, 430, 0.0, 250), (-0.3, 210, -1.1, 220)]
    leaves += [(0.28, 240, 0.8, 240), (-0.1, 230, -0.25, 240), (0.12, 150, 1.3, 180)]
    green = np.asarray((52, 112, 54)) * (1 + 0.05 * sheet.clouds(40))[..., None]
    roots = []
    for lean, far, turn, length in leaves:
        root = (440 + far * math.sin(lean), 710 - far * math.cos(lean))
        roots.append((root, turn, length))
        sheet.put(
            sheet.mask(tube(9, (440 + 30 * lean, 730), (440 + 0.35 * far * math.sin(lean), 710 - 0.5 * far), root)),
            (92, 132, 70),
            swell=4,
        )
    for number, (root, turn, length) in enumerate(roots):
        _leaf(sheet, root, turn, length, green * (0.72 + 0.05 * number))
    soil = sheet.mask(oval(440, 730, 150, 30))
    sheet.put(soil, (62, 44, 34))
    for number in (7, 9, 10):
        _leaf(sheet, *roots[number], green * (0.85 + 0.05 * (number - 7)))
    pot, facing = sheet.turned(440, (*at("760,142 870,130 970,116 1030,108"),), 0.14)
    sheet.put(pot, clay, normal=facing, gloss=0.1, sharp=8)
    rim, facing = sheet.turned(440, ((726, 164), (750, 166), (792, 162)), 0.16)
    sheet.shade(np.roll(rim, 16, 0) * pot, 0.4, 8)
    sheet.put(rim, clay * 1.04, normal=facing, gloss=0.12, sharp=8)
    mark = sheet.mask(words(412, 900, "basil & co", 30))
    sheet.put(mark * pot, (240, 226, 206), opacity=0.85)
    return sheet.done()


def _camera_lens(sheet: Sheet) -> None:
    for reach, colour, metal in (
        (200, (150, 150, 154), 0.6),
        (184, (30, 30, 32), 0.0),
        (160, (52, 52, 56), 0.0),
        (136, (24, 24, 26), 0.0),
    ):
        ring = sheet.mask(oval(480, 350, reach))
        sheet.shade(ring, 0.35, 8, 4, 8)
        sheet.put(ring, colour, swell=12, metal=metal, gloss=0.35)
    ticks = [
        line(3, *((480 + r * math.cos(a), 350 + r * math.sin(a)) for r in (164, 178)))
        for a in np.arange(0, math.tau, math.tau / 40)
    ]
    sheet.put(sheet.mask(*ticks), (196, 196, 196), opacity=0.7)
    sheet.put(sheet.mask(words(480, 234, "50 mm  1:1.8", 19)), (226, 226, 226))
    glass = sheet.mask(oval(480, 350, 96))
    far = np.hypot(sheet.x - 480, sheet.y - 350)[..., None] / 96
    sheet.put(glass, np.asarray((12, 14, 26)) * (1 - far) + np.asarray((58, 40, 92)) * far, swell=30, gloss=0.3)
    for x, y, reach, colour in (
        (446, 312, 34, (120, 150, 220)),
        (520, 392, 20, (150, 90, 170)),
        (500, 372, 10, (90, 180, 150)),
    ):
        sheet.put(sheet.mask(oval(x, y, reach, reach * 0.8)) * glass, colour, opacity=0.4)


def camera() -> Product:
    sheet = Sheet(860, 620, 25)
    silver, black = (184, 184, 186), np.asarray((36, 36, 38), np.float32)
    skin = 0.5 * sheet.clouds(6, 6, 2)
    sheet.put(sheet.mask(slab(110, 92, 210, 140, 10)), silver, swell=14, metal=0.5)
    sheet.put(sheet.mask(slab(600, 96, 720, 140, 8)), silver, swell=20, metal=0.6)
    sheet.shade(sheet.mask(*[line(2, (606 + 8 * k, 100), (606 + 8 * k, 136)) for k in range(14)]), 0.5)
    sheet.put(sheet.mask(oval(250, 126, 26, 12)), (190, 50, 40), swell=8, gloss=0.5)
    sheet.put(sheet.mask(slab(40, 128, 820, 540, 54)), silver, swell=14, metal=0.25, gloss=0.2)
    sheet.put(sheet.mask(blob(*at("360,140 400,60 480,54 560,60 600,140"))), silver, swell=20, metal=0.3)
    sheet.put(sheet.mask(slab(40, 226, 820, 478, 8)), black, swell=8, bumps=skin, gloss=0.16, sharp=12)
    sheet.put(
        sheet.mask(blob(*at("60,240 120,224 170,260 176,380 160,480 80,490 50,460"))),
        black,
        swell=34,
        bumps=skin,
        gloss=0.2,
        sharp=12,
    )
    sheet.put(sheet.mask(words(480, 98, "ORBIS", 40)), (30, 30, 32))
    _camera_lens(sheet)
    sheet.put(sheet.mask(slab(690, 158, 790, 208, 8)), (30, 30, 34), swell=6, gloss=0.4)
    sheet.put(sheet.mask(slab(704, 168, 776, 198, 5)), (96, 116, 140), swell=8, gloss=0.5)
    sheet.put(sheet.mask(oval(160, 184, 14)), (240, 90, 60), swell=6, gloss=0.6)
    for x in (34, 826):
        sheet.put(sheet.mask(oval(x, 190, 16)) - sheet.mask(oval(x, 190, 8)), silver, swell=4, metal=0.6)
    sheet.put(sheet.mask(words(740, 510, "F-27", 26)), (50, 50, 54))
    return sheet.done()


def ring() -> Product:
    sheet = Sheet(500, 640, 26)
    gold = (236, 190, 96)
    back = sheet.mask(oval(250, 400, 196, 200)) - sheet.mask(oval(250, 392, 174, 172))
    sheet.put(np.clip(back, 0, 1), gold, swell=13, metal=0.8, gloss=0.4)
    band = np.clip(sheet.mask(oval(250, 404, 200, 204)) - sheet.mask(oval(250, 398, 168, 178)), 0, 1)
    sheet.put(band, gold, swell=15, metal=0.85, gloss=0.6, sharp=40)
    sheet.put(sheet.mask(poly(*at("190,206 310,206 276,262 224,262"))), gold, swell=12, metal=0.8, gloss=0.4)
    angles = np.arange(8) * math.tau / 8 + math.tau / 16
    outer = [(250 + 104 * math.cos(a), 140 + 96 * math.sin(a)) for a in angles]
    table = [(250 + 56 * math.cos(a + math.tau / 16), 132 + 50 * math.sin(a + math.tau / 16)) for a in angles]
    tones = (0.62, 0.44, 0.86, 1.25, 1.5, 1.15, 1.36, 0.9)
    for k in range(8):
        follow = (k + 1) % 8
        facet = sheet.mask(poly(outer[k], outer[follow], table[k]))
        sheet.put(facet, np.clip(np.asarray((32, 96, 170)) * tones[k], 0, 255), gloss=0.1)
        facet = sheet.mask(poly(table[k], table[follow], outer[follow]))
        sheet.put(facet, np.clip(np.asarray((40, 112, 190)) * tones[(k * 3 + 2) % 8], 0, 255), gloss=0.1)
    sheet.put(sheet.mask(poly(*table)), (64, 142, 214))
    sheet.put(sheet.mask(poly(table[3], table[4], table[5], (250, 130))), (190, 226, 250), opacity=0.75)
    sheet.put(sheet.mask(poly(table[7], table[0], (250, 130))), (22, 70, 140), opacity=0.6)
    claws = [
        ((250 + 108 * math.cos(a), 140 + 100 * math.sin(a)), (250 + 84 * math.cos(a), 138 + 77 * math.sin(a)))
        for a in (0.7, 2.44, 3.84, 5.58)
    ]
    sheet.put(sheet.mask(*[line(17, *ends) for ends in claws]), gold, swell=8, metal=0.8, gloss=0.6)
    return sheet.done()


def hourglass() -> Product:
    sheet = Sheet(480, 820, 27)
    walnut, brass = wood(sheet, (112, 68, 40), upright=False), (206, 170, 100)
    lower, facing = sheet.turned(240, ((720, 190), (740, 196), (770, 196)), 0.1)
    sheet.put(lower, walnut, normal=facing, gloss=0.3, sharp=16)
    sheet.put(sheet.mask(oval(240, 722, 192, 24)), walnut * 1.1, gloss=0.1)
    bulbs = (*at("96,118 130,132 230,130 330,80 402,14 420,14 492,80 592,130 690,132 716,120"),)
    glass, facing = sheet.turned(240, bulbs)
    sheet.put(glass, (214, 230, 230), normal=facing, opacity=0.34)
    rim = glass * np.clip(np.abs(facing[..., 0]) - 0.62, 0, 1) * 2
    sheet.put(np.clip(rim, 0, 1), (120, 150, 150), opacity=0.6)
    sand = np.asarray((206, 150, 92), np.float32) * (1 + 0.07 * sheet.clouds(3))[..., None]
    inner, facing = sheet.turned(240, tuple((y, radius - 7) for y, radius in bulbs))
    heap = sheet.y > 560 + 0.5 * np.abs(sheet.x - 240)
    left = (sheet.y > 262) & (sheet.y < 400)
    sheet.put(inner * (heap | left), sand, normal=facing)
    sheet.put(sheet.mask(oval(240, 262, 121, 13)), np.clip(sand * 1.12, 0, 255))
    sheet.put(sheet.mask(line(4, (240, 400), (240, 570))), sand)
    for x, top in ((160, 130), (172, 520)):
        sheet.put(
            sheet.mask(tube(13, (x - 20, top), (x - 34, top + 50), (x - 24, top + 150))) * glass,
            (255, 255, 255),
            opacity=0.5,
        )
    for x in (76, 404):
        post, facing = sheet.turned(x, (*at("86,16 130,12 250,14 404,20 560,14 690,12 736,16"),))
        sheet.put(post, wood(sheet, (120, 74, 44)), normal=facing, gloss=0.4)
        knob, facing = sheet.turned(x, (*at("384,20 394,25 416,25 426,20"),))
        sheet.put(knob, brass, normal=facing, metal=0.6)
    upper, facing = sheet.turned(240, ((56, 194), (76, 196), (92, 190)), 0.1)
    sheet.put(upper, walnut, normal=facing, gloss=0.3, sharp=16)
    sheet.put(sheet.mask(oval(240, 58, 194, 24)), walnut * 1.25, swell=6, gloss=0.2)
    return sheet.done()


PRODUCTS = {
    "suitcase": suitcase,
    "soap": soap,
    "dumbbell": dumbbell,
    "plant": plant,
    "camera": camera,
    "ring": ring,
    "hourglass": hourglass,
}
