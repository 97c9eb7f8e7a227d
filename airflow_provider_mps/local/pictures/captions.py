"""Writes a product's title on a picture."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageStat

# The upper part of a picture that a title may take.
CAPTION_SHARE = 0.23

_WIDTH_SHARE = 0.86
_MAX_LINES = 3
_LIGHT, _DARK = (255, 255, 255), (34, 30, 30)


def write_title(picture: Image.Image, title: str) -> None:
    """Write words into the upper part of a picture, in the largest size that fits.

    The font that comes with Pillow has no Chinese glyphs; they become boxes.

    :param picture: an RGB picture; it is changed.
    :param title: the words; runs of white space count as one space.
    """
    text = " ".join(title.split())
    if not text:
        return
    width, height = picture.size
    room = (round(width * _WIDTH_SHARE), round(height * (CAPTION_SHARE - 0.05)))
    font, lines = _fit(text, room)
    band = picture.crop((0, 0, width, round(height * CAPTION_SHARE)))
    red, green, blue = ImageStat.Stat(band.resize((16, 4))).mean
    is_light = 0.3 * red + 0.59 * green + 0.11 * blue > 135
    ink, halo = (_DARK, _LIGHT) if is_light else (_LIGHT, _DARK)
    glyphs = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(glyphs)
    step = _line_height(font)
    y = height * (0.035 + (CAPTION_SHARE - 0.05) / 2) - step * len(lines) / 2
    for line in lines:
        pen.text((width / 2, y + step / 2), line, fill=255, font=font, anchor="mm")
        y += step
    # A soft glow in the opposite tone keeps the words legible where the background changes.
    glow = glyphs.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.GaussianBlur(max(1.0, width / 55)))
    picture.paste(halo, (0, 0), glow.point(lambda value: min(190, value * 3 // 2)))
    picture.paste(ink, (0, 0), glyphs)


def _fit(text: str, room: tuple[int, int]) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    largest = max(6, room[0] // 10)
    for size in range(largest, 5, -max(1, largest // 20)):
        font = _font(size)
        lines = _lines(text, font, room[0])
        if len(lines) <= _MAX_LINES and _line_height(font) * len(lines) <= room[1]:
            return font, lines
    font = _font(6)
    return font, _lines(text, font, room[0])[:_MAX_LINES]


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    # Pillow without FreeType has only a font of one size, and says so when it is asked for another.
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101
    return font


def _line_height(font: ImageFont.FreeTypeFont) -> float:
    return font.size * 1.22


def _lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break at spaces; a word longer than a line, as Chinese sentences are, at any character."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if lines[-1] and font.getlength(lines[-1] + char) > width:
                lines.append("")
            lines[-1] += char
    return lines
