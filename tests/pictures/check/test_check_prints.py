from __future__ import annotations

import io
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_mps.local.pictures.backgrounds import draw
from airflow_provider_mps.local.pictures.sample_pictures import CATALOGUE_SKUS, read_sample
from airflow_provider_mps.pictures.check import Code, Verdict, check_picture, duplicates
from airflow_provider_mps.pictures.check.prints import print_of
from tests.whole import examples


def on(sku: str, prompt: str, seed: int = 1, shift: int = 0) -> Image.Image:
    canvas = draw(prompt, seed, (640, 640))
    with Image.open(io.BytesIO(read_sample(f"catalogue/{sku}.png"))) as product:
        canvas.paste(product, (shift, 0), product)
    return canvas


def test_the_same_picture_is_known_again_encoded_anew_and_smaller() -> None:
    shown = on("vase-rose", "oak planks")
    prints = {"first": print_of(shown)}
    for name, width, quality in (("encoded", 640, 70), ("smaller", 400, 85), ("larger", 900, 92)):
        buffer = io.BytesIO()
        shown.resize((width, width), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=quality)
        prints[name] = check_picture(buffer.getvalue()).print
    found = duplicates(prints)
    assert list(found) == ["encoded", "smaller", "larger"]
    assert {(one.code, one.verdict) for one in found.values()} == {(Code.DUPLICATE, Verdict.REJECTED)}
    assert all("'first'" in one.words for one in found.values())


def test_products_in_one_look_and_looks_of_one_product_are_no_duplicates() -> None:
    pictures = {f"{sku}/marble": on(sku, "white marble") for sku in CATALOGUE_SKUS}
    pictures |= {f"vase-rose/{prompt}": on("vase-rose", prompt) for prompt in ("sand", "grass", "sky", "sunset")}
    pictures["vase-rose/sand again"] = on("vase-rose", "sand", seed=2)
    pictures["vase-rose/sand aside"] = on("vase-rose", "sand", shift=40)
    prints = {name: print_of(shown) for name, shown in pictures.items()}
    assert duplicates(prints, {name: name.split("/")[0] for name in prints}) == {}


def test_it_is_told_of_whom_the_picture_is() -> None:
    text = print_of(on("tin-tea", "sky"))
    found = duplicates({"a": text, "b": text, "c": text, "d": text}, {"a": "tin", "b": "tin", "c": "jar"})
    assert found["b"].words.endswith("'a', of the same subject")
    assert found["c"].words.endswith("'a', of another subject")
    assert found["d"].words.endswith("'a'")


def random_print(rng: random.Random) -> bytes:
    return bytes(rng.randrange(256) for _ in range(194))


def as_text(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3))
def test_no_pair_that_is_near_is_overlooked(seed: int, apart: int) -> None:
    rng = random.Random(seed)
    prints = {f"p{number}": random_print(rng) for number in range(12)}
    twin = rng.choice(list(prints))
    near = bytes(min(255, max(0, value + rng.randint(-apart, apart))) for value in prints[twin])
    found = duplicates({name: as_text(value) for name, value in [*prints.items(), ("near", near)]})
    assert set(found) == {"near"}
    assert f"{twin!r}" in found["near"].words


def test_the_time_grows_with_the_number_of_items_and_not_with_its_square() -> None:
    compared = [0]

    class Counting(dict[str, str]):
        def items(self):  # type: ignore[no-untyped-def]
            for pair in super().items():
                compared[0] += 1
                yield pair

    rng = random.Random(1)
    prints = Counting({f"p{number}": as_text(random_print(rng)) for number in range(2000)})
    same = as_text(random_print(rng))
    prints |= {f"same{number}": same for number in range(2000)}
    assert len(duplicates(prints)) == 1999
    assert compared == [4000]


def test_what_is_no_print_is_nobodys_duplicate() -> None:
    assert duplicates({"a": "", "b": "", "c": "no print", "d": "no print", "e": "AAAA", "f": "AAAA"}) == {}
