"""The limit of requests per second, for each account and action."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_mps.local.serving.errors import LimitExceeded

DEFAULT_LIMIT = 20


class RateLimiter:
    """Counts requests in fixed windows of one second, as the services do.

    :param limits: requests per second by action; ``*`` stands for all others. 0 means no limit.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = {"*": DEFAULT_LIMIT, **limits}
        self._windows: dict[tuple[str, str], tuple[int, int]] = {}

    def check(self, account: str, action: str, now: float) -> None:
        """Count one request.

        :param account: whose request it is.
        :param action: what it asks for.
        :param now: seconds since the epoch.
        :raises LimitExceeded: when the window is full; the refused request counts too.
        """
        limit = self.limits.get(action, self.limits["*"])
        second = int(now)
        window, count = self._windows.get((account, action), (second, 0))
        count = count + 1 if window == second else 1
        self._windows[account, action] = (second, count)
        if limit and count > limit:
            raise LimitExceeded(
                f"Your current request times equals to `{count}` in a second, which exceeds the frequency limit "
                f"`{limit}` for a second. Please reduce the frequency of calls.",
            )
