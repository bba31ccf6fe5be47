"""
Recognize plain requests without reading them in full.

Most requests are about one certificate, without an extension, and a client or a load
balancer sends them with the same encoding: all octets before the serial number are
those of an earlier request, and the serial number is the rest. The octets before the
serial number contain all lengths, so the rest has the same structure. Such a request is
the same request for another serial number.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.responder import Lookup, StatusQuery

__all__ = ["PlainRequests"]

MAX_TEMPLATES = 64
"""Beginnings that are known at once: one for each issuer, hash and size of the serial
number that clients ask for in one second."""


class PlainRequests:
    """
    The plain requests that were read in full, within one second.

    A look-up depends on the time, because signers begin and end, so the caller begins
    with an empty object for each second.
    """

    def __init__(self) -> None:
        self._templates: dict[bytes, Lookup] = {}
        self._sizes: dict[int, tuple[int, ...]] = {}

    def find(self, der: bytes) -> Lookup | None:
        """
        Return the look-up for a request, or ``None`` if it has to be read in full.

        The look-up has no CertIDs: it is for a store, which needs none.
        """
        for size in self._sizes.get(len(der), ()):
            template = self._templates.get(der[:-size])
            if template is not None:
                serial = der[-size:]
                return _for_serial(template, serial) if _is_minimal(serial) else None
        return None

    def learn(self, der: bytes, lookup: Lookup) -> None:
        """Remember the request *der* if it is plain; *lookup* is for it, in full."""
        if lookup.stored_form is None or len(self._templates) >= MAX_TEMPLATES:
            return
        number = lookup.queries[0].serial_number
        serial = number.to_bytes(_octets(number), signed=True)
        if not der.endswith(serial) or not _is_plain(der, lookup):
            return
        self._templates[der[: -len(serial)]] = lookup
        sizes = self._sizes.get(len(der), ())
        if len(serial) not in sizes:
            self._sizes[len(der)] = (*sizes, len(serial))


def _is_plain(der: bytes, lookup: Lookup) -> bool:
    """Return whether *der* is what the builder writes for its CertID alone."""
    built = OCSPRequestBuilder().add_certificate_by_id(lookup.cert_ids[0]).build()
    return built.public_bytes(Encoding.DER) == der


def _octets(number: int) -> int:
    """Return the size of an INTEGER: minimal, in two's complement."""
    return (number if number >= 0 else ~number).bit_length() // 8 + 1


def _is_minimal(serial: bytes) -> bool:
    """Return whether *serial* is the content of an INTEGER in DER (X.690 §8.3.2)."""
    if len(serial) == 1:
        return True
    return not (
        (serial[0] == 0 and serial[1] < 0x80)
        or (serial[0] == 0xFF and serial[1] >= 0x80)
    )


def _for_serial(template: Lookup, serial: bytes) -> Lookup:
    query = StatusQuery(template.queries[0].issuer, int.from_bytes(serial, signed=True))
    # Without the keywords of _replace, which take longer than the look-up in a cache.
    return Lookup(
        (query,),
        template.authorities,
        (),
        None,
        template.now,
        template.signers,
        template.stored_form,
        template.fallback_form,
    )
