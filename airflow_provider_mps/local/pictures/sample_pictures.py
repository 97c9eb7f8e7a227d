"""Pictures to try the service with."""

from __future__ import annotations

import io
from functools import cache
from importlib import resources

from PIL import Image

from airflow_provider_mps.local.pictures.sample_drawings import DRAWN, draw

LARGE_SAMPLE = "coffee-large.jpg"
# By name, with their content type.
SAMPLES = {
    **dict.fromkeys(("coffee.png", "brick.png", "gravel.png", *DRAWN), "image/png"),
    LARGE_SAMPLE: "image/jpeg",
}

_LARGE_SIZE = (1200, 800)


def read_sample(name: str) -> bytes:
    """Return a sample picture; ``name`` is one of ``SAMPLES``."""
    if name == LARGE_SAMPLE:
        return _large_sample()
    if name in DRAWN:
        return _drawn(name)
    return resources.files("airflow_provider_mps.local.pictures").joinpath("samples", name).read_bytes()


_drawn = cache(draw)


@cache
def _large_sample() -> bytes:
    # The coffee enlarged: Aidge takes no picture with a side of 512 pixels or less.
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(read_sample("coffee.png"))) as small:
        small.convert("RGB").resize(_LARGE_SIZE, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
