"""What a task has asked for, from its rendered fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mps.catalogue.shown import mapping

# Of these a request is told; the others of a task's fields are about where, and how.
_FIELDS = (
    *("subject_url", "subject_cos_key", "subject_cos_bucket", "subject_cos_region"),
    *("bg_url", "bg_cos_key", "bg_cos_bucket", "bg_cos_region", "prompt", "random_seed", "format", "image_size"),
    *("image_url", "image_path", "scene_id", "product_title"),
)
# What Airflow makes of fields that have no value.
_NOTHING = (None, "", "None")


def request_of_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request of a task that submits one.

    :param fields: its rendered fields
    """
    found = {name: fields[name] for name in _FIELDS if fields.get(name) not in _NOTHING}
    payload = fields.get("payload")
    if not found and payload not in _NOTHING:
        return request_of_payload(_parsed(payload))
    return found


def requests_of_fields(fields: Mapping[str, Any], count: int) -> list[Mapping[str, Any]]:
    """Return the requests of a batch, in order; empty ones where Airflow has cut the field, or a file has them.

    :param fields: rendered fields of the batch
    :param count: how many requests there are
    """
    given = _parsed(fields.get("requests"))
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) == count:
        return [one if isinstance(one, Mapping) else {} for one in given]
    return [{}] * count


def request_of_payload(payload: Any) -> dict[str, Any]:
    """Return a request body of ``ProcessImage`` as arguments of this package, as far as it is understood."""
    body = mapping(payload)
    add_on = mapping(body.get("AddOnParameter"))
    found = _input(body.get("InputInfo"), "subject")
    images = add_on.get("ImageSet")
    if isinstance(images, Sequence) and not isinstance(images, str) and images:
        found |= _input(mapping(images[0]).get("Image"), "bg")
    prompts = add_on.get("ExtPrompt")
    if isinstance(prompts, Sequence) and not isinstance(prompts, str):
        found["prompt"] = [str(mapping(one).get("Prompt") or "") for one in prompts]
    config = mapping(add_on.get("OutputConfig"))
    found |= {
        name: config[word] for name, word in (("format", "Format"), ("image_size", "ImageSize")) if word in config
    }
    seed = mapping(mapping(_parsed(body.get("StdExtInfo"))).get("ModelConfig")).get("RandomSeed")
    return found | ({} if seed is None else {"random_seed": seed})


def _input(info: Any, prefix: str) -> dict[str, Any]:
    cos, url = mapping(mapping(info).get("CosInputInfo")), mapping(mapping(info).get("UrlInputInfo"))
    if cos:
        return {f"{prefix}_cos_{word.lower()}": cos.get(name) for word, name in _COS}
    return {f"{prefix}_url": url["Url"]} if "Url" in url else {}


_COS = (("key", "Object"), ("bucket", "Bucket"), ("region", "Region"))


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
