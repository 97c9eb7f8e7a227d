"""Calls of COS: which bucket, which region, what is sent again, and what an error is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowException
from tenacity import Retrying

from airflow_provider_mps.core import arguments, calls
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.localpaths import is_local
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.hooks.base import TencentCloudBaseHook
from airflow_provider_mps.services.tencentcloud.codes import may_be_old_keys, outcome_of
from airflow_provider_mps.services.tencentcloud.integrity import difference, is_verifiable
from airflow_provider_mps.services.tencentcloud.payloads import bucket_or_default, region_or_default
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID, Service

_T = TypeVar("_T")


class CosCallsHook(TencentCloudBaseHook):
    """Sends requests to COS, again where that may help, and raises what Airflow knows.

    :param tencentcloud_conn_id: Airflow connection of type ``tencentcloud`` (str); None reads the environment alone
    :param bucket: bucket with its APPID (str); default: the connection's ``cos_bucket``, ``TENCENTCLOUD_COS_BUCKET``
    :param region: region of the bucket (str); default: the connection's ``cos_region``, ``TENCENTCLOUD_COS_REGION``,
        ``ap-guangzhou``
    """

    def __init__(
        self,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        bucket: str | None = None,
        region: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(tencentcloud_conn_id, **kwargs)
        self.bucket = bucket
        self.cos_region = region

    @property
    def bucket_name(self) -> str:
        """The bucket for calls that name none."""
        return self._bucket(None)

    @property
    def region_name(self) -> str:
        """The region of this hook."""
        return self._region()

    def get_conn(self) -> Any:
        """Return the vendor's ``CosS3Client`` for the region of this hook. It does not resend and does not verify."""
        return self._client(self._region())

    def _client(self, region: str) -> Any:
        from airflow_provider_mps.clients import cos

        return cos.client(self.settings, self.snapshot_credential(), region)

    def test_connection(self) -> tuple[bool, str]:
        """Ask COS for the bucket: changes nothing."""
        try:
            bucket = self._bucket(None)
            self._once("HeadBucket", f"cos://{bucket}", lambda: self.get_conn().head_bucket(Bucket=bucket))
        except Exception as error:
            return False, str(error)
        return True, f"COS answers for bucket {bucket} (region {self._region()})"

    def _resend(self, action: str, target: str, call: Callable[[], _T], stop: Stop | None = None) -> _T:
        retrying = Retrying(**calls.resend_options(action, self.log.warning, stop))
        result: _T = retrying(self._once, action, target, call)
        return result

    def _once(self, action: str, target: str, call: Callable[[], _T]) -> _T:
        return self.renewal.call(lambda: self._tried(action, target, call))

    def _is_about_keys(self, error: ServiceError) -> bool:
        # STS may refuse the keys too, in its own words.
        return super()._is_about_keys(error) or may_be_old_keys(error.code)

    def _refused(self, error: ServiceError) -> ServiceError:
        # A permission that is missing does not come by itself. The answer to a HEAD has no word on what is missing.
        return super()._refused(error) if error.rule.about_keys or error.action == "HeadObject" else error

    @staticmethod
    def _tried(action: str, target: str, call: Callable[[], _T]) -> _T:
        from airflow_provider_mps.clients import cos

        try:
            return call()
        except AirflowException:
            raise
        except Exception as error:
            if is_local(error):
                raise
            failed = airflow_error(cos.translate(action, target, error))
        # Not where the vendor's error is handled: it would be kept as the context, with all that was said in it.
        raise failed from None

    @staticmethod
    def _verify(action: str, target: str, stored: Digest, local: Digest) -> None:
        if not is_verifiable(stored):
            code = Transport.NOT_VERIFIABLE
            said = f"{local.size} bytes; the answer is none of COS, or names neither size nor CRC64 nor MD5"
            raise ServiceError(Service.COS, action, target, code, said, "", outcome_of(code))
        wrong = difference(stored, local)
        if wrong:
            raise ServiceError(Service.COS, action, target, Transport.NOT_WHOLE, wrong, "", Outcome.UNKNOWN)

    def _bucket(self, bucket: str | None) -> str:
        with invalid_arguments_fail():
            return bucket_or_default("cos_bucket", bucket or self.bucket, self.settings.storage)

    def _region(self) -> str:
        with invalid_arguments_fail():
            return region_or_default("cos_region", self.cos_region, self.settings.storage)

    @staticmethod
    def _key(key: str) -> str:
        with invalid_arguments_fail():
            return arguments.cos_key("cos_key", key)
