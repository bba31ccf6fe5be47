"""Addresses of Valkey servers, as operators write them."""

from __future__ import annotations

import pytest

from ocsp.errors import ConfigError
from ocsp.sharing import Mode, ValkeyAddress

PASSWORD = "p@ss:w/rd"
QUOTED = "p%40ss%3Aw%2Frd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("valkey://cache.internal", ValkeyAddress(Mode.PLAIN, (("cache.internal", 6379),))),
        ("valkey://[::1]:7000/3", ValkeyAddress(Mode.PLAIN, (("::1", 7000),), database=3)),
        (
            f"valkeys://ocsp:{QUOTED}@cache?ca=/etc/ca.pem",
            ValkeyAddress(
                Mode.PLAIN, (("cache", 6379),), tls=True, ca="/etc/ca.pem", user="ocsp", password=PASSWORD,
            ),
        ),
        (
            "valkey+sentinel://a,b:7,c/name/2",
            ValkeyAddress(
                Mode.SENTINEL, (("a", 26379), ("b", 7), ("c", 26379)), service="name", database=2,
            ),
        ),
        (
            "valkeys+cluster://a,b",
            ValkeyAddress(Mode.CLUSTER, (("a", 6379), ("b", 6379)), tls=True),
        ),
    ],
)  # fmt: skip
def test_an_address_is_read_and_written(text: str, expected: ValkeyAddress) -> None:
    """Its URL is the same address again."""
    address = ValkeyAddress.read(text)
    assert address == expected
    assert ValkeyAddress.read(address.url) == expected


def test_the_password_is_not_shown() -> None:
    """Only the URL for other processes has it."""
    address = ValkeyAddress.read(f"valkey://ocsp:{QUOTED}@cache/1")
    assert str(address) == "valkey://ocsp@cache:6379/1"
    for text in (str(address), repr(address), f"{address}"):
        assert PASSWORD not in text
        assert QUOTED not in text
    assert QUOTED in address.url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("redis://cache", "scheme 'redis'"),
        ("cache.internal:6379", "scheme"),
        ("valkey://", "'' in place of a host"),
        ("valkey://a b", "'a b' in place of a host"),
        ("valkey://a:0", "port 0"),
        ("valkey://a:65536", "port 65536"),
        ("valkey://a,b", "names 2 hosts"),
        ("valkey+cluster://" + ",".join("a" * 101), "names 101 hosts"),
        ("valkey://a/x", "number of a database"),
        ("valkey://a/1/2", "number of a database"),
        ("valkey+sentinel://a,b", "no name of a service"),
        ("valkey+cluster://a/1", "has a path"),
        ("valkey://a?timeout=1", "timeout after the question mark"),
        (f"valkey://u:{QUOTED}@[::1", "is not the URL"),
    ],
)
def test_what_is_no_address_is_refused(text: str, reason: str) -> None:
    """With what is wrong, without the password."""
    with pytest.raises(ConfigError, match="valkey") as caught:
        ValkeyAddress.read(text)
    assert reason in str(caught.value)
    assert QUOTED not in str(caught.value)
