"""What PostgreSQL does otherwise, where commands look into Airflow's database."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.schema import CreateTable

from airflow_provider_mps import compat_makers
from airflow_provider_mps.compat_makers import maker_of_record
from tests.cli.conftest import Typed, parts
from tests.cli.database import BEGAN, TABLES, Database, database
from tests.system.postgres import postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Engine]:
    from airflow.models import import_all_models
    from airflow.models.base import Base

    import_all_models()
    # The name of a socket may not be long.
    with tempfile.TemporaryDirectory(prefix="mps-") as folder, contextlib.ExitStack() as stack:
        Path(folder).chmod(0o755)
        engine = create_engine(stack.enter_context(postgres(Path(folder))))
        stack.callback(engine.dispose)
        with engine.begin() as owner:
            for name in TABLES:
                if name in Base.metadata.tables:
                    # A row of one table is enough, whatever it would refer to.
                    owner.execute(CreateTable(Base.metadata.tables[name], include_foreign_key_constraints=[]))
        yield engine


@pytest.fixture
def tables(server: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with database(monkeypatch, server) as found:
        yield found


def test_what_has_not_begun_is_looked_at_last(tables: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat_makers, "NEWEST_INSTANCES", 3)
    for number in range(3):
        tables.try_of("make", 0, "scheduled", run_id=f"later-{number}", start_date=None)
    tables.try_of("make", 1, "success", run_id="night-2")
    found = maker_of_record(lambda key: key.run_id == "night-2", ("shop", "make"), BEGAN.timestamp() + 60)
    assert found is not None
    assert found.try_number == 1


def test_who_may_not_read_task_instances_is_told_so(
    typed: Callable[..., Typed], tables: Database, batch: list[dict[str, Any]], server: Engine
) -> None:
    with server.begin() as owner:
        for statement in ("CREATE ROLE reader", "GRANT USAGE ON SCHEMA public TO reader"):
            owner.execute(text(statement))
        for name in ("xcom", "xcom_v1", "xcom_v2", "task_state_store"):
            if owner.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar():
                owner.execute(text(f"GRANT SELECT ON {name} TO reader"))
    tables.execute("SET ROLE reader")
    story = parts(typed("explain", batch[0]["TaskId"], "--record", "cos:///airflow-mps/"))
    assert "DAG dag, task task (as the folder is named)" in story["By whom"]
    assert "cannot be read (permission denied for table task_instance)" in story["What was not found"]
