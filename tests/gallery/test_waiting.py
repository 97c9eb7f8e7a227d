from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="Airflow has an API server from 3.0 on")

from fastapi import HTTPException, Response

from airflow_provider_mps.gallery.waiting import Places, Threads


def test_who_waits_for_a_storage_that_is_dead_is_told() -> None:
    is_back, begun = threading.Event(), []

    def look(name: str) -> str:
        begun.append(name)
        assert is_back.wait(60)
        return name

    async def ask() -> None:
        threads = Threads(1, 0.2, "It does not answer")
        asked = [threads(lambda name=name: look(name)) for name in ("first", "second", "third")]
        for failed in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(failed, HTTPException)
            assert (failed.status_code, failed.detail) == (504, "It does not answer")
        is_back.set()
        # What nobody waits for any more was never begun, so that the next one has its turn at once.
        assert await Threads.__call__(threads, lambda: "fourth") == "fourth"

    asyncio.run(ask())
    assert begun == ["first"]


def test_of_large_answers_there_are_a_few_at_once() -> None:
    async def ask() -> None:
        places, taken, goes_on = Places(2, 60), [], asyncio.Event()

        async def slow(message: dict[str, Any]) -> None:
            taken.append(message)
            await goes_on.wait()

        data = b"x" * 1_000_000
        sent = []
        for _ in range(2):
            places.take()
            answer = places.response(Response(data, media_type="image/png", headers={"Cache-Control": "private"}))
            sent.append(asyncio.create_task(answer({}, None, slow)))
        with pytest.raises(HTTPException) as failed:
            places.take()
        assert (failed.value.status_code, failed.value.headers) == (503, {"Retry-After": "60"})
        goes_on.set()
        await asyncio.gather(*sent)
        assert places.free == 2
        assert b"".join(one.get("body", b"") for one in taken) == data * 2
        headers = dict(taken[0]["headers"])
        assert (headers[b"content-type"], headers[b"content-length"]) == (b"image/png", b"1000000")

    asyncio.run(ask())


def test_an_answer_that_nobody_takes_is_given_up() -> None:
    async def ask() -> None:
        places = Places(1, 0.05)
        places.take()

        async def never(message: dict[str, Any]) -> None:
            await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await places.response(Response(b"x"))({}, None, never)
        assert places.free == 1

    asyncio.run(ask())
