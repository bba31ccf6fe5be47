"""The names of files: what clients ask for, and what nginx makes of it."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, unquote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.messages.certid import CertID
from ocsp.publishing import Alias, GetTargets
from ocsp.publishing.names import file_name, folder_of
from tests.pki import ca
from tests.unit.publishing.scene import BOTH, SHA1, SHA256

TARGETS = GetTargets(ca())
ALL = GetTargets(ca(), list(Alias))


def _request(serial: int, algorithm: hashes.HashAlgorithm) -> bytes:
    cert_id = CertID.for_serial(ca(), serial, algorithm)
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate_by_hash(
            cert_id.issuer_name_hash, cert_id.issuer_key_hash, serial, algorithm
        )
        .build()
    )
    return request.public_bytes(Encoding.DER)


@given(serial=st.integers(1, 2**159))
def test_a_target_is_the_request_that_clients_send(serial: int) -> None:
    """As this package builds it, and OpenSSL, Go, Java, Windows and curl send it."""
    sha1 = base64.b64encode(_request(serial, hashes.SHA1())).decode()
    sha256 = base64.b64encode(_request(serial, hashes.SHA256())).decode()
    assert TARGETS.of(serial, SHA1) == [sha1]
    assert TARGETS.of(serial, SHA256) == [sha256]
    assert TARGETS.of(serial, BOTH) == [sha1, sha256]


@given(serial=st.integers(1, 2**159))
def test_every_alias_is_read_as_the_same_request(serial: int) -> None:
    """The responder gives the same answer for all of them."""
    for form, algorithm in ((SHA1, hashes.SHA1()), (SHA256, hashes.SHA256())):
        expected = CertID.for_serial(ca(), serial, algorithm)
        targets = ALL.of(serial, form)
        assert len(set(targets)) == len(targets) >= 2
        for target in targets:
            der = ocsp.http.read_target(b"/" + target.replace(" ", "%20").encode())
            (found,) = ocsp.load_der_ocsp_request(der).cert_ids
            assert found == expected


def _as_nginx(path: str) -> str:
    """Return the path as nginx has it: decoded once, with single slashes."""
    return re.sub("/+", "/", unquote(path)).removeprefix("/")


@given(serials=st.sets(st.integers(2**63 - 4096, 2**63 + 4096), min_size=2))
def test_no_two_targets_share_a_name_or_a_folder(serials: set[int]) -> None:
    """A name is never a folder of another one; these serials end with many ones."""
    names = {
        f"{folder_of(target)}/{file_name(target)}"
        for serial in serials
        for target in ALL.of(serial, SHA1)
    }
    count = sum(len(ALL.of(serial, SHA1)) for serial in serials)
    assert len(names) == count
    folders = {
        "/".join(parts[:n])
        for parts in (name.split("/") for name in names)
        for n in range(1, len(parts))
    }
    assert not names & folders


@pytest.mark.parametrize(
    ("target", "name", "folder"),
    [
        ("MFEab", "MFEab", "ab"),
        ("MFE/b+==", "MFE/b+==", "b+"),
        ("MFEa//b=", "MFEa/b=", "ab"),
        ("MFEab/", "MFEab.slash", "ab"),
        ("MFEa/b//", "MFEa/b.slash", "ab"),
        ("M" * 256, None, "MM"),
        (f"{'M' * 255}/a", f"{'M' * 255}/a", "Ma"),
    ],
)
def test_names_and_folders(target: str, name: str | None, folder: str) -> None:
    """Slashes are folders; empty ones are left out; the last one is a suffix."""
    assert file_name(target) == name
    assert folder_of(target) == folder


@given(serial=st.integers(1, 2**159))
def test_all_ways_to_escape_a_target_lead_to_one_name(serial: int) -> None:
    """Java and Windows escape all three letters; others none, or only some."""
    (target,) = TARGETS.of(serial, SHA1)
    for safe in ("", "/", "+", "=", "/+="):
        path = _as_nginx(f"//{quote(target, safe=safe)}")
        assert file_name(path) == file_name(target)
        assert folder_of(path) == folder_of(target)
