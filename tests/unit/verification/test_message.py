"""The message by itself: where in it something is wrong, in words."""

from __future__ import annotations

import re

import pytest
from cryptography import x509

import ocsp
from ocsp.errors import VerificationError
from tests.cases.builder import Builder, extension
from tests.cases.model import NOW

BUILD = Builder()
UNKNOWN = extension("1.2.3.4", b"\x05\x00")
BAD_REASON = extension("2.5.29.21", b"\x30\x05a")
CRITICAL = extension("1.2.3.4", b"\x05\x00", critical=True)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (BUILD.failed(3), "answered 'try later'"),
        (
            BUILD.response(extensions=(UNKNOWN, UNKNOWN)),
            "1.2.3.4 stands twice among the responseExtensions$",
        ),
        (
            BUILD.response(BUILD.entry(extensions=(UNKNOWN, UNKNOWN))),
            "1.2.3.4 stands twice among the singleExtensions$",
        ),
        (
            BUILD.response(extensions=(CRITICAL,)),
            "1.2.3.4 among the responseExtensions is critical",
        ),
        (
            BUILD.response(BUILD.entry(extensions=(CRITICAL,))),
            "1.2.3.4 among the singleExtensions is critical",
        ),
        (
            BUILD.response(BUILD.entry(extensions=(BAD_REASON,))),
            r"the response is malformed: singleExtensions\[2.5.29.21\]",
        ),
    ],
)
def test_the_place_is_told(data: bytes, sentence: str) -> None:
    """Which status, which extension, and of what."""
    leaf, ca = (
        x509.load_der_x509_certificate(each.der) for each in (BUILD.leaf, BUILD.ca)
    )
    with pytest.raises(VerificationError) as raised:
        ocsp.verify(data, leaf, ca, at=NOW)
    (failure,) = raised.value.failures
    assert re.search(sentence, failure.message)
