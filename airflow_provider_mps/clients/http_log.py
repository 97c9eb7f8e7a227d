"""Keep what addresses carry out of the records that httpx makes of each request."""

from __future__ import annotations

import logging

import httpx

from airflow_provider_mps.core.redaction import bare_url


def without_queries(record: logging.LogRecord) -> bool:
    """Cut each address down to what is no credential: the query of a signed one is, or of a signed request."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    record.args = tuple(bare_url(str(arg)) if isinstance(arg, httpx.URL) else arg for arg in arguments)
    return True


def hide_queries() -> None:
    """Let httpx log no query from now on, whatever the level of the root logger."""
    # The same filter again is no second one.
    logging.getLogger("httpx").addFilter(without_queries)
    # At DEBUG it logs the headers of answers, and a Location may be signed too.
    core = logging.getLogger("httpcore")
    if core.level < logging.INFO:
        core.setLevel(logging.INFO)
