"""An error keeps nothing of the vendor's, which has all that was said in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService

SECRET = "q-signature=0123456789abcdef"


def _chain(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *_chain(error.__cause__), *_chain(error.__context__)]


@pytest.mark.parametrize("call", ["mps", "mps async", "aidge", "aidge async", "cos", "picture"])
def test_the_context_is_ours(
    call: str,
    service: LocalService,
    conn_id: str,
    payload: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(service.aidge_connection()))
    service.add_fault(kind="http", action="*", status=403, body=f"<html>{SECRET}</html>")
    calls: dict[str, Callable[[], object]] = {
        "mps": lambda: MpsHook().process_image(payload),
        "mps async": lambda: asyncio.run(MpsHook().aprocess_image(payload)),
        "aidge": lambda: AidgeHook().search_scenes(b"{}"),
        "aidge async": lambda: asyncio.run(AidgeHook().asearch_scenes(b"{}")),
        "cos": lambda: CosHook().write_object("/a.json", b"{}", "application/json"),
        "picture": lambda: AidgeHook().fetch(f"{service.url}/nothing/here?{SECRET}", tmp_path, "a"),
    }
    with pytest.raises(ServiceError) as caught:
        calls[call]()
    for error in _chain(caught.value):
        assert isinstance(error, ServiceError), repr(error)
        assert "0123456789abcdef" not in f"{error!r} {vars(error)}"
