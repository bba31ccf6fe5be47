"""
``ocsp demo``: a whole certificate-status service on this machine, and its clients.

Rules of this file: it plays the main job from end to end with nothing left out, shows
what every client made of every answer, and fails if one of them is wrong.
"""

from __future__ import annotations

import contextlib
import datetime
import shlex
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from cryptography.x509 import ReasonFlags
from rich import box
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from ocsp.cli.demo.clients import (
    Answer,
    OpenSSLClient,
    PackageClient,
    find_openssl,
    openssl_command,
)
from ocsp.cli.demo.scene import REVOKED_SINCE, Case, Scene, set_scene
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import epilog
from ocsp.cli.render.console import errors, output, status_style, warn
from ocsp.responder import Authority, Responder
from ocsp.server import Application, base_url, bind, serve_in_thread
from ocsp.status import SQLiteSource

__all__ = ["EPILOG", "HELP", "demo"]

HELP = """Run a CA, a responder and its clients on this machine, and show the answers.

Certificates: one good, one revoked, one that was never issued. Clients: this package
by GET and POST, and the [cyan]openssl[/cyan] program by POST."""

EPILOG = epilog(
    {
        "ocsp demo": "ask, show the table, clean up",
        "ocsp demo --stay": "and go on answering, to try other clients",
        "ocsp demo --keep try --stay": "with the files in the new directory try",
    },
    {
        ExitCode.FINE: "every answer was right",
        ExitCode.WRONG: "an answer was wrong",
        ExitCode.UNUSABLE: "something could not be read, or was used wrongly",
        ExitCode.INTERRUPTED: "interrupted",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """A client and a way to ask, for one certificate."""

    case: Case
    client: str
    ask: Callable[[], Answer]


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="0 for any free one.")
    ] = 0,
    stay: Annotated[
        bool, typer.Option("--stay", help="Go on answering until Ctrl-C.")
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIRECTORY", help="Keep the files there; it must be new."),
    ] = None,
) -> int:
    """Play the demo."""
    with _directory(keep) as directory:
        bound = bind("127.0.0.1", port)
        url = base_url(bound) + "/"
        now = datetime.datetime.now(datetime.UTC)
        scene, key_signer = set_scene(directory, url, now)
        with SQLiteSource(scene.database, create=True) as source:
            _issue(scene, source, now)
            responder = Responder([Authority(scene.issuer, key_signer)])
            with serve_in_thread(Application(responder, source), bound):
                right = _ask_all(scene, url)
                _say_what_next(scene, url, stay=stay, kept=keep is not None)
                if stay:
                    _wait()
    return ExitCode.FINE if right else ExitCode.WRONG


@contextlib.contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    """Give a directory for the files, which goes away unless it is to be kept."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="ocsp-demo-") as name:
            yield Path(name)
        return
    try:
        keep.mkdir(parents=True)
    except FileExistsError as error:
        raise CommandError(str(keep), "is there already", "--keep makes it") from error
    except OSError as error:
        raise CommandError(str(keep), error.strerror or str(error)) from error
    yield keep


def _issue(scene: Scene, source: SQLiteSource, now: datetime.datetime) -> None:
    """Write into the file what the CA has done: two issued, one of them revoked."""
    for case in scene.issued:
        source.add(
            scene.issuer,
            case.certificate.serial_number,
            subject=case.certificate.subject.rfc4514_string(),
            expires=case.certificate.not_valid_after_utc,
        )
    source.revoke(
        scene.issuer,
        scene.revoked.certificate.serial_number,
        now - REVOKED_SINCE,
        ReasonFlags.key_compromise,
    )


def _ask_all(scene: Scene, url: str) -> bool:
    """Ask every question, show the table, and tell whether all answers were right."""
    openssl = find_openssl()
    if openssl is None:
        warn("there is no openssl program here: only this package has asked")
    table = _empty_table()
    right = True
    package = PackageClient(url, scene.issuer)
    with contextlib.closing(package), _progress() as progress:
        program = None
        if openssl is not None:
            program = OpenSSLClient(openssl, url, scene.ca_file, package.fetch)
        questions = list(_questions(scene, package, program))
        task = progress.add_task("asking", total=None)
        for question in questions:
            progress.update(
                task, description=f"{question.client}: {question.case.name}"
            )
            answer = question.ask()
            fits = answer.says == question.case.right
            right = right and fits
            _add_row(table, question, answer, fits=fits)
    output().print(table)
    return right


def _questions(
    scene: Scene, package: PackageClient, program: OpenSSLClient | None
) -> Iterator[CheckRequest]:
    for case in scene.cases:
        asks = {
            "ocsp GET": partial(package.get, case.certificate),
            "ocsp POST": partial(package.post, case.certificate),
        }
        if program is not None:
            asks["openssl GET"] = partial(program.get, case.file)
            asks["openssl POST"] = partial(program.post, case.file)
        for client, ask in asks.items():
            yield CheckRequest(case=case, client=client, ask=ask)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=errors(),
        transient=True,
    )


def _empty_table() -> Table:
    table = Table(
        title="What the clients were told",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("certificate", style="heading")
    table.add_column("asked by")
    table.add_column("answer")
    table.add_column("verified by")
    table.add_column("ms", justify="right")
    return table


def _add_row(
    table: Table, question: CheckRequest, answer: Answer, *, fits: bool
) -> None:
    says = Text(answer.says, style=status_style(answer.says.partition(" ")[0]))
    if not fits:
        says.append(f"  WRONG: has to be {question.case.right}", style="error")
    table.add_row(
        question.case.name,
        question.client,
        says,
        Text(answer.verified_by),
        f"{answer.milliseconds:.1f}",
        end_section=question.client.endswith("openssl POST"),
    )


def _say_what_next(scene: Scene, url: str, *, stay: bool, kept: bool) -> None:
    console = output()
    if not stay:
        again = "ocsp demo --stay" + ("" if kept else " --keep DIRECTORY")
        console.print(
            Text.assemble(
                "\nKeep it running, to ask it yourself:  ", (again, "command")
            )
        )
        return
    console.print(f"\nThe responder answers at [command]{url}[/command] until Ctrl-C.")
    for what, command in _commands(scene, url).items():
        console.print(
            Text.assemble(f"{what}:\n  ", (command, "command")), soft_wrap=True
        )


def _commands(scene: Scene, url: str) -> dict[str, str]:
    """Return what there is to try, in words and as a command."""
    good, issuer, database = scene.cases[0].file, scene.ca_file, scene.database
    ask = openssl_command("openssl", issuer, good, "-url", url)
    revoke = f"ocsp status revoke --db {database} --issuer {issuer} --cert {good}"
    return {
        "Ask it": shlex.join(ask),
        "Write a request": f"ocsp request --issuer {issuer} --cert {good} --format url",
        "Revoke it": f"{revoke} --reason superseded",
        "See the status": f"ocsp status list --db {database}",
    }


def _wait() -> None:
    """Wait for Ctrl-C, which is how a demo that stays is ended."""
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
