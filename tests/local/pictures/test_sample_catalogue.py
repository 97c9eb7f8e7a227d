"""The catalogue that comes with the samples."""

from __future__ import annotations

import csv
import io

from PIL import Image

from airflow_provider_mps.local.pictures.sample_drawings import CATALOGUE_SKUS, draw_sku
from airflow_provider_mps.local.pictures.sample_pictures import MANIFEST_SAMPLE, SAMPLES, read_sample
from airflow_provider_mps.local.service import LocalService


def test_each_product_of_the_manifest_has_a_picture_of_its_own(service: LocalService) -> None:
    manifest = service.get_object(service.bucket, f"/samples/{MANIFEST_SAMPLE}").decode()
    rows = list(csv.DictReader(io.StringIO(manifest)))
    assert [row["sku"] for row in rows] == list(CATALOGUE_SKUS)
    assert len(rows) == 12
    pictures = set()
    for row in rows:
        data = service.get_object(service.bucket, row["subject_cos_key"])
        with Image.open(io.BytesIO(data)) as picture:
            # Aidge takes no side of 512 pixels or less.
            assert min(picture.size) > 512
            assert picture.mode == "RGBA"
        pictures.add(data)
    assert len(pictures) == 12


def test_a_product_that_has_changed_is_another_picture() -> None:
    for sku in CATALOGUE_SKUS:
        assert draw_sku(sku, is_new=True) != draw_sku(sku) == read_sample(f"catalogue/{sku}.png")


def test_nothing_of_a_product_is_outside_of_its_outline() -> None:
    for name in SAMPLES:
        if name.startswith("catalogue/") and name.endswith(".png"):
            with Image.open(io.BytesIO(read_sample(name))) as picture:
                alpha = picture.getchannel("A")
                top = (alpha.getbbox() or (0, 0, 0, 0))[1]
                # The first row is as wide as what follows it, and not as the foot.
                first = alpha.crop((0, top + 2, picture.width, top + 3)).getbbox()
                next_ = alpha.crop((0, top + 8, picture.width, top + 9)).getbbox()
                assert first is not None
                assert next_ is not None
                assert abs((first[2] - first[0]) - (next_[2] - next_[0])) < 40, name
