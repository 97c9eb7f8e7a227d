"""Stories of whatever may be found, and how they are printed."""

from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.cli.evidence import Evidence, Kept
from airflow_provider_mps.cli.explain import as_data, print_story
from airflow_provider_mps.cli.printing import clean_data, in_columns, print_data, printable
from airflow_provider_mps.cli.services import Answer
from airflow_provider_mps.cli.story import story_of
from airflow_provider_mps.cli.words import Output
from airflow_provider_mps.compat_makers import Maker
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.services.tencentcloud.prices import read_prices

TASK_ID = "2600000000-WorkflowTask-0123456789abcdef0123456789abcdef"
# Whatever others may say: also what turns a terminal's head.
texts = st.text(st.characters(), max_size=60) | st.sampled_from(["\x1b[2J", "a\x9bm", "\u202eevil", "a\nb", "\ud800"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["subject_cos_key", "subject_url", "bg_url", "prompt", "image_size", "payload", "scene_id"])
makers = st.builds(
    Maker,
    dag_id=texts,
    run_id=texts,
    task_id=texts,
    map_index=st.integers(-1, 9),
    key=texts,
    told_at=st.none() | st.floats(0, 4e9),
    try_number=st.none() | st.integers(1, 5),
    tries=st.none() | st.integers(1, 5),
    state=texts | st.just("failed"),
    operator=texts,
    fields=st.dictionaries(names, json_values, max_size=4),
    error=st.dictionaries(st.sampled_from(["Code", "Message"]), json_values),
)
records = st.builds(
    Record,
    key=texts,
    body=texts,
    account=texts,
    max_tries=st.integers(0, 5),
    intent=st.none() | st.floats(0, 4e9),
    task_id=st.none() | texts | st.just(TASK_ID),
    accepted=st.none() | st.floats(0, 4e9),
    delivered=st.booleans(),
    replaced=st.lists(texts, max_size=2).map(tuple),
    request_id=texts,
)
outputs = st.lists(st.dictionaries(st.sampled_from(["bucket", "path", "url", "content", "cos_uri"]), texts), max_size=3)
states = st.one_of(
    st.builds(TaskState, st.just(TASK_ID), texts, st.none() | st.integers(0, 100)),
    st.builds(
        TaskState,
        st.just(TASK_ID),
        texts,
        failure=st.builds(TaskFailure, texts, texts, st.sampled_from(["MPS", "Aidge"])),
    ),
    outputs.map(lambda some: TaskState(TASK_ID, "FINISH", result={"Outputs": some, "Images": some})),
)
details = st.dictionaries(
    st.sampled_from(["CreateTime", "InputInfo", "AddOnParameter", "ScheduleId", "StdExtInfo"]), json_values
)


@st.composite
def evidences(draw: Any) -> Evidence:
    service = draw(st.sampled_from([MPS, AIDGE]))
    kept = st.builds(Kept, texts, texts, texts, st.integers(-1, 3), records)
    return Evidence(
        service,
        TASK_ID,
        answer=draw(st.none() | st.builds(Answer, st.just(service), st.just(TASK_ID), states, details, texts)),
        refusal=draw(st.lists(texts.map(clean_data), max_size=2)),
        makers=draw(st.lists(makers, max_size=2)),
        kept=draw(st.lists(kept, max_size=2)),
        prices=draw(st.none() | st.just(read_prices("prices", {"2K": 0.2, "currency": "CNY"}))),
        conn_id=draw(texts),
    )


@given(evidences())
def test_any_story_can_be_told_on_any_terminal(found: Evidence) -> None:
    story = story_of(found, "airflow mps")
    out = io.StringIO()
    print_story(out, found, story, Output.TABLE)
    lines = out.getvalue().split("\n")
    for line in lines:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line)
        # What has no space in it stays whole.
        assert len(line) <= 80 or max(map(len, line.split())) > 40
    titles = [line for line in lines[1:] if line and line[0] != " "]
    assert set(titles) >= {"What was asked", "By whom", "What was answered", "What was paid", "What to do next"}
    data = io.StringIO()
    print_data(data, clean_data(as_data(found, story)), Output.JSON)
    assert data.getvalue().isascii()
    assert json.loads(data.getvalue())["task_id"] == TASK_ID
    assert asdict(story)


@pytest.mark.parametrize("columns", [40, 80, 200, None])
def test_a_command_in_several_lines_is_one_for_a_shell(columns: int | None) -> None:
    command = f"airflow mps explain {TASK_ID} --catalogue cos:///catalogues/shop"
    shown = in_columns(command, columns, "    ")
    done = subprocess.run(["sh", "-c", f"printf '%s\\n' {shown}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == command.split()
    assert columns is None or all(len(line) <= columns or TASK_ID in line for line in shown.split("\n"))


def test_a_path_is_shown_as_it_is() -> None:
    assert printable("/data/Tasse  für 茶.jpg") == "/data/Tasse  für 茶.jpg"
    assert printable("/a\x1b[2J\udcff\u202e") == r"/a\x1b[2J\udcff\u202e"
