"""Puts a product into a scene, and draws the scenes' covers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageOps

from airflow_provider_mps.local.pictures.captions import CAPTION_SHARE, write_title
from airflow_provider_mps.local.pictures.product_pictures import Pictures, Subject, encode, put, shadow
from airflow_provider_mps.local.pictures.stages import Backdrop, Spot, draw_stage, gradient

QUALITY = 88
COVER_SIZE = (600, 600)
_COVER_SPOT = Spot(base=0.72, depth=0.26, width=0.5)
# Where a product that is placed anew stands, and how much of the width it takes at most.
_BASE, _WIDTH = 0.83, 0.74
_PODIUM_BASE, _PODIUM_WIDTH = 0.74, 0.62

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Variation:
    """What makes a picture of an order another one than its fellows, seen at a glance.

    :param above: what the light from above leaves of each colour, 0-255.
    :param below: the same at the picture's lower end.
    :param aside: where a product that is placed anew stands, from -1, at the left, to 1.
    :param share: its size, as a share of the largest that fits.
    """

    above: Colour
    below: Colour
    aside: float
    share: float


# By the number of the picture, of ten at the most; the first is the scene as its cover shows it.
_VARIATIONS = (
    Variation((255, 255, 255), (255, 255, 255), 0.0, 1.0),
    Variation((255, 206, 150), (255, 226, 190), -0.8, 0.82),
    Variation((120, 146, 210), (150, 160, 200), 0.8, 0.88),
    Variation((255, 178, 178), (255, 224, 214), 0.0, 0.7),
    Variation((196, 232, 255), (255, 255, 255), -0.5, 0.92),
    Variation((150, 120, 110), (214, 176, 140), 0.5, 0.78),
    Variation((206, 240, 190), (240, 255, 226), 0.9, 0.72),
    Variation((216, 190, 250), (236, 220, 255), -0.9, 0.76),
    Variation((255, 240, 180), (220, 190, 130), 0.3, 0.95),
    Variation((104, 108, 128), (190, 190, 206), -0.3, 0.84),
)


@dataclass(frozen=True, slots=True)
class Order:
    """How a picture is to be.

    :param backdrop: where the product is put.
    :param size: width and height in pixels.
    :param layout: whether the product is placed anew; otherwise it stays where it is in its own picture.
    :param title: the words written on a picture with a layout.
    """

    backdrop: Backdrop
    size: tuple[int, int]
    layout: bool
    title: str


class ScenePictures:
    """Makes pictures of products in scenes. Safe for use from several threads.

    :param pictures: cuts the products out, and knows whether all pictures are to be small.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._lock = threading.Lock()
        self._covers: dict[str, bytes] = {}

    def make(self, picture: bytes, order: Order, seed: str, number: int = 0) -> bytes:
        """Put the product of a picture file into a scene.

        :param picture: the picture file.
        :param order: how the result is to be.
        :param seed: chooses among the many pictures of one order; the same seed gives the same bytes.
        :param number: of this picture among those of its order, from 0; it decides the light and the place.
        :return: a JPEG.
        :raises PictureError: when the file is no picture.
        """
        subject = self._pictures.subject(picture)
        size = self._pictures.size(order.size, max(order.size))
        look = _VARIATIONS[number % len(_VARIATIONS)]
        box = _placed(subject, order, size, look) if order.layout else _kept(subject, size)
        backdrop = order.backdrop
        width, height = box[2] - box[0], box[3] - box[1]
        spot = Spot(base=box[3] / size[1], depth=_from_above(box) * height / size[1], width=width / size[0])
        canvas = _lit(draw_stage(backdrop, seed, size, spot), look, mirrored=number % 2 == 1)
        pixels, mask = subject.resized((width, height))
        if backdrop.stands:
            _stand(canvas, pixels, mask, box)
        else:
            put(canvas, pixels, mask, (box[0], box[1]))
        if order.layout:
            write_title(canvas, order.title)
        return encode(canvas, "JPEG", QUALITY)

    def cover(self, name: str, backdrop: Backdrop) -> bytes:
        """Draw a scene without a product, as a JPEG; always the same one.

        :param name: tells scenes of one backdrop apart.
        :param backdrop: what it is drawn from.
        """
        with self._lock:
            if name not in self._covers:
                size = self._pictures.size(COVER_SIZE, max(COVER_SIZE))
                picture = draw_stage(backdrop, f"cover {name}", size, _COVER_SPOT)
                self._covers[name] = encode(picture, "JPEG", QUALITY)
            return self._covers[name]


def _lit(stage: Image.Image, look: Variation, mirrored: bool) -> Image.Image:
    """Put a scene into another light; the product, which is what it is about, keeps its colours."""
    light = gradient(stage.size, stage.height, look.above, look.below)
    return ImageChops.multiply(ImageOps.mirror(stage) if mirrored else stage, light)


def _placed(subject: Subject, order: Order, size: tuple[int, int], look: Variation) -> Box:
    """Place the product below the title: on the ground where there is one, else in the middle of what is left."""
    width, height = size
    backdrop = order.backdrop
    top = (CAPTION_SHARE + 0.03) * height
    base, share = (_PODIUM_BASE, _PODIUM_WIDTH) if backdrop.podium else (_BASE, _WIDTH)
    room = (share * width, base * height - top if backdrop.stands else 0.92 * height - top)
    scale = min(room[0] / subject.pixels.width, room[1] / subject.pixels.height)
    across, down = _scaled(subject, scale * look.share)
    # A podium is in the middle.
    aside = 0.0 if backdrop.podium else look.aside
    left = round((width - across) / 2 + aside * (0.95 * width - across) / 2)
    upper = round(base * height) - down if backdrop.stands else round(top + (room[1] - down) / 2)
    return left, upper, left + across, upper + down


def _kept(subject: Subject, size: tuple[int, int]) -> Box:
    """Keep the product where it is in its picture, which is made to fit into the result as a whole."""
    scale = min(size[0] / subject.original[0], size[1] / subject.original[1])
    across, down = _scaled(subject, scale)
    left = round((size[0] - subject.original[0] * scale) / 2 + subject.box[0] * scale)
    upper = round((size[1] - subject.original[1] * scale) / 2 + subject.box[1] * scale)
    return left, upper, left + across, upper + down


def _scaled(subject: Subject, scale: float) -> tuple[int, int]:
    return max(1, round(subject.pixels.width * scale)), max(1, round(subject.pixels.height * scale))


def _from_above(box: Box) -> float:
    """Guess how much a product was seen from above, 0.35-0.85: what is broad most likely was."""
    return min(0.85, 0.35 + 0.42 * (box[2] - box[0]) / (box[3] - box[1]))


def _stand(canvas: Image.Image, pixels: Image.Image, mask: Image.Image, box: Box) -> None:
    """Put a product on a picture as if it stood there, with the light from above and from the left."""
    (width, height), (left, top) = pixels.size, box[:2]
    # The product's own outline lying on the ground, and a narrow dark line where it touches.
    flatness = 0.95 * _from_above(box) - 0.15
    lying = mask.resize((round(width * 1.05) + 1, max(2, round(height * flatness))), Image.Resampling.BILINEAR)
    shadow(canvas, lying, (left, top + round(height * 1.045) - lying.height), 0.018, 0.6)
    reach, flat = max(2, round(width * 0.66)), max(2, round(height * 0.07))
    touch = Image.new("L", (reach, flat), 0)
    ImageDraw.Draw(touch).ellipse((0, 0, reach - 1, flat - 1), fill=255)
    shadow(canvas, touch, (left + (width - reach) // 2, top + height - round(flat * 0.62)), 0.008, 0.7)
    canvas.paste(pixels, (left, top), mask)
