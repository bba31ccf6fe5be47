"""
The errors of the fetchers: each is an error of this package and one that pyHanko knows.

pyHanko handles its own classes only, and shows the text of ``args[0]``.
"""

from __future__ import annotations

from pyhanko_certvalidator.errors import (
    CRLFetchError,
    OCSPFetchError,
    OCSPValidationError,
)

from ocsp.errors import OCSPError

__all__ = ["CRLNotFetched", "ResponseNotFetched", "RevokedNotProven"]


class ResponseNotFetched(OCSPError, OCSPFetchError):
    """
    There is no verified OCSP response for a certificate.

    ``__cause__`` says why, if there is more to say. With *soft fail*, pyHanko accepts
    the certificate all the same.
    """


class RevokedNotProven(OCSPError, OCSPValidationError):
    """
    The newest verified answer says *revoked*, but it has ended.

    pyHanko refuses the certificate with *soft fail* too, unless a newer CRL proves that
    it is good. ``__cause__`` is :class:`ocsp.errors.RevokedBefore` or
    :class:`ocsp.errors.RevokedButStale`.
    """


class CRLNotFetched(OCSPError, CRLFetchError):
    """There is no verified CRL for a certificate; ``__cause__`` says why."""
