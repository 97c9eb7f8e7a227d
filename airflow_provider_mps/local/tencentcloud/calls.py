"""A request to an action, once it is known to be allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.local.serving.accounts import Credential
from airflow_provider_mps.local.serving.faults import Rule
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.state import ServingState
from airflow_provider_mps.local.tencentcloud.state import TencentCloudState


@dataclass(frozen=True, slots=True)
class ApiCall:
    """An authenticated request to an action.

    :param serving: what all endpoints share.
    :param state: the state of MPS and STS.
    :param credential: who signed.
    :param body: the request body.
    :param record: the request's entry in the journal.
    :param rules: the fault rules that apply.
    """

    serving: ServingState
    state: TencentCloudState
    credential: Credential
    body: dict[str, Any]
    record: JournalRecord
    rules: Sequence[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ApiAction:
    """An action: the service and version that it belongs to, and what carries it out."""

    service: str
    version: str
    run: Callable[[ApiCall], dict[str, Any]]
