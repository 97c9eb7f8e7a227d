"""The rules of Aidge's requests beyond types, and what a valid request stands for."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from PIL import Image

from airflow_provider_mps.local.aidge.scenes import SCENES, Scene
from airflow_provider_mps.local.aidge.schemas import SceneRequest, SubmitElement, SubmitRequest, invalid, parse
from airflow_provider_mps.local.pictures.download import is_web_url
from airflow_provider_mps.local.pictures.product_pictures import PictureError
from airflow_provider_mps.local.pictures.scene_pictures import Order

SIZES = ((800, 800), (750, 1000))
MIN_PICTURES, MAX_PICTURES, DEFAULT_PICTURES = 2, 10, 4
MAX_PICTURE_BYTES = 4 * 1024 * 1024
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
# Each side is longer than the first and shorter than the second.
MIN_SIDE, MAX_SIDE = 512, 3000
DEFAULT_SCENES, MAX_SCENES = 10, 100


@dataclass(frozen=True, slots=True)
class AidgeJob:
    """What a valid submission asks for.

    :param picture: the picture file that came with it; empty for one at a URL.
    :param url: where the picture is; empty for one that came along.
    :param scene: where the product is put.
    :param order: how the results are to be.
    :param count: how many of them, 2-10.
    """

    picture: bytes
    url: str
    scene: Scene
    order: Order
    count: int


@dataclass(frozen=True, slots=True)
class SceneFilter:
    """What a valid scene search asks for; see :func:`airflow_provider_mps.local.aidge.scenes.find_scenes`."""

    title: str
    category: int | None
    kind: int | None
    count: int


def to_job(body: dict[str, Any]) -> AidgeJob:
    """Check a submission and say what it asks for; raises :class:`AidgeRefusal` (700) for a broken rule."""
    element = parse(SubmitElement, _element(parse(SubmitRequest, body).requestParams))
    picture, url = b"", ""
    if element.imgBase64:
        picture = _decoded(element.imgBase64)
    elif element.imageFileUrl:
        url = element.imageFileUrl
        if not is_web_url(url):
            raise invalid("imageFileUrl", "has to be an http or https URL")
    else:
        raise invalid("imageFileUrl", "or imgBase64 is required")
    scene = SCENES.get(element.modelNum)
    if scene is None:
        raise invalid("modelNum", "is not the id of a scene")
    if element.needLayout not in (None, "true", "false"):
        raise invalid("needLayout", "has to be true or false")
    layout, title = element.needLayout == "true", (element.productTitle or "").strip()
    if layout and not title:
        raise invalid("productTitle", "is required when needLayout is true")
    if not _is_chinese_or_english(title):
        raise invalid("productTitle", "has to be in Chinese or English")
    count = _number("imageNum", element.imageNum, MIN_PICTURES, MAX_PICTURES)
    order = Order(scene.backdrop, _size(element.width, element.height), layout, title)
    return AidgeJob(picture, url, scene, order, DEFAULT_PICTURES if count is None else count)


def to_search(body: dict[str, Any]) -> SceneFilter:
    """Check a scene search and say what it asks for; raises :class:`AidgeRefusal` (700) for a broken rule."""
    request = parse(SceneRequest, body)
    if request.imageUrl and not is_web_url(request.imageUrl):
        raise invalid("imageUrl", "has to be an http or https URL")
    count = _number("count", request.count, 1, MAX_SCENES)
    return SceneFilter(
        title=request.productTitle or "",
        category=_number("categoryType", request.categoryType, 1, 11),
        kind=_number("sceneType", request.sceneType, 1, 4),
        count=DEFAULT_SCENES if count is None else count,
    )


def check_picture(data: bytes) -> None:
    """Raise :class:`PictureError` for a picture file that Aidge does not take; its text says why."""
    if len(data) > MAX_PICTURE_BYTES:
        raise PictureError(f"is larger than {MAX_PICTURE_BYTES // 2**20} MB")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            width, height = file.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise PictureError(f"is no picture of the formats {', '.join(FORMATS)}") from None
    if not all(MIN_SIDE < side < MAX_SIDE for side in (width, height)):
        raise PictureError(f"has {width}x{height} pixels, each side has to be over {MIN_SIDE} and under {MAX_SIDE}")


def _element(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        raise invalid("requestParams", "has to be a string that holds JSON") from None
    if not isinstance(value, list) or len(value) != 1:
        raise invalid("requestParams", "has to hold a list of exactly one element")
    if not isinstance(value[0], dict):
        raise invalid("requestParams", "has to hold a list of one object")
    return value[0]


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("imgBase64", "is not Base64") from None
    try:
        check_picture(data)
    except PictureError as error:
        raise invalid("imgBase64", str(error)) from None
    return data


def _size(width: str | None, height: str | None) -> tuple[int, int]:
    if not width and not height:
        return SIZES[0]
    for size in SIZES:
        if (width, height) == (str(size[0]), str(size[1])):
            return size
    raise invalid("width and height", f"have to be {' or '.join(f'{one}x{other}' for one, other in SIZES)}")


def _number(name: str, value: str | int | None, least: int, most: int) -> int | None:
    if value is None or value == "":
        return None
    # Not int() alone: it takes signs, spaces, underlines and the digits of all scripts.
    if not re.fullmatch(r"[0-9]{1,9}", str(value)) or not least <= int(value) <= most:
        raise invalid(name, f"has to be a number from {least} to {most}")
    return int(value)


def _is_chinese_or_english(title: str) -> bool:
    """Say whether most letters are Latin or Chinese: a name or a unit in another script makes no other language."""
    letters = [unicodedata.name(char, "") for char in title if char.isalpha()]
    known = sum(name.startswith(("LATIN ", "FULLWIDTH LATIN ", "CJK ")) for name in letters)
    return 2 * known >= len(letters)
