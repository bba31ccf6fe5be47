"""What requests and responses have in common: size limit, version, ``public_bytes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ocsp import limits
from ocsp._der import content, fail, integer
from ocsp.errors import BuildError, LimitExceeded, SchemaError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import serialization

__all__ = ["accept_message", "check_built", "only_der", "refuse_version"]


def accept_message(data: bytes) -> int:
    """
    Return the size of a message that is to be read.

    Raises:
        TypeError: If *data* is not ``bytes``.
        LimitExceeded: If it is over ``MAX_MESSAGE_BYTES``.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"data must be bytes, not {type(data).__name__}")
    size = len(data)
    if size > limits.MAX_MESSAGE_BYTES:
        raise LimitExceeded("MAX_MESSAGE_BYTES", size, limits.MAX_MESSAGE_BYTES)
    return size


def check_built(der: bytes) -> bytes:
    """
    Return *der*, which is not larger than what we would read.

    Raises:
        BuildError: If it is.
    """
    if len(der) > limits.MAX_MESSAGE_BYTES:
        raise BuildError(
            f"{len(der)} octets exceed MAX_MESSAGE_BYTES = {limits.MAX_MESSAGE_BYTES}"
        )
    return der


def only_der(der: bytes, encoding: serialization.Encoding) -> bytes:
    """
    Return *der* if that is the *encoding* asked for.

    Raises:
        TypeError: If *encoding* is not an ``Encoding``.
        ValueError: If it is another one than ``Encoding.DER``.
    """
    # Imported here, as it costs a quarter of the whole import of this package, and
    # whoever asks for an encoding has paid for it already.
    from cryptography.hazmat.primitives import serialization

    if not isinstance(encoding, serialization.Encoding):
        raise TypeError("encoding must be an item from the Encoding enum")
    if encoding is not serialization.Encoding.DER:
        raise ValueError("The only allowed encoding value is Encoding.DER")
    return der


def refuse_version(data: bytes, position: int, end: int, message: str) -> NoReturn:
    """
    Refuse the version at *position*: v1 is the default, and there is no other.

    Raises:
        DERError: If it is v1, which DER leaves out (X.690 §11.5).
        SchemaError: If it is another one.
    """
    start, outer = content(data, position, end, 0xA0, "version")
    first, last = integer(data, start, outer, "version")
    version = int.from_bytes(data[first:last], signed=True)
    if version == 0:
        fail("default value is encoded", "version", position)
    raise SchemaError(
        f"{version} is not a valid OCSP {message} version",
        path="version",
        offset=position,
    )
