"""Certificates for C2PA, made as they are needed: an authority, and a signer whom it vouches for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def chain(kind: str = "ec") -> tuple[bytes, bytes, bytes]:
    """Return a chain in PEM, the key of the signer, and the certificate of the authority."""
    authority = ec.generate_private_key(ec.SECP256R1())
    key: Any = {
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ec384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    root = _certificate("Authority", authority.public_key(), authority, is_authority=True)
    signer = _certificate("Shop", key.public_key(), authority, is_authority=False)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return signer + root, private, root


def _certificate(name: str, public: Any, by: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> bytes:
    def named(text: str) -> x509.Name:
        parts = ((NameOID.COMMON_NAME, text), (NameOID.ORGANIZATION_NAME, f"{text} Ltd"))
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])

    now = datetime.now(UTC)
    not_for = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    usage = x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **not_for
    )
    made = (
        x509.CertificateBuilder(named("Authority"), named(name), public, x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not is_authority:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM)
