"""An object storage in memory, as a provider would bring one."""

from __future__ import annotations

import importlib

from fsspec.implementations.memory import MemoryFileSystem

from tests.task_context import AIRFLOW_2


def attach_memory() -> None:
    """Let Airflow know ``memory://``; before anything asks for it."""
    module = importlib.import_module("airflow.io.store" if AIRFLOW_2 else "airflow.sdk.io")
    module.attach("memory", fs=MemoryFileSystem())


def forget_stores() -> None:
    """Let Airflow forget the file systems that it has made."""
    importlib.import_module("airflow.io.store" if AIRFLOW_2 else "airflow.sdk.io.store")._STORE_CACHE.clear()
