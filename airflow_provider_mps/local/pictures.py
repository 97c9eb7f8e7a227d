"""Puts a product on another background: cut out, placed with a shadow, encoded as asked."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass

from PIL import Image, ImageFilter, ImageOps

from airflow_provider_mps.local.backgrounds import draw
from airflow_provider_mps.local.cutout import cut_out

LONG_SIDES = {"1K": 1024, "2K": 2048, "4K": 4096}
SMALL_SIDE = 96

_MAX_PIXELS = 64_000_000
_CACHED_SUBJECTS = 64
_CACHED_RESULTS = 16
_SUBJECT_SHARE = 0.8
_ENCODERS = {"JPEG": "JPEG", "JPG": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "AVIF": "AVIF", "HEIF": "HEIF"}


class PictureError(Exception):
    """A file that is no readable picture, or a format that cannot be written; its text says which."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """A cut-out: its pixels and mask, cropped to the mask, and the size of the picture that it is from."""

    pixels: Image.Image
    mask: Image.Image
    original: tuple[int, int]


class Pictures:
    """Makes result pictures. Safe for use from several threads.

    :param small: make every result 96 pixels long, whatever size is asked for.
    """

    def __init__(self, small: bool = False) -> None:
        self._small = small
        self._lock = threading.Lock()
        self._subjects: OrderedDict[bytes, _Subject] = OrderedDict()
        self._results: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def fuse(
        self,
        subject: bytes,
        background: bytes | None,
        prompt: str,
        seed: int | str,
        format_: str,
        image_size: str,
        quality: int,
    ) -> bytes:
        """Put the subject of one picture on another background.

        :param subject: the picture file with the product.
        :param background: the picture file for behind it; ``None`` draws one from ``prompt`` and ``seed``.
        :param prompt: what a drawn background shows.
        :param seed: chooses among the backgrounds for the same prompt.
        :param format_: ``JPEG`` or ``PNG``.
        :param image_size: ``1K``, ``2K`` or ``4K``; the long side of the result, whose shape is the subject picture's.
        :param quality: 1-100, for formats that know it.
        :return: the encoded result; the same arguments give the same bytes.
        :raises PictureError: when an input is no picture.
        """
        digest = hashlib.sha256(subject).digest()
        # With a picture for the background, words and seed change nothing.
        behind = (prompt, seed) if background is None else hashlib.sha256(background).digest()
        key = (digest, behind, format_, image_size, quality)
        with self._lock:
            found = self._results.get(key)
        if found is None:
            found = self._fuse(self._cut(subject, digest), background, prompt, seed, format_, image_size, quality)
            with self._lock:
                self._results[key] = found
                if len(self._results) > _CACHED_RESULTS:
                    self._results.popitem(last=False)
        return found

    def _fuse(
        self,
        cut: _Subject,
        background: bytes | None,
        prompt: str,
        seed: int | str,
        format_: str,
        image_size: str,
        quality: int,
    ) -> bytes:
        long_side = SMALL_SIDE if self._small else LONG_SIDES[image_size]
        scale = long_side / max(cut.original)
        size = (max(1, round(cut.original[0] * scale)), max(1, round(cut.original[1] * scale)))
        if background is None:
            canvas = draw(prompt, seed, size)
        else:
            canvas = ImageOps.fit(_open(background).convert("RGB"), size, Image.Resampling.BICUBIC)
        return _encode(_place(cut, canvas), format_, quality)

    def encode(self, picture: bytes, format_: str, quality: int) -> bytes:
        """Encode a picture anew; raises :class:`PictureError` when it is none."""
        opened = _open(picture)
        if self._small:
            opened.thumbnail((SMALL_SIDE, SMALL_SIDE))
        return _encode(opened, format_, quality)

    def _cut(self, data: bytes, key: bytes) -> _Subject:
        # Held while cutting out as well: tasks that start together mostly share their subject.
        with self._lock:
            found = self._subjects.pop(key, None)
            if found is None:
                picture = _open(data)
                mask = cut_out(picture)
                box = mask.getbbox() or (0, 0, *picture.size)
                found = _Subject(picture.convert("RGB").crop(box), mask.crop(box), picture.size)
            self._subjects[key] = found
            if len(self._subjects) > _CACHED_SUBJECTS:
                self._subjects.popitem(last=False)
        return found


def _place(subject: _Subject, canvas: Image.Image) -> Image.Image:
    scale = _SUBJECT_SHARE * min(canvas.width / subject.pixels.width, canvas.height / subject.pixels.height)
    size = (max(1, round(subject.pixels.width * scale)), max(1, round(subject.pixels.height * scale)))
    pixels = subject.pixels.resize(size, Image.Resampling.BICUBIC)
    mask = subject.mask.resize(size, Image.Resampling.BICUBIC)
    left, top = (canvas.width - size[0]) // 2, round((canvas.height - size[1]) * 0.48)
    # A wide soft shadow for the light of the room and a narrow dark one where the product stands.
    _shadow(canvas, mask, (left + size[0] // 30, top + size[1] // 14), 0.055, 0.5)
    _shadow(canvas, mask, (left + size[0] // 120, top + size[1] // 45), 0.015, 0.55)
    canvas.paste(pixels, (left, top), mask)
    return canvas


def _shadow(canvas: Image.Image, mask: Image.Image, at: tuple[int, int], softness: float, strength: float) -> None:
    # Blurred small and enlarged: a shadow has no detail, and blurring at full size takes most of the time.
    reduced = max(1, max(canvas.size) // 256)
    low = (max(1, canvas.width // reduced), max(1, canvas.height // reduced))
    shade = Image.new("L", low, 0)
    small = mask.resize((max(1, mask.width // reduced), max(1, mask.height // reduced)), Image.Resampling.BILINEAR)
    shade.paste(small.point(lambda value: int(value * strength)), (at[0] // reduced, at[1] // reduced))
    shade = shade.filter(ImageFilter.GaussianBlur(softness * max(low)))
    canvas.paste((18, 12, 10), (0, 0), shade.resize(canvas.size, Image.Resampling.BICUBIC))


def _open(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as file:
            if file.width * file.height > _MAX_PIXELS:
                raise PictureError(f"The picture is larger than {_MAX_PIXELS // 1_000_000} million pixels.")
            picture = ImageOps.exif_transpose(file)
            has_alpha = "A" in picture.getbands() or "transparency" in picture.info
            return picture.convert("RGBA" if has_alpha else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError("The file is not a picture that can be read.") from error


def _encode(picture: Image.Image, format_: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    encoder = _ENCODERS[format_]
    try:
        if encoder == "PNG":
            # Little compression: at the default level PNG takes most of the time of a task.
            picture.save(buffer, "PNG", compress_level=1)
        else:
            picture.convert("RGB").save(buffer, encoder, quality=quality)
    except (OSError, KeyError) as error:
        raise PictureError(f"The format {format_} cannot be written here.") from error
    return buffer.getvalue()
