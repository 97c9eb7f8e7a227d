"""Fetch the pictures of a task of Aidge, from wherever it keeps them."""

from __future__ import annotations

import sys
from abc import abstractmethod
from pathlib import Path
from typing import Any

from tenacity import Retrying

from airflow_provider_mps.clients.paced import Call, PacedCalls
from airflow_provider_mps.core import calls
from airflow_provider_mps.core.localpaths import is_local
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import AidgeTaskFailedError, AidgeTaskRefusedError, TransferStoppedError
from airflow_provider_mps.services.aidge import answers
from airflow_provider_mps.services.aidge.answers import Address
from airflow_provider_mps.services.aidge.connection import AidgeSettings
from airflow_provider_mps.services.aidge.requests import query_body
from airflow_provider_mps.services.aidge.words import DOWNLOAD, AidgeAction


class AidgePictures(PacedCalls):
    """For the hook of Aidge: addresses of pictures, and the pictures themselves."""

    _downloads: Any = None

    @property
    @abstractmethod
    def settings(self) -> AidgeSettings:
        """The connection, read and checked once."""

    @abstractmethod
    def _seen(self, task_id: str, answer: Any) -> TaskState:
        """Return what a query showed."""

    def get_addresses(self, task_id: str, count: int = 1) -> list[Address]:
        """Return where the pictures of a finished task can be fetched now; an address may carry a signature.

        :param count: how many there are at least
        :raises AidgeError: the task is not done, or there are fewer
        :raises AidgeTaskFailedError: it has none
        """
        answer = self._resend(AidgeAction.QUERY, query_body(task_id), task_id)
        state = self._seen(task_id, answer)
        if state.failure is not None:
            kind = AidgeTaskRefusedError if state.failure.is_final else AidgeTaskFailedError
            raise kind(task_id, state.failure.code, state.failure.message)
        if not state.done:
            raise airflow_error(answers.not_there_yet(task_id, str(state)))
        found = answers.read_addresses(answer)
        if len(found) < count:
            raise airflow_error(answers.not_there_yet(task_id, f"{len(found)} of {count} pictures have an address"))
        return found

    def fetch(self, url: str, folder: Path, stem: str, stop: Stop | None = None) -> Path:
        """Fetch a picture into a file, streamed and checked by its length; several threads may at the same time.

        :param url: an address of :meth:`get_addresses`
        :param folder: folder of the file
        :param stem: its name without extension
        :param stop: ends the transfer between two pieces once it is set (``threading.Event``); default none
        :return: the file
        :raises TransferStoppedError: ``stop`` was set
        :raises AidgeError: the picture is not there, did not arrive whole, or is none
        :raises OSError: the disk is full, or does not take it
        """
        from airflow_provider_mps.clients import aidge_download as vendor

        target, settings = bare_url(url), self.settings

        def once() -> Path:
            outer = sys.exception()
            try:
                # Two threads that make one at the same time make one too many, and each is used.
                self._downloads = client = self._downloads or vendor.download_client(settings)
                found: Path = vendor.download(client, target, url, folder, stem, stop)
                return found
            except Exception as error:
                if is_local(error) or isinstance(error, TransferStoppedError):
                    raise
                failed = self._failed(Call(DOWNLOAD, url, target), error, outer)
            raise failed from None

        return Retrying(**calls.resend_options(DOWNLOAD, self.log.warning, stop))(once)
