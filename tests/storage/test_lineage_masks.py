"""Events of OpenLineage with all fields of a task: of a signed address they show what the log shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.storage import lineage_masks

SIGNED = "https://img.example.com/cup.png?Expires=1&OSSAccessKeyId=L&Signature=q8Zt0LwX3vRb5NcY"


def render(subject_url: str = "{{ a }}", address: str = SIGNED) -> Any:
    operator = MpsImageBgFusionOperator(task_id="t", subject_url=subject_url, prompt="x")
    operator.render_template_fields({"a": address})
    return operator


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The provider as far as it matters here: a redactor that has copied the masks of an earlier moment."""
    made: list[Any] = []

    class Redactor:
        @classmethod
        def from_masker(cls, masker: Any) -> str:
            made.append(masker)
            return f"redactor {len(made)}"

    events = SimpleNamespace(_redacter="redactor 0")
    module, listener = ModuleType(lineage_masks.ADAPTER), ModuleType(lineage_masks.LISTENER)
    vars(module).update(OpenLineageRedactor=Redactor, _secrets_masker=lambda: "masker of Airflow")
    vars(listener).update(get_openlineage_listener=lambda: SimpleNamespace(adapter=events))
    monkeypatch.setitem(sys.modules, lineage_masks.ADAPTER, module)
    monkeypatch.setitem(sys.modules, lineage_masks.LISTENER, listener)
    return SimpleNamespace(events=events, made=made, module=module)


@pytest.mark.parametrize("subject_url", ["{{ a }}", SIGNED])
def test_masks_that_are_made_when_a_task_is_rendered_count_in_its_events(subject_url: str, adapter: Any) -> None:
    operator = render(subject_url)
    assert adapter.events._redacter == "redactor 1"
    assert adapter.made == ["masker of Airflow"]
    # Fields that can all be written as JSON are left alone by it.
    with pytest.raises(TypeError):
        json.dumps(vars(operator)["_lineage"])


def test_nothing_is_touched_where_nothing_is_masked(adapter: Any) -> None:
    operator = render(address="https://img.example.com/cup.png?v=3")
    assert adapter.events._redacter == "redactor 0"
    assert "_lineage" not in vars(operator)


def test_an_unknown_version_is_told(adapter: Any, lines: Callable[[], str]) -> None:
    del adapter.module.OpenLineageRedactor
    render()
    assert "with include_full_task_info, its events show the signed addresses" in lines()


def test_without_the_provider_a_task_runs_as_ever(monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]) -> None:
    monkeypatch.delitem(sys.modules, lineage_masks.ADAPTER, raising=False)
    assert render().subject_url == SIGNED
    assert "OpenLineage" not in lines()


def test_with_the_provider_itself() -> None:
    """Where it is installed: the facet of a task, by its own code."""
    utils = pytest.importorskip("airflow.providers.openlineage.utils.utils")
    adapter = pytest.importorskip(lineage_masks.ADAPTER)
    listener = pytest.importorskip(lineage_masks.LISTENER)
    events = listener.get_openlineage_listener().adapter
    for operator in (render(), render(SIGNED)):
        facet = events._redacter.redact({"task": utils.TaskInfoComplete(operator)}, max_depth=20)
        assert facet["task"]["subject_url"] == "https://img.example.com/cup.png?***"
    assert adapter.OpenLineageRedactor
