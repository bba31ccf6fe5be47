"""Test the URIs of keys in tokens (RFC 7512)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.errors import ConfigError
from ocsp.pkcs11.key_uri import KeyURI

MODULE = "module-path=/usr/lib/module.so"


def test_a_uri_names_the_module_the_token_and_the_key() -> None:
    """Values are percent-encoded; the identifier of a key is octets."""
    text = "pkcs11:token=Our%20HSM;object=ocsp;id=%01%ff;type=private"
    assert KeyURI.parse(f"{text}?module-path=/opt/a%20b.so") == KeyURI(
        "/opt/a b.so", "Our HSM", None, "ocsp", b"\x01\xff"
    )
    assert KeyURI.parse(f"pkcs11:slot-id=3;object=a?{MODULE}").slot == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("responder.key", "is not a URI of a key in a token"),
        ("pkcs11:token=a;object=b", r"does not name the library; add \?module-path"),
        (f"pkcs11:object=b?{MODULE}", "one of token=LABEL and slot-id=NUMBER"),
        (f"pkcs11:token=a;slot-id=1;object=b?{MODULE}", "one of token=LABEL"),
        (f"pkcs11:token=a?{MODULE}", "does not name the key"),
        (f"pkcs11:slot-id=x;object=b?{MODULE}", "slot-id that is not a number"),
        (f"pkcs11:token=a;object=b;type=public?{MODULE}", "does not name a private"),
        (f"pkcs11:token=a;object=%ff?{MODULE}", "a value that is not UTF-8"),
        (f"pkcs11:token=a;token=b;object=c?{MODULE}", "'token' of the URI is repeated"),
        (f"pkcs11:token=a;objekt=c?{MODULE}", "'objekt' of the URI is repeated"),
    ],
)
def test_what_is_missing_or_wrong_is_named(text: str, words: str) -> None:
    """The setting is ``pkcs11``."""
    with pytest.raises(ConfigError, match=words) as caught:
        KeyURI.parse(text)
    assert caught.value.key == "pkcs11"


@pytest.mark.parametrize("name", ["pin-value", "pin-source"])
def test_a_pin_in_the_uri_is_refused_and_not_shown(name: str) -> None:
    """Neither in the query nor in the path."""
    for text in (
        f"pkcs11:token=a;object=b?{MODULE}&{name}=4711",
        f"pkcs11:token=a;object=b;{name}=4711?{MODULE}",
    ):
        with pytest.raises(ConfigError, match="give the PIN in pin_file") as caught:
            KeyURI.parse(text)
        assert "4711" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_uri_or_a_configuration_error(text: str) -> None:
    """No other exception leaves the reader."""
    for each in (text, f"pkcs11:{text}", f"pkcs11:token=a;object=b;{text}?{MODULE}"):
        try:
            KeyURI.parse(each)
        except ConfigError:
            continue
