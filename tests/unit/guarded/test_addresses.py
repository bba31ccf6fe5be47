"""What is an IP address, and what can be the name of a host."""

from __future__ import annotations

import pytest

from ocsp.guarded.addresses import is_host_name

LONGEST = ".".join(["a" * 63] * 3 + ["a" * 61])


@pytest.mark.parametrize(
    "text",
    [
        *(
            "localhost",
            "ocsp.example.org",
            "ocsp.example.org.",
            "my_node",
            "3com.example",
        ),
        *("a-b.example", "xn--bcher-kva.example", "a" * 63, LONGEST, f"{LONGEST}."),
    ],
)
def test_a_name_of_a_host_is_recognized(text: str) -> None:
    """RFC 1123 §2.1; the longest has 253 characters besides its last dot."""
    assert is_host_name(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "a..b", ".a", "bad host", "a/b", "a:b", "-a", "a-", "a.-b.example"),
        *(
            "999.1.1.1",
            "127.1",
            "0x7f000001",
            "1",
            "a.1",
            "::g",
            "bücher.example",
            "a\n",
        ),
        *("a" * 64, f"a{LONGEST}"),
    ],
)
def test_what_no_host_can_be_called_is_recognized(text: str) -> None:
    """Empty and long labels, other characters, and spellings of IPv4 addresses."""
    assert not is_host_name(text)
