"""C2PA manifests, signed with a certificate of the test's own, and read back by the library that others have."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from airflow_provider_mps.pictures.labels import (
    COMPOSITE,
    Label,
    LabelError,
    SigningError,
    check_label,
    label,
    read_label,
    sign,
)
from tests.certificates import chain
from tests.sample_pictures import PACKETS, exif, jpeg, png

LABEL = Label(producer="Tencent Cloud MPS", produce_id="1250000000-ImageTask-1")
PICTURES = {"image/jpeg": jpeg(xmp=PACKETS["titled"], exif=exif(thumbnail=True)), "image/png": png("RGBA")}


@pytest.fixture
def c2pa() -> Any:
    return pytest.importorskip("c2pa", reason="c2pa-python is not installed: pip install 'airflow-provider-mps[c2pa]'")


def read(c2pa: Any, mime: str, data: bytes, root: bytes) -> tuple[str, dict[str, Any]]:
    """Return whether a manifest holds, with the test's authority among those that are trusted, and the manifest."""
    trusted = {"trust": {"user_anchors": root.decode()}, "verify": {"verify_trust": True}}
    with c2pa.Context.from_dict(trusted) as context, c2pa.Reader(mime, io.BytesIO(data), context=context) as reader:
        return reader.get_validation_state(), json.loads(json.dumps(reader.get_active_manifest()))


def actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    (found,) = (one["data"]["actions"] for one in manifest["assertions"] if one["label"].startswith("c2pa.actions"))
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["ec", "ec384", "rsa", "ed25519"])
@pytest.mark.parametrize("mime", PICTURES)
def test_others_read_who_says_that_a_model_has_taken_part(c2pa: Any, mime: str, kind: str) -> None:
    certificate, key, root = chain(kind)
    labelled = label(PICTURES[mime], LABEL)
    signed = sign(labelled, certificate, key)
    state, manifest = read(c2pa, mime, signed, root)
    assert state == "Trusted"
    assert actions(manifest) == [{"action": "c2pa.created", "digitalSourceType": COMPOSITE}]
    assert manifest["signature_info"]["issuer"] == "Shop Ltd"
    assert manifest["claim_generator_info"][0]["name"] == "airflow-provider-mps"
    # The label is in it, and a picture that says all already is left alone.
    assert check_label(signed).record == LABEL.record
    assert label(signed, LABEL) == signed
    # It has no copy of the picture in it.
    assert len(signed) - len(labelled) < 16_000


@pytest.mark.parametrize("mime", PICTURES)
def test_what_is_changed_afterwards_shows(c2pa: Any, mime: str) -> None:
    certificate, key, root = chain()
    signed = sign(label(PICTURES[mime], LABEL), certificate, key)
    state, _ = read(c2pa, mime, signed.replace(b"1250000000-ImageTask-1", b"1250000000-ImageTask-2"), root)
    if mime == "image/png":
        # Its chunks have checksums of their own.
        with pytest.raises(LabelError):
            read_label(signed.replace(b"ImageTask-1", b"ImageTask-2"))
    assert state == "Invalid"
    more = Label(producer="p", produce_id="1", propagator="shop")
    with pytest.raises(LabelError, match="whose signature a label would break"):
        label(signed, more)


@pytest.mark.parametrize("mime", PICTURES)
def test_a_manifest_that_was_there_becomes_that_of_the_picture_before(c2pa: Any, mime: str) -> None:
    certificate, key, root = chain()
    theirs = sign(PICTURES[mime], certificate, key)
    signed = sign(label(theirs, LABEL, breaks_signature=True), certificate, key, parent=theirs)
    state, manifest = read(c2pa, mime, signed, root)
    assert state == "Trusted"
    assert [one["action"] for one in actions(manifest)] == ["c2pa.opened", "c2pa.edited"]
    assert actions(manifest)[1]["digitalSourceType"] == COMPOSITE
    (before,) = manifest["ingredients"]
    assert (before["relationship"], bool(before["active_manifest"])) == ("parentOf", True)
    assert check_label(signed).record == LABEL.record


def test_a_certificate_that_c2pa_does_not_take(c2pa: Any) -> None:
    certificate, key, root = chain()
    with pytest.raises(SigningError, match="C2PA refuses to sign it"):
        sign(jpeg(), root, key)
    with pytest.raises(SigningError, match="C2PA refuses to sign it"):
        sign(jpeg(), b"no certificate", key)
    with pytest.raises(SigningError, match="C2PA refuses to sign it"):
        sign(jpeg(), certificate, chain()[1])


def test_a_key_that_cannot_be_read_is_told_without_the_key(c2pa: Any) -> None:
    secret = b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
    with pytest.raises(LabelError, match="the key for C2PA cannot be read") as caught:
        sign(jpeg(), chain()[0], secret)
    assert "c2VjcmV0" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("kind", ["ec", "ec384", "rsa"])
def test_a_key_in_the_form_of_openssl_signs_too(c2pa: Any, kind: str) -> None:
    certificate, key, root = chain(kind)
    older = load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    assert b"BEGIN PRIVATE KEY" not in older
    state, _ = read(c2pa, "image/jpeg", sign(label(jpeg(), LABEL), certificate, older), root)
    assert state == "Trusted"


def test_an_address_of_a_time_stamping_service_is_told_without_its_password(c2pa: Any) -> None:
    address = "http://user:hunter2hunter2@127.0.0.1:9/stamp?token=t0ps3cr3tt0k3n"
    with pytest.raises(SigningError, match=r"127\.0\.0\.1:9/stamp") as caught:
        sign(jpeg(), *chain()[:2], timestamp_url=address)
    assert "hunter2" not in str(caught.value)
    assert "t0ps3cr3t" not in str(caught.value)


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(LabelError, match=r"pip install 'airflow-provider-mps\[c2pa\]'"):
        sign(jpeg(), *chain()[:2])


def test_what_is_no_picture_and_what_is_no_source_type() -> None:
    with pytest.raises(LabelError, match="no JPEG and no PNG"):
        sign(b"GIF89a", b"", b"")
    with pytest.raises(ValueError, match="source_type: expected one of"):
        sign(jpeg(), b"", b"", source_type="digitalCapture")
