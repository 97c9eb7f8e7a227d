"""Runs the local service inside a Python process, in a thread of its own."""

from __future__ import annotations

import ipaddress
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from airflow_provider_mps.local.aidge.replies import Shape
from airflow_provider_mps.local.aidge.state import DEFAULT_KEY_NAME, DEFAULT_SECRET, AidgeOptions
from airflow_provider_mps.local.aidge.tasks import AidgeTask
from airflow_provider_mps.local.app import make_app
from airflow_provider_mps.local.backend import Backend
from airflow_provider_mps.local.serving.faults import Rule
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.limits import DEFAULT_LIMIT
from airflow_provider_mps.local.serving.server import Server, listen
from airflow_provider_mps.local.tencentcloud.state import DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY
from airflow_provider_mps.local.tencentcloud.tasks import Task

DEFAULT_BUCKET = "mps-local-1250000000"
DEFAULT_REGION = "ap-guangzhou"


class LocalService:
    """The local service on a loopback port, as a context manager.

    :param task_seconds: how long a task takes at least.
    :param rate_limit: requests per second for each account and action: one number, or numbers by action with ``*``
        for the others; 0 means no limit. Default 20.
    :param accounts: ``(secret_id, secret_key)`` pairs; default one made-up account.
    :param buckets: bucket names (in ``region``), or regions by bucket name; default ``mps-local-1250000000``.
    :param region: the region of buckets given by name, and the connection's; default ``ap-guangzhou``.
    :param data_dir: the folder for objects, kept at the end; default a temporary one that is removed.
    :param host: a loopback address or ``localhost``.
    :param port: the TCP port; 0 chooses a free one.
    :param tls: certificate file and key file, to speak HTTPS.
    :param small_pictures: make tiny results, for load tests.
    :param clock: gives the present time in seconds since the epoch.
    :param aidge_accounts: ``(key name, secret)`` pairs of Aidge; default one made-up account.
    :param aidge_paid_quota: how many submissions each account of Aidge may make; default ``None``, no limit.
    :param aidge_trial_quota: the same for submissions with the trial header.
    :param aidge_url_seconds: how long the address of an Aidge result is good for; default 3600.
    :param aidge_replies: ``aidge`` for answers in the shape of Aidge's own reference, ``cloud`` for that of Alibaba
        Cloud's documents of 2026 (``Code``, ``Message``, ``RequestId``, ``Data``).
    :raises ValueError: for an address that is not loopback.
    """

    def __init__(
        self,
        *,
        task_seconds: float = 0.2,
        rate_limit: int | Mapping[str, int] = DEFAULT_LIMIT,
        accounts: Sequence[tuple[str, str]] = ((DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY),),
        buckets: Sequence[str] | Mapping[str, str] = (DEFAULT_BUCKET,),
        region: str = DEFAULT_REGION,
        data_dir: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: tuple[str, str] | None = None,
        small_pictures: bool = False,
        clock: Callable[[], float] = time.time,
        aidge_accounts: Sequence[tuple[str, str]] = ((DEFAULT_KEY_NAME, DEFAULT_SECRET),),
        aidge_paid_quota: int | None = None,
        aidge_trial_quota: int | None = None,
        aidge_url_seconds: float = 3600,
        aidge_replies: Shape = "aidge",
    ) -> None:
        self.host = _loopback(host)
        self.port = port
        self._tls = tls
        self._buckets = dict(buckets) if isinstance(buckets, Mapping) else dict.fromkeys(buckets, region)
        if not self._buckets:
            raise ValueError("buckets: at least one is needed")
        self._options: dict[str, Any] = {
            "accounts": tuple(accounts),
            "buckets": self._buckets,
            "task_seconds": task_seconds,
            "rate_limits": {"*": rate_limit} if isinstance(rate_limit, int) else dict(rate_limit),
            "small_pictures": small_pictures,
            "clock": clock,
            "aidge": AidgeOptions(
                tuple(aidge_accounts), aidge_paid_quota, aidge_trial_quota, aidge_url_seconds, aidge_replies
            ),
        }
        self._data_dir = Path(data_dir) if data_dir is not None else None
        self._temporary: Path | None = None
        self._backend: Backend | None = None
        self._server: Server | None = None

    @property
    def netloc(self) -> str:
        """``host:port``, as clients dial it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def protocol(self) -> str:
        """``http``, or ``https`` with ``tls``."""
        return "https" if self._tls else "http"

    @property
    def url(self) -> str:
        """``http://host:port``."""
        return f"{self.protocol}://{self.netloc}"

    @property
    def secret_id(self) -> str:
        """The SecretId of the first account."""
        return self.backend.accounts.default.secret_id

    @property
    def secret_key(self) -> str:
        """The SecretKey of the first account."""
        return self.backend.accounts.default.secret_key

    @property
    def aidge_key_name(self) -> str:
        """The name of the API key of Aidge's first account."""
        return self.backend.aidge.accounts.default.secret_id

    @property
    def aidge_secret(self) -> str:
        """The secret of that API key."""
        return self.backend.aidge.accounts.default.secret_key

    @property
    def bucket(self) -> str:
        """The first bucket."""
        return next(iter(self._buckets))

    @property
    def region(self) -> str:
        """The region of the first bucket."""
        return self._buckets[self.bucket]

    @property
    def backend(self) -> Backend:
        """The state behind the service; raises ``RuntimeError`` while it does not run."""
        if self._backend is None:
            raise RuntimeError("the local service is not running")
        return self._backend

    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection to this service: conn_type, login, password and extra.

        Where the service has no limit, the connection has none that would show either.
        """
        return {
            "conn_type": "tencentcloud",
            "login": self.secret_id,
            "password": self.secret_key,
            "extra": {
                "region": self.region,
                "endpoint": self.netloc,
                "protocol": f"{self.protocol}://",
                "cos_bucket": self.bucket,
                "cos_region": self.region,
                "cos_endpoint": self.netloc,
                **self._pace(),
            },
        }

    def aidge_connection(self) -> dict[str, Any]:
        """Return the Airflow connection to Aidge here: conn_type, host, port, login, password and extra."""
        return {
            "conn_type": "aidge",
            "host": self.host,
            "port": self.port,
            "login": self.aidge_key_name,
            "password": self.aidge_secret,
            "extra": {"protocol": f"{self.protocol}://", "trial": False, **self._pace()},
        }

    def _pace(self) -> dict[str, float]:
        return {} if any(self._options["rate_limits"].values()) else {"requests_per_second": 1e6}

    @property
    def journal(self) -> list[JournalRecord]:
        """All requests so far, in order."""
        return self.backend.journal.records()

    def calls(self, action: str) -> list[JournalRecord]:
        """Return the requests for an action, accepted and refused."""
        return self.backend.journal.records(action)

    def accepted(self, action: str) -> list[JournalRecord]:
        """Return the requests for an action that were carried out, whether or not the client got the answer."""
        return [record for record in self.calls(action) if record.executed]

    @property
    def tasks(self) -> list[Task]:
        """All tasks of MPS, oldest first."""
        return self.backend.tasks.all()

    @property
    def aidge_tasks(self) -> list[AidgeTask]:
        """All tasks of Aidge, oldest first."""
        return self.backend.aidge.tasks.all()

    def add_fault(self, *, kind: str, action: str = "", **options: Any) -> Rule:
        """Add a fault rule; raises ``ValueError`` for a bad one.

        See :mod:`airflow_provider_mps.local.serving.faults`.
        """
        return self.backend.faults.add(kind=kind, action=action, **options)

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self.backend.faults.clear()

    def put_object(self, bucket: str, key: str, data: bytes, *, has_crc64: bool = True) -> None:
        """Store an object without a request; a leading slash of ``key`` is dropped.

        :param has_crc64: ``False`` for one from before COS kept a CRC64.
        """
        self.backend.store.put(bucket, key.removeprefix("/"), [data], has_crc64=has_crc64)

    def get_object(self, bucket: str, key: str) -> bytes:
        """Read an object without a request; raises ``KeyError`` when it is not there."""
        if not self.object_exists(bucket, key):
            raise KeyError(key)
        return self.backend.store.read(bucket, key.removeprefix("/"))

    def object_exists(self, bucket: str, key: str) -> bool:
        """Say whether an object is there."""
        return self.backend.store.find(bucket, key.removeprefix("/")) is not None

    def keep_versions(self, bucket: str) -> None:
        """Give a bucket versioning, so that ``x-cos-forbid-overwrite`` has no effect there.

        Only the newest version is kept.
        """
        self.backend.cos.versioned.add(bucket)

    def start(self) -> None:
        """Start the service and return once it answers; raises ``OSError`` when the port is taken."""
        listener = listen(self.host, self.port)
        try:
            self.port = listener.getsockname()[1]
            if self._data_dir is None:
                self._temporary = Path(tempfile.mkdtemp(prefix="mps-local-"))
            self._backend = Backend(data_dir=self._data_dir or self._temporary or Path(), **self._options)
            server = Server(make_app(self._backend), listener, self._tls)
        except BaseException:
            listener.close()
            self._clean_up()
            raise
        self._server = server
        try:
            server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the service and remove what is temporary; does nothing when it does not run."""
        if self._server is not None:
            self._server.stop()
        self._clean_up()

    def __enter__(self) -> Self:
        """Start the service."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the service."""
        self.stop()

    def _clean_up(self) -> None:
        if self._backend is not None:
            self._backend.pool.stop()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
        self._server = None


def _loopback(host: str) -> str:
    """Return the address to bind; the service has no account of its own to protect, so it stays on this machine."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ValueError(f"host: {host!r} is not an address") from None
    if not address.is_loopback:
        raise ValueError(f"host: the local service binds only to loopback addresses, not to {host}")
    return str(address)
