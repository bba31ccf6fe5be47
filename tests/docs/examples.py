"""
Run the examples of a document in order, and compare their results.

All Python blocks of a document run in one namespace.
``expression  # → text`` is checked: the ``repr`` of the expression is that text.

A block of the language ``console`` runs in a shell. Each line that begins with ``$`` is
a command (a backslash continues it), and the lines after it are its output on stdout and
stderr. ``...`` in a line matches any text; ``...`` alone matches any number of lines. A
command may fail only if the document shows its output. The test replaces the ports 8080,
8443 and 9080 by free ports.

A comment above a block changes how it runs:

``<!-- file: NAME -->``
    The test writes the block to that file.
``<!-- in the background -->``
    The command runs until the document ends. The next block runs after the command has
    printed all output that is shown.
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
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds that a command may take; each takes one or two."""

_BLOCK = re.compile(
    r"^(?:<!-- ((?:(?!-->).)*) -->\n)?```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
_REFERENCE = re.compile(
    r"^<!-- reference: .*?^<!-- end of reference -->$", re.DOTALL | re.MULTILINE
)
_SHOWN = re.compile(r"^(\S.*?)  # → (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A code block: its line number, its language, its text, and the comment above."""

    line: int
    language: str
    text: str
    comment: str


def blocks(document: str, language: str | None = "python") -> list[Block]:
    """Return the blocks of a document, in one language or in all."""
    text = (ROOT / document).read_text()
    # The reference part of docs/cli.md is generated from the program itself.
    text = _REFERENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    return [
        Block(text.count("\n", 0, found.start(3)), found[2], found[3], found[1] or "")
        for found in _BLOCK.finditer(text)
        if language in {None, found[2]} and not found[2].startswith("{")
    ]


def run(document: str, names: dict[str, Any]) -> int:
    """Run the Python examples of a document; return their number."""
    found = [block for block in blocks(document) if runs(block)]
    for block in found:
        _run_python(document, block, names)
    return len(found)


def runs(block: Block) -> bool:
    """Return whether the block runs with its document."""
    return not block.comment.startswith(("not run: ", "tested: "))


@contextlib.contextmanager
def session(directory: Path) -> Iterator[Session]:
    """Yield a session in *directory*; at the end, stop the programs that it started."""
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
        self._ports = {port: free_port() for port in ("8080", "8443", "9080")}

    def run(self, document: str, names: dict[str, Any]) -> int:
        """Run the examples of a document; return their number."""
        found = [block for block in blocks(document, None) if runs(block)]
        self.run_blocks(document, found, names)
        return len(found)

    def run_blocks(
        self, document: str, found: Iterable[Block], names: dict[str, Any]
    ) -> None:
        """Run some blocks of a document."""
        for block in found:
            self.run_block(document, block, names)

    def run_block(self, document: str, block: Block, names: dict[str, Any]) -> None:
        """Run one block of a document."""
        kind, _, rest = block.comment.partition(": ")
        text = block.text
        for shown, used in self._ports.items():
            text = text.replace(shown, used)
        if kind == "file":
            (self._directory / rest).write_text(text)
        elif block.language == "python":
            _run_python(document, block._replace(text=text), names)
        elif block.language == "console":
            for command, output in commands(text):
                self._command(command, output, kind == "in the background")
        else:
            raise AssertionError(f"{document}:{block.line}: unknown block language")

    def close(self) -> None:
        """Stop the programs that run in the background."""
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


def free_port() -> str:
    """Return a port that no other program uses now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def _await(program: subprocess.Popen[str], output: str) -> None:
    """Read the output of the program until it matches *output*."""
    assert program.stdout is not None
    printed = ""
    timer = threading.Timer(PATIENCE, program.kill)
    timer.start()
    try:
        while not _matches(printed, output):
            line = program.stdout.readline()
            assert line, f"the program ended after {printed!r}"
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
    # Padded, so that a traceback has the line number in the document.
    exec(compile("\n" * block.line + program, document, "exec"), names)
    assert len(shown) == expected


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block with its expected output."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        end = next(n for n, line in enumerate(lines) if not line.endswith("\\\n")) + 1
        command, output = "".join(lines[:end]), "".join(lines[end:])
        yield command.strip(), output


def _matches(printed: str, expected: str) -> bool:
    """Return whether the output matches; the amount of white space is ignored."""
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*"
        else:
            words = [re.escape(word) for word in " ".join(line.split()).split("...")]
            pattern += ".*".join(words) + r"\n"
    lines = [" ".join(line.split()) + "\n" for line in printed.splitlines()]
    return not expected or re.fullmatch(pattern, "".join(lines)) is not None
