"""
Reading with ``openssl ocsp``: parsing the text that it prints.

The program itself translates its names to object identifiers. What it prints as binary
data, or in words of its own, is left out.
"""

from __future__ import annotations

import datetime
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from asn1crypto import core
from cryptography import x509

from tests.integration.openssl import openssl, text_of_request, text_of_response
from tests.interop.plans import CertificateFacts, certificate_facts, iso

__all__ = ["printed", "request_facts", "response_facts"]


def printed(der: bytes, *, of_request: bool) -> str:
    """Return what ``openssl`` prints for a message."""
    with TemporaryDirectory() as directory:
        file = Path(directory, "message.der")
        file.write_bytes(der)
        text = (text_of_request if of_request else text_of_response)(file)
    return text.replace("\\\n", "")  # ``openssl`` breaks long numbers into lines


@cache
def _oid(name: str) -> str:
    """Return the object identifier that the program prints as *name*."""
    with TemporaryDirectory() as directory:
        file = Path(directory, "oid.der")
        openssl("asn1parse", "-genstr", f"OID:{name}", "-noout", "-out", file)
        return str(core.ObjectIdentifier.load(file.read_bytes()).dotted)


def _moment(text: str) -> str | None:
    moment = datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")  # noqa: DTZ007
    return iso(moment)


def _field(label: str, text: str) -> str | None:
    found = re.search(rf"^\s*{label}: (.*)$", text, re.MULTILINE)
    return None if found is None else found[1]


def _time(label: str, text: str) -> str | None:
    value = _field(label, text)
    return None if value is None else _moment(value)


def _octets(label: str, text: str) -> str:
    return (_field(label, text) or "").lower()


def _cert_id(text: str) -> CertificateFacts:
    return {
        "hash": _field("Hash Algorithm", text),
        "name_hash": _octets("Issuer Name Hash", text),
        "key_hash": _octets("Issuer Key Hash", text),
        "serial": int(_field("Serial Number", text) or "", 16),
    }


def _extensions(label: str, text: str) -> list[CertificateFacts]:
    """Parse the list below *label*; all its items have the same indentation."""
    _, found, text = text.partition(f"{label}:\n")
    if not found:
        return []
    text = text.partition("\n\n    Certificate ID")[0]
    indent = re.match(" *", text)
    parts = re.split(
        rf"^{indent and indent[0]}(\w[\w. ]+): (critical)?\n", text, flags=re.MULTILINE
    )
    items = zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    return [_extension(name, bool(mark), body) for name, mark, body in items]


def _extension(name: str, critical: bool, body: str) -> CertificateFacts:
    facts: CertificateFacts = {"oid": _oid(name), "critical": critical}
    text = body.strip()
    match facts["oid"]:
        case "1.3.6.1.5.5.7.48.1.2":  # nonce
            facts["value"] = text.split("\n")[0].lower()
        case "1.3.6.1.5.5.7.48.1.3":  # CRL reference
            number = _field("crlNum", body)
            facts["meaning"] = {
                "url": _field("crlUrl", body),
                "number": None if number is None else int(number, 16),
                "time": _time("crlTime", body),
            }
        case "1.3.6.1.5.5.7.48.1.6" | "2.5.29.24":  # archive cutoff, invalidity date
            facts["meaning"] = _moment(text.split("\n")[0])
    return facts


def _signature(text: str) -> CertificateFacts | None:
    _, found, text = text.partition("    Signature Algorithm: ")
    if not found:
        return None
    own, *certificates = text.split("-----BEGIN CERTIFICATE-----")
    own = own.partition("\nCertificate:")[0]
    facts: CertificateFacts = {
        "oid": _oid(own.split("\n")[0]),
        "certificates": [_certificate(each) for each in certificates],
    }
    value = own.partition("Signature Value:")[2]
    if not value.lstrip().startswith("r:"):  # for DSA it prints both numbers
        lines = re.findall(r"^ +((?:[0-9a-f]{2}:?)+)$", value, re.MULTILINE)
        facts["value"] = "".join(lines).replace(":", "")
    return facts


def _certificate(rest: str) -> str:
    pem = "-----BEGIN CERTIFICATE-----" + rest
    return certificate_facts(x509.load_pem_x509_certificate(pem.encode()))


def request_facts(der: bytes) -> CertificateFacts:
    """Return what ``openssl`` prints of a request."""
    text = printed(der, of_request=True)
    own = text.partition("    Signature Algorithm: ")[0]
    entries, _, after = own.partition("    Request Extensions:\n")
    extensions = _extensions("X", f"X:\n{after}") if after else []
    return {
        "entries": [
            _cert_id(each)
            | {"extensions": _extensions("Request Single Extensions", each)}
            for each in entries.split("Certificate ID:")[1:]
        ],
        "extensions": extensions,
        "signature": _signature(text),
    }


def response_facts(der: bytes) -> CertificateFacts:
    """Return what ``openssl`` prints of a response."""
    text = printed(der, of_request=False)
    failed = re.search(r"^Responder Error: \w+ \((\d+)\)$", text, re.MULTILINE)
    if failed:
        return {"status": int(failed[1])}
    own = text.partition("    Signature Algorithm: ")[0]
    head, *entries = own.split("Certificate ID:")
    last, _, after = entries[-1].partition("    Response Extensions:\n")
    responder = _field("Responder Id", head) or ""
    by_name = re.fullmatch("[0-9A-F]{40}", responder) is None
    return {
        "status": int((_field("OCSP Response Status", head) or "")[-2], 16),
        "responder_key_hash": None if by_name else responder.lower(),
        "produced_at": _time("Produced At", head),
        "entries": [_entry(each) for each in (*entries[:-1], last)],
        "extensions": _extensions("X", f"X:\n{after}") if after else [],
        "signature": _signature(text),
    }


def _entry(text: str) -> CertificateFacts:
    reason = re.search(r"Revocation Reason: .* \(0x(\w+)\)", text)
    return {
        **_cert_id(text),
        "status": _field("Cert Status", text),
        "this_update": _time("This Update", text),
        "next_update": _time("Next Update", text),
        "revoked_at": _time("Revocation Time", text),
        "reason": None if reason is None else int(reason[1], 16),
        "extensions": _extensions("Response Single Extensions", text),
    }
