"""Put a product photo on another background, or submit any other picture task, with Tencent Cloud MPS."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.compat import DEFERRABLE
from airflow_provider_mps.core.arguments import check_rendered, is_template
from airflow_provider_mps.core.vocabulary import DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.operators.mps_batch import MpsImageBgFusionBatchOperator
from airflow_provider_mps.operators.mps_submit import MpsSubmitOperator
from airflow_provider_mps.services.tencentcloud.payloads import (
    BG_FUSION_ARGUMENTS,
    BgFusion,
    StorageDefaults,
    check_payload,
)
from airflow_provider_mps.services.tencentcloud.words import (
    DEFAULT_CONN_ID,
    DEFAULT_FORMAT,
    DEFAULT_IMAGE_SIZE,
    DEFAULT_OUTPUT_DIR,
    DEFAULT_QUALITY,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg

__all__ = ["MpsImageBgFusionBatchOperator", "MpsImageBgFusionOperator", "MpsProcessImageOperator"]


class MpsImageBgFusionOperator(MpsSubmitOperator):
    """Put a product photo on a new background: a given one (fusion), or one made from words (generation).

    Submits ``ProcessImage`` with ``ScheduleId`` 30060 (https://cloud.tencent.com/document/product/862/112896). Without
    waiting it returns the TaskId; with ``wait_for_completion`` it returns the result, a plain dict: ``{"TaskId",
    "Status", "CreateTime", "FinishTime", "Outputs": [{"bucket", "region", "path", "cos_uri", "url"}]}``. The TaskId is
    also pushed as XCom ``mps_task_id`` as soon as MPS has accepted the task; where the triggerer submits, at the end.

    A retry does not pay twice: it joins the task that an earlier try has submitted, and submits only if there certainly
    is none, or none that can still give a picture. A clear of a task that has returned its result makes a new picture.

    Templated: every argument but ``wait_for_completion``, ``deferrable``, ``poll_interval``, ``timeout`` and
    ``durable``.

    :param subject_url: public http(s) address of the product photo (str); or ``subject_cos_key``
    :param subject_cos_key: COS object key of the product photo (str); or ``subject_url``
    :param subject_cos_bucket: its bucket with APPID (str); default: ``cos_bucket`` of the connection, then
        ``TENCENTCLOUD_COS_BUCKET``
    :param subject_cos_region: its region (str); default: ``cos_region`` of the connection, then
        ``TENCENTCLOUD_COS_REGION``, then ``ap-guangzhou``
    :param bg_url: public http(s) address of the background (str); without a background one is generated
    :param bg_cos_key: COS object key of the background (str); excludes ``bg_url``
    :param bg_cos_bucket: its bucket (str); default as for the subject
    :param bg_cos_region: its region (str); default as for the subject
    :param prompt: words (str, or a list of str): with a background, wishes for the fusion (optional); without, the
        background to generate (required)
    :param random_seed: seed (int) that makes the style repeatable; default: none
    :param resource_id: ``ResourceId`` of the account (str); default: the account's main resource
    :param output_bucket: bucket of the result (str); default as for the subject
    :param output_region: its region (str); default as for the subject
    :param output_dir: COS folder of the result (str), default ``/output/bgfusion/``
    :param output_path: COS path of the result with extension (str); default ``{output_dir}/{subject's name}-{16 hex
        digits}.{ext}``, where the digits belong to this Airflow task and what it asks for. A given path should be given
        to one task alone: a retry in doubt recognises its picture by subject, path and time
    :param format: ``JPEG`` (default) or ``PNG``
    :param image_size: ``1K``, ``2K`` (default) or ``4K``
    :param quality: 1 to 100 (int), default 85
    :param region: region of the MPS API (str); default: ``region`` of the connection, then
        ``TENCENTCLOUD_API_REGION``, then ``ap-guangzhou``
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param wait_for_completion: wait for the picture (bool), default False
    :param deferrable: wait in the triggerer instead of the worker (bool); default: ``[operators] default_deferrable``;
        takes effect with ``wait_for_completion``, and while a retry waits to know its own task. On Airflow 3.3 and
        newer the triggerer submits too
    :param poll_interval: seconds between looks (float or timedelta), default 10
    :param timeout: seconds from submission after which waiting ends (float or timedelta), default 600; it goes on
        through retries
    :param durable: keep a record of the submission, so that a retry does not pay twice (bool), default True; False
        submits on every try
    :raises ValueError: arguments conflict, one is missing, or a fixed value cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used; nothing was sent, and Airflow does not retry
    :raises TencentCloudPermanentError: MPS refused the request for good; Airflow does not retry
    :raises TencentCloudError: the request did not succeed and may later
    :raises MpsInDoubtError: whether an earlier submission was accepted could not be found out; nothing was submitted
    :raises MpsTaskFailedError: the task finished with an ErrMsg, of its own or of an entry
    :raises MpsTaskRefusedError: the same request would fail again; Airflow does not retry
    :raises MpsTimeoutError: the task was not done in time
    :raises MpsExecutionTimeoutError: it was not done within ``execution_timeout``, which holds while deferred too
    """

    template_fields: Sequence[str] = (*BG_FUSION_ARGUMENTS, *MpsSubmitOperator.template_fields)

    def __init__(
        self,
        *,
        subject_url: str | XComArg | None = None,
        subject_cos_key: str | XComArg | None = None,
        subject_cos_bucket: str | XComArg | None = None,
        subject_cos_region: str | XComArg | None = None,
        bg_url: str | XComArg | None = None,
        bg_cos_key: str | XComArg | None = None,
        bg_cos_bucket: str | XComArg | None = None,
        bg_cos_region: str | XComArg | None = None,
        prompt: str | list[str] | XComArg | None = None,
        random_seed: int | str | XComArg | None = None,
        resource_id: str | XComArg | None = None,
        output_bucket: str | XComArg | None = None,
        output_region: str | XComArg | None = None,
        output_dir: str | XComArg = DEFAULT_OUTPUT_DIR,
        output_path: str | XComArg | None = None,
        format: str | XComArg = DEFAULT_FORMAT.value,
        image_size: str | XComArg = DEFAULT_IMAGE_SIZE.value,
        quality: int | str | XComArg = DEFAULT_QUALITY,
        region: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        wait_for_completion: bool = False,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        durable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            region=region,
            tencentcloud_conn_id=tencentcloud_conn_id,
            durable=durable,
            wait_for_completion=wait_for_completion,
            deferrable=deferrable,
            poll_interval=poll_interval,
            timeout=timeout,
            **kwargs,
        )
        self.subject_url = subject_url
        self.subject_cos_key = subject_cos_key
        self.subject_cos_bucket = subject_cos_bucket
        self.subject_cos_region = subject_cos_region
        self.bg_url = bg_url
        self.bg_cos_key = bg_cos_key
        self.bg_cos_bucket = bg_cos_bucket
        self.bg_cos_region = bg_cos_region
        self.prompt = prompt
        self.random_seed = random_seed
        self.resource_id = resource_id
        self.output_bucket = output_bucket
        self.output_region = output_region
        self.output_dir = output_dir
        self.output_path = output_path
        self.format = format
        self.image_size = image_size
        self.quality = quality
        self._given = [name for name in self.template_fields if getattr(self, name) is not None]
        with invalid_arguments_fail():
            request = self._request()
            request.check_given()
            request.check_literals()

    def build_payload(self, storage: StorageDefaults) -> dict[str, Any]:
        """Return the request body from the rendered arguments."""
        # A background that renders to nothing would turn a fusion into a generation.
        check_rendered(self._given, {name: getattr(self, name) for name in self._given})
        return self._request().payload(storage)

    def _request(self) -> BgFusion:
        return BgFusion.of({name: getattr(self, name) for name in BG_FUSION_ARGUMENTS})


class MpsProcessImageOperator(MpsSubmitOperator):
    """Submit any ``ProcessImage`` request: other schedules, or an ``ImageTask``.

    Same life as :class:`MpsImageBgFusionOperator`, same results and errors; the body is yours
    (https://cloud.tencent.com/document/product/862/112896). An output that is a text has it as ``content``, and no
    ``cos_uri``.

    Templated: ``payload``, ``region``, ``tencentcloud_conn_id``.

    :param payload: request body (dict) as the API wants it, without ``Action`` and ``Version``
    :param region: region of the MPS API (str); default: the connection's, ``TENCENTCLOUD_API_REGION``, ``ap-guangzhou``
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param wait_for_completion: wait for the result (bool), default False
    :param deferrable: wait in the triggerer (bool); default: ``[operators] default_deferrable``
    :param poll_interval: seconds between looks (float or timedelta), default 10
    :param timeout: seconds from submission after which waiting ends (float or timedelta), default 600
    :param durable: keep a record of the submission, so that a retry does not pay twice (bool), default True; without an
        ``OutputPath`` in the payload one is added: ``{inputName}-{16 hex digits}.{format}``, and for ``ScheduleId``
        30060 the one of :class:`MpsImageBgFusionOperator`; a scene that makes several pictures (a poster suite, a
        storyboard, layers, one that is not known here) gets a folder of its own in ``OutputDir`` instead
    :raises ValueError: ``payload`` is missing or is no request body; when the DAG is read
    """

    template_fields: Sequence[str] = ("payload", *MpsSubmitOperator.template_fields)
    template_fields_renderers = {"payload": "json"}
    container_fields = ("payload",)

    def __init__(
        self,
        *,
        payload: dict[str, Any] | XComArg,
        region: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        wait_for_completion: bool = False,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        durable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            region=region,
            tencentcloud_conn_id=tencentcloud_conn_id,
            durable=durable,
            wait_for_completion=wait_for_completion,
            deferrable=deferrable,
            poll_interval=poll_interval,
            timeout=timeout,
            **kwargs,
        )
        self.payload = payload
        if not is_template(payload):
            with invalid_arguments_fail():
                check_payload(payload)

    def build_payload(self, storage: StorageDefaults) -> dict[str, Any]:
        """Return the rendered payload."""
        return check_payload(self.payload)
