"""Who may call: accounts with permanent keys, and the temporary keys issued for them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

FIRST_ACCOUNT = 2600000000


@dataclass(frozen=True, slots=True)
class Credential:
    """A key pair that may sign requests.

    :param secret_id: the public half.
    :param secret_key: the secret half; never shown.
    :param account: the number of the account that it acts for.
    :param token: the session token that must travel with a temporary pair; empty for a permanent one.
    :param expires: the end of a temporary pair, seconds since the epoch; ``None`` for a permanent one.
    """

    secret_id: str
    secret_key: str = field(repr=False)
    account: str
    token: str = field(default="", repr=False)
    expires: float | None = None


class Accounts:
    """The known key pairs.

    :param pairs: ``(secret_id, secret_key)`` of each account, at least one; every pair is an account of its own.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], clock: Callable[[], float]) -> None:
        if not pairs:
            raise ValueError("accounts: at least one (secret_id, secret_key) is needed")
        self._clock = clock
        self._known = {
            secret_id: Credential(secret_id, secret_key, str(FIRST_ACCOUNT + number))
            for number, (secret_id, secret_key) in enumerate(pairs)
        }
        self._owners = {credential.account: credential for credential in self._known.values()}
        self.default = next(iter(self._known.values()))

    def find(self, secret_id: str) -> Credential | None:
        """Look a key pair up by its public half."""
        return self._known.get(secret_id)

    def owner(self, account: str) -> Credential:
        """Return the permanent pair of an account; raises ``KeyError``."""
        return self._owners[account]

    def issue(self, parent: Credential, seconds: int) -> Credential:
        """Issue a temporary pair that acts for the account of ``parent`` during ``seconds``."""
        credential = Credential(
            secret_id="AKIDtmp" + secrets.token_hex(16),
            secret_key=secrets.token_urlsafe(32),
            account=parent.account,
            token=secrets.token_urlsafe(64),
            expires=self._clock() + seconds,
        )
        self._known[credential.secret_id] = credential
        return credential
