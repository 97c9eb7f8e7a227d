"""Put many product photos on other backgrounds in one Airflow task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.batch.words import OnEmpty
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.vocabulary import DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.lineage.addresses import payload_addresses
from airflow_provider_mps.links.console import MpsConsoleLink
from airflow_provider_mps.links.gallery import GALLERY_LINKS
from airflow_provider_mps.operators.batch import PictureBatchOperator
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID, DEFAULT_RECORD_DIR

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg

    from airflow_provider_mps.batch.asked import Asked
    from airflow_provider_mps.batch.items import Item
    from airflow_provider_mps.core.airflow_task import TaskKey
    from airflow_provider_mps.core.steps import Log
    from airflow_provider_mps.durable.mps import MpsTerms

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.hooks.mps import MpsHook
    from airflow_provider_mps.triggers.mps_batch import MpsImageBatchTrigger


class MpsImageBgFusionBatchOperator(PictureBatchOperator):
    """Put many product photos on new backgrounds: submit them at the pace of the API, then wait once for all.

    Each request has the arguments of :class:`~airflow_provider_mps.operators.mps.MpsImageBgFusionOperator` that
    describe a picture, from ``subject_url`` to ``quality``, and may have a ``key`` of its own. Returns one entry for
    each request, in their order: ``key`` (the request's own, else its index), ``subject`` (its address without query,
    or ``cos://bucket/key``), and the result as the single operator returns it, or ``{"TaskId", "Status": None,
    "CreateTime": None, "FinishTime": None, "Outputs": [], "Error": {"Code", "Message", "RequestId"}}``.

    With its requests in a file, or with ``results``, it writes a file of JSON Lines there instead, ``pictures-{try}-{8
    hex digits}.jsonl``: each request (a signed address without its signature) with its ``key`` and its ``entry``, which
    is the result or has ``Error``. It returns ``{"path": its address, "counts": {"made", "failed", ...}}``. Of a plan
    it makes the lines of MPS with action ``make``, hands on those to publish and to unpublish as they are, and leaves
    those of other services out; ``catalogue`` in what it returns is that of the plan. What was made and what failed is
    put on the catalogue's record, and so a clear joins what is made and pays only for what has no picture. What another
    run has made meanwhile is taken from the record (``made before`` in ``counts``), and neither what another run makes
    now (``InAnotherRun``, ``in another run``) nor what ``pictures_per_day`` of the connection does not allow any more
    (``PicturesPerDayReached``, ``left for later``) counts as failed. That the folder can be written is known before
    anything is submitted: ``pictures-{try}-{8 hex digits}.begun.json`` in it says who has begun.

    A batch that fails has pushed its entries before, as ``return_value`` too, so that a task with
    ``trigger_rule="all_done"`` gets what was paid for from ``batch.output``; Airflow removes them when a retry begins,
    which returns them again. With ``do_xcom_push=False`` it pushes nothing.

    What is submitted and what came of it is kept in COS, in pages of 100 items under ``{record_dir}/{dag}/{task}/{16
    hex digits}/``, so that neither trigger nor event nor Airflow's state store carries a long list. A retry joins what
    runs, keeps what succeeded and submits only what has no good result; what would fail the same way again is not
    submitted. A clear of a task that has returned its result makes all pictures anew, but for those of a plan. The
    account needs ``name/cos:GetObject`` and ``name/cos:PutObject`` there.

    Templated: ``requests``, ``defaults``, ``results``, ``max_failed``, ``on_empty``, ``record_bucket``,
    ``record_region``, ``record_dir``, ``region``, ``tencentcloud_conn_id``.

    :param requests: a dict of arguments for each picture (list of dict), ``key`` (str or int, unique) among them if its
        entry is to carry one; the output of another task will do, that of a mapped one too, whose lists become one. Or
        the whole address of a file with such a dict, or a line of a plan, on each line (str), or what a plan returned
        (dict with ``path`` and perhaps ``catalogue``)
    :param defaults: arguments for all requests that do not give them (dict), default none
    :param results: whole address of a folder for a file with the entries (str); default: the folder of the requests
        where these are in a file, else none, and the entries are returned
    :param max_failed: how many pictures may fail (int), default 0; more fail the task
    :param on_empty: what to do when ``requests`` is empty (str): ``success`` returns ``[]``, or a file without lines
        (default), ``skip`` skips the task. A plan with something to publish only is not empty; one of a dry run skips
        the task in any case
    :param record_bucket: bucket of the record with APPID (str); default: ``cos_bucket`` of the connection, then
        ``TENCENTCLOUD_COS_BUCKET``
    :param record_region: its region (str); default: ``cos_region`` of the connection, then ``TENCENTCLOUD_COS_REGION``,
        then ``ap-guangzhou``
    :param record_dir: COS folder of the record (str), default ``/airflow-mps/``
    :param region: region of the MPS API (str); default: ``region`` of the connection, then
        ``TENCENTCLOUD_API_REGION``, then ``ap-guangzhou``
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param deferrable: wait in the triggerer once all is submitted (bool), default True; False waits in the worker
    :param poll_interval: seconds between looks (float or timedelta), default 10
    :param timeout: seconds from the submission of a picture after which it counts as failed (float or timedelta),
        default 600; it goes on through retries, which join it
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used, or a line of the file, which the message names;
        nothing was sent, and Airflow does not retry
    :raises UnreadableLinesError: the file is no JSON Lines; nothing was sent, and Airflow does not retry
    :raises RecordUnreadableError: the catalogue's record cannot be read; nothing was sent, and Airflow does not retry
    :raises CatalogueBusyError: other runs write to the catalogue's record all the time; Airflow retries
    :raises TencentCloudPermanentError: MPS or COS refuse whatever is asked (credentials, permission, arrears); nothing
        more is submitted, and Airflow does not retry
    :raises TencentCloudError: MPS or COS do not answer; nothing more is submitted
    :raises MpsBatchFailedError: more than ``max_failed`` pictures failed
    :raises MpsBatchRefusedError: more failed, and all of them would fail again; Airflow does not retry
    :raises MpsBatchRecordError: the record cannot be read; nothing was submitted, and Airflow does not retry
    :raises MpsBatchTakenOverError: another try of the task works on the batch
    """

    service = MPS
    operator_extra_links = (*GALLERY_LINKS, MpsConsoleLink())
    template_fields: Sequence[str] = (
        "requests",
        "defaults",
        "results",
        "max_failed",
        "on_empty",
        "record_bucket",
        "record_region",
        "record_dir",
        "region",
        "tencentcloud_conn_id",
    )
    template_fields_renderers = {"requests": "json", "defaults": "json"}
    container_fields = ("requests", "defaults")

    def __init__(
        self,
        *,
        requests: list[dict[str, Any]] | dict[str, Any] | XComArg | str,
        defaults: dict[str, Any] | XComArg | None = None,
        results: str | XComArg | None = None,
        max_failed: int | str | XComArg = 0,
        on_empty: str | XComArg = OnEmpty.SUCCESS.value,
        record_bucket: str | XComArg | None = None,
        record_region: str | XComArg | None = None,
        record_dir: str | XComArg = DEFAULT_RECORD_DIR,
        region: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        deferrable: bool = True,
        poll_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        from airflow_provider_mps.batch.requests import check_requests

        super().__init__(
            requests=requests,
            defaults=defaults,
            results=results,
            max_failed=max_failed,
            on_empty=on_empty,
            record_bucket=record_bucket,
            record_region=record_region,
            record_dir=record_dir,
            tencentcloud_conn_id=tencentcloud_conn_id,
            deferrable=deferrable,
            poll_interval=poll_interval,
            timeout=timeout,
            **kwargs,
        )
        self.region: Any = region
        with invalid_arguments_fail():
            arguments.check_literals({"region": region}, {"region": arguments.region})
            check_requests(requests, defaults)

    def make_hook(self) -> MpsHook:
        """Return the hook for the rendered connection and region."""
        from airflow_provider_mps.hooks.mps import MpsHook

        return MpsHook(self.tencentcloud_conn_id, self.region)

    def read_items(self, hook: MpsHook, task: TaskKey, asked: list[Asked]) -> list[Item]:
        """Return the pictures that are asked for."""
        from airflow_provider_mps.batch.requests import read_requests

        settings = hook.settings
        return read_requests(
            asked,
            self.defaults,
            task=task,
            storage=settings.storage,
            endpoint=settings.endpoint,
            region=settings.region,
            account=hook.account,
        )

    def item_addresses(self, item: Item) -> Iterable[str]:
        """Give the addresses of the pictures that a request names."""
        return payload_addresses(item.payload)

    def make_terms(self, hook: MpsHook, item: Item, log: Log) -> MpsTerms:
        """Return the terms of MPS for one picture."""
        from airflow_provider_mps.durable.mps import MpsTerms

        return MpsTerms(item.payload, hook.clock, log, accepts_final_failure=True)

    def make_trigger(self, prefix: str, until: float | None, total: int) -> MpsImageBatchTrigger:
        """Return the trigger that waits for all."""
        from airflow_provider_mps.triggers.mps_batch import MpsImageBatchTrigger

        return MpsImageBatchTrigger(
            record_prefix=prefix,
            record_bucket=self.record_bucket,
            record_region=self.record_region,
            tencentcloud_conn_id=self.tencentcloud_conn_id,
            region=self.region,
            poll_interval=self.poll_interval,
            timeout=self.timeout,
            until=until,
            total=total,
        )
