from __future__ import annotations

import io

import pytest
from PIL import Image, ImageFilter

from airflow_provider_mps.local.pictures.product_pictures import PictureError
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from airflow_provider_mps.local.pictures.scores import measured

ALL = ("Brightness", "Contrast", "Sharpness", "IQA")


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_a_picture_of_one_colour_is_flat() -> None:
    assert measured(png(Image.new("RGB", (64, 64), "white")), ALL) == {
        "Brightness": 100.0,
        "Contrast": 0.0,
        "Sharpness": 0.0,
        "IQA": 0.0,
    }
    grey = measured(png(Image.new("L", (64, 64), 128)), ALL)
    assert grey["Brightness"] == pytest.approx(50, abs=1)
    assert measured(png(Image.new("RGBA", (64, 64))), ["Brightness"]) == {"Brightness": 100.0}


def test_worse_pictures_have_less() -> None:
    brick = Image.open(io.BytesIO(read_sample("brick.png"))).convert("RGB")
    sharp = measured(png(brick), ALL)
    soft = measured(png(brick.filter(ImageFilter.GaussianBlur(4))), ALL)
    dark = measured(png(brick.point(lambda value: value // 3)), ALL)
    assert soft["Sharpness"] < sharp["Sharpness"] / 2
    assert dark["Brightness"] < sharp["Brightness"] / 2
    assert dark["Contrast"] < sharp["Contrast"]
    assert soft["IQA"] < sharp["IQA"]
    assert dark["IQA"] < sharp["IQA"]
    assert all(0 <= score <= 100 for scores in (sharp, soft, dark) for score in scores.values())


def test_what_is_no_picture() -> None:
    with pytest.raises(PictureError):
        measured(b"no picture", ALL)
