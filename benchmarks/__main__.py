"""``make bench``: print the figures and write them to ``benchmarks/RESULTS.md``.

``python -m benchmarks waiting`` measures that section alone and leaves the others as they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks import (
    batch,
    batch_files,
    checking,
    cluster,
    demo,
    gallery,
    labels,
    limit,
    pace,
    planning,
    report,
    start_up,
    waiting,
)

SECTIONS: dict[str, Callable[[], list[str]]] = {
    "start-up": start_up.section,
    "waiting": waiting.section,
    "batch": batch.section,
    "pace": pace.section,
    "cluster": cluster.section,
    "batch-files": batch_files.section,
    "planning": planning.section,
    "labels": labels.section,
    "limit": limit.section,
    "checking": checking.section,
    "gallery": gallery.section,
    "demo": demo.section,
}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"default: all of {', '.join(SECTIONS)}")
    chosen = parser.parse_args().sections or list(SECTIONS)
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    for name in chosen:
        text = "\n".join([*SECTIONS[name](), "", report.measured()])
        report.update({name: text}, SECTIONS)
        print(text + "\n", flush=True)


if __name__ == "__main__":
    main()
