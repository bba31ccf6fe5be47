"""What the client keeps of URLs is what reading them each time returns."""

from __future__ import annotations

import base64
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import example, given
from hypothesis import strategies as st

from ocsp.client.checking import urls
from ocsp.client.options import AllowedSchemes, Options
from ocsp.client.transport import exchange
from ocsp.errors import ForbiddenResponderURL, SchemaError
from ocsp.http import get_url

CHARACTERS = "a1Z.:/?#@[]%-_;&=+ \t~"
URLS = st.builds(
    "{}{}".format,
    st.sampled_from(["http://", "https://", "HTTP://", "http:", "ftp://", ""]),
    st.text(CHARACTERS, max_size=30),
)


def _plain_split(url: str) -> tuple[tuple[str, str, int, str], str]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    number = exchange._PORTS[parts.scheme] if port is None else port
    query = f"?{parts.query}" if parts.query else ""
    authority = exchange._authority(host, port)
    return (parts.scheme, host, number, authority), f"{parts.path or '/'}{query}"


@given(URLS)
@example("http://a/b")
@example("http://a:80/b/MA%3D%3D")
@example("https://[::1]:8/x")
@example("http://a?x=/b")
@example("http://a#/b")
@example("http:///b")
@example("http://a/b?")
@example("http://a:x/b")
def test_the_parts_of_a_plain_url(url: str) -> None:
    """The host, the port and the target are those of ``urlsplit``; errors too."""

    def result(split: object) -> object:
        try:
            return split(url)  # type: ignore[operator]
        except (ValueError, KeyError) as error:
            return type(error), str(error)

    assert result(exchange._split) == result(_plain_split)


@given(URLS)
@example("http://a/b")
@example("https://a/b")
@example("http://a:0/")
@example("http://u@a/")
def test_kept_urls(url: str) -> None:
    """A kept verdict and a kept origin do not differ from new ones."""
    for allowed in AllowedSchemes:
        results = []
        for check in (urls._check_parts, urls._kept_check, urls._kept_check):
            try:
                results.append(check(url, allowed))
            except ForbiddenResponderURL as error:
                results.append(str(error))
        assert results[0] == results[1] == results[2]
    try:
        expected = urls._origin(url)
    except ValueError:
        return
    assert urls.origin_of(url) == urls.origin_of(url) == expected


@given(
    st.lists(st.text("ab:/", max_size=6).map("http://{}".format), max_size=3),
    st.binary(max_size=5),
)
def test_kept_locations(names: list[str], rest: bytes) -> None:
    """The URLs of a value are those that reading it again returns, and so are errors."""
    value = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(each)
            )
            for each in names
        ]
    ).public_bytes()
    method = AuthorityInformationAccessOID.OCSP
    for octets in (value, value + rest, value[:-1], rest):
        results = []
        for read in (urls._urls_in, urls._kept_urls_in, urls._kept_urls_in):
            try:
                results.append((read(octets, method), ""))
            except SchemaError as error:
                results.append(((), str(error)))
        assert results[0] == results[1] == results[2]


@given(st.binary(max_size=60))
def test_the_url_of_a_get(der: bytes) -> None:
    """It is escaped as ``urllib`` does."""
    escaped = quote(base64.b64encode(der), safe="")
    assert get_url("http://a/", der) == f"http://a/{escaped}"


def test_long_urls_are_not_kept() -> None:
    """Their number is bounded, so their size must be."""
    url = "http://a/" + "x" * urls._MOST_KEPT_OCTETS
    before = urls._kept_origin.cache_info(), urls._kept_check.cache_info()
    assert urls.origin_of(url) == "http://a"
    urls.check_url(url, Options())
    assert (urls._kept_origin.cache_info(), urls._kept_check.cache_info()) == before
