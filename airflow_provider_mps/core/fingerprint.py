"""The fingerprint of a submission: what makes two of them the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.identity import loosely_unsigned_url, map_addresses, unsigned_url

TOKEN_LENGTH = 16
# Enough to tell the few tasks with the same subject apart. The rest tells apart all that one folder holds, also ten
# thousand pictures of one batch whose addresses differ in one value.
LOOSE_LENGTH = 5


@dataclass(frozen=True)
class Fingerprint:
    """What is to be paid for, where it comes from, and who pays; hashes, so that nothing in it is secret.

    :param key: the Airflow task: dag, task, run, map index and iteration, never the try
    :param body: fingerprint of the request body and of where it is sent
    :param account: fingerprint of who pays
    :param loose: the same as ``body``, with addresses that count without all that may be a signature; empty where it
        is not known
    :param is_alone: whether nothing else is asked for at the same time that differs in such a part only
    """

    key: str
    body: str
    account: str
    loose: str = ""
    is_alone: bool = field(default=True, compare=False)

    @property
    def token(self) -> str:
        """The part of the output path that makes it unique: it begins with what requests signed anew share.

        Without the account: its keys may be renewed between two tries, and MPS lists the tasks of one account anyway.
        """
        strict = _digest(self.key, self.body)[: TOKEN_LENGTH - LOOSE_LENGTH]
        return _digest(self.key, "loose", self.loose)[:LOOSE_LENGTH] + strict

    @property
    def loose_tokens(self) -> str:
        """The pattern of the tokens of all requests that may be this one, signed anew."""
        if not self.loose or not self.is_alone:
            return self.token
        return f"{self.token[:LOOSE_LENGTH]}[0-9a-f]{{{TOKEN_LENGTH - LOOSE_LENGTH}}}"


def fingerprint_of(
    task: TaskKey, payload: Mapping[str, Any], *, endpoint: str, region: str, account: str
) -> Fingerprint:
    """Fingerprint a submission.

    Addresses count without their signature, which is another one each time that they are signed. Where a part may be a
    signature and is none that is known, it counts; ``loose`` leaves it out.

    :param task: which Airflow task asks for it
    :param payload: the request body, without an ``OutputPath`` of ours
    :param endpoint: host of the API
    :param region: region of the API
    :param account: what identifies who pays
    """
    strict = map_addresses(payload, unsigned_url)
    body, loose = (
        _digest(json.dumps(asked, sort_keys=True, separators=(",", ":")), endpoint, region)
        for asked in (strict, map_addresses(strict, loosely_unsigned_url))
    )
    return Fingerprint(_digest(*task.ids), body, _digest(account), loose)


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
