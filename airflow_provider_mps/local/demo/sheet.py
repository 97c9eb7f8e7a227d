"""Put pictures side by side on one sheet, in rows, with a line of words under each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

PANEL = (480, 360)
ROW = 6
GAP = 24
CAPTION = 52
PAPER, INK = (250, 250, 248), (40, 40, 40)


def side_by_side(rows: Sequence[Sequence[tuple[str, Path]]], sheet: Path) -> None:
    """Write the sheet as a JPEG.

    :param rows: what stands in one row, which goes on in the next line when it is long: a caption and a picture file
        for each panel, from left to right
    :param sheet: file to write
    """
    lines = [row[start : start + ROW] for row in rows for start in range(0, len(row), ROW)]
    across = max(map(len, lines))
    canvas = Image.new("RGB", (GAP + across * (PANEL[0] + GAP), len(lines) * (GAP + PANEL[1] + CAPTION)), PAPER)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(size=20)
    for down, line in enumerate(lines):
        for right, (caption, path) in enumerate(line):
            left, top = GAP + right * (PANEL[0] + GAP), GAP + down * (GAP + PANEL[1] + CAPTION)
            with Image.open(path) as picture:
                canvas.paste(ImageOps.pad(picture.convert("RGB"), PANEL, color=PAPER), (left, top))
            draw.text((left, top + PANEL[1] + 14), _shorten(caption, draw, font), fill=INK, font=font)
    canvas.save(sheet, quality=88)


def _shorten(text: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    short = text
    while short and draw.textlength(short if short == text else f"{short}…", font=font) > PANEL[0]:
        short = short[:-1]
    return short if short == text else f"{short}…"
