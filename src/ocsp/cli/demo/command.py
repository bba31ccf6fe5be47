"""
``ocsp demo``: run a CA, a responder and its clients on this machine.

The demo runs the whole service from end to end, shows the answer that each client got
to each query, and fails if an answer is wrong.
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
from ocsp.cli.demo.scene import REVOKED_SINCE, Case, Scene, make_scene
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import INPUT_ERROR, epilog
from ocsp.cli.render.console import errors, output, status_style, warn
from ocsp.responder import Authority, Responder
from ocsp.server import RequestHandler, base_url, bind, serve_in_thread
from ocsp.store import SQLiteStore

__all__ = ["EPILOG", "HELP", "demo"]

HELP = """Run a CA, a responder and its clients on this machine, and show the answers.

There are three certificates: one good, one revoked, one that the CA never issued. Two
clients ask about each, by GET and by POST: this package and the [cyan]openssl[/cyan]
program."""

EPILOG = epilog(
    {
        "ocsp demo": "show the answers, and delete the files",
        "ocsp demo --stay": "keep the responder running, to try other clients",
        "ocsp demo --keep try --stay": "and keep the files in the new directory try",
    },
    {
        ExitCode.SUCCESS: "every answer was right",
        ExitCode.PROBLEM: "an answer was wrong",
        ExitCode.INPUT_ERROR: INPUT_ERROR,
        ExitCode.INTERRUPTED: "interrupted with Ctrl-C",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query: the certificate, the client that asks, and how it asks."""

    case: Case
    client: str
    ask: Callable[[], Answer]


def demo(
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Port to listen on; 0 for a free one.",
        ),
    ] = 0,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep the responder running until Ctrl-C.")
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIRECTORY", help="New directory to keep the files in."),
    ] = None,
) -> int:
    """Run the demo."""
    with _directory(keep) as directory:
        bound = bind("127.0.0.1", port)
        url = base_url(bound) + "/"
        now = datetime.datetime.now(datetime.UTC)
        scene, key_signer = make_scene(directory, url, now)
        with SQLiteStore(scene.database, create=True) as source:
            _issue(scene, source, now)
            responder = Responder([Authority(scene.issuer, [key_signer])])
            with serve_in_thread(RequestHandler(responder, source), bound):
                right = _ask_all(scene, url)
                _print_next_steps(scene, url, stay=stay, kept=keep is not None)
                if stay:
                    _wait()
    return ExitCode.SUCCESS if right else ExitCode.PROBLEM


@contextlib.contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    """Yield the directory for the files: *keep*, or one that is deleted at the end."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="ocsp-demo-") as name:
            yield Path(name)
        return
    try:
        keep.mkdir(parents=True)
    except FileExistsError as error:
        raise CommandError(str(keep), "exists already", "--keep creates it") from error
    except OSError as error:
        raise CommandError(str(keep), error.strerror or str(error)) from error
    yield keep


def _issue(scene: Scene, source: SQLiteStore, now: datetime.datetime) -> None:
    """Record in the database: two certificates are issued, one of them is revoked."""
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
    """Ask every query, show the table, and return whether all answers are right."""
    openssl = find_openssl()
    if openssl is None:
        warn("the openssl program is not installed: only this package asks")
    table = _empty_table()
    right = True
    package = PackageClient(url, scene.issuer)
    with contextlib.closing(package), _progress() as progress:
        program = None
        if openssl is not None:
            program = OpenSSLClient(openssl, url, scene.ca_file, package.fetch)
        queries = list(_queries(scene, package, program))
        task = progress.add_task("asking", total=None)
        for query in queries:
            progress.update(task, description=f"{query.client}: {query.case.name}")
            answer = query.ask()
            is_right = answer.says == query.case.right
            right = right and is_right
            _add_row(table, query, answer, is_right=is_right)
    output().print(table)
    return right


def _queries(
    scene: Scene, package: PackageClient, program: OpenSSLClient | None
) -> Iterator[Query]:
    for case in scene.cases:
        asks = {
            "ocsp GET": partial(package.get, case.certificate),
            "ocsp POST": partial(package.post, case.certificate),
        }
        if program is not None:
            asks["openssl GET"] = partial(program.get, case.file)
            asks["openssl POST"] = partial(program.post, case.file)
        for client, ask in asks.items():
            yield Query(case=case, client=client, ask=ask)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=errors(),
        transient=True,
    )


def _empty_table() -> Table:
    table = Table(
        title="Answers of the responder",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("certificate", style="heading")
    table.add_column("client")
    table.add_column("answer")
    table.add_column("verified by")
    table.add_column("ms", justify="right")
    return table


def _add_row(table: Table, query: Query, answer: Answer, *, is_right: bool) -> None:
    says = Text(answer.says, style=status_style(answer.says.partition(" ")[0]))
    if not is_right:
        says.append(f"  WRONG: expected {query.case.right}", style="error")
    table.add_row(
        query.case.name,
        query.client,
        says,
        Text(answer.verified_by),
        f"{answer.milliseconds:.1f}",
        end_section=query.client.endswith("openssl POST"),
    )


def _print_next_steps(scene: Scene, url: str, *, stay: bool, kept: bool) -> None:
    console = output()
    if not stay:
        again = "ocsp demo --stay" + ("" if kept else " --keep DIRECTORY")
        console.print(
            Text.assemble(
                "\nTo keep the responder running, and ask it yourself:  ",
                (again, "command"),
            )
        )
        return
    console.print(f"\nThe responder listens at [command]{url}[/command] until Ctrl-C.")
    for what, command in _commands(scene, url).items():
        console.print(
            Text.assemble(f"{what}:\n  ", (command, "command")), soft_wrap=True
        )


def _commands(scene: Scene, url: str) -> dict[str, str]:
    """Return commands to try, by their purpose."""
    good, issuer, database = scene.cases[0].file, scene.ca_file, scene.database
    ask = openssl_command("openssl", issuer, good, "-url", url)
    revoke = f"ocsp status revoke --db {database} --issuer {issuer} --cert {good}"
    return {
        "Ask the responder": shlex.join(ask),
        "Write a request": f"ocsp request --issuer {issuer} --cert {good} --format url",
        "Revoke the good certificate": f"{revoke} --reason superseded",
        "List the status": f"ocsp status list --db {database}",
    }


def _wait() -> None:
    """Wait for Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
