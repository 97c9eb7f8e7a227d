from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.batch import items
from airflow_provider_mps.batch import record as batch_record
from airflow_provider_mps.batch.asked import in_list
from airflow_provider_mps.batch.items import SHOWN, Item, ItemFailure, entries, failed_call, outcome_of_item, summary
from airflow_provider_mps.batch.record import PAGE_ITEMS, BatchHeader, BatchRecord, RecordPage, UnreadablePageError
from airflow_provider_mps.batch.requests import check_requests, read_requests
from airflow_provider_mps.core.airflow_task import Instance, TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Finished, Refused, TooLate
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.codes import CODES, rule_for
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults

TASK = TaskKey("dag", "task", "run", -1)
texts = st.text(st.characters(codec="utf-8"), min_size=1)
times = st.floats(0, 4e9)
records = st.builds(
    Record,
    key=texts,
    body=texts,
    account=texts,
    max_tries=st.integers(0, 50),
    intent=times,
    task_id=texts,
    accepted=times,
    delivered=st.booleans(),
    replaced=st.lists(texts, max_size=3).map(tuple),
)
finished = st.one_of(
    texts.map(
        lambda task_id: TaskState(task_id, "FINISH", result={"TaskId": task_id, "Status": "FINISH", "Outputs": []})
    ),
    texts.map(lambda task_id: TaskState(task_id, "FINISH", failure=TaskFailure("70000 InternalError", "no", "MPS"))),
).map(Finished)

read_ends = partial(batch_record.read_ends, service=MPS)


def read(requests: Any, defaults: Any = None, task: Any = TASK, **more: str) -> list[Item]:
    given = {"endpoint": "mps", "region": "ap-guangzhou", "account": "AKID", **more}
    return read_requests(
        in_list(requests), defaults, task=task, storage=StorageDefaults("shop-125", "ap-guangzhou"), **given
    )


def pictures(*names: str) -> list[dict[str, Any]]:
    return [{"subject_cos_key": f"/in/{name}.png", "prompt": "marble"} for name in names]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), st.randoms())
def test_a_picture_is_known_by_what_it_is_and_not_by_its_place(names: list[str], random: Any) -> None:
    items = read(pictures(*names))
    assert [item.index for item in items] == list(range(len(names)))
    assert len({item.token for item in items}) == len(names)
    mixed = list(names)
    random.shuffle(mixed)
    assert {item.token for item in read(pictures(*mixed))} == {item.token for item in items}
    # The tasks of other runs, and other requests, are never taken for these.
    others = read(pictures(*names), task=TaskKey("dag", "task", "other run", -1)) + read(
        pictures(*names), {"quality": 1}
    )
    assert not {item.token for item in others} & {item.token for item in items}


def test_a_new_signature_is_no_other_picture() -> None:
    first, second = (
        read([{"subject_url": f"https://shop.example/a.png?q-signature={n}", "prompt": "x"}])[0] for n in "12"
    )
    assert first.token == second.token


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        (None, "requests: expected a list of dicts"),
        ({"subject_url": "https://a/b"}, "requests: expected a list of dicts"),
        ([1], r"requests\[0\]: request: expected a dict"),
        ([{"colour": "red"}], r"requests\[0\]: colour: no such argument; there are subject_url, .*quality"),
        ([{1: "red"}], r"requests\[0\]: 1: no such argument"),
        (pictures("a") + [{"prompt": ""}] * 14, r"requests\[10\]: [^;]*; and 4 more"),
    ],
)
def test_bad_requests(requests: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        read(requests)


def test_what_a_template_may_still_change_is_not_checked_when_the_dag_is_read() -> None:
    class Output:
        def resolve(self) -> None: ...

    check_requests(Output(), None)
    check_requests("{{ params.requests }}", None)
    check_requests([{"subject_cos_key": "{{ ds }}", "prompt": Output(), "quality": "{{ q }}"}, Output()], None)
    check_requests([{"quality": 0}], Output())
    for bad in (
        None,
        [{"subject_cos_key": "{{ ds }}"}],
        [{"subject_cos_key": "{{ ds }}", "prompt": "x", "quality": 0}],
    ):
        with pytest.raises(ArgumentError):
            check_requests(bad, None)


def test_ends_of_items() -> None:
    result = {"TaskId": "t", "Outputs": [1]}
    assert outcome_of_item("t", Finished(TaskState("t", "FINISH", result=result)), 600) == result
    limited = outcome_of_item("t", TooLate("WAITING", LimitKind.EXECUTION_TIMEOUT), 600)
    assert isinstance(limited, ItemFailure)
    assert limited.message.startswith("not done within execution_timeout (")
    assert limited.message.endswith("; a retry joins it for what is left of timeout")
    joins = "a clear joins it and waits anew, a retry only looks once more; or raise timeout"
    late = outcome_of_item("t", TooLate("WAITING", LimitKind.TIMEOUT), 600)
    said = f"not done within timeout=600 s (last seen: WAITING); {joins}"
    assert late == ItemFailure("Timeout", said, "t", is_open=True)
    failed = TaskState("t", "FINISH", failure=TaskFailure("40000 InvalidInput", "no", "MPS"))
    assert outcome_of_item("t", Finished(failed), 1) == ItemFailure("40000 InvalidInput", "no", "t", is_final=True)
    refused = ServiceError(
        "MPS", "DescribeImageTaskDetail", "t", "InvalidParameterValue.TaskId", "gone", "r", "refused"
    )  # type: ignore[arg-type]
    # It is paid for, whatever is said of it now.
    unheard = ItemFailure(refused.code, "gone", "t", "r", is_final=True, is_open=True)
    assert outcome_of_item("t", Refused(refused), 1) == unheard
    passing = ServiceError("MPS", "ProcessImage", "p", "LimitExceeded", "later", "r", Outcome.NOT_EXECUTED)
    assert not failed_call(passing).is_final


def test_entries_are_plain_and_alike() -> None:
    failure = ItemFailure("Code", "said", None, "request", is_final=True)
    good = {"TaskId": "t", "Status": "FINISH", "CreateTime": "c", "FinishTime": "f", "Outputs": [{}]}
    found = json.loads(json.dumps(entries([good, failure])))
    assert found[0] == good
    assert found[1].pop("Error") == {"Code": "Code", "Message": "said", "RequestId": "request"}
    assert found[1].keys() == good.keys()


@given(st.integers(1, 40))
def test_a_summary_names_the_first_and_counts_the_others(count: int) -> None:
    items = read(pictures(*map(str, range(count))))
    said = summary([(item, ItemFailure("A" if n % 2 else "B", f"said {n}.")) for n, item in enumerate(items)])
    assert said.count("requests[") == min(count, SHOWN)
    assert f"{-(-count // 2)} x B" in said
    assert ("more" in said) == (count > SHOWN)


@given(st.dictionaries(texts, records, max_size=5), st.dictionaries(texts, finished, max_size=5), st.data())
def test_pages_come_back_as_they_went(found: dict[str, Record], ends: dict[str, Finished], data: Any) -> None:
    left_out = data.draw(st.frozensets(st.sampled_from(sorted(found)))) if found else frozenset()
    page = RecordPage(found, left_out)
    assert batch_record.read_records(batch_record.write_records(page)) == page
    by_id = {end.state.task_id: end for end in ends.values()}
    assert batch_record.read_ends(batch_record.write_ends(by_id, MPS), MPS) == by_id


@given(st.integers(0, 1000), texts, st.none() | texts, st.none() | st.integers(0, 100), st.booleans())
def test_a_header_comes_back_as_it_went(
    pages: int, base: str, writer: str | None, tries: int | None, has_id: bool
) -> None:
    to = None if tries is None else Instance("0198" if has_id else None, None if has_id else 7, 1700000000.25)
    header = BatchHeader(pages, base or "b" if pages else None, writer or None, tries, to)
    assert batch_record.read_header(batch_record.write_header(header)) == header


def test_the_header_of_an_older_version_is_read() -> None:
    old = b'{"version":1,"pages":2,"base":"b","writer":null,"delivered_tries":2}'
    assert batch_record.read_header(old) == BatchHeader(2, "b", None, 2)
    assert "delivered_to" not in batch_record.write_header(BatchHeader(2, "b", None, 2)).decode()


@pytest.mark.parametrize(
    "edit",
    [
        {"pages": 0},
        {"pages": -1},
        {"pages": True},
        {"pages": 1.0},
        {"pages": 10**9},
        {"pages": "2"},
        {"base": None},
        {"base": ""},
        {"base": 7},
        {"writer": ""},
        {"writer": []},
        {"delivered_tries": True},
        {"delivered_tries": -1},
        {"delivered_tries": 1.5},
        {"delivered_tries": None},
        {"delivered_to": {"ti_id": 7}},
        {"delivered_to": {"run_number": True}},
        {"delivered_to": {"run_began": "now"}},
        {"delivered_to": {"other": 1}},
        {"delivered_to": []},
        {"delivered_to": "x"},
        {"version": True},
        {"version": 2},
        {"other": 1},
    ],
)
def test_a_header_that_contradicts_itself_is_not_believed(edit: dict[str, Any]) -> None:
    sound = {
        "version": 1,
        "pages": 2,
        "base": "b",
        "writer": None,
        "delivered_tries": 2,
        "delivered_to": {"ti_id": "a"},
    }
    assert batch_record.read_header(json.dumps(sound).encode()).pages == 2
    with pytest.raises(UnreadablePageError):
        batch_record.read_header(json.dumps({**sound, **edit}).encode())


_SOUND = Record("k", "b", "a", 2, intent=1.0, task_id="t", accepted=2.0).to_json()


@pytest.mark.parametrize(
    "page",
    [
        {"records": {}, "left_out": [{}]},
        {"records": {}, "left_out": ["not there"]},
        {"records": {}, "left_out": {}},
        {"records": [], "left_out": []},
        {"records": {"t": {}}, "left_out": []},
        {"records": {"t": {**_SOUND, "max_tries": True}}, "left_out": []},
        {"records": {"t": {**_SOUND, "replaced": "ab"}}, "left_out": []},
        {"records": {"t": {**_SOUND, "accepted": True}}, "left_out": []},
        {"records": {"t": {**_SOUND, "accepted": float("nan")}}, "left_out": []},
        {"records": {"t": {**_SOUND, "intent": 10**400}}, "left_out": []},
        {"records": {"t": {**_SOUND, "other": 1}}, "left_out": []},
        {"records": {"t": _SOUND}, "left_out": [], "other": 1},
        {"ends": {}},
        {"ends": [1]},
        {"ends": [{}]},
        {"ends": [{"mps_task_id": {}}]},
        {"ends": [{"mps_task_id": "t", "status": "success", "result": {"TaskId": "t", "Outputs": [1]}}]},
        {"ends": [{"mps_task_id": "t", "status": "success", "result": {"TaskId": "u", "Outputs": []}}]},
        {"ends": [{"mps_task_id": "t", "status": "failed", "code": "c", "message": "m"}] * 2},
        {"ends": [], "other": 1},
    ],
)
def test_an_edited_page_is_not_believed(page: dict[str, Any]) -> None:
    read = read_ends if "ends" in page else batch_record.read_records
    with pytest.raises(UnreadablePageError):
        read(json.dumps({"version": 1, **page}).encode())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_WORDS = {
    "header": ("pages", "base", "writer", "delivered_tries", "delivered_to"),
    "instance": ("ti_id", "run_number", "run_began"),
    "record": tuple(_SOUND),
    "event": ("mps_task_id", "status", "result", "code", "message", "error", "limit", "last_seen"),
    "result": ("TaskId", "Outputs", "Status"),
}


def _edited(sound: dict[str, Any], words: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    edits = st.dictionaries(st.sampled_from(words), _JSON, max_size=2)
    return st.builds(lambda edit: {**sound, **edit}, edits)


@given(
    _edited({"version": 1, "pages": 2, "base": "b", "writer": None, "delivered_tries": 2}, _WORDS["header"]),
    _edited({"ti_id": "a", "run_number": None, "run_began": 1.0}, _WORDS["instance"]) | _JSON,
)
def test_any_header_is_sound_or_unreadable(header: dict[str, Any], to: Any) -> None:
    try:
        found = batch_record.read_header(json.dumps({**header, "delivered_to": to}).encode())
    except UnreadablePageError:
        return
    assert (found.pages > 0) == (found.base is not None)
    assert found.delivered_tries is None or (type(found.delivered_tries) is int and found.delivered_tries >= 0)
    assert batch_record.read_header(batch_record.write_header(found)) == found


@given(st.dictionaries(st.text(max_size=3), _edited(_SOUND, _WORDS["record"]) | _JSON, max_size=3), _JSON)
def test_any_page_of_records_is_sound_or_unreadable(records: dict[str, Any], left_out: Any) -> None:
    try:
        found = batch_record.read_records(json.dumps({"version": 1, "records": records, "left_out": left_out}).encode())
    except UnreadablePageError:
        return
    assert found.left_out <= found.records.keys()
    assert batch_record.read_records(batch_record.write_records(found)) == found


@given(
    st.lists(
        _JSON
        | _edited({"mps_task_id": "t", "status": "failed", "code": "c", "message": "m"}, _WORDS["event"])
        | _edited({"mps_task_id": "u", "status": "error", "error": ["a", "b"]}, _WORDS["event"])
        | _edited({"mps_task_id": "w", "status": "timeout", "last_seen": "x", "limit": "timeout"}, _WORDS["event"])
        | _edited({"TaskId": "v", "Outputs": [{"path": "/a"}]}, _WORDS["result"]).map(
            lambda result: {"mps_task_id": "v", "status": "success", "result": result}
        ),
        max_size=3,
    )
    | _JSON
)
def test_any_page_of_ends_is_sound_or_unreadable(ends: Any) -> None:
    try:
        found = batch_record.read_ends(json.dumps({"version": 1, "ends": ends}).encode(), MPS)
    except UnreadablePageError:
        return
    for task_id, end in found.items():
        assert isinstance(task_id, str)
        items.outcome_of_item(task_id, end, 600.0)
    assert batch_record.read_ends(batch_record.write_ends(found, MPS), MPS).keys() == found.keys()


def test_a_page_that_is_too_deep_is_unreadable() -> None:
    deep = b'{"version":1,"ends":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for read in (batch_record.read_header, batch_record.read_records, read_ends, batch_record.read_claim):
        with pytest.raises(UnreadablePageError):
            read(deep)


@pytest.mark.parametrize(
    ("now", "before", "is_another"),
    [
        # Airflow 3: the id of the task instance; the beginning of the run may be the same, as the logical date is.
        (Instance("a", None, 1.0), Instance("a", None, 2.0), False),
        (Instance("b", None, 1.0), Instance("a", None, 1.0), True),
        # Airflow 2: the run's number, and SQLite gives the number of a row that was deleted again.
        (Instance(None, 7, 1.0), Instance(None, 7, 1.0), False),
        (Instance(None, 8, 1.0), Instance(None, 7, 1.0), True),
        (Instance(None, 7, 2.0), Instance(None, 7, 1.0), True),
        # What is not known tells nothing apart.
        (Instance(), Instance(None, 7, 1.0), False),
        (Instance(None, None, 2.0), Instance(None, None, 1.0), False),
        (Instance(None, 7, None), Instance(None, 7, 1.0), False),
        (Instance("a"), Instance(None, 7), False),
        (Instance(), Instance(), False),
    ],
)
def test_a_run_that_was_made_again_is_known(now: Instance, before: Instance, is_another: bool) -> None:
    assert now.is_of_another_run(before) is is_another


@given(st.binary() | st.from_regex(rb'\{"version":1,"(records|ends|pages|left_out)":.{0,20}\}', fullmatch=True))
def test_garbage_is_never_taken_for_nothing(data: bytes) -> None:
    for read_page in (batch_record.read_header, batch_record.read_records, read_ends):
        try:
            read_page(data)
        except UnreadablePageError:
            continue
        assert json.loads(data)["version"] == 1


lists = st.lists(st.lists(st.integers(0, 400), unique=True, max_size=300), min_size=1, max_size=4)


@given(lists)
def test_an_item_stays_on_its_page_whatever_is_asked_for(asked: list[list[int]]) -> None:
    stored: dict[int, RecordPage] = {}
    header = BatchHeader(0)
    for numbers in asked:
        record = BatchRecord(header)
        for page, content in stored.items():
            record.add_page(page, content, {})
        known = set(record.records)
        tokens = [str(number) for number in numbers]
        record.ask_for(tokens)
        for token in tokens:
            record.records[token] = Record(token, "b", "a", 2, intent=1.0)
        for page, on_page in record.tokens_by_page().items():
            kept = {token: record.records[token] for token in on_page if token in record.records}
            stored[page] = RecordPage(kept, frozenset(record.left_out & kept.keys()))
        header = record.header
        assert max(stored, default=-1) < header.pages
        everything = [token for content in stored.values() for token in content.records]
        assert len(everything) == len(set(everything)) == len(known | set(tokens))
        again = BatchRecord(header)
        for page, content in stored.items():
            again.add_page(page, content, {})
        assert set(again.asked_for()) == set(tokens)
    assert header.pages <= -(-max(map(len, asked)) // PAGE_ITEMS)


def test_what_was_delivered_is_known_by_the_tries() -> None:
    record = BatchRecord(BatchHeader(1, delivered_tries=2), {"a": Record("a", "b", "c", 2, intent=1.0)})
    record.records["new"] = replace(record.records["a"], max_tries=4)
    assert [record.record(token) and record.record(token).delivered for token in ("a", "new", "none")] == [  # type: ignore[union-attr]
        True,
        False,
        None,
    ]


def concerns_all(code: str) -> bool:
    rule = rule_for(code)
    return rule is not None and rule.concerns_all


def test_what_concerns_all_is_refused_for_good() -> None:
    assert concerns_all("AuthFailure.SignatureFailure")
    assert concerns_all("UnauthorizedOperation.CamNoAuth")
    for code, rule in CODES.items():
        assert not concerns_all(code) or rule.outcome is Outcome.REFUSED or rule.is_lasting, code
    assert not any(map(concerns_all, ("InvalidParameter", "InvalidParameterValue", "FailedOperation", "NoAnswer")))
