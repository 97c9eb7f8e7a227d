from __future__ import annotations

import pytest

from airflow_provider_mps.core.progress import WINDOW_SECONDS, Counts, Progress, duration


def test_the_first_line_knows_no_rate() -> None:
    line = Progress().line(Counts(total=10_000, submitted=0, finished=0, failed=0), 50.0)
    assert line == ("Submitted 0 of 10,000, finished 0, failed 0; 0.0 submitted per second, time left not known yet")


def test_submitting() -> None:
    progress = Progress()
    progress.line(Counts(10_000, 0, 0, 0), 0.0)
    line = progress.line(Counts(10_000, 1_600, 1_200, 3), 100.0 / 10)
    assert line == ("Submitted 1,600 of 10,000, finished 1,200, failed 3; 160.0 submitted per second, about 52 s left")


def test_waiting_when_all_are_submitted() -> None:
    progress = Progress()
    progress.line(Counts(4_000, 4_000, 1_000, 0), 0.0)
    line = progress.line(Counts(4_000, 4_000, 1_090, 10), 10.0)
    assert line == ("Submitted 4,000 of 4,000, finished 1,090, failed 10; 10.0 finished per second, about 5 min left")


def test_the_rate_is_that_of_the_last_while() -> None:
    progress = Progress()
    for second in range(0, 301, 5):
        fast = min(second, 200) * 10
        line = progress.line(Counts(10_000, 10_000, fast + max(0, second - 200), 0), float(second))
    # Ten per second for 200 s, then one.
    assert "1.0 finished per second" in line
    assert "about 132 min" not in line
    assert "about 2 h 12 min left" in line


def test_a_standstill_shows() -> None:
    progress = Progress()
    progress.line(Counts(100, 100, 10, 0), 0.0)
    assert "left not known" not in progress.line(Counts(100, 100, 50, 0), 10.0)
    line = progress.line(Counts(100, 100, 50, 0), 10.0 + WINDOW_SECONDS + 1)
    assert line.endswith("; 0.0 finished per second, time left not known yet")


def test_it_goes_on_after_a_long_break() -> None:
    progress = Progress()
    progress.line(Counts(100, 100, 10, 0), 0.0)
    progress.line(Counts(100, 100, 20, 0), 1000.0)
    assert "1.0 finished per second, about 75 s left" in progress.line(Counts(100, 100, 25, 0), 1005.0)


def test_a_clock_that_stands_still() -> None:
    progress = Progress()
    progress.line(Counts(10, 10, 1, 0), 7.0)
    assert "0.0 finished per second" in progress.line(Counts(10, 10, 2, 0), 7.0)


def test_nothing_to_do() -> None:
    assert Progress().line(Counts(0, 0, 0, 0), 0.0).startswith("Submitted 0 of 0, finished 0, failed 0;")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (59.6, "60 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (150, "2 min"),
        (151, "3 min"),
        (3600, "60 min"),
        (7139, "119 min"),
        (7200, "2 h 0 min"),
        (9000, "2 h 30 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words
