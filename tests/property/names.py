"""Hypothesis strategies for names and object identifiers."""

from __future__ import annotations

import ipaddress
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import strategies as st

__all__ = ["general_names", "names", "oids"]

_arcs = st.lists(st.integers(0, 300) | st.integers(0, 2**70), min_size=1, max_size=4)
oids: st.SearchStrategy[str] = st.tuples(
    st.sampled_from(["0.9", "1.2", "1.3", "2.5", "2.999"]), _arcs
).map(lambda pair: ".".join((pair[0], *map(str, pair[1]))))
"""Object identifiers, dotted, with arcs of any size."""

_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=16)
# 16 characters have at most 64 octets in UTF-8, which is the limit of most attributes.
_ascii = st.text(st.characters(max_codepoint=127), max_size=30)
_attributes = st.builds(
    x509.NameAttribute,
    st.sampled_from(
        [
            NameOID.COMMON_NAME,
            NameOID.ORGANIZATION_NAME,
            NameOID.ORGANIZATIONAL_UNIT_NAME,
            x509.ObjectIdentifier("2.999.7"),
        ]
    ),
    _text,
)
_sets = st.lists(
    _attributes, min_size=1, max_size=3, unique_by=lambda each: each.oid
).map(x509.RelativeDistinguishedName)
names: st.SearchStrategy[x509.Name] = st.lists(_sets, max_size=3).map(x509.Name)
"""Names with any attributes, also with several in one set."""

_mailboxes = st.text("abcXYZ019.-_", min_size=1, max_size=20).map(
    lambda local: f"x{local}x@example.com"
)
_values = st.sampled_from([b"\x05\x00", b"\x0c\x02hi", b"\x30\x03\x02\x01\x07"])
_networks: st.SearchStrategy[Any] = st.tuples(
    st.ip_addresses(), st.integers(0, 32)
).map(lambda pair: ipaddress.ip_network(pair, strict=False))
general_names: st.SearchStrategy[x509.GeneralName] = st.one_of(
    _mailboxes.map(x509.RFC822Name),
    st.builds(x509.DNSName, _ascii),
    st.builds(x509.UniformResourceIdentifier, _ascii),
    st.builds(x509.DirectoryName, names),
    st.builds(x509.IPAddress, st.ip_addresses() | _networks),
    st.builds(x509.RegisteredID, oids.map(x509.ObjectIdentifier)),
    st.builds(x509.OtherName, oids.map(x509.ObjectIdentifier), _values),
)
"""Every GeneralName for which ``cryptography`` has a class."""
