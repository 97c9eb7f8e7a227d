"""Content Credentials: a C2PA manifest, signed with the user's certificate.

Source: C2PA Technical Specification (https://spec.c2pa.org/specifications/), sections on actions and on certificates.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.pictures.labels import jpeg, png
from airflow_provider_mps.pictures.labels.aigc import AI_SOURCE_TYPES, COMPOSITE, LabelError

INSTALL = "pip install 'airflow-provider-mps[c2pa]'"
# A thumbnail in the manifest would double small pictures.
_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}}
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class SigningError(LabelError):
    """C2PA does not sign; another try may end otherwise, as a time stamping service has a part in it."""


def sign(
    data: bytes,
    certificate: bytes,
    key: bytes,
    *,
    timestamp_url: str | None = None,
    source_type: str = COMPOSITE,
    parent: bytes | None = None,
) -> bytes:
    """Return a picture with a C2PA manifest, which says that a model has taken part, and who says so.

    Label it first: whatever is changed afterwards breaks the signature. A signature has a time and a random part, so
    that the same picture signed twice is not the same file. Needs the extra ``c2pa``.

    :param data: the picture: JPEG or PNG
    :param certificate: PEM, the signer's certificate first and its issuers behind it, without the root; C2PA wants
        ``digitalSignature`` and an extended use such as ``emailProtection`` in it
    :param key: PEM of its private key without a password: EC, RSA or Ed25519
    :param timestamp_url: RFC 3161 time stamping service, which the machine then asks; default none, and the signature
        holds as long as the certificate does
    :param source_type: IPTC ``DigitalSourceType`` of the action
    :param parent: the picture before it was labelled, whose own manifest is kept as that of an ingredient; default none
    :raises ValueError: the source type is none of AI
    :raises LabelError: the extra is missing, the key cannot be used, or it is no such picture
    :raises SigningError: the certificate cannot be used, the time stamping service does not answer, or the picture
        cannot be signed
    """
    if source_type not in AI_SOURCE_TYPES:
        raise ValueError(f"source_type: expected one of {', '.join(sorted(AI_SOURCE_TYPES))}, got {source_type}")
    mime = _mime(data)
    try:
        import c2pa
    except ImportError as error:
        raise LabelError(f"a C2PA manifest needs the package c2pa-python: {INSTALL} ({error})") from None
    algorithm, private = _algorithm_and_key(key)
    info = c2pa.C2paSignerInfo(
        alg=algorithm.encode(),
        sign_cert=certificate,
        private_key=private,
        ta_url=timestamp_url.encode() if timestamp_url else None,
    )
    made = BytesIO()
    try:
        with (
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(_manifest(source_type, parent), context) as builder,
        ):
            if parent is not None:
                said = json.dumps({"relationship": "parentOf", "label": "parent"})
                builder.add_ingredient(said, _mime(parent), BytesIO(parent))
            builder.sign(signer, mime, BytesIO(data), made)
    except c2pa.C2paError as error:
        raise SigningError(f"C2PA refuses to sign it: {excerpt(str(error), 200)}") from None
    return made.getvalue()


def _manifest(source_type: str, parent: bytes | None) -> dict[str, Any]:
    from airflow_provider_mps import __version__

    maker = {"name": "airflow-provider-mps", "version": __version__}
    created: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": source_type}
    if parent is not None:
        # What was opened was there before.
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
        edited = {"action": "c2pa.edited", "digitalSourceType": source_type}
        return _with_actions(maker, [opened, edited])
    return _with_actions(maker, [created])


def _with_actions(maker: dict[str, str], actions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "claim_generator_info": [maker],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}],
    }


def _algorithm_and_key(key: bytes) -> tuple[str, bytes]:
    """Return the algorithm of C2PA for a key, and the key in PKCS #8, which is all that C2PA reads.

    :raises LabelError: it is no key that C2PA takes
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    try:
        found = load_pem_private_key(key, None)
    # Their words may have some of the key in them.
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LabelError("the key for C2PA cannot be read: it has to be PEM, without a password") from None
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name in _CURVES:
        algorithm = _CURVES[found.curve.name].lower()
    elif isinstance(found, rsa.RSAPrivateKey):
        algorithm = "ps256"
    elif isinstance(found, ed25519.Ed25519PrivateKey):
        algorithm = "ed25519"
    else:
        raise LabelError("the key for C2PA is none of EC (P-256, P-384, P-521), RSA or Ed25519")
    return algorithm, found.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _mime(data: bytes) -> str:
    if data.startswith(jpeg.SIGNATURE):
        return "image/jpeg"
    if data.startswith(png.SIGNATURE):
        return "image/png"
    raise LabelError("it is no JPEG and no PNG, and no others are signed")
