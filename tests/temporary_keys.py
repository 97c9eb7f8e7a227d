"""Temporary keys that are renewed while something is at work."""

from __future__ import annotations

import json

import pytest

from airflow_provider_mps.local.service import LocalService


class Keys:
    """Temporary keys of the local service's account: the connection and the service change them one by one."""

    def __init__(self, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
        self._service = service
        self._monkeypatch = monkeypatch
        self._known = service.backend.accounts
        self._now = self._known.issue(self._known.default, 3600)
        self.publish()

    def publish(self) -> None:
        """Put the keys of now into the connection."""
        connection = self._service.connection()
        connection |= {"login": self._now.secret_id, "password": self._now.secret_key}
        connection["extra"]["token"] = self._now.token
        self._monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))

    def renew(self) -> None:
        """Let the service refuse the old keys, and take new ones."""
        old, self._now = self._now, self._known.issue(self._known.default, 3600)
        del self._known._known[old.secret_id]

    def replace(self) -> None:
        """Put new keys into the connection, and only then let the service refuse the old ones."""
        old, self._now = self._now, self._known.issue(self._known.default, 3600)
        self.publish()
        del self._known._known[old.secret_id]
