"""From an Airflow connection to settings and credentials."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_mps.clients.async_client import off_the_loop
from airflow_provider_mps.clients.renewal import KeyRenewal
from airflow_provider_mps.compat import mask_secret
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.arguments import conn_id as check_conn_id
from airflow_provider_mps.core.arguments import region as check_region
from airflow_provider_mps.core.errors import ServiceError, no_verdict
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.hooks.extras import extra_of
from airflow_provider_mps.services.tencentcloud.connection import ENV_SECRET_ID, TencentCloudSettings, read_settings
from airflow_provider_mps.services.tencentcloud.words import CONN_TYPE, DEFAULT_CONN_ID


class TencentCloudBaseHook(BaseHook):
    """Reads a connection of type ``tencentcloud``.

    :param tencentcloud_conn_id: the connection; None reads the environment alone
    :param region: region of the API (str); default: the connection's, ``TENCENTCLOUD_API_REGION``, ``ap-guangzhou``
    """

    conn_name_attr = "tencentcloud_conn_id"
    default_conn_name = DEFAULT_CONN_ID
    conn_type = CONN_TYPE
    hook_name = "Tencent Cloud"

    def __init__(
        self, tencentcloud_conn_id: str | None = DEFAULT_CONN_ID, region: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if tencentcloud_conn_id is not None:
            with invalid_arguments_fail():
                check_conn_id("tencentcloud_conn_id", tencentcloud_conn_id)
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.region = region
        self._settings: TencentCloudSettings | None = None
        self._credential: Any = None
        self._keys: tuple[Any, Any, Any] = (None, None, None)
        self.renewal = KeyRenewal(self._read_keys_again, self._is_about_keys, self._refused)
        self._is_static = False
        # Threads share a hook, and a role's keys are fetched by whoever finds them old.
        self._credential_lock = threading.Lock()

    @property
    def settings(self) -> TencentCloudSettings:
        """The connection, read and checked once.

        :raises AirflowNotFoundException: there is no such connection
        :raises InvalidArgumentError: a field cannot be used; the message names it
        """
        if self._settings is None:
            self._settings = self._read_settings()
        return self._settings

    @property
    def account(self) -> str:
        """What identifies who pays, as far as that is known without asking: the role or the SecretId.

        The keys of a machine's role change by the hour, so they identify nobody.
        """
        return self.settings.role_arn or self.settings.secret_id or os.environ.get(ENV_SECRET_ID) or ""

    async def aload_settings(self) -> TencentCloudSettings:
        """Read the connection without blocking the event loop."""
        if self._settings is None and self.tencentcloud_conn_id is not None:
            # Not get_async_connection: that of most releases asks the supervisor in the event loop.
            connection = await off_the_loop(self.get_connection, self.tencentcloud_conn_id)
            self._settings = await off_the_loop(self._read_connection, connection)
        return self.settings

    def snapshot_credential(self) -> Any:
        """Return the SDK's ``Credential`` with the keys of this moment; may ask STS or the machine's role.

        :raises TencentCloudError: no credential could be had
        """
        from airflow_provider_mps.clients import credentials

        with self._credential_lock:
            try:
                if self._credential is None:
                    self._credential = credentials.build(self.settings)
                found = credentials.snapshot(self._credential)
            except ServiceError as error:
                raise airflow_error(error) from None
            self._is_static = credentials.is_static(self._credential)
            self._keys = found.secret_id, found.secret_key, found.token
        if not self._is_static:
            self._mask([secret for secret in (found.secret_key, found.token) if secret])
        return found

    async def asnapshot_credential(self) -> Any:
        """Return the SDK's ``Credential`` without blocking the event loop."""
        # Read once: another thread may put other keys in use.
        credential = self._credential
        if self._is_static and credential is not None:
            return credential
        await self.aload_settings()
        return await off_the_loop(self.snapshot_credential)

    def _read_keys_again(self) -> bool:
        """Put the keys that the connection, the role or the environment gives now in use; whether they are others."""
        before = self._keys
        try:
            settings = self._read_settings()
            with self._credential_lock:
                self._settings, self._credential, self._is_static = settings, None, False
            self.snapshot_credential()
        except Exception as error:
            self.log.warning("The keys were refused, and could not be read again: %s", error)
            return False
        if self._keys == before:
            return False
        self.log.info("The keys were refused, and %s has others now: asking again", self._named)
        return True

    def _is_about_keys(self, error: ServiceError) -> bool:
        return error.rule.about_keys

    def _refused(self, error: ServiceError) -> ServiceError:
        """Return the error for a refusal of keys that nobody has renewed yet; one that may pass if they may come.

        Only temporary keys come to an end by themselves, and whoever renews them may be some seconds late: a process
        that starts in these seconds has seen none that were good.
        """
        if not self._has_temporary_keys or (error.rule.about_clock and not self.renewal.may_come):
            return error
        return airflow_error(no_verdict(error, f"the temporary keys of {self._named} may just be renewed"))

    @property
    def _has_temporary_keys(self) -> bool:
        """Whether the keys in use, or those that a role is assumed with, end by themselves."""
        return bool(self._keys[2] or (self._settings is not None and self._settings.token))

    @property
    def _named(self) -> str:
        conn_id = self.tencentcloud_conn_id
        return "the environment" if conn_id is None else f"connection {conn_id}"

    def _read_settings(self) -> TencentCloudSettings:
        if self.tencentcloud_conn_id is None:
            return self._read(None, None, {})
        return self._read_connection(self.get_connection(self.tencentcloud_conn_id))

    def _read_connection(self, connection: Any) -> TencentCloudSettings:
        try:
            extra = extra_of(connection)
        except ArgumentError as error:
            raise self._unusable(error) from None
        settings = self._read(connection.login, connection.password, extra)
        self._mask(settings.secrets)
        return settings

    def _read(self, login: str | None, password: str | None, extra: Mapping[str, Any]) -> TencentCloudSettings:
        try:
            settings = read_settings(login, password, extra, os.environ)
        except ArgumentError as error:
            raise self._unusable(error) from None
        if self.region is not None:
            with invalid_arguments_fail():
                settings = replace(settings, region=check_region("region", self.region))
        return settings

    def _unusable(self, error: ArgumentError) -> InvalidArgumentError:
        return InvalidArgumentError(f"{error} (connection {self.tencentcloud_conn_id})")

    @staticmethod
    def _mask(secrets: list[str]) -> None:
        for secret in secrets:
            mask_secret(secret)
