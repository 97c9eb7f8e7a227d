"""Build the request body of ProcessImage (https://cloud.tencent.com/document/product/862/112896)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.services.tencentcloud.words import (
    BG_FUSION_SCHEDULE_ID,
    DEFAULT_FORMAT,
    DEFAULT_IMAGE_SIZE,
    DEFAULT_OUTPUT_DIR,
    DEFAULT_QUALITY,
    EXTENSIONS,
    ImageFormat,
    ImageSize,
)

# MPS puts the extension of its format there.
_FORMAT_VARIABLE = ".{format}"
PICTURES = ("subject", "bg")
"""What the names of the arguments for a picture begin with."""
_PICTURE_CHECKS: dict[str, Callable[[str, Any], object]] = {
    "url": arguments.url,
    "cos_key": lambda name, value: _object(name, value)["path"],
    "cos_bucket": arguments.bucket,
    "cos_region": arguments.region,
}
_CHECKS: dict[str, Callable[[str, Any], object]] = {
    "prompt": arguments.prompts,
    "random_seed": arguments.integer,
    "resource_id": arguments.text,
    "output_bucket": arguments.bucket,
    "output_region": arguments.region,
    "output_dir": arguments.output_dir,
    "format": lambda name, value: arguments.choice(name, value, ImageFormat),
    "image_size": lambda name, value: arguments.choice(name, value, ImageSize),
    "quality": lambda name, value: arguments.integer(name, value, 1, 100),
}
BG_FUSION_ARGUMENTS: dict[str, Any] = {
    **{f"{picture}_{part}": None for picture in PICTURES for part in _PICTURE_CHECKS},
    "prompt": None,
    "random_seed": None,
    "resource_id": None,
    "output_bucket": None,
    "output_region": None,
    "output_dir": DEFAULT_OUTPUT_DIR,
    "output_path": None,
    "format": DEFAULT_FORMAT.value,
    "image_size": DEFAULT_IMAGE_SIZE.value,
    "quality": DEFAULT_QUALITY,
}
"""What describes one picture: the names of the operator's arguments, with their defaults."""
_NEVER_NONE = ("output_dir", "format", "image_size", "quality")


@dataclass(frozen=True)
class StorageDefaults:
    """Where pictures live when an argument does not say so; None where nobody did."""

    bucket: str | None
    region: str


@dataclass(frozen=True)
class Picture:
    """Where one picture comes from: ``url``, or ``cos_key`` with an optional bucket and region.

    :param name: prefix of the operator's arguments, ``subject`` or ``bg``, for messages
    """

    name: str
    url: Any = None
    cos_key: Any = None
    cos_bucket: Any = None
    cos_region: Any = None

    @property
    def given(self) -> bool:
        """Whether there is a picture at all."""
        return self.url is not None or self.cos_key is not None

    def check_given(self, *, required: bool) -> None:
        """Check which arguments are given, not what is in them."""
        url, key = f"{self.name}_url", f"{self.name}_cos_key"
        what = "subject picture" if self.name == "subject" else "background picture"
        arguments.check_one_source(what, {url: self.url, key: self.cos_key}, required=required)
        arguments.check_companions(
            key,
            self.cos_key,
            {f"{self.name}_cos_bucket": self.cos_bucket, f"{self.name}_cos_region": self.cos_region},
        )

    def check_literals(self) -> None:
        """Check the values that no template will change."""
        arguments.check_literals(
            {f"{self.name}_{part}": getattr(self, part) for part in _PICTURE_CHECKS},
            {f"{self.name}_{part}": check for part, check in _PICTURE_CHECKS.items()},
        )

    def as_input(self, defaults: StorageDefaults) -> dict[str, Any]:
        """Return the ``MediaInputInfo`` of the API."""
        if self.url is not None:
            return {"Type": "URL", "UrlInputInfo": {"Url": arguments.url(f"{self.name}_url", self.url)}}
        found = _object(f"{self.name}_cos_key", self.cos_key)
        bucket = self.cos_bucket if self.cos_bucket is not None else found.get("bucket")
        region = self.cos_region if self.cos_region is not None else found.get("region")
        return {
            "Type": "COS",
            "CosInputInfo": {
                "Bucket": bucket_or_default(f"{self.name}_cos_bucket", bucket, defaults),
                "Region": region_or_default(f"{self.name}_cos_region", region, defaults),
                "Object": found["path"],
            },
        }


def _output_path(name: str, value: Any, image_format: ImageFormat | None = None) -> str:
    """Return ``value`` as a COS path with an extension that fits the format."""
    key = arguments.cos_key(name, value)
    if key.endswith(_FORMAT_VARIABLE):
        return str(value)
    known: Sequence[str] = EXTENSIONS[image_format] if image_format else ()
    last = key.rpartition("/")[2]
    if image_format and not last.lower().endswith(tuple(known)):
        arguments.fail(
            name, value, f"a path that ends in {' or '.join(known)} (format {image_format}) or {_FORMAT_VARIABLE}"
        )
    if "." not in last.strip("."):
        arguments.fail(name, value, f"a path with an extension, or {_FORMAT_VARIABLE}")
    return str(value)


def _object(name: str, value: Any) -> dict[str, Any]:
    """Return the key of an object as ``path``, with ``bucket`` and ``region`` where they are known.

    :param value: a key; or what an upload returns, an entry of ``Outputs``, or a result with one of them
    """
    given = value
    if isinstance(value, Mapping) and isinstance(value.get("Outputs"), list) and len(value["Outputs"]) == 1:
        value = value["Outputs"][0]
    if not isinstance(value, Mapping):
        return {"path": arguments.cos_key(name, value)}
    if not isinstance(value.get("path"), str):
        arguments.fail(name, given, "a COS object key, or what describes one object: what an upload returns")
    found = {"path": arguments.cos_key(name, value["path"])}
    checks = (("bucket", arguments.bucket), ("region", arguments.region))
    return found | {part: check(f"{name}[{part!r}]", value[part]) for part, check in checks if value.get(part)}


@dataclass(frozen=True)
class BgFusion:
    """The arguments of background fusion and generation, as the operator got them."""

    subject: Picture
    background: Picture
    prompt: Any
    random_seed: Any
    resource_id: Any
    output_bucket: Any
    output_region: Any
    output_dir: Any
    output_path: Any
    format: Any
    image_size: Any
    quality: Any

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> BgFusion:
        """Read the arguments of the operator by their names; those that are missing have their defaults.

        :raises ArgumentError: there is no such argument
        """
        unknown = [str(name) for name in given if name not in BG_FUSION_ARGUMENTS]
        if unknown:
            raise ArgumentError(f"{unknown[0]}: no such argument; there are {', '.join(BG_FUSION_ARGUMENTS)}")
        values = {**BG_FUSION_ARGUMENTS, **given}
        subject, background = (
            Picture(name, *(values.pop(f"{name}_{part}") for part in _PICTURE_CHECKS)) for name in PICTURES
        )
        return cls(subject, background, **values)

    def check_given(self) -> None:
        """Check which arguments are given, as far as that is known before templates are rendered.

        :raises ArgumentError: arguments exclude each other, or one is missing
        """
        self.subject.check_given(required=True)
        self.background.check_given(required=False)
        if not self.background.given and self.prompt is None:
            raise ArgumentError(
                "prompt is required without bg_url and bg_cos_key: it describes the background to generate"
            )

    def check_literals(self) -> None:
        """Check the values that no template will change, so that a slip shows when the DAG is read."""
        self.subject.check_literals()
        self.background.check_literals()
        for name in _NEVER_NONE:
            if getattr(self, name) is None:
                _CHECKS[name](name, None)
        arguments.check_literals(vars(self), _CHECKS)
        if self.output_path is not None and not arguments.is_template([self.output_path, self.format]):
            _output_path("output_path", self.output_path, arguments.choice("format", self.format, ImageFormat))

    def payload(self, defaults: StorageDefaults) -> dict[str, Any]:
        """Return the request body.

        :param defaults: bucket and region of the connection
        :raises ArgumentError: a value cannot be used; the message names the argument and the value
        """
        self.check_given()
        image_format = arguments.choice("format", self.format, ImageFormat)
        add_on: dict[str, Any] = {
            "OutputConfig": {
                "Format": str(image_format),
                "ImageSize": str(arguments.choice("image_size", self.image_size, ImageSize)),
                "Quality": arguments.integer("quality", self.quality, 1, 100),
            }
        }
        if self.prompt is not None:
            add_on["ExtPrompt"] = [{"Prompt": prompt} for prompt in arguments.prompts("prompt", self.prompt)]
        if self.background.given:
            add_on["ImageSet"] = [{"Image": self.background.as_input(defaults)}]
        payload: dict[str, Any] = {
            "InputInfo": self.subject.as_input(defaults),
            "OutputStorage": {
                "Type": "COS",
                "CosOutputStorage": {
                    "Bucket": bucket_or_default("output_bucket", self.output_bucket, defaults),
                    "Region": region_or_default("output_region", self.output_region, defaults),
                },
            },
            "OutputDir": arguments.output_dir("output_dir", self.output_dir),
            "ScheduleId": BG_FUSION_SCHEDULE_ID,
            "AddOnParameter": add_on,
        }
        if self.output_path is not None:
            payload["OutputPath"] = _output_path("output_path", self.output_path, image_format)
        if self.resource_id is not None:
            payload["ResourceId"] = arguments.text("resource_id", self.resource_id)
        if self.random_seed is not None:
            seed = arguments.integer("random_seed", self.random_seed)
            payload["StdExtInfo"] = json.dumps({"ModelConfig": {"RandomSeed": seed}}, separators=(",", ":"))
        return payload


def check_payload(payload: Any) -> dict[str, Any]:
    """Check what every ProcessImage payload needs and return it.

    :raises ArgumentError: it is not an object, has no ``InputInfo``, or holds something that is not JSON
    """
    if not isinstance(payload, Mapping) or not payload:
        arguments.fail("payload", payload, "the body of a ProcessImage request, a dict")
    if not isinstance(payload.get("InputInfo"), Mapping):
        arguments.fail("payload['InputInfo']", payload.get("InputInfo"), "the picture to work on, a dict")
    if "Action" in payload or "Version" in payload:
        raise ArgumentError("payload: expected the body alone; Action and Version are set by the hook")
    try:
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"payload: expected plain JSON values: {error}") from None
    return dict(json.loads(text))


def describe_input(payload: Mapping[str, Any]) -> str:
    """Name the subject picture of a payload for messages, without credentials."""
    info = payload.get("InputInfo")
    if not isinstance(info, Mapping):
        return ""
    url, cos = info.get("UrlInputInfo"), info.get("CosInputInfo")
    if isinstance(url, Mapping):
        return bare_url(str(url.get("Url") or ""))
    return f"cos://{cos.get('Bucket')}{cos.get('Object')}" if isinstance(cos, Mapping) else str(info.get("Type") or "")


def bucket_or_default(name: str, value: Any, defaults: StorageDefaults, *, give: str = "") -> str:
    """Return the bucket that the argument, else the connection or the environment, names.

    :param give: what to give where there is none, for the message; default: the argument itself
    """
    if value is not None:
        return arguments.bucket(name, value)
    if not defaults.bucket:
        raise ArgumentError(
            f"{name}: no COS bucket: give {give or name}, or set cos_bucket in the connection, or "
            "TENCENTCLOUD_COS_BUCKET"
        )
    return defaults.bucket


def region_or_default(name: str, value: Any, defaults: StorageDefaults) -> str:
    """Return the region that the argument, else the connection or the environment, names."""
    return defaults.region if value is None else arguments.region(name, value)
