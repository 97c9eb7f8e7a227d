"""Puts a product on another background: cut out, placed with a shadow, encoded as asked."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from PIL import Image, ImageFilter, ImageOps

from airflow_provider_mps.local.pictures.backgrounds import draw
from airflow_provider_mps.local.pictures.cutout import cut_out

LONG_SIDES = {"1K": 1024, "2K": 2048, "4K": 4096}
SMALL_SIDE = 96

_MAX_PIXELS = 64_000_000
_CACHED_SUBJECT_BYTES = 64 * 1024 * 1024
_CACHED_RESULT_BYTES = 16 * 1024 * 1024
_SUBJECT_SHARE = 0.8
_ENCODERS = {"JPEG": "JPEG", "JPG": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "AVIF": "AVIF", "HEIF": "HEIF"}


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class PictureError(Exception):
    """A file that is no readable picture, or a format that cannot be written; its text says which."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A cut-out.

    :param pixels: the part of the picture that holds it.
    :param mask: which of these pixels are it.
    :param box: left, upper, right and lower end of that part in the picture.
    :param original: width and height of the picture.
    """

    pixels: Image.Image
    mask: Image.Image
    box: tuple[int, int, int, int]
    original: tuple[int, int]

    @property
    def bytes_held(self) -> int:
        """How much memory its pixels take: three bytes for each, and one in the mask."""
        return 4 * self.pixels.width * self.pixels.height

    def resized(self, size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
        """Return pixels and mask in another size."""
        return self.pixels.resize(size, Image.Resampling.BICUBIC), self.mask.resize(size, Image.Resampling.BICUBIC)


class _Recent(Generic[_Key, _Value]):
    """The latest values, as many as fit into so many bytes.

    :param limit: bytes in all.
    :param size: tells the bytes of a value.
    """

    def __init__(self, limit: int, size: Callable[[_Value], int]) -> None:
        self._limit = limit
        self._size = size
        self._values: OrderedDict[_Key, _Value] = OrderedDict()
        self._held = 0

    def get(self, key: _Key) -> _Value | None:
        """Return a value; None if it is not kept."""
        return self._values.get(key)

    def keep(self, key: _Key, value: _Value) -> None:
        """Keep a value as the latest; a value that is larger than all that may be kept is not."""
        if (old := self._values.pop(key, None)) is not None:
            self._held -= self._size(old)
        self._values[key] = value
        self._held += self._size(value)
        while self._held > self._limit:
            _, oldest = self._values.popitem(last=False)
            self._held -= self._size(oldest)


# Of the process: a test may start a service for each of its cases, and all of them cut out the same samples.
_cutting = threading.Lock()
_subjects = _Recent[bytes, Subject](_CACHED_SUBJECT_BYTES, lambda subject: subject.bytes_held)


class Pictures:
    """Makes result pictures. Safe for use from several threads.

    :param small: make every result 96 pixels long, whatever size is asked for.
    """

    def __init__(self, small: bool = False) -> None:
        self._small = small
        self._lock = threading.Lock()
        self._results = _Recent[tuple[object, ...], bytes](_CACHED_RESULT_BYTES, len)

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
                self._results.keep(key, found)
        return found

    def _fuse(
        self,
        cut: Subject,
        background: bytes | None,
        prompt: str,
        seed: int | str,
        format_: str,
        image_size: str,
        quality: int,
    ) -> bytes:
        size = self.size(cut.original, LONG_SIDES[image_size])
        if background is None:
            canvas = draw(prompt, seed, size)
        else:
            canvas = ImageOps.fit(_open(background).convert("RGB"), size, Image.Resampling.BICUBIC)
        return encode(_place(cut, canvas), format_, quality)

    def size(self, shape: tuple[int, int], long_side: int) -> tuple[int, int]:
        """Return width and height in pixels of a result of the given shape; small ones are small whatever is asked."""
        scale = (SMALL_SIDE if self._small else long_side) / max(shape)
        return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))

    def subject(self, picture: bytes) -> Subject:
        """Cut the subject out of a picture file; raises :class:`PictureError` when it is none."""
        return self._cut(picture, hashlib.sha256(picture).digest())

    def encode(self, picture: bytes, format_: str, quality: int) -> bytes:
        """Encode a picture anew; raises :class:`PictureError` when it is none."""
        opened = _open(picture)
        if self._small:
            opened.thumbnail((SMALL_SIDE, SMALL_SIDE))
        return encode(opened, format_, quality)

    @staticmethod
    def _cut(data: bytes, key: bytes) -> Subject:
        # Held while cutting out as well: tasks that start together mostly share their subject.
        with _cutting:
            found = _subjects.get(key)
            if found is None:
                picture = _open(data)
                mask = cut_out(picture)
                box = mask.getbbox() or (0, 0, *picture.size)
                found = Subject(picture.convert("RGB").crop(box), mask.crop(box), box, picture.size)
            _subjects.keep(key, found)
        return found


def _place(subject: Subject, canvas: Image.Image) -> Image.Image:
    scale = _SUBJECT_SHARE * min(canvas.width / subject.pixels.width, canvas.height / subject.pixels.height)
    size = (max(1, round(subject.pixels.width * scale)), max(1, round(subject.pixels.height * scale)))
    pixels, mask = subject.resized(size)
    left, top = (canvas.width - size[0]) // 2, round((canvas.height - size[1]) * 0.48)
    put(canvas, pixels, mask, (left, top))
    return canvas


def put(canvas: Image.Image, pixels: Image.Image, mask: Image.Image, at: tuple[int, int]) -> None:
    """Put a product on a picture as if it lay there, with its left upper corner at ``at``."""
    (width, height), (left, top) = pixels.size, at
    # A wide soft shadow for the light of the room and a narrow dark one where the product stands.
    shadow(canvas, mask, (left + width // 30, top + height // 14), 0.055, 0.5)
    shadow(canvas, mask, (left + width // 120, top + height // 45), 0.015, 0.55)
    canvas.paste(pixels, at, mask)


def shadow(canvas: Image.Image, mask: Image.Image, at: tuple[int, int], softness: float, strength: float) -> None:
    """Darken a picture where something keeps the light off.

    :param canvas: the picture.
    :param mask: the shape of what does.
    :param at: where its left upper corner is.
    :param softness: how far the edge is blurred, as a share of the picture's long side.
    :param strength: 0-1.
    """
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


def encode(picture: Image.Image, format_: str, quality: int) -> bytes:
    """Encode a picture; raises :class:`PictureError` for a format that cannot be written here."""
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
