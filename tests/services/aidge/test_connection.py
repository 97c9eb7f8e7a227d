from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.aidge.connection import AidgeSettings, read_settings

KEYS = ("512345", "S4etzZ73nF08")


def test_defaults() -> None:
    assert read_settings(*KEYS, None, None, {}) == AidgeSettings(*KEYS)
    settings = read_settings(*KEYS, "", None, {"trial": None, "proxy": "", "protocol": None, "ca_bundle": " "})
    assert settings == AidgeSettings(*KEYS)
    assert (settings.host, settings.protocol, settings.trial) == ("api.aidc-ai.com", "https", False)


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("cn-api.aidc-ai.com", None, "cn-api.aidc-ai.com"),
        ("127.0.0.1", 8700, "127.0.0.1:8700"),
        ("127.0.0.1:8700", None, "127.0.0.1:8700"),
        ("[::1]", 8700, "[::1]:8700"),
        ("::1", 8700, "[::1]:8700"),
        ("::1", None, "[::1]"),
        ("[::1]:8700", None, "[::1]:8700"),
    ],
)
def test_host_and_port(host: str, port: int | None, expected: str) -> None:
    assert read_settings(*KEYS, host, port, {}).host == expected


@pytest.mark.parametrize("yes", [True, "true", "True", "1", 1])
def test_the_trial_switch_comes_from_a_form_from_json_and_from_an_address(yes: Any) -> None:
    assert read_settings(*KEYS, None, None, {"trial": yes}).trial is True
    assert read_settings(*KEYS, None, None, {"trial": "false"}).trial is False


@pytest.mark.parametrize(
    ("login", "password", "host", "extra", "named"),
    [
        (None, "s", None, {}, "login"),
        ("k", None, None, {}, "password"),
        ("k k", "s", None, {}, "without spaces"),
        ("k", "s\n", "https://api.aidc-ai.com", {}, "connection host: expected host or host:port"),
        ("k", "s", "host/path", {}, "connection host"),
        ("k", "s", "host:99999", {}, "connection host"),
        ("k", "s", None, {"trial": "perhaps"}, "connection extra trial: expected true or false, got 'perhaps'"),
        ("k", "s", None, {"protocol": "ftp"}, "connection extra protocol"),
        ("k", "s", None, {"request_timeout": 0}, "connection extra request_timeout"),
        ("k", "s", None, {"requests_per_second": "fast"}, "connection extra requests_per_second"),
        ("k", "s", None, {"proxy": "user:hunter22@proxy"}, "connection extra proxy"),
    ],
)
def test_bad_fields_are_named(login: Any, password: Any, host: Any, extra: Any, named: str) -> None:
    with pytest.raises(ArgumentError, match=named) as caught:
        read_settings(login, password, host, None, extra)
    assert "hunter22" not in str(caught.value)


def test_secrets_do_not_show() -> None:
    settings = read_settings(*KEYS, None, None, {"proxy": "http://user:hunter22@proxy:3128"})
    assert "hunter22" not in repr(settings)
    assert KEYS[1] not in repr(settings)
    assert {KEYS[1], "hunter22", "user:hunter22"} == set(settings.secrets)


@pytest.mark.parametrize("given", ["http", "HTTP", "http://"])
def test_a_protocol_may_have_its_slashes(given: str) -> None:
    assert read_settings("k", "s", "127.0.0.1", 8080, {"protocol": given}).protocol == "http"
