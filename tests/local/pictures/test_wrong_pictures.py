"""Pictures with a fault, as the stand-in makes them on demand."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageOps

from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from airflow_provider_mps.local.pictures.wrong_pictures import KINDS, Wrong, spoil
from airflow_provider_mps.local.service import LocalService

SUBJECT = read_sample("coffee.png")
MADE = Pictures().fuse(SUBJECT, None, "a beach", 1, "JPEG", "1K", 90)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def off(one: Image.Image, other: Image.Image) -> float:
    """How much two pictures differ on average, of 255."""
    return sum(pixel for pixel in ImageChops.difference(one, other).convert("L").resize((1, 1)).getdata())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "cut"])
def test_a_wrong_picture_is_a_picture_of_the_same_size(kind: Wrong) -> None:
    wrong = opened(spoil(MADE, SUBJECT, kind, "JPEG", 90))
    right = opened(MADE)
    assert wrong.size == right.size
    assert off(wrong, right) > 3


def test_what_is_wrong_is_what_was_asked_for() -> None:
    right = opened(MADE)
    assert off(ImageOps.mirror(opened(spoil(MADE, SUBJECT, "mirrored", "PNG", 90))), right) == 0
    blank = opened(spoil(MADE, SUBJECT, "blank", "PNG", 90))
    assert len(blank.getcolors() or []) == 1
    cut = spoil(MADE, SUBJECT, "cut", "JPEG", 90)
    assert MADE.startswith(cut)
    assert len(cut) < len(MADE)
    with pytest.raises(OSError, match="truncated"):
        opened(cut)


def test_the_service_is_content_with_it(service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="blank", match="coffee.png", times=1)
    rule = service.backend.faults.rules()[0]
    assert rule.action == "ProcessImage"
    with pytest.raises(ValueError, match="shows"):
        service.add_fault(kind="wrong_picture", shows="upside down")
