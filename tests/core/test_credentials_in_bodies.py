"""Whether a request body holds a credential, so that it must not become an argument of a trigger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_mps.core.identity import holds_credential

WORD = "abcdefgh12345678x"


@pytest.mark.parametrize(
    "body",
    [
        {"Url": "https://user:pa55word@host/x.png"},
        {"Url": "https://u:p@host/x.png"},
        {"Url": "https%3A%2F%2Fu:pass%40e.com%2Fa.png"},
        {"Url": "https%3A%2F%2Fe.com%2Fa.png%3Fsign%3Dabc123def456"},
        {"Prompt": "like ftp://u:p@host/x.png, please"},
        {"StdExtInfo": r'{"a":"https:\/\/u:p@e.com\/a.png"}'},
        {"StdExtInfo": r'{"a":"https:\/\/e.com\/a.png?sign=abc123def456"}'},
        {"StdExtInfo": json.dumps({"headers": {"Authorization": "Basic dXNlcjpwYXNz"}})},
        {"StdExtInfo": json.dumps({"SecretKey": WORD})},
        {"Headers": {"Authorization": f"Bearer {WORD}"}},
        {"Prompt": f"Cookie: session={WORD}"},
        {"SecretKey": WORD},
        {"Input": [{"Token": WORD}]},
        {"https://e.com/a?sign=abc123def456": 1},
    ],
)
def test_a_credential_is_seen(body: dict[str, Any]) -> None:
    assert holds_credential(body)


@pytest.mark.parametrize(
    "body",
    [
        {"Url": "https://e.com/a.png", "Prompt": "marble"},
        {"Url": "https://e.com/a.png?x=1"},
        {"Url": "https://e.com/3f2a9b8c7d6e5f4a3b2c1d0e.png"},
        {
            "ScheduleId": 30060,
            "Quality": 85,
            "RandomSeed": None,
            "StdExtInfo": json.dumps({"a": "https://e.com/b.png"}),
        },
        {"Prompt": ["a token of love", "the sign: open"]},
    ],
)
def test_what_is_none_may_be_handed_over(body: dict[str, Any]) -> None:
    assert not holds_credential(body)
