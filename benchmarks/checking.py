"""The section about the check of pictures: what it finds of planted faults, and what it takes for a 2K picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from airflow_provider_mps.pictures.check import Asked, check_picture
from tests.checked import apart, first, second
from tests.checked.cases import FAULTS, cases
from tests.checked.figures import Figures, figures

GOOD, EACH = 140, 6
ROUNDS = 5
SETS = (first.STUDIO, second.STUDIO, apart.STUDIO)
NOTES = f"""\
Three sets of 200 pictures, {GOOD} good ones and {EACH} of each fault. *samples* has the products of the samples, in the
stand-in's pictures and in harder ones; bounds were chosen on it. *second* has other products, drawn by other code; what
may be glass is told by what was seen of it. *apart* has others again, drawn without regard to the
check, and nothing was changed by what was seen of them. Asked: at least 95% of the faults found, at most 2% of the good
ones rejected, at most 150 ms of one core for a 2K picture. *Named* are those that were rejected for what is wrong with
them."""


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    counted = [(studio.name, figures(cases(studio, GOOD, EACH))) for studio in SETS]
    names = [name for name, _ in counted]
    rows = [
        ("good, rejected", *(f"{one.rejected['']} of {one.made['']}" for _, one in counted)),
        *((fault, *(_found(one, fault) for _, one in counted)) for fault in FAULTS),
        ("all faults", *(f"{one.found:.1%}" for _, one in counted)),
    ]
    table = [f"| {' | '.join(row)} |" for row in (("fault", *names), ("---", *["---:"] * len(names)), *rows)]
    return ["## The check of pictures", "", NOTES, "", *table, "", *_pace()]


def _found(counted: Figures, fault: str) -> str:
    return f"{counted.rejected[fault]} of {counted.made[fault]}, {counted.named[fault]} named"


def _pace() -> list[str]:
    subject, background = read_sample("coffee.png"), read_sample("brick.png")
    made = Pictures().fuse(subject, background, "", 1, "JPEG", "2K", 90)
    asked = Asked(format="JPEG", size="2K")

    def decode() -> None:
        with Image.open(BytesIO(made)) as picture:
            picture.load()

    # What is kept of the subject between its looks is there by then.
    check_picture(made, subject=subject, background=background, asked=asked)
    checks = _cpu_ms(lambda: check_picture(made, subject=subject, background=background, asked=asked))
    decodes = _cpu_ms(decode)
    said = f"A 2K JPEG takes {checks:.0f} ms of CPU, {checks / decodes:.1f} times as much as Pillow takes to decode it"
    return [f"{said} ({decodes:.0f} ms)."]


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(ROUNDS):
        work()
    return (time.process_time() - began) * 1000 / ROUNDS
