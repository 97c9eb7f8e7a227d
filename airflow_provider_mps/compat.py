"""All that depends on the version of Airflow, and of what comes with it; each private name of Airflow is here only.

A release of Airflow is installed with the providers of its day: 2.11.1 to 3.3.1 bring common-compat 1.13 to 1.18, and
whoever keeps to the constraints of a release keeps these. So no other module imports a name that is newer than the
floor in ``pyproject.toml``.

``tests/test_compat.py`` asks the installed Airflow for each private name, with the shape that is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import wraps
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow import __version__ as _version
from airflow.providers.common.compat.sdk import XCom, conf

from airflow_provider_mps.core.airflow_task import TaskKey

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import mask_secret
else:
    try:
        # common-compat 1.22 and newer
        from airflow.providers.common.compat.sdk import mask_secret
    except ImportError:
        try:
            # Airflow 3.1 and newer
            from airflow.sdk.log import mask_secret
        except ImportError:
            try:
                # Airflow 3.0
                from airflow.sdk.execution_time.secrets_masker import mask_secret
            except ImportError:
                # Airflow 2
                from airflow.utils.log.secrets_masker import mask_secret

__all__ = [
    "ASCII_ASSETS",
    "ASKS_PEOPLE",
    "DEFERRABLE",
    "HAS_COMMANDS",
    "HAS_LOOPS",
    "HAS_PARTITIONS",
    "KEEPS_TASK_STATE",
    "READS_CONNECTION_FORMS",
    "RESUMES_RETRIES",
    "SHOWS_PAGES",
    "SINCE",
    "TemplateRendering",
    "alias_extra",
    "cleared_xcoms",
    "current_try",
    "first_reschedule",
    "hook_lineage",
    "is_run_over",
    "iteration_id",
    "mask_secret",
    "redact_rendered_fields",
    "report_asset",
    "rescheduling_context",
    "run_number",
    "task_instance_id",
    "task_key",
    "task_state_store",
    "xcom_of",
]

DEFERRABLE = conf.getboolean("operators", "default_deferrable", fallback=False)
"""Whether operators and sensors wait in the triggerer where they are not told."""

_RELEASE = tuple(map(int, _version.split(".")[:2]))

SINCE: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "ASKS_PEOPLE": (3, 1),
        "SHOWS_PAGES": (3, 1),
        "READS_CONNECTION_FORMS": (3, 2),
        "HAS_COMMANDS": (3, 2),
        "HAS_PARTITIONS": (3, 3),
        "KEEPS_TASK_STATE": (3, 3),
        "HAS_LOOPS": (3, 4),
    }
)
"""From which Airflow on, (major, minor), each of the flags below is true."""

ASKS_PEOPLE = SINCE["ASKS_PEOPLE"] <= _RELEASE
"""Whether a task can ask people, and wait for an answer (``HITLOperator``)."""

SHOWS_PAGES = SINCE["SHOWS_PAGES"] <= _RELEASE
"""Whether pages of a plugin are shown as tabs of a DAG run and of a task."""

READS_CONNECTION_FORMS = SINCE["READS_CONNECTION_FORMS"] <= _RELEASE
"""Whether Airflow reads the form of a connection from the provider's description, and warns of methods of the hook."""

HAS_COMMANDS = SINCE["HAS_COMMANDS"] <= _RELEASE
"""Whether ``airflow`` has the commands of providers (``cli`` in their description)."""

HAS_PARTITIONS = SINCE["HAS_PARTITIONS"] <= _RELEASE
"""Whether a task can say which partitions of an asset it has changed."""

KEEPS_TASK_STATE = SINCE["KEEPS_TASK_STATE"] <= _RELEASE
"""Whether a task has a store that outlives its tries."""

HAS_LOOPS = SINCE["HAS_LOOPS"] <= _RELEASE
"""Whether tasks can run several times in one DAG run, in iterations of a loop, and XComs belong to a try."""

RESUMES_RETRIES = (3, 0) <= _RELEASE < (3, 1) or _version == "3.1.0"
"""Whether a retry is resumed with the event on which the try before it has failed."""

ASCII_ASSETS = _RELEASE < (3, 0)
"""Whether the address of an asset has to be ASCII."""


def first_reschedule(context: Any, retries: int) -> Any:
    """Return when a sensor that reschedules itself first looked in this try (datetime); None if this is the first look.

    Airflow 2 asks its database, and tells a task no start of its own then.

    :param retries: ``retries`` of the sensor
    """
    ti = context["ti"]
    if hasattr(ti, "get_first_reschedule_date"):
        first = ti.get_first_reschedule_date(context)
        return datetime.fromisoformat(first) if isinstance(first, str) else first
    try:
        from airflow.sensors.base import _orig_start_date  # type: ignore[import-not-found]
    except ImportError:
        return None
    first_try = (ti.max_tries or 0) - retries + 1
    key = task_key(ti)
    return _orig_start_date(key.dag_id, key.task_id, key.run_id, key.map_index, first_try)


class _KnowsFirstReschedule:
    """A task instance that tells its first reschedule as a time; all else of it is as it was."""

    def __init__(self, ti: Any) -> None:
        self._ti = ti

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)

    def get_first_reschedule_date(self, context: Any) -> Any:
        return first_reschedule({**context, "ti": self._ti}, 0)


def alias_extra(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extra of an alias' event as Airflow takes it, which before 3.1 hashes the values.

    On Airflow 2 lists are tuples, in its database lists again; on 3.0 texts of JSON, as its server gets no tuple.
    """
    if _RELEASE >= (3, 1):
        return dict(extra)
    hashable: Callable[[Any], Any] = tuple if _RELEASE < (3, 0) else json.dumps
    return {name: hashable(value) if isinstance(value, list) else value for name, value in extra.items()}


def current_try() -> int | None:
    """Return the number of the try that runs in this process; None if none does, and where nobody needs it."""
    if not RESUMES_RETRIES:
        return None
    try:
        return int(import_module("airflow.sdk").get_current_context()["ti"].try_number)
    except RuntimeError:
        return None


def rescheduling_context(context: Any) -> Any:
    """Return a context in which Airflow's sensor can reschedule itself: in ``dag.test()`` of 3.0 a time is a text."""
    if _RELEASE != (3, 0) or "ti" not in context:
        return context
    return {**context, "ti": _KnowsFirstReschedule(context["ti"])}


def task_state_store(context: Mapping[str, Any]) -> Any:
    """Return Airflow's store for the state of a task, which outlives its tries; None before Airflow 3.3."""
    return context.get("task_state_store")


def task_key(ti: Any) -> TaskKey:
    """Return which task a task instance is of: what stays the same through retries and clears.

    Airflow 3.4 has regions, one for each loop and for each expansion of a mapped task. Only inside of a loop the region
    counts, so that a mapped task is called what it was called before there were any. Where Airflow does not say whether
    it is in a loop, it counts.

    :param ti: the task instance, or on Airflow 2 the key of one
    """
    iteration, region = "", getattr(ti, "region_id", None)
    if region is not None and region.int:
        from_server = getattr(ti, "_ti_context_from_server", None)
        if getattr(from_server, "loop", region) is not None:
            iteration = iteration_id(region, ti.region_index)
    return TaskKey(ti.dag_id, ti.task_id, ti.run_id, -1 if ti.map_index is None else ti.map_index, iteration)


def iteration_id(region: Any, index: int) -> str:
    """Return what tells the iterations of all loops of a run apart, and the mapped tasks in them.

    :param region: which loop in which iteration of the loops around it, or which expansion in one (UUID)
    :param index: the iteration, or the map index there
    """
    return f"{region.hex}-{index}"


def cleared_xcoms(ti: Any) -> frozenset[str]:
    """Return the keys of the XComs that Airflow 3 has just cleared: those of the last try, before a clear too.

    When the scheduler hears late of a deferral, it starts the task anew with the number of the try that had deferred.
    Airflow 2 does not say: empty.
    """
    from_server = getattr(ti, "_ti_context_from_server", None)
    return frozenset(getattr(from_server, "xcom_keys_to_clear", None) or ())


def xcom_of(ti: Any, key: str) -> Any:
    """Return the XCom of a task instance, for its own process and the server of Airflow 2; None for none.

    In a loop Airflow reads that of the iteration which asks.

    :param ti: the task instance, or the key of one
    :param key: of the XCom
    """
    return XCom.get_value(key=key, ti_key=ti)


def task_instance_id(ti: Any) -> str | None:
    """Return the id of a task instance: Airflow 3 gives each try a new one; Airflow 2 has none (None)."""
    ti_id = getattr(ti, "id", None)
    return None if ti_id is None else str(ti_id)


def is_run_over(ti: Any, dag_id: str, run_id: str) -> bool:
    """Tell whether a DAG run is known to have ended; one of another Airflow, or that was deleted, is not known.

    :param ti: the task instance that asks
    """
    try:
        if _version.startswith("2."):
            from airflow.models.dagrun import DagRun

            state = next((run.state for run in DagRun.find(dag_id=dag_id, run_id=run_id)), None)
        else:
            state = ti.get_dagrun_state(dag_id=dag_id, run_id=run_id)
    except Exception:
        return False
    return str(getattr(state, "value", state)) in ("success", "failed")


def run_number(dag_run: Any) -> int | None:
    """Return the id of a DAG run in Airflow's database: Airflow 2 shows it to tasks, Airflow 3 does not (None)."""
    number = getattr(dag_run, "id", None)
    return number if isinstance(number, int) else None


def hook_lineage() -> Any:
    """Return Airflow's collector of what hooks read and write; None where nobody has asked for it (a plugin does).

    Without a reader it is not made, as that imports what all providers know of assets.
    """
    try:
        # Airflow 3.2 and newer
        plugins: Any = import_module("airflow.sdk.plugins_manager")
        lineage: Any = import_module("airflow.sdk.lineage")
    except ImportError:
        plugins, lineage = import_module("airflow.plugins_manager"), import_module("airflow.lineage.hook")
    if hasattr(plugins, "get_hook_lineage_readers_plugins"):
        readers = plugins.get_hook_lineage_readers_plugins()
    else:
        plugins.initialize_hook_lineage_readers_plugins()
        readers = plugins.hook_lineage_reader_classes
    return lineage.get_hook_lineage_collector() if readers else None


def report_asset(collector: Any, context: Any, dataset: Any, *, is_output: bool) -> None:
    """Tell Airflow's collector what was read or written; Airflow 2 calls it a dataset.

    :param collector: see :func:`hook_lineage`
    :param context: what has read or written it: a hook or an operator
    :param dataset: a ``core.datasets.Dataset``
    """
    side = "output" if is_output else "input"
    add = getattr(collector, f"add_{side}_asset", None) or getattr(collector, f"add_{side}_dataset")
    with suppress(ValueError):
        # Airflow takes it for no asset: it is longer than 1,500 characters, or the database has only ASCII.
        add(context, uri=dataset.ascii_uri if ASCII_ASSETS else dataset.uri)


def redact_rendered_fields() -> None:
    """Have the task of this process redact its rendered fields before it tells them, as Airflow 3.1 and newer do.

    Airflow 3.0 leaves that to its API server, which knows nothing of what a task has masked.
    """
    if _RELEASE != (3, 0):
        return
    runner: Any = import_module("airflow.sdk.execution_time.task_runner")
    redact = import_module("airflow.sdk.execution_time.secrets_masker").redact
    serialize = runner._serialize_rendered_fields
    if hasattr(serialize, "__wrapped__"):
        return

    @wraps(serialize)
    def redacted(task: Any) -> dict[str, Any]:
        return {name: redact(value, name) for name, value in serialize(task).items()}

    runner._serialize_rendered_fields = redacted


class TemplateRendering:
    """For operators and sensors, before Airflow's base: gives a subclass each templated field and each text to render.

    Airflow has no public place for either: a mapped operator never calls ``render_template_fields`` of its class.
    """

    def render_fields(
        self, parent: Any, names: Iterable[str], jinja_env: Any, render_field: Callable[[str, Any], None]
    ) -> None:
        """Render templated fields.

        :param parent: what has the fields
        :param names: of the fields
        :param jinja_env: the environment of the DAG
        :param render_field: Airflow's own way for one field, by its name and an environment
        """
        raise NotImplementedError

    def render_native(self, template: Any, context: Any) -> Any:
        """Render a text where the DAG has ``render_template_as_native_obj``."""
        raise NotImplementedError

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Any, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        render = super()._do_render_template_fields  # type: ignore[misc]
        self.render_fields(
            parent, template_fields, jinja_env, lambda name, env: render(parent, (name,), context, env, seen_oids)
        )

    def _render(self, template: Any, context: Any, dag: Any = None) -> Any:
        dag = dag or self.get_dag()  # type: ignore[attr-defined]
        if dag and dag.render_template_as_native_obj:
            return self.render_native(template, context)
        return super()._render(template, context, dag)  # type: ignore[misc]
