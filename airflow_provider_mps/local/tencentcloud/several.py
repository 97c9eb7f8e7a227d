"""Tasks with several results: a poster suite, the parts of a storyboard, the layers of a picture.

The services' documents name these scenes and not how their results are called, so the names here are of our own.
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from airflow_provider_mps.local.pictures.product_pictures import PictureError

STORYBOARD = 30050
_PARTS = 4
# A suite without a recipe has as many pictures as one may have at least.
_SUITE = 4


def count_results(schedule_id: int | None, image_task: dict[str, Any] | None) -> int:
    """Return how many pictures a request makes."""
    task = image_task or {}
    if (suite := task.get("AiPosterSuiteConfig")) is not None:
        return sum(int(item.get("Num", 1)) for item in suite.get("Recipe") or []) or _SUITE
    if (layers := task.get("AiDecomposeConfig")) is not None:
        return int(layers.get("Layers", 2))
    if (storyboard := task.get("AiStoryboardConfig")) is not None:
        return _PARTS if storyboard.get("ProcessIndex") is None else 1
    return _PARTS if schedule_id == STORYBOARD else 1


def text_of(image_task: dict[str, Any] | None, count: int) -> str:
    """Return the text that stands before the pictures; empty where a scene has none."""
    if not image_task or "AiPosterSuiteConfig" not in image_task:
        return ""
    return f"A suite of {count} pictures, made by the local service."


def part(picture: bytes, number: int, count: int) -> bytes:
    """Return one of the upright stripes of a picture, as a PNG file.

    :param number: from 0.
    :raises PictureError: it is no readable picture.
    """
    try:
        whole = Image.open(io.BytesIO(picture)).convert("RGBA")
    except (OSError, ValueError) as error:
        raise PictureError(str(error)) from None
    left, right = (whole.width * edge // count for edge in (number, number + 1))
    stripe = io.BytesIO()
    whole.crop((left, 0, max(right, left + 1), whole.height)).save(stripe, "PNG")
    return stripe.getvalue()


def numbered(path: str, number: int) -> str:
    """Return the path of one of several pictures: its number, from 1, before the extension."""
    stem, _, extension = path.rpartition(".")
    return f"{stem}_{number}.{extension}"
