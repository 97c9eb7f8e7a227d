"""The demo of a refreshed catalogue: two nights, and the second one makes what has changed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.system


def test_the_second_night_makes_what_has_changed(tmp_path: Path) -> None:
    output = tmp_path / "output"
    options = ["--dag", "marketing_asset_refresh", "--home", str(tmp_path / "home"), "--output", str(output)]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "airflow_provider_mps.local.demo",
        *options,
        "--task-seconds",
        "0.5",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    counts = [line.strip() for line in done.stdout.splitlines() if re.match(r"  (plan|make|publish|report): ", line)]
    # In the order in which the tasks ran.
    assert [line.partition(":")[0] for line in counts] == ["plan", "make", "publish", "report"] * 2
    assert counts[0] == "plan: items 24, make 24, why (new 24)"
    assert counts[1:3] == ["make: made 24", "publish: published 24"]
    assert counts[4] == "plan: items 24, make 4, unchanged 20, why (subject changed 4)"
    assert counts[5:7] == ["make: made 4", "publish: published 4"]
    for night, made in (("first-night", 24), ("second-night", 4)):
        results = sorted((output / night).glob("result-*.jpeg"))
        assert len(results) == made
        for path in results:
            with Image.open(path) as picture:
                picture.load()
                assert max(picture.size) == 1024
        page = (output / night / "report.html").read_text()
        for link in re.findall(r'href="([^"]+)"', page):
            assert (output / night / link).is_file(), link
        # It opens without a network.
        assert not re.search(r"""(src|href)=["']?https?:""", page)
    with Image.open(output / "side-by-side.jpg") as sheet:
        sheet.load()
