"""The demo of a refreshed catalogue: two nights, and the second one makes what has changed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from PIL import Image


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
    task = re.compile(r"  (plan|make|check|publish|report): ")
    counts = [line.strip() for line in done.stdout.splitlines() if task.match(line)]
    # In the order in which the tasks ran.
    assert [line.partition(":")[0] for line in counts] == ["plan", "make", "check", "publish", "report"] * 2
    assert counts[0] == "plan: items 24, make 24, why (new 24)"
    # One product is right when it is made once more, and one is not, in either look.
    assert counts[1:4] == ["make: made 24", "check: ok 22, rejected 2, remade 3", "publish: published 22, rejected 2"]
    assert counts[5] == (
        "plan: items 24, make 4, publish 2, unchanged 18, why (subject changed 4, made before, not published 2)"
    )
    # What was rejected is neither made nor published, as it was made often enough.
    assert counts[6:9] == [
        "make: made 4, made before 2",
        "check: ok 4, rejected 2",
        "publish: published 4, rejected 2",
    ]
    for night, made in (("first-night", 22), ("second-night", 4)):
        results = sorted((output / night).glob("result-*.jpeg"))
        assert len(results) == made
        for path in results:
            with Image.open(path) as picture:
                picture.load()
                assert max(picture.size) == 1024
        page = (output / night / "report.html").read_text()
        for link in re.findall(r'href="([^"]+)"', page):
            assert (output / night / link).is_file(), link
        assert "2 of " in page
        assert "rejected by the check, and not published" in page
        assert re.search("Product(Covered|Missing)", page)
        # It opens without a network.
        assert not re.search(r"""(src|href)=["']?https?:""", page)
    with Image.open(output / "side-by-side.jpg") as sheet:
        sheet.load()
