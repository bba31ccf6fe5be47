"""
Runs the examples of a document, in order, and compares what they give.

A block of Python runs in one namespace with the other blocks of its document.
``expression  # → text`` is checked: the ``repr`` of the expression is that text.

A block of the language ``console`` runs in a shell: each line that begins with ``$`` is a
command, continued after a backslash, and the other lines are what it prints, on either
stream. ``...`` stands for any text: in a line for a part of it, alone for any lines. A
command that fails has to show what it prints. The ports 8080 and 8443 of a document are
free ports in the test.

A comment above a block says more of it:

``<!-- file: NAME -->``
    The block is written to that file instead.
``<!-- in the background -->``
    The command runs until the document ends; the next block runs when all that is shown
    was printed.
``<!-- tested: ... -->``
    Another test runs the block.
``<!-- not run: REASON -->``
    No test runs the block.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds that a command may take; each takes one or two."""

_BLOCK = re.compile(
    r"^(?:<!-- (.*?) -->\n)?```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
_REFERENCE = re.compile(
    r"^<!-- reference: .*?^<!-- end of reference -->$", re.DOTALL | re.MULTILINE
)
_SHOWN = re.compile(r"^(\S.*?)  # → (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """One block of code: its place, its language, its text, and the comment above."""

    line: int
    language: str
    text: str
    comment: str


def blocks(document: str, language: str | None = "python") -> list[Block]:
    """Return the blocks of a document, of one language or of all."""
    text = (ROOT / document).read_text()
    # What the reference of the command line shows is made from the program itself.
    text = _REFERENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    return [
        Block(text.count("\n", 0, found.start(3)), found[2], found[3], found[1] or "")
        for found in _BLOCK.finditer(text)
        if language in {None, found[2]} and not found[2].startswith("{")
    ]


def run(document: str, names: dict[str, Any]) -> int:
    """Run the examples in Python of a document; return how many."""
    found = [block for block in blocks(document) if runs(block)]
    for block in found:
        _run_python(document, block, names)
    return len(found)


def runs(block: Block) -> bool:
    """Tell whether the block runs with its document."""
    return not block.comment.startswith(("not run: ", "tested: "))


@contextlib.contextmanager
def session(directory: Path) -> Iterator[Session]:
    """Run documents in *directory*, and end at last what they started."""
    shell = Session(directory)
    try:
        yield shell
    finally:
        shell.close()


class Session:
    """A directory, free ports, and the programs that run in the background."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._background: list[subprocess.Popen[str]] = []
        self._ports = {port: _free_port() for port in ("8080", "8443")}

    def run(self, document: str, names: dict[str, Any]) -> int:
        """Run the examples of a document; return how many."""
        count = 0
        for block in blocks(document, None):
            if not runs(block):
                continue
            kind, _, rest = block.comment.partition(": ")
            count += 1
            text = block.text
            for shown, used in self._ports.items():
                text = text.replace(shown, used)
            if kind == "file":
                (self._directory / rest).write_text(text)
            elif block.language == "python":
                _run_python(document, block._replace(text=text), names)
            elif block.language == "console":
                for command, output in _commands(text):
                    self._command(command, output, kind == "in the background")
            else:
                raise AssertionError(f"{document}:{block.line}: what is this block?")
        return count

    def close(self) -> None:
        """End what runs in the background."""
        for program in self._background:
            program.terminate()
        for program in self._background:
            program.communicate(timeout=PATIENCE)

    def _command(self, command: str, output: str, background: bool) -> None:
        programs = str(Path(sys.executable).parent)
        program = subprocess.Popen(
            ["bash", "-c", f"exec {command}" if background else command],
            cwd=self._directory,
            env=os.environ
            | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if background:
            self._background.append(program)
            _await(program, output)
            return
        printed, _ = program.communicate(timeout=PATIENCE)
        assert _matches(printed, output), f"$ {command}\n{printed}"
        assert output or program.returncode == 0, f"$ {command}\n{printed}"


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def _await(program: subprocess.Popen[str], output: str) -> None:
    """Read what the program prints, until it has printed what is shown."""
    assert program.stdout is not None
    printed = ""
    timer = threading.Timer(PATIENCE, program.kill)
    timer.start()
    try:
        while not _matches(printed, output):
            line = program.stdout.readline()
            assert line, f"it ended after {printed!r}"
            printed += line
    finally:
        timer.cancel()


def _run_python(document: str, block: Block, names: dict[str, Any]) -> None:
    shown = []

    def says(value: object, text: str) -> None:
        assert repr(value) == text, repr(value)
        shown.append(text)

    names["_says"] = says
    program, expected = _SHOWN.subn(r'_says(\1, r"""\2""")', block.text)
    # Padded, so that a traceback has the line of the document.
    exec(compile("\n" * block.line + program, document, "exec"), names)
    assert len(shown) == expected


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Give each command of a block with what it is to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        end = next(n for n, line in enumerate(lines) if not line.endswith("\\\n")) + 1
        command, output = "".join(lines[:end]), "".join(lines[end:])
        yield command.strip(), output


def _matches(printed: str, expected: str) -> bool:
    """Tell whether this was printed, whatever the widths of columns."""
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*"
        else:
            words = [re.escape(word) for word in " ".join(line.split()).split("...")]
            pattern += ".*".join(words) + r"\n"
    lines = [" ".join(line.split()) + "\n" for line in printed.splitlines()]
    return not expected or re.fullmatch(pattern, "".join(lines)) is not None
