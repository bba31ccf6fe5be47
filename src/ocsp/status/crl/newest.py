"""Keep the newest verified CRL of one place: an older one never replaces it."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable

from ocsp.errors import OCSPError, SourceUnavailable
from ocsp.verification.crl.reader import CRLData, ReadCRL
from ocsp.verification.crl.scope import has_same_scope
from ocsp.verification.crl.whole import CRLIssuers, verify_whole

__all__ = ["NewestCRL"]


class NewestCRL:
    """
    The newest CRL of one file or URL.

    Attributes:
        name: The file or the URL.

        is_delta: Whether it has to be a delta CRL.
    """

    def __init__(
        self,
        name: str,
        issuers: CRLIssuers,
        now: Callable[[], datetime.datetime],
        *,
        is_delta: bool,
    ) -> None:
        self.name = name
        self.is_delta = is_delta
        self._issuers = issuers
        self._now = now
        self._known: ReadCRL | None = None
        self._lock = threading.Lock()

    def offer(self, data: CRLData) -> ReadCRL:
        """
        Return the CRL *data*, verified, which is the newest from now on.

        Raises:
            SourceUnavailable: If it is refused.
        """
        with self._lock:
            try:
                crl = verify_whole(data, self.name, self._issuers, self._now())
                self._check_kind(crl)
                if self._known is not None:
                    _check_follows(self._known, crl)
            except OCSPError as error:
                raise SourceUnavailable(f"the CRL is refused: {error}") from error
            self._known = crl
            return crl

    def _check_kind(self, crl: ReadCRL) -> None:
        if self.is_delta and crl.base_number is None:
            raise SourceUnavailable(f"{self.name} is a complete CRL, not a delta CRL")
        if not self.is_delta and crl.base_number is not None:
            raise SourceUnavailable(f"{self.name} is a delta CRL, not a complete CRL")
        if crl.scope is not None and crl.scope.only_attributes:
            raise SourceUnavailable(f"{self.name} is for attribute certificates only")


def _check_follows(known: ReadCRL, new: ReadCRL) -> None:
    """
    Check that *new* may replace *known*.

    Raises:
        SourceUnavailable: If it is older, or about other certificates.
    """
    if not has_same_scope(known, new):
        raise SourceUnavailable(
            f"{new.name} has another issuer or scope than the CRL that is in use; "
            "restart the responder if the CA has changed that"
        )
    older = (new.number or 0) < (known.number or 0)
    if older or new.this_update < known.this_update:
        raise SourceUnavailable(
            f"{new.name} has number {new.number} and thisUpdate {new.this_update}; the "
            f"CRL in use is newer: number {known.number}, {known.this_update}"
        )
