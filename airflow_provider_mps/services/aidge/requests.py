"""Build the bodies of the requests; for the sources see ``services.aidge.words``."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.services.aidge.pictures import check_picture, decode, encode
from airflow_provider_mps.services.aidge.words import (
    DEFAULT_IMAGES,
    DEFAULT_SCENES,
    MAX_CATEGORY,
    MAX_IMAGES,
    MAX_SCENES,
    MIN_CATEGORY,
    MIN_IMAGES,
    SIZES,
    SceneType,
)

ReadFile = Callable[[str, Any], bytes]
"""Reads the file that an argument names: takes the argument's name and its value."""

GENERATION_ARGUMENTS: dict[str, Any] = {
    "image_url": None,
    "image_base64": None,
    "image_path": None,
    "scene_id": None,
    "need_layout": False,
    "product_title": None,
    "width": None,
    "height": None,
    "image_num": DEFAULT_IMAGES,
}
"""The names of the operator's arguments, with their defaults."""


@dataclass(frozen=True)
class GenerationRequest:
    """A request that may be sent.

    :param element: the fields of the picture, all of them texts
    :param target: the product picture, for messages
    :param note: what the log should say about it; empty for nothing
    """

    element: dict[str, str]
    target: str
    note: str = ""

    @property
    def body(self) -> bytes:
        """What travels: a list with one picture, as a text inside of JSON."""
        return dump({"requestParams": _compact([self.element])})


@dataclass(frozen=True)
class Generation:
    """The arguments of background generation, as the operator got them."""

    image_url: Any = None
    image_base64: Any = None
    image_path: Any = None
    scene_id: Any = None
    need_layout: Any = False
    product_title: Any = None
    width: Any = None
    height: Any = None
    image_num: Any = DEFAULT_IMAGES

    def check_given(self) -> None:
        """Check which arguments are given, not what is in them.

        :raises ArgumentError: one is missing, or two exclude each other
        """
        if self.image_base64 is not None and self.image_path is not None:
            raise ArgumentError("image_base64 and image_path exclude each other: give one picture")
        if self.image_url is None and self.image_base64 is None and self.image_path is None:
            raise ArgumentError("image_url, image_base64 or image_path is required: the product picture")
        if self.scene_id is None:
            raise ArgumentError("scene_id is required: the scene to put the product into; a scene search finds some")
        if (self.width is None) != (self.height is None):
            raise ArgumentError("width and height belong together; one is missing")
        if self.need_layout is True and self.product_title is None:
            raise ArgumentError("product_title is required with need_layout")

    def check_literals(self) -> None:
        """Check the values that no template will change.

        :raises ArgumentError: one cannot be used
        """
        values = {name: getattr(self, name) for name in _CHECKS}
        layout = self.need_layout
        if layout is not None and not arguments.is_template(layout) and not arguments.flag("need_layout", layout):
            # It is not sent then.
            values["product_title"] = None
        arguments.check_literals(values, _CHECKS)
        if self.width is not None and not arguments.is_template([self.width, self.height]):
            _size(self.width, self.height)

    def request(self, read_file: ReadFile) -> GenerationRequest:
        """Return the request from rendered arguments.

        :param read_file: reads ``image_path``
        :raises ArgumentError: a value cannot be used
        """
        self.check_given()
        rest = self._without_picture()
        element, target = self._picture(read_file)
        element |= rest
        note = ""
        if self.image_url is not None and "imgBase64" in element:
            given = "image_path" if self.image_path is not None else "image_base64"
            note = f"image_url is left out: {given} is given too, and of the two Aidge takes the Base64 text"
        return GenerationRequest(element, target, note)

    def identity(self) -> tuple[dict[str, str], str]:
        """Return what tells the request from all others, and the product picture for messages, from rendered arguments.

        No file is read: as with an address, what is behind a path may change without anybody's knowing.

        :raises ArgumentError: a value cannot be used
        """
        self.check_given()
        identity = self._without_picture()
        if self.image_path is not None:
            path = arguments.text("image_path", self.image_path)
            return {**identity, "imagePath": path}, bare_url(path)
        element, target = self._picture(_read_nothing)
        if (encoded := element.get("imgBase64")) is not None:
            return {**identity, "imgSha256": hashlib.sha256(encoded.encode()).hexdigest()}, target
        return {**element, **identity}, target

    def _without_picture(self) -> dict[str, str]:
        """Return all but the picture: what is wrong here shows before a file is read."""
        element = {"modelNum": arguments.text("scene_id", self.scene_id)}
        needs_layout = arguments.flag("need_layout", self.need_layout)
        element["needLayout"] = "true" if needs_layout else "false"
        if needs_layout:
            if self.product_title is None:
                raise ArgumentError("product_title is required with need_layout")
            element["productTitle"] = title("product_title", self.product_title)
        # The page calls both required.
        size = SIZES[0] if self.width is None else _size(self.width, self.height)
        element["width"], element["height"] = map(str, size)
        element["imageNum"] = str(_CHECKS["image_num"]("image_num", self.image_num))
        return element

    def _picture(self, read_file: ReadFile) -> tuple[dict[str, str], str]:
        if self.image_path is not None:
            path = arguments.text("image_path", self.image_path)
            data = read_file("image_path", path)
            check_picture("image_path", bare_url(path), data)
            return {"imgBase64": encode(data)}, bare_url(path)
        if self.image_base64 is not None:
            data = decode("image_base64", arguments.text("image_base64", self.image_base64))
            shown = f"a picture in Base64 of {len(data)} bytes"
            check_picture("image_base64", shown, data)
            return {"imgBase64": encode(data)}, shown
        url = arguments.url("image_url", self.image_url)
        return {"imageFileUrl": url}, bare_url(url)


@dataclass(frozen=True)
class SceneSearch:
    """The arguments of a scene search, as the operator got them."""

    product_title: Any = None
    image_url: Any = None
    category: Any = None
    scene_type: Any = None
    count: Any = DEFAULT_SCENES

    def check_literals(self) -> None:
        """Check the values that no template will change.

        :raises ArgumentError: one cannot be used
        """
        arguments.check_literals({name: getattr(self, name) for name in _SCENE_CHECKS}, _SCENE_CHECKS)

    @property
    def target(self) -> str:
        """What scenes are searched for, for messages."""
        return str(self.product_title or (self.image_url and bare_url(str(self.image_url))) or "")

    def body(self) -> bytes:
        """Return the body from rendered arguments; what is None is left out.

        :raises ArgumentError: a value cannot be used
        """
        fields = {
            _SCENE_FIELDS[name]: str(check(name, value))
            for name, check in _SCENE_CHECKS.items()
            if (value := getattr(self, name)) is not None
        }
        return dump(fields)


def query_body(task_id: str) -> bytes:
    """Return the body of a query."""
    return dump({"taskId": task_id})


def dump(fields: Mapping[str, Any]) -> bytes:
    """Return the bytes of a body: JSON in ASCII, so that no gateway can mistake its encoding."""
    return _compact(fields).encode("ascii")


def title(name: str, value: Any) -> str:
    """Return ``value`` as a title in Chinese or English: a unit or a name in other letters makes no other language."""
    text = arguments.text(name, value)
    letters = [character for character in text if unicodedata.category(character).startswith("L")]
    if 2 * sum(map(_is_chinese_or_english, letters)) < len(letters):
        arguments.fail(name, value, "a title in Chinese or English")
    return text


def scene_type(name: str, value: Any) -> int:
    """Return ``value``, a number or a name such as ``Indoor``, as the number of a scene type."""
    if isinstance(value, str) and value.strip().upper() in SceneType.__members__:
        return SceneType[value.strip().upper()].value
    try:
        return SceneType(arguments.integer(name, value)).value
    except ValueError:
        words = ", ".join(f"{member.name.capitalize()} ({member.value})" for member in SceneType)
        arguments.fail(name, value, f"one of {words}")


def _is_chinese_or_english(character: str) -> bool:
    # Names in English keep their accents.
    return unicodedata.name(character, "").startswith(("LATIN ", "CJK ", "FULLWIDTH LATIN ", "IDEOGRAPHIC "))


def _read_nothing(name: str, value: Any) -> bytes:
    raise AssertionError(f"{name} is not to be read")


def _size(width: Any, height: Any) -> tuple[int, int]:
    size = arguments.integer("width", width), arguments.integer("height", height)
    if size not in SIZES:
        pairs = " or ".join(f"{across}x{down}" for across, down in SIZES)
        raise ArgumentError(f"width and height: expected {pairs} pixels, got {size[0]}x{size[1]}")
    return size


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "image_url": arguments.url,
    "scene_id": arguments.text,
    "need_layout": arguments.flag,
    "product_title": title,
    "width": arguments.integer,
    "height": arguments.integer,
    "image_num": lambda name, value: arguments.integer(name, value, MIN_IMAGES, MAX_IMAGES),
}
_SCENE_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    # That it has to be Chinese or English is a rule of the submission only.
    "product_title": arguments.text,
    "image_url": arguments.url,
    "category": lambda name, value: arguments.integer(name, value, MIN_CATEGORY, MAX_CATEGORY),
    "scene_type": scene_type,
    "count": lambda name, value: arguments.integer(name, value, 1, MAX_SCENES),
}
_SCENE_FIELDS = {
    "product_title": "productTitle",
    "image_url": "imageUrl",
    "category": "categoryType",
    "scene_type": "sceneType",
    "count": "count",
}
