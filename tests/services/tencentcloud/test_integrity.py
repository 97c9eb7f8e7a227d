"""What COS says of an object, and what follows for its copy."""

from __future__ import annotations

import pytest

from airflow_provider_mps.core.contenttypes import picture_type
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.services.tencentcloud.integrity import difference, evidence, is_verifiable, read_digest

MD5 = "900150983cd24fb0d6963f7d28e17f72"
OTHER = "d41d8cd98f00b204e9800998ecf8427e"


def test_digest_headers_in_any_case() -> None:
    assert read_digest({"Content-Length": "3", "x-cos-hash-crc64ecma": "9"}) == Digest(3, 9)
    assert read_digest({"content-length": "3", "X-COS-HASH-CRC64ECMA": " 9 "}) == Digest(3, 9)
    assert read_digest({}) == Digest(None, None)
    assert read_digest({"Content-Length": "\u00b2"}) == Digest(None, None)


@pytest.mark.parametrize(
    ("headers", "md5"),
    [
        ({"ETag": f'"{MD5}"'}, MD5),
        ({"etag": MD5.upper()}, MD5),
        ({"ETag": f'"{MD5}"', "x-cos-object-type": "normal"}, MD5),
        ({"ETag": f'"{MD5}-3"'}, None),
        ({"ETag": f'"{MD5[:-1]}"'}, None),
        ({"ETag": f'"{MD5}", "x'}, None),
        ({"ETag": ""}, None),
        ({"ETag": f'"{MD5}"', "x-cos-object-type": "appendable"}, None),
        ({"ETag": f'"{MD5}"', "x-cos-server-side-encryption": "cos/kms"}, None),
        ({"ETag": f'"{MD5}"', "x-cos-server-side-encryption-customer-algorithm": "AES256"}, None),
    ],
)
def test_which_etag_is_an_md5(headers: dict[str, str], md5: str | None) -> None:
    assert read_digest(headers) == Digest(None, None, md5)


@pytest.mark.parametrize(
    ("stored", "local", "words"),
    [
        (Digest(3, 9), Digest(3, 9), None),
        (Digest(None, 9), Digest(3, 9), None),
        (Digest(4, 9), Digest(3, 9), "3 bytes here, 4 bytes in COS"),
        (Digest(3, 8), Digest(3, 9), "CRC64 9 here, 8 in COS (3 bytes)"),
        # The CRC64 decides where there is one.
        (Digest(3, 9, OTHER), Digest(3, 9, MD5), None),
        (Digest(3, None), Digest(3, 9, MD5), None),
        (Digest(4, None), Digest(3, 9, MD5), "3 bytes here, 4 bytes in COS"),
        (Digest(3, None, MD5), Digest(3, 9, MD5), None),
        (Digest(None, None, MD5), Digest(3, 9, MD5), None),
        (Digest(3, None, OTHER), Digest(3, 9, MD5), f"MD5 {MD5} here, ETag {OTHER} in COS (3 bytes)"),
    ],
)
def test_difference(stored: Digest, local: Digest, words: str | None) -> None:
    found = difference(stored, local)
    assert found is None if words is None else words in str(found)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (Digest(3, 9, MD5), "CRC64 verified"),
        (Digest(3, None, MD5), "MD5 of its ETag"),
        (Digest(3, None), "its size alone"),
    ],
)
def test_the_log_says_by_what_it_was_verified(stored: Digest, words: str) -> None:
    assert words in evidence(stored)
    assert is_verifiable(stored)
    assert not is_verifiable(Digest(None, None))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jpg", "image/jpeg"),
        ("a.JPEG", "image/jpeg"),
        ("a.jfif", "image/jpeg"),
        ("a.png", "image/png"),
        ("/folder/a.b.webp", "image/webp"),
        ("a.bmp", "image/bmp"),
        ("a.gif", "image/gif"),
        ("a.avif", "image/avif"),
        ("a.heic", "image/heic"),
        ("a.tif", "image/tiff"),
        ("a.tiff", "image/tiff"),
        ("a.txt", None),
        ("webp", None),
        ("a.webp/b", None),
    ],
)
def test_picture_types(name: str, expected: str | None) -> None:
    assert picture_type(name) == expected
