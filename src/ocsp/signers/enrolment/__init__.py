"""
Get the certificate of a delegate: make a key and a request, issue, and renew.

::

    key = new_key(NewKeyKind.P256)
    request = make_request(key, subject)
    certificate = issue_delegate(
        ca_certificate, ca_key, requested_key(request), subject, days=90, now=now
    )
"""

from __future__ import annotations

from ocsp.signers.enrolment.files import (
    private_key_pem,
    refuse_existing,
    write_public,
    write_secret,
)
from ocsp.signers.enrolment.key_kinds import NewKeyKind, new_key
from ocsp.signers.enrolment.profile import (
    issue_delegate,
    make_request,
    requested_key,
)
from ocsp.signers.enrolment.renewal import Renewal, renew

__all__ = [
    "NewKeyKind",
    "Renewal",
    "issue_delegate",
    "make_request",
    "new_key",
    "private_key_pem",
    "refuse_existing",
    "renew",
    "requested_key",
    "write_public",
    "write_secret",
]
