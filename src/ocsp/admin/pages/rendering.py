"""
Render the pages from their templates.

Every value that a template shows is untrusted. It is made printable, so that it cannot
hide or reorder text, and then escaped by Jinja2, so that it cannot become markup.
"""

from __future__ import annotations

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject
from ocsp.asn1.names import name_text
from ocsp.inspection.certificates import certificate_document
from ocsp.inspection.vocabulary import (
    SERIAL_FORMS,
    age,
    common_name,
    count,
    one_line,
    span,
)
from ocsp.messages.reasons import reason_name

__all__ = ["render"]


def render(template: str, **values: object) -> str:
    """Return the page *template* with *values*."""
    return _ENVIRONMENT.get_template(template).render(values)


def _printable(value: object) -> object:
    """Return what a template shows as one printable line; markup of ours as it is."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else one_line(value)


def _unchanged(text: str) -> Markup:
    """Return *text* escaped, with its line breaks: for the content of a textarea."""
    return escape(text)


def _moment(time: datetime.datetime | str) -> Markup:
    """Return *time* as an element, for people and for programs."""
    if isinstance(time, str):
        time = datetime.datetime.fromisoformat(time)
    return Markup('<time datetime="{}">{}</time>').format(
        time.strftime("%Y-%m-%dT%H:%M:%SZ"), time.strftime("%Y-%m-%d %H:%M:%S UTC")
    )


def _grouped(digits: str) -> Markup:
    """Return hexadecimal *digits* with places where a line can break."""
    groups = [digits[start : start + 8] for start in range(0, len(digits), 8)]
    return Markup("<wbr>").join(groups)


def _octets(number: int) -> str:
    """Return a size in the unit that fits: ``3.4 MiB``."""
    size = float(number)
    for unit in ("octets", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "octets" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _since(time: datetime.datetime, now: datetime.datetime) -> str:
    """Return how long ago *time* was, in words."""
    return span(max(int((now - time).total_seconds()), 0))


def _reason(reason: x509.ReasonFlags | None) -> str:
    return "not given" if reason is None else reason_name(reason)


def _days_left(certificate: x509.Certificate, now: datetime.datetime) -> int:
    """Return the full days until the end of *certificate*; negative after it."""
    _, end = validity_of(certificate)
    return (end - now) // datetime.timedelta(days=1)


def _facts(certificate: x509.Certificate) -> dict[str, Any]:
    """Return what the pages show of *certificate*."""
    begin, end = validity_of(certificate)
    return {
        **certificate_document(certificate),
        "begin": begin,
        "end": end,
        "serial": f"{serial_of(certificate):x}",
        "subject": name_text(name_of_subject(certificate)),
        "issuer": name_text(name_of_issuer(certificate)),
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ocsp.admin.pages"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["serial_forms"] = SERIAL_FORMS
    environment.filters.update(
        age=age,
        common_name=common_name,
        counted=count,
        days_left=_days_left,
        facts=_facts,
        grouped=_grouped,
        moment=_moment,
        octets=_octets,
        reason=_reason,
        since=_since,
        span=span,
        unchanged=_unchanged,
    )
    return environment


_ENVIRONMENT = _environment()
