"""What each object of a message must be: a value."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import ocsp

__all__ = ["assert_are_values", "parts"]


def parts(message: Any) -> Iterator[Any]:
    """
    Return *message* and all its parts.

    Without the extensions of ``cryptography``, some of which cannot be pickled.
    """
    yield message
    yield from _ours(message.extensions)
    is_request = isinstance(message, ocsp.OCSPRequest)
    for entry in message.requests if is_request else message.responses:
        yield entry
        yield entry.cert_id
        yield from _ours(entry.extensions if is_request else entry.single_extensions)


def _ours(extensions: Any) -> Iterator[Any]:
    values = (each.value for each in extensions)
    return (each for each in values if type(each).__module__.startswith("ocsp."))


def assert_are_values(objects: Iterator[Any]) -> None:
    """Require that each is equal to its copies and to its unpickled pickle."""
    for each in objects:
        _assert_is_a_value(each)


def _assert_is_a_value(one: Any) -> None:
    for twin in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
        assert type(twin) is type(one)
        assert twin == one
        assert hash(twin) == hash(one)
        assert repr(twin) == repr(one)
