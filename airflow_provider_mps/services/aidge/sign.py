"""Sign a request to Aidge's gateway (https://github.com/Aidge-AI/aidge-python, ``README.md``).

The signature covers the secret and the time only, neither path nor body: whoever sees one may call anything with it
for a while, so it is kept out of every log.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlencode


def signature(secret: str, timestamp_ms: int) -> str:
    """Return ``sign``: HMAC-SHA256 of secret and time with the secret as its key, in upper-case hex digits.

    :param secret: API key secret
    :param timestamp_ms: milliseconds since the epoch, the same as in the query
    """
    return hmac.new(secret.encode(), f"{secret}{timestamp_ms}".encode(), "sha256").hexdigest().upper()


def signed_query(key_name: str, secret: str, timestamp_ms: int) -> str:
    """Return the query string of a request.

    :param key_name: API key name
    """
    return urlencode(
        {
            "partner_id": "aidge",
            "sign_method": "sha256",
            "sign_ver": "v2",
            "app_key": key_name,
            "timestamp": timestamp_ms,
            "sign": signature(secret, timestamp_ms),
        }
    )
