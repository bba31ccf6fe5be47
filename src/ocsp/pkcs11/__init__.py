"""
Keys in an HSM: a :class:`ocsp.Signer` for a key in a PKCS#11 token.

::

    with PKCS11Signer.open(
        "/usr/lib/softhsm/libsofthsm2.so",
        token_label="ocsp",
        pin=pin,
        key_label="signer",
        certificate=certificate,
    ) as signer:
        response = builder.sign_with(signer)

No error text, ``repr`` or log message contains a PIN. The package ``python-pkcs11``,
which is part of the extra ``pkcs11``, is imported when a signer is opened, not with
this package.
"""

from __future__ import annotations

from ocsp.pkcs11.settings import RSAPadding
from ocsp.pkcs11.signer import PKCS11Signer

__all__ = ["PKCS11Signer", "RSAPadding"]
