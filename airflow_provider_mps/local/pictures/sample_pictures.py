"""Pictures to try the service with, and a small catalogue of products."""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib import resources
from pathlib import PurePosixPath

from PIL import Image

from airflow_provider_mps.local.pictures.sample_drawings import CATALOGUE_SKUS, DRAWN, draw, draw_sku

LARGE_SAMPLE = "coffee-large.jpg"
MANIFEST_SAMPLE = "catalogue/products.csv"
# By name, with their content type.
SAMPLES = {
    **dict.fromkeys(("coffee.png", "brick.png", "gravel.png", *DRAWN), "image/png"),
    LARGE_SAMPLE: "image/jpeg",
    MANIFEST_SAMPLE: "text/csv",
    **dict.fromkeys((f"catalogue/{sku}.png" for sku in CATALOGUE_SKUS), "image/png"),
}

_LARGE_SIZE = (1200, 800)


def read_sample(name: str) -> bytes:
    """Return a sample; ``name`` is one of ``SAMPLES``."""
    if name == LARGE_SAMPLE:
        return _large_sample()
    if name == MANIFEST_SAMPLE:
        return _manifest()
    if name in DRAWN:
        return _drawn(name)
    if name.startswith("catalogue/"):
        return _drawn_sku(PurePosixPath(name).stem)
    return resources.files("airflow_provider_mps.local.pictures").joinpath("samples", name).read_bytes()


_drawn = cache(draw)
_drawn_sku = cache(draw_sku)


@cache
def _large_sample() -> bytes:
    # The coffee enlarged: Aidge takes no picture with a side of 512 pixels or less.
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(read_sample("coffee.png"))) as small:
        small.convert("RGB").resize(_LARGE_SIZE, Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@cache
def _manifest() -> bytes:
    """Return the manifest of the catalogue: a product a line."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("sku", "title", "subject_cos_key"))
    for sku in CATALOGUE_SKUS:
        kind, _, colour = sku.partition("-")
        rows.writerow((sku, f"{colour} {kind}".capitalize(), f"/samples/catalogue/{sku}.png"))
    return text.getvalue().encode()
