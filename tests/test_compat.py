"""The private names of Airflow that are used: in one module, and there in this Airflow with the shape that is used."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import BaseOperator, conf

import airflow_provider_mps
from airflow_provider_mps import compat
from airflow_provider_mps.compat_triggerer import health_check_threshold, priority_of
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.get_provider_info import get_provider_info

PACKAGE = Path(airflow_provider_mps.__file__).parent
AIRFLOW = tuple(map(int, airflow_version.split(".")[:2]))
only_2 = pytest.mark.skipif(AIRFLOW >= (3, 0), reason="a name of Airflow 2")
only_3 = pytest.mark.skipif(AIRFLOW < (3, 0), reason="a name of Airflow 3")
# What the adapter is for, by name. The demo runs a whole Airflow, and may know it from inside.
PRIVATE = {
    "_ti_context_from_server",
    "_do_render_template_fields",
    "_orig_start_date",
    "_render",
    "_serialize_rendered_fields",
}
# Names of what Airflow hands over.
OF_AIRFLOW = {"context", "dag", "dag_run", "operator", "task_instance", "ti"}
SOURCES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if not re.fullmatch(r"compat(_\w+)?\.py", path.name) and "demo" not in path.parts
)


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


# Canaries: one for each private name.


def test_fields_are_rendered_by_a_method_that_can_be_overridden() -> None:
    expected = ["self", "parent", "template_fields", "context", "jinja_env", "seen_oids"]
    assert parameters(BaseOperator._do_render_template_fields) == expected


def test_texts_are_rendered_by_a_method_that_can_be_overridden() -> None:
    assert parameters(BaseOperator._render) == ["self", "template", "context", "dag"]


def test_airflow_itself_comes_through_both(monkeypatch: pytest.MonkeyPatch) -> None:
    class Operator(BaseOperator):
        template_fields = ("text",)

        def __init__(self, text: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.text = text

    seen = []
    for name in ("_do_render_template_fields", "_render"):
        found = getattr(BaseOperator, name)

        def noted(self: Any, *args: Any, found: Any = found, **kwargs: Any) -> Any:
            seen.append(found.__name__)
            return found(self, *args, **kwargs)

        monkeypatch.setattr(Operator, name, noted, raising=False)
    task = Operator(task_id="t", text="{{ word }}")
    task.render_template_fields({"word": "cup"})  # type: ignore[typeddict-unknown-key]
    assert (task.text, seen) == ("cup", ["_do_render_template_fields", "_render"])


def test_who_reads_hook_lineage_is_known() -> None:
    try:
        from airflow.sdk import lineage, plugins_manager

        assert plugins_manager.get_hook_lineage_readers_plugins() == []
    except ImportError:
        from airflow import plugins_manager
        from airflow.lineage import hook as lineage

        plugins_manager.initialize_hook_lineage_readers_plugins()
        assert plugins_manager.hook_lineage_reader_classes == []
    kind = "dataset" if AIRFLOW < (3, 0) else "asset"
    for side in ("input", "output"):
        add = getattr(lineage.HookLineageCollector, f"add_{side}_{kind}")
        assert parameters(add)[:4] == ["self", "context", "scheme", "uri"]


@only_3
def test_the_task_runner_keeps_what_the_server_said() -> None:
    from airflow.sdk.api.datamodels._generated import TIRunContext
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    known = {**RuntimeTaskInstance.model_fields, **RuntimeTaskInstance.__private_attributes__}
    assert "_ti_context_from_server" in known
    assert "xcom_keys_to_clear" in TIRunContext.model_fields


@only_3
def test_rendered_fields_are_redacted_before_they_leave_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time import task_runner

    monkeypatch.setattr(task_runner, "_serialize_rendered_fields", task_runner._serialize_rendered_fields)
    secret, other = uuid.uuid4().hex, uuid.uuid4().hex
    compat.mask_secret(secret)
    for _ in range(2):
        compat.redact_rendered_fields()
    task = SimpleNamespace(
        template_fields=("url", "more"), url=f"http://shop?sign={secret}", more=[{"n": 1, other: other}]
    )
    assert task_runner._serialize_rendered_fields(task) == {
        "url": "http://shop?sign=***",
        "more": [{"n": 1, other: other}],
    }


@only_2
def test_airflow_2_says_nothing_of_cleared_xcoms() -> None:
    from airflow.models.taskinstance import TaskInstance

    assert not hasattr(TaskInstance, "_ti_context_from_server")


@only_2
def test_airflow_2_knows_the_first_start_of_a_sensor() -> None:
    from airflow.sensors.base import _orig_start_date

    expected = ["dag_id", "task_id", "run_id", "map_index", "try_number"]
    assert parameters(_orig_start_date)[: len(expected)] == expected


@only_3
def test_airflow_3_tells_the_first_reschedule_to_the_task() -> None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    assert parameters(RuntimeTaskInstance.get_first_reschedule_date) == ["self", "context"]


@pytest.mark.skipif(AIRFLOW < (3, 4), reason="Airflow has loops from 3.4 on")
def test_the_task_runner_says_which_iteration_it_is() -> None:
    from airflow.sdk.api.datamodels._generated import TIRunContext
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    assert {"region_id", "region_index", "map_index"} <= set(RuntimeTaskInstance.model_fields)
    assert "loop" in TIRunContext.model_fields


@only_3
@pytest.mark.skipif(AIRFLOW >= (3, 4), reason="Airflow has loops from 3.4 on")
def test_an_airflow_without_loops_has_no_regions() -> None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    assert "region_id" not in RuntimeTaskInstance.model_fields


@pytest.mark.skipif(AIRFLOW < (3, 3), reason="the store is that of Airflow 3.3")
def test_the_state_store_of_a_task_is_in_its_context() -> None:
    from airflow.sdk.execution_time import task_runner

    assert '"task_state_store"' in inspect.getsource(task_runner.RuntimeTaskInstance.get_template_context)


CONTEXT = "airflow.sdk.execution_time.context"


def has(module: str, *names: str) -> bool:
    """Tell whether this Airflow has something, by its module and the attributes that lead to it."""
    try:
        found: Any = importlib.import_module(module)
        for name in names:
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return False
    return True


def test_what_this_airflow_can_do_is_known() -> None:
    assert compat.HAS_LOOPS is has("airflow.sdk.definitions.loop", "LoopDecision")
    assert compat.HAS_PARTITIONS is has(CONTEXT, "OutletEventAccessor", "add_partitions")
    assert compat.KEEPS_TASK_STATE is has(CONTEXT, "TaskStateStoreAccessor")
    assert compat.ASKS_PEOPLE is has("airflow.models.hitl", "HITLDetail")
    plugin = importlib.import_module("airflow.plugins_manager").AirflowPlugin
    assert compat.SHOWS_PAGES is hasattr(plugin, "external_views")
    flags = {name: getattr(compat, name) for name in compat.SINCE}
    assert flags == {name: since <= AIRFLOW for name, since in compat.SINCE.items()}
    assert compat.DEFERRABLE is conf.getboolean("operators", "default_deferrable", fallback=False)


# Fallbacks, on whatever Airflow runs here.


def test_without_word_from_the_server_no_xcom_was_cleared() -> None:
    assert compat.cleared_xcoms(SimpleNamespace()) == frozenset()
    assert compat.cleared_xcoms(SimpleNamespace(_ti_context_from_server=None)) == frozenset()
    empty = SimpleNamespace(xcom_keys_to_clear=None)
    assert compat.cleared_xcoms(SimpleNamespace(_ti_context_from_server=empty)) == frozenset()
    said = SimpleNamespace(xcom_keys_to_clear=["mps_task_id"])
    assert compat.cleared_xcoms(SimpleNamespace(_ti_context_from_server=said)) == {"mps_task_id"}


def in_region(region: int | None, index: int, map_index: int = -1, **context: Any) -> Any:
    ids = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": map_index}
    known = None if region is None else uuid.UUID(int=region)
    said = SimpleNamespace(**context) if context else None
    return SimpleNamespace(**ids, region_id=known, region_index=index, _ti_context_from_server=said)


def test_a_task_outside_of_loops_is_what_it_was_before_there_were_any() -> None:
    plain = TaskKey("d", "t", "r", -1)
    key = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=None)
    assert compat.task_key(key) == plain
    assert compat.task_key(in_region(None, -1)) == compat.task_key(in_region(0, -1, loop=None)) == plain
    # A mapped one has a region of its own.
    assert compat.task_key(in_region(7, 2, map_index=2, loop=None)) == plain._replace(map_index=2)
    assert compat.task_key(in_region(0, 2, map_index=2, loop=None)) == plain._replace(map_index=2)


def test_each_iteration_of_a_loop_is_another_task() -> None:
    loop = SimpleNamespace(index=0)
    # Two iterations, the same of a loop in another iteration of one around it, and two mapped tasks in one.
    tasks = [in_region(7, 0, loop=loop), in_region(7, 1, loop=loop), in_region(8, 0, loop=loop)]
    tasks += [in_region(9, index, map_index=index, loop=loop) for index in (0, 1)]
    keys = [compat.task_key(task) for task in tasks]
    assert len(set(keys)) == 5
    assert [key.map_index for key in keys] == [-1, -1, -1, 0, 1]
    assert keys[1].iteration == f"{7:032x}-1"


def test_where_airflow_does_not_say_whether_it_is_a_loop_the_region_counts() -> None:
    assert compat.task_key(in_region(7, 0)).iteration == f"{7:032x}-0"
    assert compat.task_key(in_region(7, 0, xcom_keys_to_clear=[])).iteration == f"{7:032x}-0"


def test_the_extra_of_an_event_of_an_alias_can_be_hashed_where_it_is() -> None:
    given = {"path": "p", "skus": ["a", "b"], "published": 2}
    told = compat.alias_extra(given)
    if AIRFLOW < (3, 1):
        # To the server of Airflow 3.0 it goes as JSON.
        as_told = json.loads(json.dumps(told)) if AIRFLOW == (3, 0) else told
        assert len(frozenset(as_told.items())) == 3
    skus = json.loads(told["skus"]) if isinstance(told["skus"], str) else told["skus"]
    assert {**told, "skus": list(skus)} == given


def test_the_first_reschedule_is_asked_of_the_task_where_it_knows() -> None:
    ti = SimpleNamespace(get_first_reschedule_date=lambda context: ("first", context["n"]))
    assert compat.first_reschedule({"ti": ti, "n": 1}, 2) == ("first", 1)
    assert compat.first_reschedule(compat.rescheduling_context({"ti": ti, "n": 2}), 2) == ("first", 2)


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ("2026-11-30T19:10:06.062924Z", datetime(2026, 11, 30, 19, 10, 6, 62924, tzinfo=UTC)),
        ("2026-11-30T19:10:06+00:00", datetime(2026, 11, 30, 19, 10, 6, tzinfo=UTC)),
        (datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)),
        (None, None),
    ],
)
def test_the_first_reschedule_is_a_time_where_airflow_has_a_text(told: Any, first: datetime | None) -> None:
    ti = SimpleNamespace(get_first_reschedule_date=lambda _: told, task_id="t")
    assert compat.first_reschedule({"ti": ti}, 2) == first
    if AIRFLOW == (3, 0):
        context = compat.rescheduling_context({"ti": ti, "n": 1})
        assert context["ti"].get_first_reschedule_date(context) == first
        assert (context["ti"].task_id, context["n"]) == ("t", 1)


@only_3
def test_a_context_for_rescheduling_is_another_only_where_it_has_to_be() -> None:
    context = {"ti": SimpleNamespace(get_first_reschedule_date=lambda _: None)}
    assert (compat.rescheduling_context(context) is context) is (AIRFLOW != (3, 0))
    assert compat.rescheduling_context({}) == {}


def test_the_first_try_since_a_clear_is_asked_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    module = importlib.import_module("airflow.sensors.base")
    monkeypatch.setattr(module, "_orig_start_date", lambda *ids: asked.append(ids), raising=False)
    ti = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1, max_tries=5)
    assert compat.first_reschedule({"ti": ti}, 2) is None
    # Cleared after three tries: the next three have the numbers from 4 on.
    assert asked == [("d", "t", "r", -1, 4)]


def test_ids_are_none_where_airflow_does_not_show_them() -> None:
    assert compat.task_instance_id(SimpleNamespace()) is None
    assert compat.task_instance_id(SimpleNamespace(id=7)) == "7"
    assert compat.run_number(None) is None
    assert compat.run_number(SimpleNamespace(id="scheduled__x")) is None
    assert compat.run_number(SimpleNamespace(id=3)) == 3
    assert compat.task_state_store({}) is None


# Nothing private elsewhere.


def names_in(tree: ast.AST) -> Iterator[str]:
    """Give all that may be a private name of something else: attributes, imports, methods, and words for getattr."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.source
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_module_has_a_private_name_of_airflow(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not PRIVATE & set(names_in(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "airflow":
            words = {*(alias.name for alias in node.names), *(node.module or "").split(".")}
            assert not [word for word in words if word.startswith("_")]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in OF_AIRFLOW:
            assert not node.attr.startswith("_"), f"{node.value.id}.{node.attr}"


def classes() -> list[type]:
    """Return the classes of the package that Airflow is a base of."""
    info = get_provider_info()
    modules = {transfer["python-module"] for transfer in info["transfers"]}
    for kind in ("operators", "sensors", "hooks", "triggers"):
        modules.update(*(entry["python-modules"] for entry in info[kind]))
    found = [item for name in sorted(modules) for item in vars(importlib.import_module(name)).values()]
    return [item for item in found if isinstance(item, type) and item.__module__ in modules]


def own_attributes(found: type) -> set[str]:
    """Return the attributes that a class has, or uses of itself."""
    used = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(found)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    }
    return used | set(vars(found))


@pytest.mark.parametrize("found", classes(), ids=lambda found: found.__name__)
def test_no_class_overrides_or_uses_what_is_private_in_airflows_own(found: type) -> None:
    theirs = [base for base in found.__mro__ if base.__module__.split(".")[0] == "airflow"]
    private = {name for base in theirs for name in vars(base) if name.startswith("_") and not name.startswith("__")}
    for base in found.__mro__:
        if base.__module__.startswith("airflow_provider_mps.") and base.__module__ != compat.__name__:
            assert not own_attributes(base) & private - {"_abc_impl"}, base


@pytest.mark.skipif(not compat.KEEPS_TASK_STATE, reason="the worker submits")
def test_the_supervisor_of_a_triggerer_is_asked_by_a_public_name() -> None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    assert parameters(RuntimeTaskInstance.get_dr_count)[0] == "dag_id"


def test_without_a_word_of_airflow_a_task_has_the_least_priority() -> None:
    assert priority_of(object()) == 1.0
    assert priority_of(SimpleNamespace(task_instance=SimpleNamespace(priority_weight=7))) == 7.0
    assert health_check_threshold() > 0
