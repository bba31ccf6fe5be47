"""The command line: its arguments and the content of its file, separated by NUL."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ocsp.cli.app import app
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input import arguments
from ocsp.cli.input.server_address import server_address
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.cast import build

__all__ = ["attack"]

BUDGET = 3_000_000
_COMMANDS = ("inspect", "lint", "verify", "request")
"""Commands that connect to nothing and run nothing."""

_PARSERS: tuple[Callable[[str], object], ...] = (
    *(
        partial(parse, "--option")
        for parse in (
            arguments.parse_moment,
            arguments.parse_duration,
            arguments.parse_proxy,
            arguments.parse_count,
        )
    ),
    arguments.parse_serial,
    arguments.parse_nonce,
    lambda text: server_address(text, None),
)
_ENDINGS = (0, 1, 2, 3, 4)


def attack(data: bytes) -> None:
    """
    Run the command that *data* describes, and parse its arguments by themselves.

    Raises:
        Violation: If the exit code is not a documented one, or another error leaves it.
    """
    *texts, content = data.split(b"\0")
    words = [text.decode("utf-8", "surrogateescape") for text in texts[:6]]
    for parse in _PARSERS:
        for word in words:
            call(lambda p=parse, w=word: p(w), CommandError, budget=BUDGET)  # type: ignore[misc]
    if any("/" in word for word in words):
        return  # no file outside of the folder is read or written
    command = _COMMANDS[len(content) % len(_COMMANDS)]
    with _prepared(content) as error:
        code = call(partial(_main, [command, *words]), budget=BUDGET)
    if code not in _ENDINGS or "Traceback" in error.getvalue():
        raise Violation(f"{command} {words} ends with {code!r}: {error.getvalue()}")


def _main(words: list[str]) -> int:
    return int(app.main(words, "ocsp", standalone_mode=False))


@contextlib.contextmanager
def _prepared(content: bytes) -> Iterator[io.StringIO]:
    """Work in a folder with the files ``message``, ``ca.der`` and ``leaf.der``."""
    made, error = build(), io.StringIO()
    stdin = io.TextIOWrapper(io.BytesIO(content))
    files = {"message": content, "ca.der": made.ca.der, "leaf.der": made.leaf.der}
    with tempfile.TemporaryDirectory(prefix="ocsp-campaign-") as folder:
        for name, octets in files.items():
            (Path(folder) / name).write_bytes(octets)
        previous, sys.stdin = sys.stdin, stdin
        try:
            with (
                contextlib.chdir(folder),
                contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())),
                contextlib.redirect_stderr(error),
            ):
                yield error
        finally:
            sys.stdin = previous
