"""How what a task reads and writes is named: the same whichever way it is written, and no credential in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import Asset
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.datasets import Dataset, dataset_of, from_uri, in_uri
from airflow_provider_mps.lineage.assets import sanitize_uri

SECRET = "q8Zt0LwX3vRb5NcY9dKf"
NAMES = {
    "cos://shop-1250000000/out/cup.png": ("cos://shop-1250000000", "out/cup.png"),
    "cos://Shop-1250000000/out/cup.png": ("cos://shop-1250000000", "out/cup.png"),
    "cos://tencent@shop-1250000000/out/cup.png": ("cos://shop-1250000000", "out/cup.png"),
    "cos://shop-1250000000/out/": ("cos://shop-1250000000", "out"),
    "cos://shop-1250000000": ("cos://shop-1250000000", "/"),
    "cos://shop-1250000000/a?b#c.png": ("cos://shop-1250000000", "a?b#c.png"),
    "COS://shop-1250000000/Tasse rot/杯.png": ("cos://shop-1250000000", "Tasse rot/杯.png"),
    f"cos://shop-1250000000/cup.png?q-signature={SECRET}": ("cos://shop-1250000000", "cup.png"),
    "https://IMG.example.com/a/cup.png?v=3#top": ("https://img.example.com", "/a/cup.png"),
    f"https://me:{SECRET}@img.example.com:8443/cup.png": ("https://img.example.com:8443", "/cup.png"),
    f"https://img.example.com/cup.png?Expires=1&Signature={SECRET}": ("https://img.example.com", "/cup.png"),
    "https://img.example.com": ("https://img.example.com", "/"),
    "s3a://pictures/a/cup.png": ("s3://pictures", "a/cup.png"),
    "s3://aws@pictures/a/cup.png": ("s3://pictures", "a/cup.png"),
    "gcs://pictures/cup.png": ("gs://pictures", "cup.png"),
    "file:///data/cup.png": ("file", "/data/cup.png"),
    "/data/../data/cup.png": ("file", "/data/cup.png"),
}


@pytest.mark.parametrize(("address", "name"), NAMES.items(), ids=NAMES)
def test_an_address_has_one_name(address: str, name: tuple[str, str]) -> None:
    assert dataset_of(address) == name


def test_a_path_is_that_of_the_working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert dataset_of("cup.png") == ("file", str(tmp_path / "cup.png"))


@pytest.mark.parametrize("address", ["", " ", "cos:///cup.png", "https:///cup.png", "https://[::1/x", "x" * 3000])
def test_what_names_no_storage_has_no_name(address: str) -> None:
    assert dataset_of(address) is None


def test_an_address_and_its_asset_are_the_same() -> None:
    found = dataset_of("cos://shop-1250000000/out/cup.png")
    assert found is not None
    assert found.uri == "cos://shop-1250000000/out/cup.png"
    assert Dataset("cos://shop-1250000000", "/").uri == "cos://shop-1250000000/"
    assert Dataset("file", "/data/cup.png").uri == "file:///data/cup.png"
    assert Dataset("cos://shop-1250000000", "杯 1%.png").ascii_uri == "cos://shop-1250000000/%E6%9D%AF%201%.png"


# Such as connections and keys are made of, and no more: a key of 20 letters and digits looks drawn by lot.
words = st.text("abcdefghijklmnopqrstuvwxyz-_. äß杯", min_size=1, max_size=12).filter(str.strip)
keys = st.lists(words, min_size=1, max_size=5).map("/".join)
buckets = st.from_regex(r"[a-zA-Z0-9]{1,8}-12[0-9]{8}", fullmatch=True)


@given(buckets, keys, st.none() | st.from_regex(r"[a-z_]{1,10}", fullmatch=True))
def test_an_asset_is_known_by_one_address(bucket: str, key: str, conn_id: str | None) -> None:
    plain = urlsplit(f"cos://{bucket}/{key}")
    known = sanitize_uri(plain if conn_id is None else plain._replace(netloc=f"{conn_id}@{bucket}"))
    assert sanitize_uri(known) == known
    assert known == sanitize_uri(plain)
    assert known.netloc == bucket.lower()
    assert known.path == plain.path
    assert dataset_of(known.geturl()) == dataset_of(f"cos://{bucket}/{key}")


@given(
    st.sampled_from(("https", "http", "cos", "s3")),
    st.sampled_from(("Signature", "q-signature", "X-Amz-Signature", "token", "sign")),
    st.from_regex(r"[A-Za-z]{6}[0-9]{3}[A-Za-z0-9]{12,20}", fullmatch=True),
    keys,
)
def test_no_name_has_a_credential(scheme: str, parameter: str, secret: str, key: str) -> None:
    for address in (
        f"{scheme}://host-1250000000/{key}?x=1&{parameter}={secret}",
        f"{scheme}://user:{secret}@host-1250000000/{key}",
    ):
        found = dataset_of(address)
        assert found is not None
        assert secret not in found.uri


@pytest.mark.parametrize(
    "address",
    ["cos:///cup.png", f"cos://me:{SECRET}@shop-1250000000/cup.png", f"cos://shop-125/cup.png?q-signature={SECRET}"],
)
def test_an_asset_needs_a_bucket_and_may_carry_no_credential(address: str) -> None:
    with pytest.raises(ValueError, match="The address of an asset") as raised:
        sanitize_uri(urlsplit(address))
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        f"cos://shop-1250000000/cup.png#q-signature={SECRET}",
        f"cos://shop-1250000000/cup.png%3Fq-signature%3D{SECRET}",
        f"cos://shop-1250000000/sign={SECRET}/cup.png",
        f"/data/cup.png?q-signature={SECRET}",
        f"//img.example.com/cup.png?sign={SECRET}",
        f"https:/img.example.com/cup.png?Signature={SECRET}",
        f"file://me:{SECRET}@host/cup.png",
    ],
)
def test_no_credential_of_an_odd_address(address: str) -> None:
    found = dataset_of(address)
    assert found is not None
    assert SECRET not in found.name + found.uri + found.ascii_uri


@pytest.mark.parametrize("scheme", ["https", "cos", "s3"])
def test_a_long_signature_takes_no_name_away(scheme: str) -> None:
    # Those of temporary keys are as long as their token.
    address = f"{scheme}://shop-1250000000/in/cup.png?X-Amz-Security-Token={SECRET * 150}&X-Amz-Signature={SECRET}"
    found = dataset_of(address)
    assert found is not None
    assert found.name.lstrip("/") == "in/cup.png"


ODD = [
    "a?b#c.png",
    "a%3Fb%23c.png",
    "a#1.png",
    "a#2.png",
    "a?y=2&x=1.png",
    "a?.png",
    "50%.png",
    "50%25.png",
    "a b.png",
    "杯.png",
    "a//b",
]


@pytest.mark.parametrize("namespace", ["cos://shop-1250000000", "s3://shop", "file"])
def test_an_asset_is_not_that_of_another_key(namespace: str) -> None:
    def asset(name: str) -> str:
        dataset = Dataset(namespace, f"/{name}" if namespace == "file" else name)
        return str(Asset(dataset.ascii_uri).uri)

    assert len(set(map(asset, ODD))) == len(ODD)


@given(st.text("a?#%235Ff") | st.text())
def test_a_key_comes_back_from_the_address_of_its_asset(key: str) -> None:
    assert from_uri(in_uri(key)) == key
    assert not set(in_uri(key)) & set("?#")
