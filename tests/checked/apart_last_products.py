"""The rest of the products of the set that is kept apart."""

from __future__ import annotations

import math

import numpy as np

from tests.checked.drawing import Array, Sheet, at, blob, line, oval, poly, slab, smooth, stitches, tube, words
from tests.checked.making import Product


def _panels() -> tuple[Array, Array]:
    """The middles of the 12 panels of five sides and the 20 of six, on a ball that is turned a little."""
    long = (1 + math.sqrt(5)) / 2
    signs = [(a, b) for a in (-1, 1) for b in (-1, 1)]
    five = np.asarray([p for a, b in signs for p in ((0, a, b * long), (a, b * long, 0), (b * long, 0, a))], np.float32)
    corners = [
        five[i] + five[j] + five[k]
        for i in range(12)
        for j in range(i)
        for k in range(j)
        if max(np.linalg.norm(five[i] - five[j]), np.linalg.norm(five[j] - five[k]), np.linalg.norm(five[i] - five[k]))
        < 2.1
    ]
    six = np.asarray(corners, np.float32)
    found = []
    for middles in (five, six):
        (s, c), (u, v) = ((math.sin(a), math.cos(a)) for a in (0.62, 0.3))
        turned = middles @ np.asarray(((1, 0, 0), (0, c, -s), (0, s, c)), np.float32)
        turned = turned @ np.asarray(((v, 0, u), (0, 1, 0), (-u, 0, v)), np.float32)
        found.append(turned / np.linalg.norm(turned, axis=1, keepdims=True))
    return found[0], found[1]


def football() -> Product:
    sheet = Sheet(660, 660, 501)
    x, y = (sheet.x - 330) / 306, (sheet.y - 330) / 306
    out = np.sqrt(np.clip(1 - x * x - y * y, 0.0004, 1))
    round_one = np.stack([x, y, out], axis=-1)
    five, six = _panels()
    # How far out the plane of each panel lies: a ball of such panels, pumped up.
    reached = np.concatenate([round_one @ five.T / 2.3274, round_one @ six.T / 2.2673], axis=-1)
    best = np.argmax(reached, axis=-1)
    ordered = np.partition(reached, -2, axis=-1)
    seam = np.clip((ordered[..., -1] - ordered[..., -2]) / 0.012, 0, 1)
    dark, light = np.asarray((28, 44, 96), np.float32), np.asarray((240, 240, 236), np.float32)
    paint = np.where((best < 12)[..., None], dark, light)
    paint = np.where((best == 12 + int(np.argmax(six[:, 2])))[..., None], (244, 236, 214), paint)
    paint = paint * (0.45 + 0.55 * np.sqrt(seam))[..., None]
    pits = np.gradient(0.5 * np.sin(sheet.x * 1.1) * np.sin(sheet.y * 1.1) + 8 * np.sqrt(seam))
    normal = round_one - 0.22 * np.stack([pits[1], pits[0], 0 * x], axis=-1)
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    ball = sheet.put(sheet.mask(oval(330, 330, 306)), paint, normal=normal, gloss=0.25, sharp=16)
    middle = six[int(np.argmax(six[:, 2]))]
    px, py = 330 + 306 * float(middle[0]), 330 + 306 * float(middle[1])
    sheet.put(
        sheet.mask(words(px, py - 12, "VARDE", 40), words(px, py + 22, "match 5", 22)), (176, 36, 40), normal=normal
    )
    arrow = five[int(np.argmax(five[:, 2] - 0.4 * five[:, 1]))]
    ax, ay = 330 + 306 * float(arrow[0]), 330 + 306 * float(arrow[1])
    star = [
        (ax + r * math.sin(k * math.pi / 5), ay - r * math.cos(k * math.pi / 5))
        for k in range(10)
        for r in ((34, 15)[k % 2],)
    ]
    sheet.put(sheet.mask(poly(*star)) * ball, (232, 178, 60), normal=normal, gloss=0.2)
    sheet.shade(ball * np.clip(1.2 - 3.2 * out, 0, 1), 0.3)
    return sheet.done()


def watering() -> Product:
    sheet = Sheet(960, 720, 502)
    zinc = np.asarray((96, 134, 112), np.float32) * (1 + 0.035 * sheet.clouds(120, 90, 3))[..., None]
    dark = zinc * 0.8
    sheet.put(sheet.mask(tube(24, *at("620,250 760,200 850,290 820,430 690,520"))), zinc, swell=10, gloss=0.4)
    spout = sheet.mask(poly(*at("330,470 330,580 120,236 76,150 116,130 154,206")))
    sheet.put(spout, zinc, swell=26, gloss=0.35, sharp=18)
    sheet.put(sheet.mask(line(12, (380, 300), (166, 256))), dark, swell=5, gloss=0.4)
    rose = sheet.mask(poly(*at("78,158 118,134 140,70 24,118")))
    sheet.put(rose, zinc, swell=16, gloss=0.3)
    face = sheet.mask(poly(*at("20,118 134,62 144,72 140,84 34,138 20,132")), oval(82, 98, 8))
    sheet.put(face, (196, 150, 84), swell=8, metal=0.5)
    sheet.shade(sheet.mask(*[oval(38 + 11 * k, 118 - 5.4 * k, 3) for k in range(9)]), 0.7)
    body, facing = sheet.turned(490, (*at("260,176 280,178 420,190 600,204 650,206 664,202"),), 0.1)
    sheet.put(sheet.mask(oval(490, 262, 176, 30)), (44, 58, 52), swell=4)
    sheet.put(sheet.mask(tube(24, *at("352,250 380,110 490,52 600,110 628,250"))), zinc, swell=10, gloss=0.45)
    grip = sheet.mask(blob(*at("408,74 440,48 490,36 540,48 572,74 574,96 550,94 524,78 490,71 456,78 430,94 406,96")))
    sheet.shade(grip, 0.3, 4, 2, 4)
    sheet.put(grip, (150, 98, 56), swell=15, gloss=0.25)
    dents = np.gradient(1.6 * sheet.clouds(150, 120, 2))
    lean = facing - np.stack([dents[1], dents[0], 0 * sheet.x], axis=-1) * 1.4
    lean = lean / np.linalg.norm(lean, axis=-1, keepdims=True)
    sheet.put(body, zinc, normal=lean, gloss=0.35, sharp=16)
    back = sheet.mask(oval(490, 262, 168, 26)) * (sheet.y < 300)
    sheet.put(back, (40, 52, 46), swell=3)
    sheet.put(sheet.mask(tube(10, *at("318,268 400,288 490,293 580,288 662,268"))), zinc * 1.15, swell=5, gloss=0.5)
    for y, reach in ((330, 182), (630, 204)):
        away = np.clip(1 - ((sheet.x - 490) / reach) ** 2, 0, 1)
        ring = np.exp(-(((sheet.y - y - 0.1 * reach * np.sqrt(away)) / 6) ** 2)) * body
        sheet.put(np.clip(1.5 * ring, 0, 1), zinc * 1.12, normal=facing, gloss=0.5)
    sheet.put(
        sheet.mask(*[oval(x, y, 6) for x, y in at("640,300 654,330 676,540 690,570")]),
        (170, 176, 170),
        swell=4,
        metal=0.4,
    )
    crest = sheet.mask(
        words(484, 440, "Hagen & Sons", 44),
        words(484, 486, "NURSERY  10 L", 26),
        tube(3, *at("380,512 484,520 590,512")),
    )
    sheet.put(crest * body, (236, 228, 204), normal=facing, opacity=0.9)
    return sheet.done()


_ROWS = ("`1234567890-=", "QWERTYUIOP[]", "ASDFGHJKL;'", "ZXCVBNM,./")


def _caps() -> list[tuple[float, float, float, str, int]]:
    """Where the caps are: left, row, width in caps, what is printed, which colour."""
    found: list[tuple[float, float, float, str, int]] = [(0, 0, 1, "esc", 2)]
    found += [(1 + k, 0, 1, one, 0) for k, one in enumerate(_ROWS[0][1:])]
    found += [(13, 0, 2, "back", 1), (0, 1, 1.5, "tab", 1), (13.5, 1, 1.5, "\\", 1)]
    found += [(1.5 + k, 1, 1, one, 0) for k, one in enumerate(_ROWS[1])]
    found += [
        (0, 2, 1.75, "caps", 1),
        (12.75, 2, 2.25, "enter", 2),
        (0, 3, 2.25, "shift", 1),
        (12.25, 3, 1.75, "shift", 1),
    ]
    found += [(1.75 + k, 2, 1, one, 0) for k, one in enumerate(_ROWS[2])]
    found += [(2.25 + k, 3, 1, one, 0) for k, one in enumerate(_ROWS[3])] + [(14, 3, 1, "up", 1)]
    found += [(0, 4, 1.25, "ctrl", 1), (1.25, 4, 1.25, "fn", 1), (2.5, 4, 1.25, "alt", 1), (3.75, 4, 6.25, "", 0)]
    found += [
        (10, 4, 1, "alt", 1),
        (11, 4, 1, "fn", 1),
        (12, 4, 1, "<", 1),
        (13, 4, 1, "dn", 1),
        (14, 4, 1, ">", 1),
    ]
    return found


def keyboard() -> Product:
    sheet = Sheet(1100, 470, 503)
    sheet.put(sheet.mask(tube(16, *at("160,50 150,20 190,8"))), (50, 50, 54), swell=7)
    grain = 0.045 * sheet.clouds(3)
    case = sheet.mask(slab(14, 30, 1086, 450, 24))
    sheet.put(case, (206, 200, 188), swell=14, bumps=grain, gloss=0.15, sharp=12)
    sheet.put(sheet.mask(slab(40, 78, 1060, 428, 10)), (70, 68, 66), swell=5)
    colours, prints = (
        ((238, 234, 222), (150, 152, 154), (226, 108, 66)),
        ((70, 70, 74), (244, 244, 240), (255, 248, 240)),
    )
    kinds: list[tuple[list[tuple[float, ...]], list[tuple[float, float, str, float]]]] = [([], []), ([], []), ([], [])]
    for left, row, wide, text, kind in _caps():
        x, y = 46 + 67.2 * left, 84 + 68 * row
        kinds[kind][0].append((x + 2, y + 2, x + 67.2 * wide - 3, y + 66))
        if text:
            kinds[kind][1].append(
                (x + (20 if len(text) == 1 else 14 + 5 * len(text)), y + 22, text, 21 if len(text) == 1 else 15)
            )
    for (boxes, legends), colour, ink in zip(kinds, colours, prints, strict=True):
        skirts = sheet.mask(*[slab(*box, 7) for box in boxes])
        sheet.shade(skirts, 0.5, 3, 2, 3)
        sheet.put(skirts, np.asarray(colour) * 0.72, swell=6)
        tops = sheet.mask(*[slab(a + 7, b + 3, c - 7, d - 13, 8) for a, b, c, d in boxes])
        sheet.put(tops, colour, swell=6, bumps=grain, gloss=0.1, sharp=10)
        sheet.put(sheet.mask(*[words(*one) for one in legends]), ink)
    sheet.put(sheet.mask(words(956, 55, "clackton 65", 25)), (96, 92, 86))
    sheet.put(sheet.mask(oval(1046, 55, 6)), (90, 200, 110), swell=4, gloss=0.4)
    return sheet.done()


def shirt() -> Product:
    sheet = Sheet(900, 900, 504)
    knit = 0.3 * np.sin(sheet.x * 1.7) + 0.2 * np.sin(sheet.y * 1.2)
    drape = 5 * sheet.clouds(80, 330, 2) + 3 * sheet.clouds(240, 90)
    stripes = np.clip(np.sin((sheet.y + 5 * sheet.clouds(160, 200)) * math.tau / 62) * 6 - 2.4, 0, 1)[..., None]
    cream, navy = np.asarray((236, 230, 216), np.float32), np.asarray((48, 66, 110), np.float32)
    cloth = cream * (1 - stripes) + navy * stripes
    sheet.put(sheet.mask(blob(*at("350,70 450,52 550,70 540,120 450,140 360,120"))), cream * 0.66, swell=4)
    sheet.put(sheet.mask(words(450, 92, "NORI  M", 17)), (90, 90, 96))
    for side in (-1, 1):
        sleeve = [(450 + side * x, y) for x, y in at("110,160 190,102 290,166 400,330 424,380 300,440 260,390 220,300")]
        sheet.put(sheet.mask(blob(*sleeve)), cloth * 0.97, swell=34, bumps=drape + knit)
        cuff = stitches(2, 6, (450 + side * 410, 356), (450 + side * 292, 416))
        sheet.put(sheet.mask(*cuff), (150, 148, 142))
    body = sheet.mask(
        blob(
            *at(
                "350,66 396,118 450,134 504,118 550,66 640,98 690,190 684,330 690,600 700,850 "
                "560,872 340,872 200,850 210,600 216,330 210,190 260,98"
            )
        )
    )
    sheet.shade(body, 0.28, 9)
    sheet.put(body, cloth, swell=44, bumps=drape + knit)
    for side in (-1, 1):
        seam = sheet.mask(tube(4, *[(450 + side * x, y) for x, y in at("200,110 226,200 226,330")]))
        sheet.shade(seam * body, 0.3, 2)
    rib = sheet.mask(tube(25, *at("340,70 392,126 450,144 508,126 560,70")))
    sheet.shade(rib, 0.3, 5, 0, 3)
    sheet.put(rib, navy, swell=9, bumps=0.8 * np.sin(sheet.x * 0.9))
    pocket = sheet.mask(poly(*at("510,270 630,270 630,378 570,408 510,378")))
    sheet.shade(pocket, 0.35, 5, 2, 4)
    sheet.put(pocket, navy * 1.05, swell=4, bumps=knit)
    sheet.put(sheet.mask(*stitches(2, 6, *at("518,288 570,288 622,288"))), (206, 206, 210))
    sheet.put(sheet.mask(*stitches(2, 6, *at("214,836 340,858 560,858 686,836"))), (140, 140, 138))
    return sheet.done()


def cushion() -> Product:
    sheet = Sheet(700, 700, 505)
    weave = 0.22 * (np.cos((sheet.x - 350) * 1.05) + np.cos((sheet.y - 350) * 1.05)) + 0.6 * sheet.clouds(90, 90, 2)
    rust = np.asarray((176, 96, 62), np.float32) * (1 + 0.03 * sheet.clouds(3, 3))[..., None]
    edge = at(
        "350,74 510,66 664,36 636,190 628,350 636,510 664,664 510,634 "
        "350,626 190,634 36,664 64,510 72,350 64,190 36,36 190,66"
    )
    twist = 1.2 * np.sin((np.abs(sheet.x - 350) + np.abs(sheet.y - 350)) * 0.6)
    sheet.put(sheet.mask(line(15, *smooth(edge, closed=True), edge[0])), rust * 0.8, swell=6, bumps=twist)
    across, down = (np.cos(np.clip((one - 350) / 300, -1, 1) * math.pi / 2) for one in (sheet.x, sheet.y))
    body = sheet.mask(blob(*edge))
    sheet.put(body, rust, swell=16, bumps=weave + 112 * np.clip(across * down, 0, 1) ** 0.8, gloss=0.05, sharp=6)
    for side in (-1, 1):
        for down in (-1, 1):
            ways = ((284, 284, 190, 210), (270, 296, 150, 240), (296, 270, 230, 160))
            folds = [tube(9, (350 + side * a, 350 + down * b), (350 + side * c, 350 + down * d)) for a, b, c, d in ways]
            sheet.shade(sheet.mask(*folds) * body, 0.12, 9)
    return sheet.done()


PRODUCTS = {
    "football": football,
    "watering can": watering,
    "keyboard": keyboard,
    "shirt": shirt,
    "cushion": cushion,
}
