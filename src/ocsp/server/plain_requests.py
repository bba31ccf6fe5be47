"""
Recognize plain requests without reading them in full.

Most requests are about one certificate, with no extension or only a nonce, and a client
or a load balancer sends them with the same encoding. All octets but the serial number
and the nonce are those of an earlier request. They contain all lengths, so the rest has
the same structure: it is the same request for another serial number and nonce.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.der import integer_octets
from ocsp.messages.certid import cert_id_like
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.responder import Lookup, StatusQuery

__all__ = ["PlainRequest", "PlainRequests"]

MAX_TEMPLATES = 64
"""Requests that are known at once: one for each issuer, hash, size of the serial number
and size of the nonce that clients ask for in one second."""


class _Layout:
    """
    Where requests of one size have what differs in them.

    Attributes:
        start: Where the serial number begins.

        stop: Where it ends.

        nonce: Where the nonce begins, which is the end of the request; without a nonce,
            the size.

        templates: The look-ups for requests with this layout, by all other octets.
    """

    __slots__ = ("nonce", "start", "stop", "templates")

    def __init__(self, start: int, stop: int, nonce: int) -> None:
        self.start = start
        self.stop = stop
        self.nonce = nonce
        self.templates: dict[bytes, Lookup] = {}

    def fixed(self, der: bytes) -> bytes:
        """Return all octets but the serial number and the nonce."""
        return der[: self.start] + der[self.stop : self.nonce]


class PlainRequest:
    """
    A request that is like an earlier one.

    Attributes:
        template: The look-up for the earlier one.

        serial: The content octets of its serial number.
    """

    __slots__ = ("_nonce", "serial", "template")

    def __init__(self, template: Lookup, serial: bytes, nonce: bytes) -> None:
        self.template = template
        self.serial = serial
        self._nonce = nonce

    def query(self) -> StatusQuery:
        """Return the certificate that it is about."""
        return StatusQuery(
            self.template.queries[0].issuer, int.from_bytes(self.serial, signed=True)
        )

    def lookup(self, query: StatusQuery) -> Lookup:
        """Return the look-up for it; *query* is that of :meth:`query`."""
        template = self.template
        # Without the keywords of _replace, which take longer than the look-up in a
        # cache.
        return Lookup(
            (query,),
            template.authorities,
            (cert_id_like(template.cert_ids[0], self.serial),),
            self._nonce or None,
            template.now,
            template.signers,
            template.stored_form,
            template.fallback_form,
        )


class PlainRequests:
    """
    The plain requests that were read in full, within one second.

    A look-up depends on the time, because signers begin and end, so the caller begins
    with an empty object for each second.
    """

    def __init__(self) -> None:
        self._layouts: dict[int, list[_Layout]] = {}
        self._count = 0

    def match(self, der: bytes) -> PlainRequest | None:
        """Return what is known of a request, or ``None`` if it has to be read."""
        for layout in self._layouts.get(len(der), ()):
            template = layout.templates.get(layout.fixed(der))
            if template is not None:
                serial = der[layout.start : layout.stop]
                if not _is_minimal(serial):
                    return None
                return PlainRequest(template, serial, der[layout.nonce :])
        return None

    def learn(self, der: bytes, lookup: Lookup) -> None:
        """Remember the request *der* if it is plain; *lookup* is for it."""
        if len(lookup.queries) > 1 or self._count >= MAX_TEMPLATES:
            return
        if _built(lookup) != der:
            return
        cert_id = lookup.cert_ids[0].der
        stop = der.index(cert_id) + len(cert_id)
        start = stop - len(integer_octets(lookup.queries[0].serial_number))
        layout = self._layout(
            len(der), start, stop, len(der) - len(lookup.nonce or b"")
        )
        layout.templates[layout.fixed(der)] = lookup
        self._count += 1

    def _layout(self, size: int, start: int, stop: int, nonce: int) -> _Layout:
        known = self._layouts.setdefault(size, [])
        for each in known:
            if (each.start, each.stop, each.nonce) == (start, stop, nonce):
                return each
        known.append(_Layout(start, stop, nonce))
        return known[-1]


def _built(lookup: Lookup) -> bytes:
    """Return what the builder writes for the CertID and the nonce of *lookup*."""
    builder = OCSPRequestBuilder().add_certificate_by_id(lookup.cert_ids[0])
    if lookup.nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(lookup.nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _is_minimal(serial: bytes) -> bool:
    """Return whether *serial* is the content of an INTEGER in DER (X.690 §8.3.2)."""
    if len(serial) == 1:
        return True
    return not (
        (serial[0] == 0 and serial[1] < 0x80)
        or (serial[0] == 0xFF and serial[1] >= 0x80)
    )
