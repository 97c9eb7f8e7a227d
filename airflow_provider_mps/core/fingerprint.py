"""The fingerprint of a submission: what makes two of them the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.core.identity import loosely_unsigned_url, map_addresses, unsigned_url

TOKEN_LENGTH = 16


@dataclass(frozen=True)
class Request:
    """What is to be paid for, where it comes from, and who pays; hashes, so that nothing in it is secret.

    :param key: the Airflow task: dag, task, run and map index, never the try
    :param body: fingerprint of the request body and of where it is sent
    :param account: fingerprint of who pays
    :param loose: the same as ``body``, with addresses that count without all that may be a signature; empty where it
        is not known
    """

    key: str
    body: str
    account: str
    loose: str = ""

    @property
    def token(self) -> str:
        """The part of the output path that makes it unique: one half for ``loose``, one for ``body``.

        Without the account: its keys may be renewed between two tries, and MPS lists the tasks of one account anyway.
        """
        half = TOKEN_LENGTH // 2
        return _digest(self.key, "loose", self.loose or self.body)[:half] + _digest(self.key, self.body)[:half]

    @property
    def loose_tokens(self) -> str:
        """The pattern of the tokens of all requests that may be this one, signed anew."""
        half = TOKEN_LENGTH // 2
        return f"{self.token[:half]}[0-9a-f]{{{half}}}" if self.loose else self.token


def request_of(
    task: tuple[str, str, str, int], payload: Mapping[str, Any], *, endpoint: str, region: str, account: str
) -> Request:
    """Fingerprint a submission.

    Addresses count without their signature, which is another one each time that they are signed. Where a part may be a
    signature and is none that is known, it counts; ``loose`` leaves it out.

    :param task: ids of dag, task and run, and the map index
    :param payload: the request body, without an ``OutputPath`` of ours
    :param endpoint: host of the API
    :param region: region of the API
    :param account: what identifies who pays
    """
    body, loose = (
        _digest(json.dumps(map_addresses(payload, change), sort_keys=True, separators=(",", ":")), endpoint, region)
        for change in (unsigned_url, loosely_unsigned_url)
    )
    return Request(_digest(*map(str, task)), body, _digest(account), loose)


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
