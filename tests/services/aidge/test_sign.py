from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from airflow_provider_mps.services.aidge.sign import signature, signed_query

# Made with: printf '%s%s' SECRET TIME | openssl dgst -sha256 -hmac SECRET
VECTORS = [
    ("S4etzZ73nF08", 1700000000000, "C490B5D5CDBA2DFD911A6402A1DFD09F7AFE274C990BC89B7DCBC282F73A4923"),
    ("S4etzZ73nF08", 1764144000123, "7FEB61A0B4948049E8A8E26BFD2F82FADBED4A3399DE41662F9D4B51B696B53B"),
    ("secret", 1700000000000, "8BAFAA58B9C69A5D68417AE7632A8160524A0350C4F5639AC541E6DE02D3C283"),
    ("secret", 1764144000123, "BB477016556F9B57FE4755725578FCDA88CBC3551289DCA39FAE5EBA300222E8"),
    ("密钥", 1700000000000, "1BF5127C7ED8479B2F1D9CD70A2D0ED7287D89FB4CD3FAC027CA2E9E041184A1"),
    ("密钥", 1764144000123, "EBC70EF5D79D529C6636D03FC168D4DE29D6D4A128565E60C34E0DAF3E049716"),
]


@pytest.mark.parametrize(("secret", "moment", "expected"), VECTORS)
def test_fixed_vectors(secret: str, moment: int, expected: str) -> None:
    assert signature(secret, moment) == expected


def test_the_query_of_a_request() -> None:
    secret, moment, expected = VECTORS[0]
    query = signed_query("512345", secret, moment)
    assert query == (
        f"partner_id=aidge&sign_method=sha256&sign_ver=v2&app_key=512345&timestamp=1700000000000&sign={expected}"
    )
    assert dict(parse_qsl(signed_query("a b&c", secret, moment)))["app_key"] == "a b&c"
    assert secret not in query
