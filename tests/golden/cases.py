"""What is persisted or travels between processes, each with an example that has all of its parts.

A deferred task, a batch that runs for hours, and a record in Airflow's database outlive an upgrade of this package. So
a change of what is written gets a new version here, a file beside the old ones, and code that still reads those.
``python -m tests.golden.cases`` writes the files that are missing, and never over one that is there.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airflow_provider_mps.batch import record as pages
from airflow_provider_mps.batch.record import BatchHeader, RecordPage
from airflow_provider_mps.batch.store import BatchStore, batch_prefix
from airflow_provider_mps.catalogue.plan.fingerprints import digest_of, parts_of
from airflow_provider_mps.catalogue.plan.sources import sources_of
from airflow_provider_mps.catalogue.record import events as catalogue_events
from airflow_provider_mps.catalogue.record import format as record_format
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.state import Writer
from airflow_provider_mps.catalogue.words import LineService
from airflow_provider_mps.core import events, fingerprint, submission_events
from airflow_provider_mps.core.airflow_task import Instance, TaskKey
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Finished, Refused, TooLate
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.submission import RECORD_VERSION, Record
from airflow_provider_mps.core.submission_events import SubmissionEnd
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.core.vocabulary import XCOM_RETURN_KEY, LimitKind
from airflow_provider_mps.durable import tries
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults
from airflow_provider_mps.triggers.aidge import AidgeImageTaskTrigger
from airflow_provider_mps.triggers.aidge_batch import AidgeImageBatchTrigger
from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger
from airflow_provider_mps.triggers.mps_batch import MpsImageBatchTrigger
from airflow_provider_mps.triggers.mps_submit import MpsSubmitTrigger

HERE = Path(__file__).parent
TASK = TaskKey("shop", "fuse", "scheduled__2026-01-01T00:00:00+00:00", 3)
TASK_ID = "2600007696-WorkflowTask-0123456789abcdef"
AIDGE_TASK_ID = "9007199254740993"
PREFIX = batch_prefix("/records/", TASK)


@dataclass(frozen=True)
class Golden:
    """One format.

    :param name: of its files, before the version
    :param version: of what is written now
    :param meaning: what the example says, as the code has it
    :param write: gives what is kept or sent: bytes as they are, other values as JSON
    :param read: gives the meaning of what was kept or sent
    :param ending: of the name of its files; ``jsonl`` where the version is in the first of several lines
    """

    name: str
    version: int
    meaning: Any
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    ending: str = "json"

    @property
    def path(self) -> Path:
        return HERE / f"{self.name}.v{self.version}.{self.ending}"

    def written(self) -> bytes:
        """Return what the file of this version has in it."""
        value = self.write(self.meaning)
        if self.ending == "jsonl":
            return bytes(value)
        return value + b"\n" if isinstance(value, bytes) else json.dumps(value, indent=2).encode() + b"\n"

    def meaning_of(self, path: Path) -> Any:
        """Read a file of this or an older version."""
        data = path.read_bytes()
        if self.ending == "jsonl":
            return self.read(data)
        data = data.removesuffix(b"\n")
        return self.read(data if isinstance(self.write(self.meaning), bytes) else json.loads(data))


RECORD = Record(
    key="0a" * 32,
    body="1b" * 32,
    account="2c" * 32,
    max_tries=2,
    intent=1767229370.25,
    task_id=TASK_ID,
    accepted=1767229371.5,
    delivered=True,
    replaced=("2600007696-WorkflowTask-replaced",),
    loose="3d" * 32,
    ahead=-0.75,
    cleared=1767229400.0,
    request_id="5e2f1b7c-0000-4000-8000-000000000001",
)
INTENT = Record("0a" * 32, "1b" * 32, "2c" * 32, 0, intent=1767229370.25, loose="3d" * 32)
HEADER = BatchHeader(
    pages=2,
    base="4e5f",
    writer="6a7b",
    delivered_tries=2,
    delivered_to=Instance("01890000-0000-7000-8000-000000000001", 17, 1767229300.0),
)

RESULT = {
    "TaskId": TASK_ID,
    "Status": "FINISH",
    "CreateTime": "2026-01-01T01:02:51Z",
    "FinishTime": "2026-01-01T01:02:56Z",
    "Outputs": [{"bucket": "shop-1250000000", "region": "ap-guangzhou", "path": "/output/cup.jpeg"}],
}
AIDGE_RESULT = {"TaskId": AIDGE_TASK_ID, "Status": "finished", "Images": [{"url": "https://e.com/1.png", "index": 0}]}
ERROR = ServiceError("MPS", "DescribeImageTaskDetail", TASK_ID, "AuthFailure", "no such key", "5e2f", Outcome.REFUSED)
REFUSED = ServiceError("MPS", "ProcessImage", "/photos/cup.png", "AuthFailure", "no", "5e2f", Outcome.REFUSED)
AIDGE_ERROR = ServiceError("Aidge", "/task/query", AIDGE_TASK_ID, "700", "no access", "6f30", Outcome.REFUSED)


def ends_of(task_id: str, service: ServiceProfile, result: dict[str, Any], error: ServiceError) -> dict[str, Any]:
    """Return how waiting can end, by a word for each."""
    failure = TaskFailure("70000 InternalError", "try again", service.name)
    return {
        "success": Finished(TaskState(task_id, result["Status"], result=result)),
        "failed": Finished(TaskState(task_id, "FINISH", failure=failure)),
        "timeout": TooLate("PROCESSING, 40%", LimitKind.TIMEOUT),
        "execution-timeout": TooLate("WAITING", LimitKind.EXECUTION_TIMEOUT),
        "error": Refused(error),
    }


def comparable(meaning: Any) -> Any:
    """Return a meaning that can be compared: errors are not equal to each other, what they say is."""
    if isinstance(meaning, dict):
        return {name: comparable(value) for name, value in meaning.items()}
    if isinstance(meaning, SubmissionEnd):
        return meaning.record, comparable(meaning.error), meaning.handed_back
    if isinstance(meaning, Refused):
        meaning = meaning.error
    return (type(meaning), meaning.args) if isinstance(meaning, ServiceError) else meaning


def trigger(made: Any, version: int = 1) -> Golden:
    """The arguments of a trigger, which are a row of Airflow's database while it waits."""

    def write(meaning: tuple[type, dict[str, Any]]) -> dict[str, Any]:
        path, arguments = meaning[0](**meaning[1]).serialize()
        return {"path": path, "arguments": arguments}

    def read(value: dict[str, Any]) -> tuple[type, dict[str, Any]]:
        found = pkgutil.resolve_name(value["path"])(**value["arguments"])
        return type(found), {name: getattr(found, name) for name in made[1]}

    return Golden(f"trigger-{made[0].__name__}", version, made, write, read)


def event(name: str, service: ServiceProfile, task_id: str, end: Any, version: int = 1) -> Golden:
    """What a trigger tells the task, which is a row of Airflow's database until the task takes it."""
    return Golden(
        f"event-{service.name.lower()}-{name}",
        version,
        end,
        lambda meaning: events.to_event(task_id, meaning, service),
        events.from_event,
    )


def submission_event(name: str, end: SubmissionEnd, version: int = 1) -> Golden:
    """What a trigger that submits tells the task."""

    def write(meaning: SubmissionEnd) -> dict[str, Any]:
        if meaning.error is not None:
            return submission_events.not_submitted_event(meaning.record, meaning.error)
        if meaning.handed_back is not None:
            return submission_events.hand_back_event(meaning.record, meaning.handed_back)
        return submission_events.submission_event(meaning.record, events.to_event(TASK_ID, ENDS["success"], MPS))

    return Golden(f"event-mps-submission-{name}", version, end, write, submission_events.submission_of_event)


def batch_event(name: str, error: ServiceError | None, version: int = 1) -> Golden:
    return Golden(
        f"event-batch-{name}",
        version,
        error,
        lambda meaning: events.batch_event(PREFIX, meaning),
        events.error_of_batch_event,
    )


class Bucket:
    """Notes the keys of what is stored."""

    bucket_name = "shop-1250000000"

    def __init__(self) -> None:
        self.keys: list[str] = []

    def write_object(self, key: str, data: bytes, content_type: str) -> None:
        self.keys.append(key)


def names() -> dict[str, Any]:
    """Return the names that things are kept under."""
    bucket = Bucket()
    store: Any = BatchStore(bucket, PREFIX, MPS)  # type: ignore[arg-type]
    store.write_header(HEADER)
    store.write_claim("6a7b")
    store.write_pages("4e5f", {1: RecordPage()}, {1: {}})
    return {
        "records in Airflow's state store": [MPS.record_key, AIDGE.record_key],
        "XComs": [XCOM_RETURN_KEY, MPS.task_id_key, AIDGE.task_id_key, tries.IN_DOUBT],
        "objects of a batch": sorted(bucket.keys),
    }


def hashes() -> dict[str, Any]:
    """Return the hashes of a request: a part of them names its picture, by which the next try finds it."""
    payload = {
        "InputInfo": {
            "Type": "URL",
            "UrlInputInfo": {"Url": "https://e.com/cup.png?size=800&x-cos-signature=abc&auth=1"},
        },
        "ScheduleId": 30060,
        "StdExtInfo": '{"Prompt": "Morgenlicht, 早晨"}',
    }
    asked = fingerprint.fingerprint_of(
        TASK, payload, endpoint="mps.tencentcloudapi.com", region="ap-guangzhou", account="AKID"
    )
    parts = ("key", "body", "account", "loose", "token", "loose_tokens")
    return {name: getattr(asked, name) for name in parts}


def catalogue_fingerprints() -> dict[str, Any]:
    """Return the fingerprints of items: another one would have a whole catalogue made, and paid for, again."""
    subject, background = "/photos/cup.png", "https://e.com/beach.png?v=2&x-cos-signature=abc"
    requests = {
        "fusion": {
            "subject_cos_key": subject,
            "bg_url": background,
            "prompt": ["Morgenlicht", "早晨"],
            "random_seed": 7,
        },
        "words": {"subject_cos_key": subject, "prompt": "a beach", "format": "PNG", "image_size": "4K", "quality": 90},
        "scene": {"image_path": f"cos://shop-1250000000{subject}", "scene_id": "42", "image_num": 2},
    }
    found = {}
    for name, request in requests.items():
        service = LineService.AIDGE if name == "scene" else LineService.MPS
        asked = sources_of(request, service, StorageDefaults("shop-1250000000", "ap-guangzhou"), {})
        parts = parts_of(
            digest_of(asked.rest, "2"),
            subject="d41d8cd98f00b204e9800998ecf8427e:123456",
            background=f'{asked.background}\n"5ec4":99' if asked.background else None,
            has_background=asked.background is not None,
        )
        found[name] = ".".join(map(str, parts))
    return found


def fixed(name: str, value: dict[str, Any], version: int = 1) -> Golden:
    """What is the same in every version, and written as it is read."""
    return Golden(name, version, value, dict, dict)


def record_file(name: str, entry: Entry) -> Golden:
    """A file of the log of a catalogue's record, of which nothing is ever changed."""

    def read(data: bytes) -> Entry:
        found = record_format.read_entry(data, entry.number)
        return replace(found, events=tuple(found.events))

    return Golden(
        f"catalogue-{name}",
        record_format.VERSION,
        entry,
        lambda meaning: record_format.write_entry(meaning, "5e2f1b7c00004000800000000000000a"),
        read,
        "jsonl",
    )


def snapshot(name: str, known: CatalogueRecord) -> Golden:
    """What is known of a catalogue after some files."""
    return Golden(
        f"catalogue-{name}",
        record_format.VERSION,
        known,
        record_format.write_snapshot,
        lambda data: record_format.read_snapshot(data, known.seq),
        "jsonl",
    )


ENDS = ends_of(TASK_ID, MPS, RESULT, ERROR)
AIDGE_ENDS = ends_of(AIDGE_TASK_ID, AIDGE, AIDGE_RESULT, AIDGE_ERROR)
# One of each kind, under ids of their own.
PAGE_OF_ENDS = {
    TASK_ID: ENDS["success"],
    "task-failed": Finished(TaskState("task-failed", "FINISH", failure=TaskFailure("1 x", "y", "MPS"))),
    "task-late": ENDS["timeout"],
    "task-refused": ENDS["error"],
}
RUN = Writer("shop", "scheduled__2026-01-01T00:00:00+00:00", "plan")
PARTS = "0123456789abcdef.{}.00112233445566aa"
PICTURE = {"bucket": "shop-1250000000", "region": "ap-guangzhou", "path": "/output/cup-17-9a8b.jpeg"}
PLANNED = Entry(
    6,
    RUN,
    1767229370.25,
    (
        catalogue_events.ItemPlanned("cup-17/white", PARTS.format("fedcba9876543210")),
        catalogue_events.ItemPlanned("碗/白", PARTS.format("-")),
        catalogue_events.ItemWaiting("bowl/white"),
        catalogue_events.ItemUnpublished("jug/white"),
        catalogue_events.ItemPublishing("bowl/white", "cos://shop-1250000000/shop/bowl/white.jpeg"),
    ),
)
ENDED = Entry(
    7,
    RUN._replace(task_id="make"),
    1767229971.5,
    (
        catalogue_events.ItemMade("cup-17/white", PARTS.format("fedcba9876543210"), PICTURE, TASK_ID),
        catalogue_events.ItemFailed(
            "碗/白", PARTS.format("-"), "70000 InternalError", "try again", "5e2f", TASK_ID, False
        ),
        catalogue_events.ItemFailed(
            "tea/white", PARTS.format("-"), "InvalidParameter", "no picture", "6f30", None, True
        ),
        catalogue_events.ItemReleased("jug/wood"),
        catalogue_events.ItemRejected("tea/wood", PARTS.format("-"), TASK_ID, ("ProductMirrored",)),
        catalogue_events.ItemPublished(
            "cup-17/white",
            PARTS.format("fedcba9876543210"),
            "cos://shop-1250000000/shop/cup-17/white.jpeg",
            "d41d8cd98f00b204e9800998ecf8427e",
            123456,
        ),
    ),
)
# An item with all parts, and some with a few.
KNOWN = CatalogueRecord().after(
    [
        replace(PLANNED, number=18, run=PLANNED.run._replace(run_id="scheduled__2025-12-31T00:00:00+00:00")),
        replace(PLANNED, number=19),
        replace(ENDED, number=20, events=(*ENDED.events, *PLANNED.events)),
    ]
)
ATTRIBUTES = ("IQA", "Sharpness")
OPINIONS = Entry(
    8,
    RUN._replace(task_id="check"),
    1767230000.25,
    (
        catalogue_events.ItemAsked("cup-17/white", f"{TASK_ID} /output/cup.jpeg", ATTRIBUTES),
        catalogue_events.ItemAsked("碗/白", "/output/碗.jpeg /output/碗.jpeg", ("IQA",)),
        catalogue_events.ItemAnswered(
            "cup-17/white", f"{TASK_ID} /output/cup.jpeg", ATTRIBUTES, {"IQA": 61.25}, "IQA 61.25, Sharpness ?"
        ),
    ),
)
# One that is answered, and one that two runs have asked about.
JUDGED = CatalogueRecord().after(
    [
        replace(OPINIONS, number=39, run=OPINIONS.run._replace(run_id="scheduled__2025-12-31T00:00:00+00:00")),
        replace(OPINIONS, number=40),
    ]
)
# One whose pictures are copied, and ends of the other kinds.
COPIED = {"bucket": "shop-1250000000", "region": "ap-guangzhou", "path": f"/output/aidge/{AIDGE_TASK_ID}-1.jpg"}
PAGE_OF_AIDGE_ENDS = {
    AIDGE_TASK_ID: Finished(
        TaskState(
            AIDGE_TASK_ID,
            "finished",
            result={**AIDGE_RESULT, "CreateTime": None, "FinishTime": None, "Outputs": [COPIED]},
        )
    ),
    "task-made": Finished(TaskState("task-made", "finished", result={**AIDGE_RESULT, "TaskId": "task-made"})),
    "task-failed": Finished(TaskState("task-failed", "FINISH", failure=TaskFailure("failed", "too dark", "Aidge"))),
    "task-late": AIDGE_ENDS["timeout"],
    "task-refused": AIDGE_ENDS["error"],
}
BATCH = {
    **{"record_prefix": PREFIX, "record_bucket": "shop-1250000000", "record_region": "ap-guangzhou"},
    **{"poll_interval": 10.0, "timeout": 600.0, "until": 1767229971.5, "total": 1000},
}
WAITS = {"poll_interval": 10.0, "deadline": 1767229971.5, "limit": "execution_timeout", "since": 1767229371.5}
CONNECTED = {"tencentcloud_conn_id": "shop", "region": "ap-shanghai"}

PAYLOAD = {
    "InputInfo": {"Type": "COS", "CosInputInfo": {"Bucket": "shop-1250000000", "Object": "/photos/cup.png"}},
    "ScheduleId": 30060,
    "AddOnParameter": {"ExtPrompt": [{"Prompt": "Morgenlicht, 早晨"}]},
}
SUBMITS = {
    "payload": PAYLOAD,
    "record": INTENT.to_json(),
    **CONNECTED,
    "poll_interval": 10.0,
    "timeout": 600.0,
    "until": 1767229971.5,
    "urgent": True,
}
SUBMISSION_ENDS = {
    "done": SubmissionEnd(RECORD),
    "not-submitted": SubmissionEnd(replace(INTENT, intent=None), REFUSED),
    "handed-back": SubmissionEnd(INTENT, handed_back="the supervisor of the triggerer does not answer"),
}

CASES = [
    Golden("submission-record", RECORD_VERSION, RECORD, Record.to_json, Record.from_json),
    Golden("submission-intent", RECORD_VERSION, INTENT, Record.to_json, Record.from_json),
    Golden("batch-header", pages.VERSION, HEADER, pages.write_header, pages.read_header),
    Golden("batch-header-new", pages.VERSION, BatchHeader(1, "4e5f", "4e5f"), pages.write_header, pages.read_header),
    Golden("batch-claim", pages.VERSION, "6a7b", pages.write_claim, pages.read_claim),
    Golden("batch-claim-free", pages.VERSION, None, pages.write_claim, pages.read_claim),
    Golden(
        "batch-page-of-records",
        pages.VERSION,
        RecordPage({"00112233445566aa": RECORD, "00112233445566bb": INTENT}, frozenset({"00112233445566bb"})),
        pages.write_records,
        pages.read_records,
    ),
    Golden(
        "batch-page-of-ends",
        pages.VERSION,
        PAGE_OF_ENDS,
        lambda ends: pages.write_ends(ends, MPS),
        lambda data: pages.read_ends(data, MPS),
    ),
    Golden(
        "batch-page-of-aidge-ends",
        pages.VERSION,
        PAGE_OF_AIDGE_ENDS,
        lambda ends: pages.write_ends(ends, AIDGE),
        lambda data: pages.read_ends(data, AIDGE),
    ),
    record_file("record-plan", PLANNED),
    record_file("record-ends", ENDED),
    record_file("record-opinions", OPINIONS),
    snapshot("snapshot", KNOWN),
    snapshot("snapshot-opinions", JUDGED),
    trigger((MpsImageTaskTrigger, {"mps_task_id": TASK_ID, **CONNECTED, **WAITS})),
    trigger((MpsSubmitTrigger, SUBMITS)),
    trigger((AidgeImageTaskTrigger, {"aidge_task_id": AIDGE_TASK_ID, "aidge_conn_id": "scenes", **WAITS})),
    trigger((MpsImageBatchTrigger, {**BATCH, **CONNECTED})),
    trigger((AidgeImageBatchTrigger, {**BATCH, "tencentcloud_conn_id": "shop", "aidge_conn_id": "scenes"})),
    *(event(name, MPS, TASK_ID, end) for name, end in ENDS.items()),
    *(event(name, AIDGE, AIDGE_TASK_ID, end) for name, end in AIDGE_ENDS.items()),
    *(submission_event(name, end) for name, end in SUBMISSION_ENDS.items()),
    batch_event("success", None),
    batch_event("error", ERROR),
    fixed("names", names()),
    fixed("fingerprint", hashes()),
    fixed("catalogue-fingerprints", catalogue_fingerprints()),
]


if __name__ == "__main__":
    for case in CASES:
        if not case.path.exists():
            case.path.write_bytes(case.written())
            print(case.path.name)
