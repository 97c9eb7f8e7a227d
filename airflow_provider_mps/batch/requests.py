"""The requests of a batch of MPS: checked when the DAG is read, and made pictures of when they are rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mps.batch.arguments import merged, read_defaults
from airflow_provider_mps.batch.asked import Asked, Picture, check_asked, items_of
from airflow_provider_mps.batch.items import Item
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.fingerprint import fingerprint_of
from airflow_provider_mps.services.tencentcloud.payloads import BgFusion, StorageDefaults, describe_input


def check_requests(requests: Any, defaults: Any) -> None:
    """Check what no template will change, so that a slip shows when the DAG is read.

    :raises ArgumentError: a request cannot be used; the message says which
    """
    if not arguments.is_template(defaults):
        given = read_defaults(defaults)
        check_asked(requests, lambda request: _check_literal(given, request))


def read_requests(
    asked: Sequence[Asked],
    defaults: Any,
    *,
    task: TaskKey,
    storage: StorageDefaults,
    endpoint: str,
    region: str,
    account: str,
) -> list[Item]:
    """Return the pictures of a batch; all requests are checked.

    :param asked: the rendered requests; none are no pictures
    :param defaults: the rendered arguments for requests that do not give them
    :param task: ids of dag, task and run, and the map index
    :param storage: bucket and region of the connection
    :param endpoint: host of the API
    :param region: region of the API
    :param account: what identifies who pays
    :raises ArgumentError: a request cannot be used; the message says which
    """
    given = read_defaults(defaults)

    def read(request: Any) -> Picture:
        payload = BgFusion.of(merged(given, request)).payload(storage)
        return Picture(payload, payload, describe_input(payload))

    where = {"endpoint": endpoint, "region": region, "account": account}
    return items_of(asked, read, lambda identity: fingerprint_of(task, identity, **where))


def _check_literal(given: Mapping[str, Any], request: Any) -> None:
    picture = BgFusion.of(merged(given, request))
    picture.check_given()
    picture.check_literals()
