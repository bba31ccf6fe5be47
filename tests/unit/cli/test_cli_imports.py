"""What a command imports: nothing that it does not need, so that it starts fast."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.linting import forge

CODE = """
import sys
from ocsp.__main__ import program
code = program()
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""
PROGRAM = "ocsp.__main__"

SCRIPT = "import sys; from ocsp.__main__ import program; sys.exit(program())"
"""What the installed script ``ocsp`` does."""

NOT_SHOWN = ("rich", "ocsp.cli.render.tree")
NOT_ASKED = (
    "anyio", "asyncio", "httptools", "ocsp.client.core", "ocsp.client.sync",
    "ocsp.client.transport", "ocsp.server", "ocsp.service", "ocsp.verification.chain",
    "pydantic", "sqlite3", "ssl", "logging", "subprocess", "tempfile",
)  # fmt: skip
NOT_READ = (
    "cryptography.hazmat.primitives.serialization", "ocsp.client",
    "ocsp.guarded.key_files", "ocsp.linting", "ocsp.responder", "ocsp.store",
)  # fmt: skip
NO_CERTIFICATE = ("cryptography.x509", "hashlib", "ocsp.messages.extension_types")
NO_COMMAND = (
    "cryptography.x509",
    "ocsp.cli.commands",
    "ocsp.cli.demo",
    "ocsp.messages",
)
NO_PACKAGE = (
    "click",
    "cryptography",
    "dataclasses",
    "enum",
    "re",
    "typing",
    "ocsp.errors",
)


MESSAGES = {
    "REQUEST": lambda: forge.request(7, nonce=bytes(16)).public_bytes(Encoding.DER),
    "RESPONSE": lambda: forge.response(certs=None),
    "DELEGATED": forge.response,
}
"""A request with a nonce, a response without certificates, and one with a delegate's."""


def imported(*arguments: str) -> set[str]:
    """Return the modules of a process that has run ``ocsp`` with *arguments*."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _with_path(), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def _with_path() -> str:
    """Return the code of the process. ``-S`` keeps out what ``.pth`` files import."""
    return f"import sys; sys.path[:] = {sys.path!r}\n{CODE}"


@cache
def _imported_by_old_releases() -> frozenset[str]:
    """Return what old releases of libraries import, and newer ones do not."""
    version = metadata.version("cryptography")
    if int(version.partition(".")[0]) > 44:
        return frozenset()
    code = "import cryptography.x509, rich.segment, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return frozenset(
        name for name in done.stdout.split() if name.partition(".")[0] != "rich"
    )


def _file(word: str, folder: Path) -> str:
    """Return the name of a new file with the message *word*, or *word* itself."""
    make = MESSAGES.get(word)
    if make is None:
        return word
    file = folder / "message.der"
    file.write_bytes(make())
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (("--version",), (*NO_PACKAGE, *NO_COMMAND, *NOT_SHOWN, *NOT_ASKED)),
        (("--help",), (*NO_COMMAND, *NOT_SHOWN, *NOT_ASKED)),
        (("status", "--help"), (*NO_COMMAND, *NOT_SHOWN, *NOT_ASKED)),
        (("inspect", "--help"), (*NOT_READ, *NOT_SHOWN, *NOT_ASKED)),
        (("inspect", "REQUEST"), (*NO_CERTIFICATE, *NOT_READ, *NOT_ASKED)),
        (("inspect", "RESPONSE"), (*NO_CERTIFICATE, *NOT_READ, *NOT_ASKED)),
        (("inspect", "DELEGATED"), (*NOT_READ, *NOT_ASKED)),
        (("inspect", "--json", "RESPONSE"), (*NOT_READ, *NOT_SHOWN, *NOT_ASKED)),
        (("check", "--help"), (*NO_CERTIFICATE, *NOT_SHOWN, *NOT_ASKED)),
        (("request", "--help"), (*NOT_SHOWN, *NOT_ASKED)),
        (("probe", "--help"), (*NOT_SHOWN, *NOT_ASKED)),
        (("conformance", "--help"), (*NOT_SHOWN, *NOT_ASKED)),
        (
            ("verify", "--help"),
            ("asyncio", "ocsp.client.core", "pydantic", "rich", "ssl"),
        ),
        (("serve", "--help"), (*NOT_SHOWN, "asyncio", "ocsp.server", "pydantic")),
    ],
)
def test_a_command_imports_what_it_needs(
    arguments: tuple[str, ...], absent: tuple[str, ...], tmp_path: Path
) -> None:
    """A module and everything in it is absent."""
    names = imported(*(_file(word, tmp_path) for word in arguments))
    assert PROGRAM in names
    found = {
        name
        for name in names - _imported_by_old_releases()
        if any(name == each or name.startswith(f"{each}.") for each in absent)
    }
    assert found == set()


def test_the_program_is_the_module() -> None:
    """``python -m ocsp`` prints what ``ocsp`` prints."""
    for arguments in (["--version"], ["inspect", "--help"]):
        outputs = {
            subprocess.run(
                [sys.executable, *command, *arguments],
                capture_output=True,
                text=True,
                check=True,
                env=os.environ | {"COLUMNS": "80"},
            ).stdout
            for command in (["-m", "ocsp"], ["-c", SCRIPT])
        }
        assert len(outputs) == 1
