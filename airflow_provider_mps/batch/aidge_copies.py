"""Copy the pictures of a batch of Aidge soon after each task is done: their addresses are temporary."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from airflow_provider_mps.clients.parts import folder_for_parts
from airflow_provider_mps.core.errors import ServiceError, says_no_such_task
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.exceptions import AidgeTaskFailedError, TransferStoppedError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.services.aidge import picture_names
from airflow_provider_mps.services.aidge.picture_names import DEFAULT_NAME
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, DOWNLOAD, ImageCode
from airflow_provider_mps.storage.aidge_pictures import PictureCopier
from airflow_provider_mps.storage.object_storage import ObjectStorage

# Tasks whose pictures are copied at the same time; one submits two in a second, and each has some pictures.
TASKS_AT_ONCE = 8
# As MPS says where a picture lies; what is stored elsewhere has an address and a size.
_IN_COS = ("bucket", "region", "path", "cos_uri", "url")


class AidgeCopies:
    """Copies the pictures of results, those of one task one after the other, and of a few tasks at the same time.

    A copy that is broken off is made again by whoever takes the batch up; what is on record as copied stays so.

    :param hook: asks for the addresses of the moment, and fetches; of its own, as it is used in threads
    :param storage: where the pictures go; it has been checked
    :param folder: address of the folder there
    :param log: takes the lines for the task log
    """

    def __init__(self, hook: AidgeHook, storage: ObjectStorage, folder: str, log: Log) -> None:
        self._hook = hook
        self._storage = storage
        self._folder = folder
        self._log = log
        self._stop = threading.Event()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        here = self._open.enter_context(folder_for_parts())
        self._copier = PictureCopier(self._hook, self._storage, self._folder, here, self._stop)
        self._pool = ThreadPoolExecutor(TASKS_AT_ONCE, thread_name_prefix="aidge-copies")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is under way ends between two pieces.
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)
        self._open.close()

    async def finish(self, result: dict[str, Any]) -> TaskState:
        """Copy the pictures of a result, unless it says where its copies are; return it with its ``Outputs``.

        :raises ServiceError: they could not be copied now; those of them that are stored are replaced by the next try
        """
        if "Outputs" in result:
            return _done(result)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._copied, result)

    def _copied(self, result: dict[str, Any]) -> TaskState:
        task_id = result["TaskId"]
        try:
            # The fields of a result of MPS; Aidge does not say when it made what.
            return _done({**result, "CreateTime": None, "FinishTime": None, "Outputs": self._outputs(result)})
        except AidgeTaskFailedError as error:
            return TaskState(task_id, "", failure=TaskFailure(error.code, error.message, AIDGE_NAME))
        except ServiceError as error:
            if says_no_such_task(error):
                # Its pictures are gone for good: a person who clears the Airflow task has others made.
                said = f"made, and gone before it was copied: {error.message}"
                return TaskState(task_id, "", failure=TaskFailure(error.code, said, AIDGE_NAME))
            parts = error.service, error.action, error.target, error.code
            raise ServiceError(*parts, self._not_yet(error.message), error.request_id, error.outcome) from None
        except TransferStoppedError:
            raise
        # The disk, a storage that is none of ours, or something nobody thought of: the other pictures go on.
        except Exception as error:
            said = self._not_yet(f"{type(error).__name__}: {error}")
            raise ServiceError(
                AIDGE_NAME, DOWNLOAD, task_id, ImageCode.NOT_COPIED, said, outcome=Outcome.NOT_EXECUTED
            ) from None

    def _outputs(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        missing = [str(image.get("message") or "") for image in result["Images"] if not image.get("url")]
        if missing:
            count, why = counted(len(missing), "picture"), "; ".join(dict.fromkeys(filter(None, missing)))
            self._log.warning(
                "%s of Aidge task %s could not be made: %s", count, result["TaskId"], why or "not said why"
            )
        scenes = [str(image.get("scene") or "") for image in result["Images"] if image.get("url")]
        stems = picture_names.stems(DEFAULT_NAME, None, {result["TaskId"]: scenes})
        return [_output(self._copier.copy(picture)) for picture in self._copier.pictures(stems)]

    def _not_yet(self, message: str) -> str:
        where = bare_url(self._folder)
        return f"made, and not copied to {where}: {message.rstrip('.')}; a retry copies it, and pays nothing"


def _done(result: dict[str, Any]) -> TaskState:
    return TaskState(result["TaskId"], str(result.get("Status") or ""), result=result)


def _output(stored: dict[str, Any]) -> dict[str, Any]:
    kept = _IN_COS if "cos_uri" in stored else ("uri", "size")
    return {name: stored[name] for name in kept}
