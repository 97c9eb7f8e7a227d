"""What carries a credential is cut out of texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.redaction import bare_url, conceal, excerpt, looks_secret, redact_urls, url_secrets

SECRETS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=12, max_size=40)
AROUND = st.text(" \n\t.,;:!?()[]{}<>'\"#&=%@/-_äöü中文", max_size=20)
HOST = "https://shop-125.cos.ap-guangzhou.myqcloud.com/in/cup.jpg"


@given(secret=SECRETS, before=AROUND, after=AROUND)
def test_no_part_of_a_signed_address_is_left_in_a_text(secret: str, before: str, after: str) -> None:
    for address in (f"{HOST}?sign={secret}", f"https://me:{secret}@img.example/a.jpg", f"{HOST}#{secret}"):
        text = f"{before} {address} {after}"
        assert secret not in redact_urls(text)
        assert secret not in excerpt(text, 10_000)
        if looks_secret(secret) or "#" not in address:
            assert any(secret in found for found in url_secrets(text))


@pytest.mark.parametrize("name", ["q-signature", "x-amz-security-token", "sign", "token", "Signature", "q-ak"])
def test_a_parameter_is_cut_wherever_it_stands(name: str) -> None:
    assert redact_urls(f"bad query {name}=hunter22hunter&x=1") == f"bad query {name}=***&x=1"
    assert url_secrets(f"bad query {name}=hunter22hunter&x=1") == ["hunter22hunter"]


@pytest.mark.parametrize(
    "text",
    ["a%26sign%3D{}%26b", '{{"params": {{"sign": "{}"}}}}', '{{\\"sign\\":\\"{}\\"}}', "x?a=1&amp;sign={}&amp;b"],
)
def test_what_a_service_says_back_is_cut_however_it_is_written(text: str) -> None:
    assert "0123456789ABCDEF" not in redact_urls(text.format("0123456789ABCDEF"))


@given(secret=SECRETS)
def test_what_is_no_address_shows_no_credential(secret: str) -> None:
    for text in (f"https://me:{secret}@[::1/a.jpg?x={secret}", f"me:{secret}@host/a?sign={secret}"):
        assert secret not in conceal(text)
        assert secret not in bare_url(text) or "://" not in text
    assert secret not in bare_url(f"https://me:{secret}@img.example/a.jpg?sign={secret}#{secret}")


def test_an_address_without_a_host_keeps_its_slashes() -> None:
    assert bare_url("cos:///in/cup.jpg?x=1") == "cos:///in/cup.jpg"
    assert bare_url("/data/cup.jpg") == "/data/cup.jpg"
