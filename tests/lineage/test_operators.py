"""What each operator says that it has read and written, to Airflow's own collector and in OpenLineage's classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AssetAlias, TaskDeferred

from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.lineage.addresses import given_addresses, made_addresses, payload_addresses
from airflow_provider_mps.lineage.reporting import ReportsLineage
from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE, read_sample
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.operators.pictures import ContactSheetOperator, PictureLabelOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from airflow_provider_mps.transfers.local_to_cos import LocalFilesystemToCosOperator
from tests.operators.publishing import Shop
from tests.task_context import AIRFLOW_2, make_context

pytestmark = pytest.mark.usefixtures("conn_id")

Collected = Callable[[], tuple[list[str], list[str]]]
SECRET = "0123456789abcdef0123456789abcdef01234567"


def at(service: LocalService, *keys: str) -> list[str]:
    return [f"cos://{service.bucket}/{key}" for key in keys]


def fusion(**given: Any) -> MpsImageBgFusionOperator:
    given = {"subject_cos_key": "/samples/coffee.png", "bg_cos_key": "/samples/brick.png", **given}
    return MpsImageBgFusionOperator(task_id="task", poll_interval=0.1, output_path="/o/made.jpeg", **given)


def told(lineage: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    return tuple([(one.namespace, one.name) for one in side] for side in (lineage.inputs, lineage.outputs))  # type: ignore[return-value]


def test_a_picture(service: LocalService, collected: Collected) -> None:
    operator = fusion(wait_for_completion=True)
    operator.execute(make_context())
    assert collected() == (at(service, "samples/coffee.png", "samples/brick.png"), at(service, "o/made.jpeg"))
    pytest.importorskip("airflow.providers.openlineage")
    shop = f"cos://{service.bucket}"
    lineage = operator.get_openlineage_facets_on_complete(None)
    assert told(lineage) == ([(shop, "samples/coffee.png"), (shop, "samples/brick.png")], [(shop, "o/made.jpeg")])
    assert lineage.run_facets == {}


def test_who_comes_from_a_deferral_knows_the_inputs_too(service: LocalService, collected: Collected) -> None:
    with pytest.raises(TaskDeferred):
        fusion(wait_for_completion=True, deferrable=True).execute(make_context())
    assert collected() == ([], [])
    stored = cos_object(service.bucket, service.region, "/o/made.jpeg")
    result = {"TaskId": "t", "Status": "FINISH", "CreateTime": None, "FinishTime": None, "Outputs": [stored]}
    event = {"mps_task_id": "t", "status": "success", "result": result}
    fusion(wait_for_completion=True, deferrable=True).execute_complete(make_context(), event)
    assert collected() == (at(service, "samples/coffee.png", "samples/brick.png"), at(service, "o/made.jpeg"))


def test_a_signed_address_is_named_without_its_signature(service: LocalService, collected: Collected) -> None:
    signed = f"{service.url}/_local/samples/coffee.png?q-sign-algorithm=sha1&q-signature={SECRET}"
    fusion(subject_cos_key=None, subject_url=signed).execute(make_context())
    inputs, outputs = collected()
    assert inputs == [f"{service.url}/_local/samples/coffee.png", *at(service, "samples/brick.png")]
    assert outputs == []


def test_a_sensor_reports_the_picture_that_it_has_waited_for(service: LocalService, collected: Collected) -> None:
    task_id = fusion().execute(make_context())
    before = collected()
    MpsImageTaskSensor(task_id="wait", mps_task_id=task_id, poke_interval=0.1).execute(make_context())
    assert (before[1], collected()[1]) == ([], at(service, "o/made.jpeg"))


def test_a_batch(service: LocalService, collected: Collected) -> None:
    same = {"subject_cos_key": "/samples/coffee.png", "bg_cos_key": "/samples/brick.png"}
    requests = [{**same, "output_path": f"/o/{n}.jpeg"} for n in range(3)]
    requests.append({**same, "subject_cos_key": "/nothing.png", "output_path": "/o/3.jpeg"})
    operator = MpsImageBgFusionBatchOperator(
        task_id="task", requests=requests, deferrable=False, poll_interval=0.2, max_failed=0
    )
    with pytest.raises(Exception, match="1 of 4"):
        operator.execute(make_context())
    inputs = at(service, "samples/coffee.png", "samples/brick.png", "nothing.png")
    assert collected() == (inputs, at(service, "o/0.jpeg", "o/1.jpeg", "o/2.jpeg"))
    # OpenLineage sends all fields of an operator, if it is told to.
    assert "nothing.png" not in repr(
        {name: value for name, value in vars(operator).items() if "kwargs" not in name and name != "requests"}
    )
    pytest.importorskip("airflow.providers.openlineage")
    facets = operator.get_openlineage_facets_on_failure(None).run_facets
    assert facets["mps_error"].code == "1 of 4 failed, max_failed=0"


def test_copies_of_objects_and_files(service: LocalService, collected: Collected, tmp_path: Path) -> None:
    file = tmp_path / "cup.png"
    LocalFilesystemToCosOperator(task_id="store", local_path=__file__, cos_key="/in/cup.png").execute(make_context())
    CosToLocalFilesystemOperator(task_id="one", cos_key="in/cup.png", local_path=str(file)).execute(make_context())
    outputs = [{"path": "/in/cup.png", "bucket": None, "region": None}]
    many = CosToLocalFilesystemOperator(task_id="many", outputs=outputs, local_dir=str(tmp_path / "d"))
    many.execute(make_context())
    here, there = f"file://{__file__}", at(service, "in/cup.png")
    assert collected() == (
        [here, *there, *there],
        [*there, f"file://{file}", f"file://{tmp_path / 'd' / 'cup.png'}"],
    )


def test_a_task_of_a_users_own(service: LocalService, collected: Collected, tmp_path: Path) -> None:
    hook = CosHook()
    hook.upload_file(__file__, "/in/cup.png")
    hook.download_file("/in/cup.png", tmp_path / "cup.png")
    there = at(service, "in/cup.png")
    assert collected() == ([f"file://{__file__}", *there], [*there, f"file://{tmp_path / 'cup.png'}"])


@pytest.mark.usefixtures("aidge_conn_id")
def test_pictures_of_aidge(service: LocalService, collected: Collected) -> None:
    service.put_object(service.bucket, "in/cup.png", read_sample(LARGE_SAMPLE))
    made = AidgeBackgroundGenerationOperator(
        task_id="make",
        image_path="cos:///in/cup.png",
        scene_id=3,
        image_num=2,
        wait_for_completion=True,
        poll_interval=0.1,
    ).execute(make_context())
    inputs, pictures = collected()
    assert inputs == at(service, "in/cup.png")
    assert len(pictures) == 2
    copies = AidgeToObjectStorageOperator(task_id="copy", images=made, dest="cos:///aidge/").execute(make_context())
    assert collected() == ([*inputs, *pictures], [*pictures, *(copy["cos_uri"] for copy in copies)])


def test_publication_label_and_sheet(service: LocalService, collected: Collected) -> None:
    shop = Shop(service)
    made = shop.make([shop.line("cup/white"), shop.line("bowl/white")])
    publish = CataloguePublishOperator(task_id="publish", pictures=made, unchecked=True)
    output = publish.execute(make_context(task_id="publish"))
    sources, finals = (
        at(service, "output/cup/white-1.jpeg", "output/bowl/white-1.jpeg"),
        at(service, "shop/cup/white.jpeg", "shop/bowl/white.jpeg"),
    )
    assert collected() == ([made["path"], *sources], [output["path"], *finals])
    result = {
        "TaskId": "t",
        "Outputs": [{"bucket": service.bucket, "region": None, "path": "/output/cup/white-1.jpeg"}],
    }
    PictureLabelOperator(task_id="label", pictures=result, dest="/labelled/").execute(make_context())
    sheet = ContactSheetOperator(task_id="sheet", pictures=result, dest="cos:///sheets/").execute(make_context())
    inputs, outputs = collected()
    assert inputs[3:] == [sources[0], sources[0]]
    assert outputs[3:] == [*at(service, "labelled/output/cup/white-1.jpeg"), sheet["Outputs"][0]["cos_uri"]]


def test_a_failure_has_code_message_and_request_id(service: LocalService, collected: Collected, tmp_path: Path) -> None:
    pytest.importorskip("airflow.providers.openlineage")
    operator = CosToLocalFilesystemOperator(task_id="t", cos_key="/nothing.png", local_path=str(tmp_path / "a.png"))
    with pytest.raises(Exception, match="NoSuchKey") as raised:
        operator.execute(make_context())
    lineage = operator.get_openlineage_facets_on_failure(None)
    assert told(lineage) == ([(f"cos://{service.bucket}", "nothing.png")], [])
    found, request_id = lineage.run_facets, raised.value.request_id  # type: ignore[attr-defined]
    assert (found["mps_error"].code, found["mps_error"].requestId) == ("NoSuchKey", request_id)
    assert found["errorMessage"].message.startswith("NoSuchKey: ")
    assert found["errorMessage"].message.endswith(f"(RequestId {request_id})")
    assert found["errorMessage"].stackTrace is None


def test_no_error_of_lineage_fails_a_task(
    collected: Collected, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]
) -> None:
    def breaks(self: Any) -> Any:
        raise OSError(SECRET)

    monkeypatch.setattr(MpsImageBgFusionOperator, "lineage_inputs", breaks)
    assert fusion().execute(make_context())
    said = lines()
    assert "What this task has read and written is not reported: OSError" in said
    assert SECRET not in said


def test_nothing_is_looked_at_where_nobody_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(ReportsLineage, "lineage_outputs", lambda self, result: asked.append(result) or ())
    assert fusion().execute(make_context())
    assert asked == []


@pytest.mark.parametrize("count", [1, 21])
def test_an_alias_is_told_what_was_made(count: int, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[tuple[str, Any]] = []
    told = SimpleNamespace(add=lambda asset, extra: added.append((asset.uri, extra)))
    context, alias = make_context(), AssetAlias("made")

    class Events:
        def __getitem__(self, outlet: Any) -> Any:
            assert outlet is alias
            return told

    context["outlet_events"] = Events()
    made = [f"cos:///o/{n}.jpeg" for n in range(count)]
    monkeypatch.setattr(MpsImageBgFusionOperator, "lineage_outputs", lambda self, result: made)
    task_id = fusion(outlets=[alias]).execute(context)
    assert added == [(at(service, "o/0.jpeg" if count == 1 else "o")[0], {})]
    assert isinstance(task_id, str)


def test_an_asset_that_airflow_does_not_take_leaves_the_others(
    service: LocalService, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]
) -> None:
    added: list[str] = []
    context, alias = make_context(), AssetAlias("made")
    context["outlet_events"] = {alias: SimpleNamespace(add=lambda asset, extra: added.append(asset.uri))}
    # Airflow takes 1,500 characters, 3,000 on Airflow 2.
    made = [f"cos:///o/{'x' * 2000}.jpeg", "cos:///o/cup.jpeg"]
    made[0] = made[0].replace("x", "ä" if AIRFLOW_2 else "x")
    monkeypatch.setattr(MpsImageBgFusionOperator, "lineage_outputs", lambda self, result: made)
    assert fusion(outlets=[alias]).execute(context)
    assert at(service, "o/cup.jpeg")[0] in added
    assert "What this task has read and written is not reported" not in lines()


def test_addresses_in_what_tasks_return() -> None:
    stored = {"bucket": "b-1", "region": "r", "path": "/a.png", "cos_uri": "cos://b-1/a.png", "url": "https://x/a.png"}
    text = {"bucket": None, "path": None, "cos_uri": None, "content": "words"}
    entry = {"key": 0, "subject": "https://host/cup.png", "TaskId": "t", "Outputs": [stored, text], "Images": []}
    failed = {"key": 1, "subject": "1.png", "Outputs": [], "Error": {"Code": "x"}}
    assert list(made_addresses([entry, failed])) == ["cos://b-1/a.png"]
    assert list(given_addresses([entry, failed])) == ["https://host/cup.png", "cos://b-1/a.png"]
    file = {"path": "cos://b-1/pictures.jsonl", "catalogue": "cos://b-1/shop", "counts": {"made": 1}}
    assert list(given_addresses([file, "/data/plan.jsonl", "words", None, 3])) == [file["path"], "/data/plan.jsonl"]
    aidge = {"TaskId": "t", "Images": [{"url": "https://host/1.png"}, {"url": None}]}
    assert list(made_addresses(aidge)) == ["https://host/1.png"]
    assert list(made_addresses([{"uri": "/data/1.png", "size": 3}, "cos://b-1/x"])) == ["/data/1.png", "cos://b-1/x"]


def test_addresses_in_a_request() -> None:
    payload = {
        "InputInfo": {"Type": "URL", "UrlInputInfo": {"Url": "https://host/cup.png"}},
        "OutputStorage": {"Type": "COS", "CosOutputStorage": {"Bucket": "b-1"}},
        "AddOnParameter": {
            "ImageSet": [{"Image": {"CosInputInfo": {"Bucket": "b-1", "Region": "r", "Object": "/wood.png"}}}]
        },
    }
    assert list(payload_addresses(payload)) == ["https://host/cup.png", "cos://b-1/wood.png"]
