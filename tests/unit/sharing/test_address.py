"""Addresses of Valkey servers, as operators write them."""

from __future__ import annotations

from pathlib import Path

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


def test_the_password_can_be_in_a_file(tmp_path: Path) -> None:
    """In its first line; the address for other processes has it then."""
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    address = ValkeyAddress.read(f"valkey://ocsp@cache/1?password_file={file}")
    assert (address.user, address.password) == ("ocsp", PASSWORD)
    assert address.password_file == str(file)
    assert ValkeyAddress.read(address.url) == address._replace(password_file="")
    assert PASSWORD not in str(address)


@pytest.mark.parametrize(
    ("content", "address", "reason"),
    [
        (None, "valkey://cache", "password"),
        ("", "valkey://cache", "an empty first line"),
        ("\nx", "valkey://cache", "an empty first line"),
        (b"\xff", "valkey://cache", "is not UTF-8"),
        ("x" * 5000, "valkey://cache", "is larger than 4,096 octets"),
        (PASSWORD, f"valkey://u:{QUOTED}@cache", "both a password and a password_file"),
    ],
)
def test_a_wrong_file_with_a_password_is_refused(
    content: str | bytes | None, address: str, reason: str, tmp_path: Path
) -> None:
    """With its name, and without what it contains."""
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=reason) as caught:
        ValkeyAddress.read(f"{address}?password_file={file}")
    assert PASSWORD not in str(caught.value)


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
