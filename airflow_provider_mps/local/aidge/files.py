"""The result pictures of Aidge's stand-in, kept in a folder, and their signed addresses."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from airflow_provider_mps.local.aidge.tasks import AidgeTask
from airflow_provider_mps.local.cos.errors import CosRefusal

PREFIX = "/aidge-results/"


class ResultFiles:
    """The result pictures and their addresses.

    :param folder: where the pictures go; it is made with the first of them.
    :param seconds: how long an address is good for.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        # Not the secret of the account: an address must not help to guess it.
        self._key = secrets.token_bytes(32)

    def file(self, task_id: str, number: int) -> Path:
        """Return where a picture is, whether or not it is there; numbers begin with 1."""
        return self._folder / task_id / f"{number}.jpg"

    def save(self, task_id: str, number: int, data: bytes) -> None:
        """Keep a picture."""
        path = self.file(task_id, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def address(self, origin: str, task: AidgeTask, number: int, now: float) -> str:
        """Return a URL of a picture that is good for a while.

        :param origin: the address of the service, as the client dials it.
        :param task: the task that made the picture.
        :param number: the picture's number, from 1.
        :param now: seconds since the epoch.
        """
        path = f"{PREFIX}{task.task_id}/{number}.jpg"
        expires = str(int(now + self._seconds))
        fields = {
            "Expires": expires,
            "OSSAccessKeyId": task.key_name,
            "Signature": self._signature(path, expires, task.key_name),
        }
        return f"{origin}{path}?{urlencode(fields)}"

    def check(self, path: str, query: Mapping[str, str], task: AidgeTask, now: float) -> None:
        """Raise :class:`CosRefusal` (403) unless the query is that of an address of this picture and still good."""
        if missing := [name for name in ("Expires", "OSSAccessKeyId", "Signature") if not query.get(name)]:
            raise CosRefusal(403, "AccessDenied", f"The request is not signed: {', '.join(missing)} missing.")
        wanted = self._signature(path, query["Expires"], task.key_name)
        signed = hmac.compare_digest(wanted.encode(), query["Signature"].encode("utf-8", "replace"))
        if not signed or query["OSSAccessKeyId"] != task.key_name:
            raise CosRefusal(
                403, "SignatureDoesNotMatch", "The request signature we calculated does not match the one you provided."
            )
        if now > int(query["Expires"]):
            raise CosRefusal(403, "AccessDenied", "Request has expired.")

    def _signature(self, path: str, expires: str, key_name: str) -> str:
        text = f"GET\n{key_name}\n{expires}\n{path}"
        return base64.b64encode(hmac.digest(self._key, text.encode("utf-8", "replace"), "sha1")).decode()
