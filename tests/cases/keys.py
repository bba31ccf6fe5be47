"""
The keys and signatures of the cases.

The keys are public and protect nothing. Signatures are deterministic if the scheme
allows it. Those of PSS, DSA and ML-DSA are random, so each is made once and stored;
otherwise the compiled file would change with every run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ocsp.asn1.der import NULL_DER, encode, encode_integer, encode_oid
from tests.releases import make_ml_dsa_key

__all__ = [
    "KINDS",
    "SCHEMES",
    "Scheme",
    "make_keys",
    "pss_key_info",
    "public_key_info",
    "sign",
]

MATERIAL = Path(__file__).parent / "material"
SIGNATURES = MATERIAL / "signatures.json"

KINDS: dict[str, Callable[[], Any]] = {
    **{
        name: lambda: ec.generate_private_key(ec.SECP256R1())
        for name in (
            "ca",
            "ca-2",
            "sub-ca",
            "leaf",
            "responder",
            "responder-2",
            "mallory",
        )
    },
    "p192": lambda: ec.generate_private_key(ec.SECP192R1()),
    "p224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),
    "rsa-2047": lambda: rsa.generate_private_key(65537, 2047),
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    "dsa-2048": lambda: dsa.generate_private_key(2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "ml-dsa-44": lambda: make_ml_dsa_key(44),
    "ml-dsa-65": lambda: make_ml_dsa_key(65),
    "ml-dsa-87": lambda: make_ml_dsa_key(87),
}
"""How each key is made."""


def make_keys() -> None:
    """Create the keys that are missing."""
    MATERIAL.mkdir(exist_ok=True)
    for name, make in KINDS.items():
        path = MATERIAL / f"{name}.pem"
        if not path.exists():
            form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            path.write_bytes(make().private_bytes(*form))


@cache
def private_key(name: str) -> Any:
    """Return the key of that name."""
    return load_pem_private_key((MATERIAL / f"{name}.pem").read_bytes(), None)


@cache
def public_key_info(name: str) -> bytes:
    """Return the SubjectPublicKeyInfo of the key of that name."""
    public = private_key(name).public_key()
    der: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def pss_key_info(name: str) -> bytes:
    """Return the SubjectPublicKeyInfo of an RSA key restricted to PSS (RFC 4055)."""
    info = public_key_info(name)
    usual = encode(0x30, encode_oid("1.2.840.113549.1.1.1"), NULL_DER)
    bits = info[info.index(usual) + len(usual) :]
    return encode(0x30, encode(0x30, encode_oid("1.2.840.113549.1.1.10")), bits)


class Scheme(NamedTuple):
    """
    A signature scheme.

    Attributes:
        identifier: The DER of its AlgorithmIdentifier.

        arguments: The arguments of the key's ``sign`` after the data.

        random: Whether two signatures over the same data differ.
    """

    identifier: bytes
    arguments: tuple[Any, ...] = ()
    random: bool = False


def _identifier(dotted: str, parameters: bytes = b"") -> bytes:
    return encode(0x30, encode_oid(dotted), parameters)


def _ecdsa(last: str, algorithm: hashes.HashAlgorithm) -> Scheme:
    dotted = f"1.2.840.10045.4.{last}"
    arguments = (ec.ECDSA(algorithm, deterministic_signing=True),)
    return Scheme(_identifier(dotted), arguments)


def _rsa(last: int, algorithm: hashes.HashAlgorithm) -> Scheme:
    identifier = _identifier(f"1.2.840.113549.1.1.{last}", NULL_DER)
    return Scheme(identifier, (padding.PKCS1v15(), algorithm))


_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}


def pss(
    algorithm: hashes.HashAlgorithm,
    mask: hashes.HashAlgorithm,
    salt: int,
    *,
    said: tuple[str, str, int] | None = None,
) -> Scheme:
    """Return RSASSA-PSS with these parameters; *said* are the stated ones if others."""
    named, masked, length = said or (algorithm.name, mask.name, salt)
    fields = b""
    if named != "sha1":
        fields += encode(0xA0, _identifier(_OIDS[named], NULL_DER))
    if masked != "sha1":
        generator = _identifier(
            "1.2.840.113549.1.1.8", _identifier(_OIDS[masked], NULL_DER)
        )
        fields += encode(0xA1, generator)
    if length != 20:
        fields += encode(0xA2, encode_integer(length))
    identifier = _identifier("1.2.840.113549.1.1.10", encode(0x30, fields))
    arguments = padding.PSS(padding.MGF1(mask), salt), algorithm
    return Scheme(identifier, arguments, random=True)


_SHA1, _SHA256, _SHA384, _SHA512 = (
    hashes.SHA1(),
    hashes.SHA256(),
    hashes.SHA384(),
    hashes.SHA512(),
)
_NIST = "2.16.840.1.101.3.4.3"

SCHEMES: dict[str, Scheme] = {
    "ecdsa-sha1": _ecdsa("1", _SHA1),
    "ecdsa-sha256": _ecdsa("3.2", _SHA256),
    "ecdsa-sha384": _ecdsa("3.3", _SHA384),
    "ecdsa-sha512": _ecdsa("3.4", _SHA512),
    "rsa-md5": _rsa(4, hashes.MD5()),
    "rsa-sha1": _rsa(5, _SHA1),
    "rsa-sha256": _rsa(11, _SHA256),
    "rsa-sha384": _rsa(12, _SHA384),
    "rsa-sha512": _rsa(13, _SHA512),
    "dsa-sha256": Scheme(_identifier(f"{_NIST}.2"), (_SHA256,), random=True),
    "pss-sha256": pss(_SHA256, _SHA256, 32),
    "pss-sha384": pss(_SHA384, _SHA384, 48),
    "pss-sha512": pss(_SHA512, _SHA512, 64),
    "pss-no-salt": pss(_SHA256, _SHA256, 0),
    "pss-mask-sha1": pss(_SHA256, _SHA1, 32),
    "pss-sha1": pss(_SHA1, _SHA1, 20),
    "pss-other-salt": pss(_SHA256, _SHA256, 20, said=("sha256", "sha256", 32)),
    "pss-other-hash": pss(_SHA256, _SHA256, 32, said=("sha384", "sha256", 32)),
    "pss-other-mask": pss(_SHA256, _SHA384, 32, said=("sha256", "sha256", 32)),
    "ed25519": Scheme(_identifier("1.3.101.112")),
    "ed448": Scheme(_identifier("1.3.101.113")),
    "ml-dsa-44": Scheme(_identifier(f"{_NIST}.17"), random=True),
    "ml-dsa-65": Scheme(_identifier(f"{_NIST}.18"), random=True),
    "ml-dsa-87": Scheme(_identifier(f"{_NIST}.19"), random=True),
}
"""The schemes by name. Some state other parameters than they use."""


def sign(key: str, scheme: str, data: bytes) -> bytes:
    """Return the signature over *data*, the same one at each call."""
    found = SCHEMES[scheme]
    if not found.random:
        signature: bytes = private_key(key).sign(data, *found.arguments)
        return signature
    kept = _kept()
    name = f"{key} {scheme} {hashlib.sha256(data).hexdigest()}"
    if name not in kept:
        made = private_key(key).sign(data, *found.arguments)
        kept[name] = base64.b64encode(made).decode()
    _used.add(name)
    return base64.b64decode(kept[name])


_used: set[str] = set()


@cache
def _kept() -> dict[str, str]:
    if not SIGNATURES.exists():
        return {}
    kept: dict[str, str] = json.loads(SIGNATURES.read_text())
    return kept


def keep_signatures() -> None:
    """Write the random signatures that were used, for the next run."""
    used = {name: _kept()[name] for name in sorted(_used)}
    SIGNATURES.write_text(json.dumps(used, indent=0) + "\n")
