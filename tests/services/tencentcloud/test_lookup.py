from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.tasks import ListedTask, TaskFailure, TaskState, TaskStatus
from airflow_provider_mps.services.tencentcloud.answers import format_time, parse_time
from airflow_provider_mps.services.tencentcloud.codes import task_rule
from airflow_provider_mps.services.tencentcloud.listing import PAGE_SIZE, list_params, read_list
from airflow_provider_mps.services.tencentcloud.lookup import PossibleMatch, Window, in_order, match_ours, same_input
from airflow_provider_mps.services.tencentcloud.outputs import (
    ExpectedOutput,
    expected_output,
    input_path,
    unique_output,
)

TOKEN = "0123456789abcdef"
SIGNED = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def body(key: str = "/in/cup.jpg", url: str | None = None, **more: Any) -> dict[str, Any]:
    place = {"Bucket": "b-1", "Region": "ap-guangzhou"}
    info: dict[str, Any] = {"Type": "COS", "CosInputInfo": {**place, "Object": key}}
    if url:
        info = {"Type": "URL", "UrlInputInfo": {"Url": url}}
    return {
        "InputInfo": info,
        "OutputStorage": {"Type": "COS", "CosOutputStorage": place},
        "OutputDir": "/out/",
        "ScheduleId": 30060,
        **more,
    }


def png(**more: Any) -> dict[str, Any]:
    return body(AddOnParameter={"OutputConfig": {"Format": "PNG"}}, **more)


def result(path: str, bucket: str = "b-1") -> dict[str, Any]:
    return {"Outputs": [{"bucket": bucket, "path": path}]}


def other(image_task: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A request that names no schedule."""
    return body(ScheduleId=None, ImageTask=image_task, **more)


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (body(), f"/out/cup-{TOKEN}.jpeg"),
        (png(), f"/out/cup-{TOKEN}.png"),
        (body("/a/b c{x}.tar.gz"), f"/out/b_c_x_.tar-{TOKEN}.jpeg"),
        (body("/杯子.jpg"), f"/out/杯子-{TOKEN}.jpeg"),
        (body(url="https://e.com/%E6%9D%AF/cup%20one.jpg?a=b.c"), f"/out/cup_one-{TOKEN}.jpeg"),
        (body(url="https://e.com/?id=5"), f"/out/image-{TOKEN}.jpeg"),
        (body(url="https://e.com/..jpg"), f"/out/image-{TOKEN}.jpeg"),
        (body("/" + "x" * 300 + ".jpg"), f"/out/{'x' * 64}-{TOKEN}.jpeg"),
        (body(OutputDir="/"), f"/cup-{TOKEN}.jpeg"),
        (body(OutputDir=None), f"/output/bgfusion/cup-{TOKEN}.jpeg"),
        (body(ScheduleId=30000), f"{{inputName}}-{TOKEN}.{{format}}"),
        (other({"EncodeConfig": {}}), f"{{inputName}}-{TOKEN}.{{format}}"),
        (other({"AiStoryboardConfig": {"ProcessIndex": 0}}), f"{{inputName}}-{TOKEN}.{{format}}"),
        (other({"AiDecomposeConfig": {"Switch": "OFF"}}), f"{{inputName}}-{TOKEN}.{{format}}"),
        (other({"AiPosterSuiteConfig": None}), f"{{inputName}}-{TOKEN}.{{format}}"),
    ],
)
def test_the_name_of_a_result(payload: dict[str, Any], path: str) -> None:
    assert unique_output(payload, TOKEN) == {"OutputPath": path}


@pytest.mark.parametrize(
    ("payload", "folder"),
    [
        (body(ScheduleId=30050), f"/out/cup-{TOKEN}/"),
        (body(ScheduleId=30070, OutputDir=None), f"/in/cup-{TOKEN}/"),
        # What is not known may make several.
        (body("/cup.jpg", ScheduleId=31234, OutputDir=None), f"/cup-{TOKEN}/"),
        (body(url="https://e.com/a/cup.jpg", ScheduleId=30050, OutputDir=None), f"/output/cup-{TOKEN}/"),
        (other({"AiPosterSuiteConfig": {}}), f"/out/cup-{TOKEN}/"),
        (other({"AiStoryboardConfig": {"Switch": "ON"}}), f"/out/cup-{TOKEN}/"),
        (other({"AiDecomposeConfig": {"Layers": 3}}), f"/out/cup-{TOKEN}/"),
        (other(None, Definition=7), f"/out/cup-{TOKEN}/"),
    ],
)
def test_several_results_get_a_folder_of_their_own(payload: dict[str, Any], folder: str) -> None:
    assert unique_output(payload, TOKEN) == {"OutputDir": folder}
    expected = expected_output(payload, TOKEN)
    assert expected.is_unique
    text = {"bucket": "", "path": ""}
    pictures = [{"bucket": "b-1", "path": f"{folder}{name}"} for name in ("a.png", "parts/2.png")]
    assert expected.matches({"Outputs": [text, *pictures]})
    assert not expected.matches({"Outputs": [text]})
    others = {"bucket": "b-1", "path": f"{folder.replace(TOKEN, TOKEN[::-1])}a.png"}
    assert not expected.matches({"Outputs": [text, others]})


@given(st.text(min_size=1, max_size=40), st.sampled_from(["JPEG", "PNG", None]))
def test_a_name_of_ours_is_plain_and_is_recognised(key: str, fmt: str | None) -> None:
    payload = body(f"/{key}", AddOnParameter={"OutputConfig": {"Format": fmt}})
    path = unique_output(payload, TOKEN)["OutputPath"]
    assert re.fullmatch(rf"/out/[\w.-]+-{TOKEN}\.(jpeg|png)", path)
    assert ".." not in path.split("/")
    assert len(path.encode()) < 400
    expected = expected_output(payload, TOKEN)
    assert expected.is_unique
    assert expected.matches(result(path))
    assert expected.matches(result(path.replace(".jpeg", ".jpg")))
    assert not expected.matches(result(path.replace(TOKEN, TOKEN[::-1])))
    assert not expected.matches(result(path, "other-1"))


@pytest.mark.parametrize(
    ("given_path", "ours", "others"),
    [
        ("/mine/a.jpeg", ["/mine/a.jpeg"], ["/mine/a.png", "/out/a.jpeg", "/mine/aXjpeg", "/x/mine/a.jpeg"]),
        ("a.jpeg", ["/out/a.jpeg"], ["/a.jpeg", "/out/b/a.jpeg"]),
        ("sub/a.{format}", ["/out/sub/a.jpeg", "/out/sub/a.jpg"], ["/out/sub/a.png", "/out/a.jpeg"]),
        ("{inputName}_x.{format}", ["/out/cup_x.jpeg"], ["/out/cup.jpeg", "/out/d/cup_x.jpeg"]),
    ],
)
def test_a_given_path_is_recognised(given_path: str, ours: list[str], others: list[str]) -> None:
    expected = expected_output(body(OutputPath=given_path), None)
    assert not expected.is_unique
    assert [expected.matches(result(path)) for path in ours] == [True] * len(ours)
    assert [expected.matches(result(path)) for path in others] == [False] * len(others)


def test_without_a_folder_a_relative_path_may_be_anywhere() -> None:
    expected = expected_output(body(OutputDir=None, ScheduleId=1, OutputPath="a.{format}"), None)
    assert expected.matches(result("/in/a.webp"))


@pytest.mark.parametrize(
    ("payload", "listed", "same"),
    [
        (body(), "", True),
        (body(), "/in/cup.jpg", True),
        (body(), "in/cup.jpg", True),
        (body(), "cup.jpg", True),
        (body(), "cos://b-1/in/cup.jpg", True),
        (body(), "https://b-1.cos.ap-guangzhou.myqcloud.com/in/cup.jpg?sign=x", True),
        (body("/in/50%25off.png"), "cos://b-1/in/50%25off.png", True),
        (body("/in/50%25off.png"), "https://b-1.cos.ap-guangzhou.myqcloud.com/in/50%2525off.png", True),
        (body("/50%25off.png"), "50%25off.png", True),
        (body(url="https://e.com/in/50%25off.png"), "https://e.com/in/50%25off.png", True),
        (body("/in/100%.png"), "cos://b-1/in/100%.png", True),
        (body("/in/my cup.jpg"), "https://b-1.cos.ap-guangzhou.myqcloud.com/in/my%20cup.jpg", True),
        (body(url="https://e.com/in/cup.jpg?q=1"), "https://e.com/in/cup.jpg", True),
        (body(url="https://e.com/"), "https://e.com/", True),
        (body(url=f"https://e.com/202611271205/{SIGNED}/in/cup.jpg"), f"/202611271200/{SIGNED[::-1]}/in/cup.jpg", True),
        (body(url=f"https://e.com/{SIGNED}/6568a1dc/cup.jpg"), f"https://e.com/{SIGNED[::-1]}/6568a0b0/cup.jpg", True),
        (body(url=f"https://e.com/202611271205/{SIGNED}/cup.jpg"), f"/202611271200/{SIGNED}/mug.jpg", False),
        (body(), "/in/mug.jpg", False),
        (body(), "mug.jpg", False),
        (body(), "cos://b-1/other/cup.jpg", False),
    ],
)
def test_only_what_cannot_be_ours_is_left_out(payload: dict[str, Any], listed: str, same: bool) -> None:
    assert same_input(payload, listed) is same


OURS = TaskState("ours", "FINISH", result=result(f"/out/cup-{TOKEN}.jpeg"))
OTHER = TaskState("other", "FINISH", result=result("/out/cup-ffffffffffffffff.jpeg"))
FAILED = TaskState("failed", "FINISH", failure=TaskFailure("x", "", "MPS"))
RUNS = TaskState("runs", "PROCESSING")
EXPECTED = expected_output(body(), TOKEN)


@pytest.mark.parametrize(
    ("states", "newest_wins", "found"),
    [
        ([], False, None),
        ([OTHER, FAILED], False, None),
        ([OTHER, OURS], False, OURS),
        ([RUNS, OURS], False, OURS),
        ([RUNS, OURS], True, PossibleMatch("runs", 1)),
        ([OURS, RUNS], True, OURS),
        ([OTHER, RUNS, FAILED, replace(RUNS, task_id="runs too")], False, PossibleMatch("runs", 2)),
        ([replace(OURS, task_id="newer"), OURS], True, replace(OURS, task_id="newer")),
    ],
)
def test_which_of_them_is_ours(states: list[TaskState], newest_wins: bool, found: Any) -> None:
    assert match_ours(states, EXPECTED, newest_wins=newest_wins) == found


@given(st.permutations([OURS, OTHER, FAILED, RUNS, replace(RUNS, task_id="r2")]), st.booleans())
def test_ours_is_never_missed_and_none_is_never_said_while_one_runs(states: list[TaskState], newest: bool) -> None:
    assert match_ours(states, EXPECTED, newest_wins=newest) in (OURS, PossibleMatch("runs", 2), PossibleMatch("r2", 2))
    without = [state for state in states if state is not OURS]
    assert isinstance(match_ours(without, EXPECTED, newest_wins=newest), PossibleMatch)


GIVEN = ExpectedOutput("", "x", False)


def listed(created: float | None, task_id: str = "t", input_: str = "") -> ListedTask:
    return ListedTask(task_id, input_, created)


@pytest.mark.parametrize(
    ("ahead", "seen_ahead", "start", "end"),
    [
        (None, None, 995, 1310),
        (0.0, None, 995, 1310),
        # A fast clock wrote 1000 when it was 980 at MPS, and a slow one when it was 1250.
        (-20.0, None, 975, 1290),
        (250.0, None, 1245, 1560),
        # What this machine's clock shows says nothing for certain of the one that wrote.
        (-20.0, 250.0, 975, 1290),
        (None, -20.0, 975, 1310),
        (None, 250.0, 995, 1560),
    ],
)
def test_the_window(ahead: float | None, seen_ahead: float | None, start: float, end: float) -> None:
    window = Window(1000, 1000, 1000, ahead, seen_ahead)
    assert (window.start(GIVEN), window.end) == (start, end)
    assert window.start(EXPECTED) == start - 295
    for moment, is_in in [(start - 1, False), (start, True), (end, True), (end + 1, False)]:
        assert window.has(listed(moment), GIVEN) is is_in
    assert window.has(listed(None), GIVEN)
    first = window.list_start(GIVEN)
    assert first is not None
    # As long as nothing tells of the clock at MPS, the list has to have all that may be in the window in the end.
    assert first == (700 if ahead is seen_ahead is None else start)


def test_a_window_without_a_beginning() -> None:
    window = Window(None, 1000, 1000, None, -250.0)
    assert (window.start(GIVEN), window.list_start(GIVEN)) == (None, None)
    assert window.has(listed(1), GIVEN)


def test_a_time_that_has_not_come_yet_is_on_a_clock_that_nothing_is_known_of() -> None:
    assert Window(1000, 999, 1000, 0.0, 0.0).start(GIVEN) == 700


@given(
    sent=st.integers(10**9, 2 * 10**9),
    ahead=st.floats(-300, 300),
    other=st.floats(-300, 300),
    took=st.floats(0, 9),
    known=st.sampled_from(["when it was sent", "when it is looked for", "never", "on another machine"]),
)
def test_a_task_of_ours_is_in_the_window_whatever_the_clocks_show(
    sent: int, ahead: float, other: float, took: float, known: str
) -> None:
    if known == "never":
        ahead = max(-5.0, ahead)
    # On the clock of MPS, in whole seconds, as it lists it.
    ours = listed(float(int(sent + ahead + took)))
    aheads = {
        "when it was sent": (ahead, None),
        "when it is looked for": (None, ahead),
        "never": (None, None),
        "on another machine": (ahead, other),
    }[known]
    window = Window(sent, sent + 10, sent + 10, *aheads)
    assert window.has(ours, GIVEN)
    first = window.list_start(GIVEN)
    assert first is not None
    assert ours.created is not None
    assert int(first) <= ours.created


def test_what_is_looked_at_first() -> None:
    window = Window(1000, 1010, 1010, 20.0)
    tasks = [listed(created, str(created)) for created in (900, None, 1021, 1300, 1014, 1016, 1046)]
    order = [task.task_id for task in in_order(tasks, window, newest_wins=False)]
    assert order == ["1021", "1016", "1300", "1046", "1014", "900", "None"]
    order = [task.task_id for task in in_order(tasks, window, newest_wins=True)]
    assert order == ["1300", "1046", "1021", "1016", "1014", "900", "None"]


def test_still_runs_in_words() -> None:
    assert str(PossibleMatch("t", 1)) == "MPS task t"
    assert str(PossibleMatch("t", 3)) == "MPS task t and 2 more with the same input"


def test_input_of_another_kind() -> None:
    assert input_path({"InputInfo": {"Type": "AWS-S3"}}) == ""
    assert same_input({"InputInfo": {"Type": "AWS-S3"}}, "anything")


def test_list_params() -> None:
    assert list_params(TaskStatus.FINISH, None, "") == {"Status": "FINISH", "Limit": PAGE_SIZE}
    params = list_params(TaskStatus.PROCESSING, 1767229371.9, "next")
    assert params == {"Status": "PROCESSING", "Limit": 100, "StartTime": "2026-01-01T01:02:51Z", "ScrollToken": "next"}


def test_pages() -> None:
    tokens: set[str] = set()
    rows = [{"TaskId": "a", "Input": "i", "CreateTime": "1970-01-01T00:00:05Z"}, {"TaskId": "b", "Input": None}]
    page = {"TaskSet": rows, "ScrollToken": "2", "TotalCount": 3}
    assert read_list(page, tokens) == ([ListedTask("a", "i", 5.0), ListedTask("b", "")], "2")
    assert read_list({"TaskSet": None, "ScrollToken": None}, tokens) == ([], "")


def page_of(count: int, **fields: Any) -> dict[str, Any]:
    return {"TaskSet": [{"TaskId": str(number)} for number in range(count)], **fields}


@pytest.mark.parametrize(
    ("page", "seen_tasks", "next_token"),
    [
        # Full pages go on, whatever the count says: it may be that of the page.
        (page_of(100, ScrollToken="new"), 0, "new"),
        (page_of(100, ScrollToken="new", TotalCount=100), 0, "new"),
        # An empty one is the end, and so is one that is not full.
        (page_of(0, ScrollToken="seen"), 100, ""),
        (page_of(0, ScrollToken="seen", TotalCount=500), 100, ""),
        (page_of(0, ScrollToken="new", TotalCount=500), 100, ""),
        (page_of(7, ScrollToken="seen"), 100, ""),
        (page_of(7, ScrollToken="new"), 100, ""),
        (page_of(7, ScrollToken="new", TotalCount=107), 100, ""),
        (page_of(7, ScrollToken="seen", TotalCount=500), 100, ""),
        (page_of(100, ScrollToken="seen", TotalCount=200), 100, ""),
        # Unless there are more, which are given by fifty.
        (page_of(50, ScrollToken="new", TotalCount=107), 50, "new"),
    ],
)
def test_where_a_list_ends(page: dict[str, Any], seen_tasks: int, next_token: str) -> None:
    tasks, token = read_list(page, {"seen"}, seen_tasks)
    assert (len(tasks), token) == (len(page["TaskSet"]), next_token)


@pytest.mark.parametrize(
    "page",
    [
        page_of(100, ScrollToken="seen"),
        page_of(100, ScrollToken="seen", TotalCount=101),
        {"TaskSet": [{"TaskId": "a"}, {}]},
        {"TaskSet": [{"TaskId": "a"}, "b"]},
        {"TaskSet": {"TaskId": "a"}},
        {"TaskSet": [], "ScrollToken": 5},
    ],
)
def test_a_page_that_may_lack_a_task_is_an_error(page: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match="not a page of tasks"):
        read_list({**page, "RequestId": "r"}, {"seen"})


@given(st.integers(0, 4_000_000_000))
def test_times_come_back_as_they_went(moment: int) -> None:
    assert parse_time(format_time(moment)) == moment


@pytest.mark.parametrize("text", [None, "", "soon", 5])
def test_what_is_no_time(text: Any) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("code", "is_final"),
    [
        ("40000 InvalidInput", True),
        ("InvalidInput.DefinitionNotExist", True),
        ("60000 SourceFileError.NoVideoMedia", True),
        ("SourceFileError.DownloadNotAccessible", False),
        ("InvalidParameter.ViolationContent", True),
        ("InvalidParameterValue.SrcFile", True),
        ("70000 InternalError", False),
        ("SomethingNew", False),
        ("", False),
    ],
)
def test_which_failures_a_retry_cannot_mend(code: str, is_final: bool) -> None:
    assert TaskFailure(code, "", "MPS").is_final is is_final


def test_a_code_nobody_knows_is_passing() -> None:
    assert task_rule("X.Y").outcome is Outcome.UNKNOWN
