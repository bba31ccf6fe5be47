"""The public API, as people and tools see it: help(), type hints, contents."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ocsp
from ocsp import errors

ROOMS = (
    "ocsp", "ocsp.charging", "ocsp.charging.v201", "ocsp.charging.v21", "ocsp.client",
    "ocsp.client.cache", "ocsp.conformance", "ocsp.errors", "ocsp.http", "ocsp.linting",
    "ocsp.pkcs11", "ocsp.probing", "ocsp.pyhanko", "ocsp.responder", "ocsp.server",
    "ocsp.server.frameworks", "ocsp.signers",
    "ocsp.sharing", "ocsp.signers.enrolment", "ocsp.stapling",
    "ocsp.stapling.pyopenssl", "ocsp.status", "ocsp.testing", "ocsp.tls", "ocsp.tls.httpx", "ocsp.tls.middleware", "ocsp.verification",
)  # fmt: skip
"""The modules that programs import from."""

LONGEST_SIGNATURE = 400
"""Characters; four lines of a terminal."""

LISTS_OF_SETTINGS = {"Options", "Policy", "PKI.issue", "RequestHandler"}
"""Their signature is the list of their settings."""


def _callables(room: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    module = importlib.import_module(room)
    for name in module.__all__:
        found = getattr(module, name)
        if inspect.isclass(found):
            yield name, found
            yield from _methods(name, found)
        elif callable(found):
            yield name, found


def _methods(name: str, kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for attribute, value in vars(kind).items():
        if attribute.startswith("_") and attribute != "__init__":
            continue
        function = value.fget if isinstance(value, property) else value
        function = getattr(function, "__func__", function)
        if inspect.isfunction(function):
            yield f"{name}.{attribute}", function


@pytest.mark.parametrize("room", ROOMS)
def test_type_hints_of_every_public_callable_can_be_resolved(room: str) -> None:
    """Tools (FastAPI, attrs, documentation) call ``typing.get_type_hints``."""
    for name, function in _callables(room):
        assert isinstance(typing.get_type_hints(function), dict), name


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_callable_has_a_short_signature_in_help(room: str) -> None:
    """Default values are shown by what differs from their default."""
    for name, function in _callables(room):
        if name.removesuffix(".__init__") in LISTS_OF_SETTINGS:
            continue
        try:
            signature = str(inspect.signature(function))
        except ValueError:  # of a class of Python's own, an exception say
            continue
        assert len(signature) <= LONGEST_SIGNATURE, (name, len(signature))


def test_policy_and_options_show_only_what_differs_from_the_default() -> None:
    """Their ``repr`` is what ``help(ocsp.verify)`` shows as a default."""
    assert repr(ocsp.Policy()) == "Policy()"
    policy = ocsp.Policy(nonce=ocsp.NonceCheck.IGNORE)
    assert repr(policy) == "Policy(nonce=<NonceCheck.IGNORE: 'ignore'>)"
    assert repr(ocsp.Options()) == "Options()"
    assert repr(ocsp.Options(retries=3)) == "Options(retries=3)"


def test_the_package_has_common_errors_and_the_module_has_all() -> None:
    """Rare errors are in ``ocsp.errors`` only, also those of verification."""
    common = {name for name in ocsp.__all__ if hasattr(errors, name)}
    assert common < set(errors.__all__)
    assert "VerificationError" in common
    assert "ResponseExpired" not in common
    assert errors.ResponseExpired is not None


def test_options_and_their_enumerations_are_in_the_package() -> None:
    """The type of each field of ``Options`` and ``Policy`` is public."""
    for settings in (ocsp.Options, ocsp.Policy):
        hints = typing.get_type_hints(settings)
        needed = {
            kind.__name__
            for kind in hints.values()
            if getattr(kind, "__module__", "").startswith("ocsp.")
        }
        assert needed <= set(ocsp.__all__)


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: ocsp.Options(retries=-1), "retries"),
        (lambda: ocsp.Policy(min_rsa_bits=-1), "min_rsa_bits"),
    ],
)
def test_a_wrong_value_is_a_value_error_that_names_the_setting(
    make: Callable[[], object], key: str
) -> None:
    """:class:`ocsp.ConfigError` has the name as ``key``."""
    with pytest.raises(ValueError, match="must not be negative") as caught:
        make()
    assert isinstance(caught.value, ocsp.ConfigError)
    assert caught.value.key == key


@pytest.mark.parametrize(
    "name", ["SourceUnavailable", "SignerUnavailable", "StoreError", "HookFailed"]
)
def test_run_time_failures_are_backend_errors(name: str) -> None:
    """A wrong setting is not, nor a certificate without a record."""
    assert issubclass(getattr(errors, name), ocsp.BackendError)
    assert not issubclass(errors.ConfigError, ocsp.BackendError)
    assert not issubclass(errors.UnknownCertificate, ocsp.BackendError)


def test_the_package_runs_as_a_program() -> None:
    """``python -m ocsp`` is the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "ocsp", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    kind = "compiled" if ocsp.compiled else "pure Python"
    assert done.stdout == f"ocsp {ocsp.__version__} ({kind})\n"
