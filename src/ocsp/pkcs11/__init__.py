"""
Keys in an HSM: a :class:`ocsp.Signer` on a PKCS#11 token.

::

    with PKCS11Signer.open(
        "/usr/lib/softhsm/libsofthsm2.so",
        token_label="ocsp",
        pin=pin,
        key_label="signer",
        certificate=certificate,
    ) as signer:
        response = builder.sign_with(signer)

Rules of this package: no PIN is in a text, a ``repr`` or a log; ``pkcs11``, which the
extra of that name brings, is imported where a signer is opened, not with this package.
"""

from __future__ import annotations

from ocsp.pkcs11.settings import RSAPadding
from ocsp.pkcs11.signer import PKCS11Signer

__all__ = ["PKCS11Signer", "RSAPadding"]
