"""
Only ``ocsp.guarded`` gives data to the parsers of other libraries.

The check is a function over source text, and is itself tested with wrong sources.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocsp

SOURCES = Path(ocsp.__file__).parent

FOREIGN = frozenset({"OpenSSL", "cryptography", "email"})
"""The libraries whose parsers read what an attacker sends."""

PARSERS = re.compile(
    r"load_\w+|parsedate\w*|pkcs7|pkcs12|verification|PolicyBuilder|Store"
)
"""Functions and modules of these libraries that parse data, or judge parsed data."""

LATE = frozenset(
    {
        "from_cryptography", "get_certificate", "get_peer_cert_chain",
        "get_peer_certificate", "get_verified_chain", "not_valid_after",
        "not_valid_after_utc", "not_valid_before", "not_valid_before_utc", "public_key",
        "signature_algorithm_parameters", "to_cryptography",
    }
)  # fmt: skip
"""Attributes whose value is decoded when a program reads it, so that reading can fail."""

OWN = {
    "signing.signer": "compares the program's own private key",
    "pkcs11.schemes": "keeps the key of the program's own certificate",
    "cli.demo": "shows certificates that it has made",
    "cli.commands.signer.enrol": "gives a request the key that it has made",
    "signers.enrolment.profile": "gives a builder a key that was read before",
    "testing": "makes its certificates itself",
    "tls.peer": "takes the octets of a path that OpenSSL has verified",
}
"""The modules and rooms that read such attributes of values that are not untrusted."""


def foreign_calls(module: str, source: str) -> list[str]:
    """Return where *module* would parse data with another library."""
    tree = ast.parse(source)
    found = [*_imported(tree), *_called(tree), *_named(tree)]
    if not any(module == own or module.startswith(f"{own}.") for own in OWN):
        found += _read_late(tree)
    return [f"{module}: {fault}" for fault in found]


def _is_foreign(name: str | None) -> bool:
    return str(name).partition(".")[0] in FOREIGN


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_foreign(node.module):
            names = [*str(node.module).split("."), *(each.name for each in node.names)]
        elif isinstance(node, ast.Import):
            names = [
                part
                for each in node.names
                if _is_foreign(each.name)
                for part in each.name.split(".")
            ]
        else:
            continue
        yield from (f"imports {name}" for name in names if PARSERS.fullmatch(name))


def _called(tree: ast.AST) -> Iterator[str]:
    """Find the functions of the modules that *tree* has imported."""
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_foreign(node.module):
            bound |= {each.asname or each.name for each in node.names}
        elif isinstance(node, ast.Import):
            bound |= {
                (each.asname or each.name).partition(".")[0]
                for each in node.names
                if _is_foreign(each.name)
            }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and PARSERS.fullmatch(node.attr):
            owner = ast.unparse(node.value).partition(".")[0]
            if owner in bound:
                yield f"uses {ast.unparse(node)}"


def _named(tree: ast.AST) -> Iterator[str]:
    """Find names in strings, as for ``getattr``."""
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if re.fullmatch(r"load_(der|pem|ssh)_\w+|parsedate\w*", str(text)):
            yield f"names {text}"


def _read_late(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in LATE:
            yield f"reads {ast.unparse(node)}"


def _modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCES.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        if not name.startswith("guarded."):
            yield name, path.read_text()


def test_only_the_guarded_room_calls_parsers_of_other_libraries() -> None:
    """Every module, also imports inside functions."""
    found = [
        fault for name, source in _modules() for fault in foreign_calls(name, source)
    ]
    names = set(ocsp.__all__)  # load_der_ocsp_request and others are our own
    assert [fault for fault in found if fault.rpartition(" ")[2] not in names] == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("from cryptography.x509 import load_der_x509_crl", "load_der_x509_crl"),
        ("from cryptography import x509\nx509.load_pem_x509_csr(x)", "x509.load_pem"),
        ("from cryptography import x509 as y\nf = y.load_der_x509_crl", "y.load_der"),
        ("import cryptography.x509\ncryptography.x509.load_der_x509_crl", "load_der"),
        ("def f():\n  from email.utils import parsedate_tz", "parsedate_tz"),
        ("import email.utils\nemail.utils.parsedate(x)", "utils.parsedate"),
        ("from email import utils\nutils.parsedate_to_datetime(x)", "utils.parsedate"),
        (
            "from cryptography.hazmat.primitives.serialization import pkcs12",
            "imports pkcs12",
        ),
        ("from cryptography.x509 import verification", "imports verification"),
        ("from cryptography.x509.verification import Store", "imports Store"),
        ("getattr(x, 'load_der_x509_certificate')", "names load_der"),
        ("connection.get_peer_cert_chain(as_cryptography=True)", "get_peer_cert_chain"),
        (
            "from OpenSSL import crypto\ncrypto.load_certificate(1, x)",
            "load_certificate",
        ),
        ("X509.from_cryptography(x)", "from_cryptography"),
        ("certificate.public_key()", "reads certificate.public_key"),
        ("certificate.not_valid_after_utc", "not_valid_after_utc"),
    ],
)
def test_calls_outside_of_the_room_are_found(source: str, fault: str) -> None:
    """In every form that a module can import and call them."""
    assert any(fault in found for found in foreign_calls("client.new", source))


def test_the_package_has_every_module_that_is_allowed_to_read() -> None:
    """A module that is gone leaves no permission behind."""
    names = [name for name, _ in _modules()]
    for own in OWN:
        assert any(name == own or name.startswith(f"{own}.") for name in names), own
        sources = [
            ast.parse(source)
            for name, source in _modules()
            if name == own or name.startswith(f"{own}.")
        ]
        assert any([*_read_late(tree)] for tree in sources), own
