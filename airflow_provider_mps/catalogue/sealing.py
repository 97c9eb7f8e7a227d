"""Keep signed addresses in a plan so that only who has the account's SecretKey can follow them.

A signature is a credential for a while, and a plan is a file that people read. The batch, though, has to send it.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.catalogue.lines import PlanLine
from airflow_provider_mps.catalogue.words import Action
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.identity import map_addresses, unsigned_url
from airflow_provider_mps.services.tencentcloud.connection import ENV_SECRET_KEY, TencentCloudSettings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

# Keys that are derived for other ends from the same secret are other ones.
_PURPOSE = b"airflow-provider-mps: addresses in a plan"


class Seals:
    """Seals what is signed in the lines of a plan, and opens it, with a key from the connection's SecretKey.

    :param settings: gives the connection; it is asked only if there is something to seal or to open
    """

    def __init__(self, settings: Callable[[], TencentCloudSettings]) -> None:
        self._settings = settings

    def sealed(self, line: PlanLine) -> PlanLine:
        """Return a line that can be written: its addresses without signatures, and what they were as ``sealed``.

        :raises ArgumentError: there is no SecretKey
        """
        request = line.get("request", {})
        bare = map_addresses(request, unsigned_url)
        if bare == request:
            return line
        if line["action"] != Action.MAKE:
            # Nobody has to follow it.
            return {**line, "request": bare}
        signed = {name: value for name, value in request.items() if bare[name] != value}
        text = self._key.encrypt(json.dumps(signed).encode()).decode()
        return {**line, "request": bare, "sealed": text}

    def request_of(self, line: PlanLine) -> dict[str, Any]:
        """Return the request of a line as it was before it was sealed.

        :raises ArgumentError: it was sealed with another SecretKey
        """
        if "sealed" not in line:
            return line["request"]
        from cryptography.fernet import InvalidToken

        try:
            signed = json.loads(self._key.decrypt(line["sealed"].encode(errors="replace")))
        except InvalidToken:
            raise ArgumentError(
                "its signed addresses were sealed with another SecretKey than that of this task's connection for "
                "COS: give both tasks the same tencentcloud_conn_id, or clear the plan if the key has changed"
            ) from None
        return {**line["request"], **signed}

    @cached_property
    def _key(self) -> Fernet:
        # Airflow brings it, and few plans need it.
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        secret = self._settings().secret_key or os.environ.get(ENV_SECRET_KEY)
        if not secret:
            raise ArgumentError(
                "an address is signed, and without a SecretKey in the connection (or TENCENTCLOUD_SECRET_KEY) the plan "
                "cannot keep the signature from others who read it: give pictures as keys of COS, or by addresses "
                "that need no signature"
            )
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
        return Fernet(base64.urlsafe_b64encode(key))
