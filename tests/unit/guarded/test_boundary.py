"""Whatever code of another library raises becomes an error of this package."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.errors import SchemaError
from ocsp.guarded.boundary import read_foreign


class PanicException(BaseException):
    """As the class of Rust panics, which cannot be imported."""


def _raising(error: BaseException) -> Callable[[], object]:
    def read() -> object:
        raise error

    return read


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        OverflowError("x"),
        RecursionError("x"),
        MemoryError("x"),
        UserWarning("x"),
        UnicodeDecodeError("ascii", b"", 0, 1, "x"),
        x509.InvalidVersion("x", 7),
        x509.DuplicateExtension("x", x509.ExtensionOID.KEY_USAGE),
        UnsupportedAlgorithm("x"),
        PanicException("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_becomes_ours(error: BaseException) -> None:
    """With its text, or the given reason; the place is that of the caller."""
    with pytest.raises(SchemaError, match="x") as raised:
        read_foreign(_raising(error), path="certs[1]", offset=3)
    assert (raised.value.path, raised.value.offset) == ("certs[1]", 3)
    assert raised.value.__cause__ is error
    with pytest.raises(SchemaError, match=r"^not a key$"):
        read_foreign(_raising(error), reason="not a key")


def test_an_error_without_a_text_has_the_name_of_its_class() -> None:
    """So that no error is empty."""
    with pytest.raises(SchemaError, match="RecursionError"):
        read_foreign(_raising(RecursionError()))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_what_ends_the_program_passes(error: BaseException) -> None:
    """The room stops no program from ending."""
    with pytest.raises(type(error)):
        read_foreign(_raising(error))


def test_expected_errors_pass() -> None:
    """And values are returned."""
    with pytest.raises(UnsupportedAlgorithm):
        read_foreign(_raising(UnsupportedAlgorithm("x")), UnsupportedAlgorithm)
    assert read_foreign(lambda: 7) == 7
