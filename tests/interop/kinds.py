"""
Every kind of message that this package builds, by name.

A kind is a plan (:mod:`tests.interop.plans`), made at its first use, because many need
keys of their own. The messages conform to the standards: a linter reads them too.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseBuilder,
    OCSPResponseStatus,
)
from tests.interop import known
from tests.interop.plans import (
    Answer,
    CertificateFacts,
    Extension,
    RequestEntry,
    RequestPlan,
    ResponsePlan,
    Signing,
    Target,
    target,
)
from tests.pki import NOW, ca, name

__all__ = [
    "ERRORS",
    "GENERAL_NAMES",
    "REQUESTS",
    "RESPONSES",
    "SCHEMES",
    "Message",
    "error",
    "request",
    "response",
]

DAY = datetime.timedelta(days=1)
SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()
SHA2 = (hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
SHA3 = (hashes.SHA3_224(), hashes.SHA3_256(), hashes.SHA3_384(), hashes.SHA3_512())
LONGEST = 2**159 - 1
"""The largest serial number in 20 octets (RFC 5280 §4.1.2.2)."""


def _pss(
    algorithm: hashes.HashAlgorithm,
    salt: int | None = None,
    mask: hashes.HashAlgorithm | None = None,
) -> Signing:
    chosen = algorithm.digest_size if salt is None else salt
    return Signing(
        "rsa", algorithm, padding.PSS(padding.MGF1(mask or algorithm), chosen)
    )


SCHEMES: dict[str, Signing] = {
    **{f"rsa-{each.name}": Signing("rsa", each) for each in (*SHA2, *SHA3)},
    **{f"pss-{each.name}": _pss(each) for each in (*SHA2, *SHA3)},
    "pss-sha256-salt-20": _pss(SHA256, 20),
    "pss-sha512-mask-sha256": _pss(hashes.SHA512(), mask=SHA256),
    **{
        f"{curve}-{each.name}": Signing(curve, each)
        for curve in ("p256", "p384", "p521")
        for each in (*SHA2, *SHA3)
    },
    **{f"dsa-{each.name}": Signing("dsa", each) for each in SHA2},
    **{
        each: Signing(each, None)
        for each in ("ed25519", "ed448", "mldsa44", "mldsa65", "mldsa87")
    },
}
"""Every kind of signature."""

GENERAL_NAMES: dict[str, x509.GeneralName] = {
    "mail": x509.RFC822Name("asker@example.com"),
    "dns": x509.DNSName("asker.example.com"),
    "uri": x509.UniformResourceIdentifier("http://asker.example.com/ocsp"),
    "directory": x509.DirectoryName(name("Asker")),
    "ip4": x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
    "ip6": x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    "registered": x509.RegisteredID(x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1")),
    "other": x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), b"\x0c\x02hi"),
}
"""Every GeneralName for which ``cryptography`` has a class."""

# --- requests --------------------------------------------------------------------


def _target(serial: int = 0x1F2E, algorithm: hashes.HashAlgorithm = SHA256) -> Target:
    return target(ca(), serial, algorithm)


def _asking(*extensions: Extension) -> RequestPlan:
    return RequestPlan([RequestEntry(_target())], extensions)


def _asking_one(*extensions: Extension) -> RequestPlan:
    return RequestPlan([RequestEntry(_target(), extensions)])


def _signed(signing: Signing, *, certificates: bool = True) -> RequestPlan:
    return RequestPlan(
        [RequestEntry(_target())],
        [known.nonce(bytes(range(32)))],
        x509.DirectoryName(signing.certificate.subject),
        signing,
        [signing.certificate, ca()] if certificates else [],
    )


def _asked_by(requestor: x509.GeneralName) -> RequestPlan:
    return RequestPlan([RequestEntry(_target())], requestor=requestor)


def _preferred() -> Extension:
    return known.preferred_algorithms(
        [
            (SCHEMES["ed25519"].identifier, None),
            (SCHEMES["p384-sha384"].identifier, "301006072a8648ce3d020106052b81040022"),
            (SCHEMES["pss-sha256"].identifier, None),
            (SCHEMES["rsa-sha256"].identifier, None),
        ]
    )


_LOCATOR: list[tuple[str, x509.GeneralName]] = [
    (
        "1.3.6.1.5.5.7.48.1",
        x509.UniformResourceIdentifier("http://ocsp.example.com/"),
    ),
    ("1.3.6.1.5.5.7.48.2", x509.DirectoryName(name("Somewhere"))),
]
_BASIC = "1.3.6.1.5.5.7.48.1.1"

REQUESTS: dict[str, Callable[[], RequestPlan]] = {
    **{
        f"hash-{each.name}": lambda each=each: RequestPlan(
            [RequestEntry(_target(5, each))]
        )
        for each in (SHA1, *SHA2)
    },
    **{
        f"serial-{label}": lambda serial=serial: RequestPlan(
            [RequestEntry(_target(serial))]
        )
        for label, serial in (("1", 1), ("128", 128), ("longest", LONGEST))
    },
    "many": lambda: RequestPlan([RequestEntry(_target(n)) for n in range(1, 41)]),
    "both-hashes": lambda: RequestPlan(
        [RequestEntry(_target(7, SHA1)), RequestEntry(_target(7, SHA256))]
    ),
    "nonce-1": lambda: _asking(known.nonce(b"n")),
    "nonce-128": lambda: _asking(known.nonce(bytes(range(128)))),
    "nonce-critical": lambda: _asking(known.nonce(b"n" * 32, critical=True)),
    "acceptable": lambda: _asking(known.acceptable_responses([_BASIC, "2.999.1"])),
    "preferred": lambda: _asking(_preferred()),
    "unknown": lambda: _asking(known.unknown("1.2.3.4", b"\x05\x00", critical=True)),
    "all-extensions": lambda: _asking(
        known.nonce(b"n" * 32),
        known.acceptable_responses([_BASIC]),
        _preferred(),
        known.unknown("1.2.3.4", b"\x04\x00"),
    ),
    "locator": lambda: _asking_one(
        known.service_locator(ca().subject, _LOCATOR),
        known.unknown("1.2.3.4", b"\x05\x00", critical=True),
    ),
    "locator-bare": lambda: _asking_one(known.service_locator(ca().subject)),
    "some-entries-extended": lambda: RequestPlan(
        [
            RequestEntry(_target(1)),
            RequestEntry(_target(2), [known.service_locator(ca().subject)]),
            RequestEntry(_target(3)),
        ]
    ),
    **{
        f"asked-by-{label}": lambda each=each: _asked_by(each)
        for label, each in GENERAL_NAMES.items()
    },
    **{
        f"signed-{label}": lambda each=each: _signed(each)
        for label, each in SCHEMES.items()
    },
    "signed-bare": lambda: _signed(SCHEMES["p256-sha256"], certificates=False),
    "signed-many": lambda: RequestPlan(
        [RequestEntry(_target(n)) for n in (1, 2)],
        requestor=GENERAL_NAMES["directory"],
        signing=SCHEMES["p256-sha256"],
        certificates=[SCHEMES["p256-sha256"].certificate],
    ),
}
"""Every kind of request."""

# --- responses -------------------------------------------------------------------

GOOD, REVOKED, UNKNOWN = (
    OCSPCertStatus.GOOD,
    OCSPCertStatus.REVOKED,
    OCSPCertStatus.UNKNOWN,
)


def _good(serial: int = 0x1F2E, *extensions: Extension) -> Answer:
    return Answer(_target(serial), GOOD, NOW, NOW + DAY, extensions=extensions)


def _revoked(
    reason: x509.ReasonFlags | None, *extensions: Extension, serial: int = 0x1F2E
) -> Answer:
    moments = (NOW, NOW + DAY, NOW - DAY)
    return Answer(_target(serial), REVOKED, *moments, reason, extensions)


def _saying(
    *entries: Answer,
    encoding: OCSPResponderEncoding = OCSPResponderEncoding.HASH,
    extensions: tuple[Extension, ...] = (),
) -> ResponsePlan:
    return ResponsePlan(entries, NOW, encoding, extensions=extensions)


def _by(signing: Signing) -> ResponsePlan:
    return ResponsePlan(
        [_good()], NOW, signing=signing, certificates=[signing.certificate]
    )


def _chain() -> ResponsePlan:
    signer = SCHEMES["p384-sha384"]
    certificates = [signer.certificate, ca()]
    return ResponsePlan([_good()], NOW, signing=signer, certificates=certificates)


def _of_crl_entries() -> tuple[Extension, ...]:
    return (
        known.crl_reason(x509.ReasonFlags.key_compromise),
        known.invalidity_date(NOW - 2 * DAY),
        known.certificate_issuer([x509.DirectoryName(name("Issuer"))], critical=True),
    )


def _crl_references() -> list[Extension]:
    url = "http://crl.example.com/1.crl"
    return [
        known.crl_reference(url),
        known.crl_reference(number=7),
        known.crl_reference(time=NOW),
        known.crl_reference(url, 2**63, NOW),
    ]


RESPONSES: dict[str, Callable[[], ResponsePlan]] = {
    "good": lambda: _saying(_good()),
    "unknown": lambda: _saying(Answer(_target(), UNKNOWN, NOW, NOW + DAY)),
    "revoked": lambda: _saying(_revoked(None)),
    **{
        f"revoked-{each.name}": lambda each=each: _saying(_revoked(each))
        for each in x509.ReasonFlags
    },
    "no-next-update": lambda: _saying(Answer(_target(), GOOD, NOW)),
    **{
        f"hash-{each.name}": lambda each=each: _saying(
            Answer(_target(5, each), GOOD, NOW, NOW + DAY)
        )
        for each in (SHA1, *SHA2)
    },
    "serial-longest": lambda: _saying(_good(LONGEST)),
    "by-name": lambda: _saying(_good(), encoding=OCSPResponderEncoding.NAME),
    "many": lambda: _saying(
        *(_good(n) for n in range(1, 30)),
        *(_revoked(None, serial=n) for n in range(30, 40)),
        Answer(_target(40), UNKNOWN, NOW),
    ),
    "both-hashes": lambda: _saying(
        Answer(_target(7, SHA1), GOOD, NOW, NOW + DAY),
        Answer(_target(7, SHA256), GOOD, NOW, NOW + DAY),
    ),
    "nonce": lambda: _saying(_good(), extensions=(known.nonce(bytes(range(32))),)),
    "extended-revoke": lambda: _saying(
        Answer(
            _target(),
            REVOKED,
            NOW,
            NOW + DAY,
            datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
            x509.ReasonFlags.certificate_hold,
        ),
        extensions=(known.extended_revoke(),),
    ),
    "all-response-extensions": lambda: _saying(
        _good(),
        extensions=(
            known.nonce(b"n" * 32),
            known.extended_revoke(),
            known.unknown("1.2.3.4", b"\x05\x00", critical=True),
        ),
    ),
    **{
        f"crl-{number}": lambda number=number: _saying(
            _good(1, _crl_references()[number])
        )
        for number in range(4)
    },
    "archive-cutoff": lambda: _saying(_good(1, known.archive_cutoff(NOW - 2000 * DAY))),
    "sct-list": lambda: _saying(
        _good(1, known.sct_list(bytes(range(32)), 1_700_000_000_123, b"\x30\x00"))
    ),
    "crl-entry": lambda: _saying(
        _revoked(x509.ReasonFlags.key_compromise, *_of_crl_entries())
    ),
    "all-single-extensions": lambda: _saying(
        _revoked(
            x509.ReasonFlags.key_compromise,
            _crl_references()[3],
            known.archive_cutoff(NOW - 2000 * DAY),
            known.sct_list(bytes(32), 1, b"s" * 70),
            *_of_crl_entries(),
            known.unknown("1.2.3.4", b"\x05\x00"),
        ),
        _good(2),
        _good(3, _crl_references()[0]),
    ),
    "chain": _chain,
    **{
        f"signed-{label}": lambda each=each: _by(each)
        for label, each in SCHEMES.items()
    },
}
"""Every kind of successful response."""


ERRORS = {each.name.lower(): each for each in OCSPResponseStatus if each.value}
"""Every error response."""


@dataclass(frozen=True)
class Message:
    """
    One message of the corpus.

    Attributes:
        der: The message.

        facts: What a reader must find.

        signer: The certificate of the key that signed, or ``None``.
    """

    der: bytes
    facts: CertificateFacts
    signer: x509.Certificate | None


@cache
def request(kind: str) -> Message:
    """Return the request of that kind."""
    plan = REQUESTS[kind]()
    built = plan.build()
    certificate = plan.signing.certificate if plan.signing else None
    return Message(built.public_bytes(Encoding.DER), plan.facts(built), certificate)


@cache
def response(kind: str) -> Message:
    """Return the successful response of that kind."""
    plan = RESPONSES[kind]()
    built = plan.build()
    certificate = plan.signing.certificate
    return Message(built.public_bytes(Encoding.DER), plan.facts(built), certificate)


def error(kind: str) -> Message:
    """Return the error response with that status."""
    status = ERRORS[kind]
    built = OCSPResponseBuilder.build_unsuccessful(status)
    return Message(built.public_bytes(Encoding.DER), {"status": status.value}, None)
