"""What work on many objects of COS does about one that changes meanwhile, or fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.services.tencentcloud.codes import CHANGED

# Objects that COS may fail for, before it is taken that it would for all.
MAX_ERRORS = 10
# How often an object is looked at that changes meanwhile.
LOOKS = 3

_Done = TypeVar("_Done")


def while_it_changes(work: Callable[[], _Done]) -> _Done:
    """Do what begins with a look at an object, again where that is another one by then.

    :raises ServiceError: what the work raised, with code ``PreconditionFailed`` if it changed each time
    """
    for _ in range(LOOKS - 1):
        try:
            return work()
        except ServiceError as error:
            if error.code != CHANGED:
                raise
    return work()


class ErrorCount:
    """Counts the errors of COS, in whatever thread."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def add(self, error: ServiceError) -> None:
        """Count an error.

        :raises ServiceError: this one, once there were so many that there would be one for each object
        """
        with self._lock:
            self._count += 1
            if self._count > MAX_ERRORS:
                raise error
