"""What Airflow hands to a task, as far as the operators look at it."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

AIRFLOW_2 = version("apache-airflow").startswith("2.")
AIRFLOW_3_0 = version("apache-airflow").startswith("3.0.")


class StateStore:
    """``context["task_state_store"]`` on a file, so that it outlives the process that wrote it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, key: str, default: Any = None) -> Any:
        return self._read().get(key, default)

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        values = {**self._read(), key: value}
        self.path.with_suffix(".new").write_text(json.dumps(values))
        self.path.with_suffix(".new").replace(self.path)

    def _read(self) -> dict[str, Any]:
        return json.loads(self.path.read_text()) if self.path.exists() else {}


class Ti:
    """A task instance."""

    def __init__(self, **fields: Any) -> None:
        self.xcoms: dict[str, Any] = {}
        self.dag_id, self.run_id, self.task_id, self.map_index = "dag", "run", "task", -1
        self.try_number, self.max_tries = 1, 2
        self.start_date: datetime | None = datetime.now(UTC)
        vars(self).update(fields)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def make_context(store: StateStore | None = None, *, run_began: datetime | None = None, **ti: Any) -> Any:
    """Return the context of a try; without ``store`` that of an Airflow before 3.3."""
    context: dict[str, Any] = {"ti": Ti(**ti), "dag_run": SimpleNamespace(start_date=run_began or datetime.now(UTC))}
    if store is not None:
        context["task_state_store"] = store
    return context


def execute(operator: Any, context: Any) -> Any:
    """Run ``execute`` in any thread: the guard that Airflow 2 wraps it with works in the main thread only."""
    return inspect.unwrap(type(operator).execute)(operator, context)
