"""Carry a flow out, in a thread or in an event loop."""

from __future__ import annotations

from typing import Any, TypeVar

from airflow_provider_mps.core.steps import Flow, Port, Step

_T = TypeVar("_T")


def carry_out(flow: Flow[_T], port: Port) -> _T:
    """Carry a flow out in this thread; return what it comes to.

    :param port: does what the flow asks for
    :raises BaseException: what the flow raises; whatever a step has raised was thrown into it
    """
    try:
        step: Step = next(flow)
        while True:
            try:
                answer = step.on(port)
            except BaseException as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as stop:
        result: _T = stop.value
        return result


async def acarry_out(flow: Flow[_T], port: Any) -> _T:
    """Carry a flow out in this event loop; return what it comes to.

    :param port: as for :func:`carry_out`, and its methods return awaitables
    """
    try:
        step: Step = next(flow)
        while True:
            try:
                answer = await step.on(port)
            except BaseException as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as stop:
        result: _T = stop.value
        return result
