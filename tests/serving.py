"""Servers of the tests, each in a thread that has ended when its test has."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Server = TypeVar("_Server", bound=socketserver.BaseServer)


@contextmanager
def serving(server: _Server, before_end: Callable[[], object] = lambda: None) -> Iterator[_Server]:
    """Serve in a thread.

    :param before_end: called first at the end
    """
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            before_end()
            server.shutdown()
            thread.join()
