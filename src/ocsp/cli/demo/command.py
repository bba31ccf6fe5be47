"""
``ocsp demo``: run a CA, a responder and its clients on this machine.

The demo runs the whole service from end to end, shows the answer that each client got
to each query, and fails if an answer is wrong.
"""

from __future__ import annotations

import contextlib
import datetime
import shlex
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

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
from ocsp.cli.help_text import INPUT_ERROR, epilog, helped_by
from ocsp.cli.parameters import Option
from ocsp.cli.render.console import errors, note, output, status_style, warn
from ocsp.errors import FetchError
from ocsp.server import base_url, bind
from ocsp.store import SQLiteStore

__all__ = ["demo"]

HELP = """Run a CA, a responder and its clients on this machine, and show the answers.

There are three certificates: one good, one revoked, one that the CA never issued. Two
clients ask about each, by GET and by POST: this package and the [cyan]openssl[/cyan]
program. The responder is that of [cyan]ocsp serve[/cyan], and has its page for
operators."""

EPILOG = epilog(
    {
        "ocsp demo": "show the answers, and delete the files",
        "ocsp demo --stay": "keep it running, to try other clients and the page",
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
class URLs:
    """Where the responder listens for clients, and where its page for operators is."""

    responder: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query: the certificate, the client that asks, and how it asks."""

    case: Case
    client: str
    ask: Callable[[], Answer]


@helped_by(EPILOG, HELP)
def demo(
    port: Annotated[
        int,
        Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Port to listen on; 0 for a free one.",
        ),
    ] = 0,
    stay: Annotated[
        bool, Option("--stay", help="Keep the responder running until Ctrl-C.")
    ] = False,
    keep: Annotated[
        Path | None,
        Option(metavar="DIRECTORY", help="New directory to keep the files in."),
    ] = None,
) -> int:
    """Run the demo."""
    # pydantic is needed only here, and would slow the start of other commands down.
    from ocsp.service import configuration_of, serve_in_thread

    with _directory(keep) as directory:
        public, admin = bind("127.0.0.1", port), bind("127.0.0.1", 0)
        urls = URLs(responder=f"{base_url(public)}/", page=f"{base_url(admin)}/")
        now = datetime.datetime.now(datetime.UTC)
        scene = make_scene(directory, urls.responder, now)
        with SQLiteStore(scene.database, create=True) as store:
            _issue(scene, store, now)
        with serve_in_thread(configuration_of(_settings(scene)), public, admin):
            right = _ask_all(scene, urls, stay=stay)
            if stay:
                _print_next_steps(scene, urls)
                _wait()
    if not stay:
        _print_how_to_stay()
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


def _settings(scene: Scene) -> dict[str, Any]:
    """Return the settings of the responder, as a file for ``ocsp serve`` has them."""
    signer = {"certificate": scene.responder_file, "key": scene.key_file}
    issuer = {"certificate": scene.ca_file, "signers": [signer]}
    return {"database": scene.database, "issuer": [issuer]}


def _issue(scene: Scene, store: SQLiteStore, now: datetime.datetime) -> None:
    """Record in the database: two certificates are issued, one of them is revoked."""
    for case in scene.issued:
        store.add(
            scene.issuer,
            case.certificate.serial_number,
            subject=case.certificate.subject.rfc4514_string(),
            expires=case.certificate.not_valid_after_utc,
        )
    store.revoke(
        scene.issuer,
        scene.revoked.certificate.serial_number,
        now - REVOKED_SINCE,
        ReasonFlags.key_compromise,
    )


def _ask_all(scene: Scene, urls: URLs, *, stay: bool) -> bool:
    """
    Ask every query, and open the page for operators.

    Shows the answers and the addresses, which are used no longer unless both *stay*,
    and returns whether everything is right.
    """
    openssl = find_openssl()
    if openssl is None:
        warn("the openssl program is not installed: only this package asks")
    table = _empty_table()
    right = True
    package = PackageClient(urls.responder, scene.issuer)
    with contextlib.closing(package), _progress() as progress:
        program = None
        if openssl is not None:
            program = OpenSSLClient(
                openssl, urls.responder, scene.ca_file, package.fetch
            )
        page = _open_page(package, urls.page)
        queries = list(_queries(scene, package, program))
        task = progress.add_task("asking", total=None)
        for query in queries:
            progress.update(task, description=f"{query.client}: {query.case.name}")
            answer = query.ask()
            is_right = answer.says == query.case.right
            right = right and is_right
            _add_row(table, query, answer, is_right=is_right)
    output().print(table)
    at = ": " if stay else " was at: "
    width = len(f"The page for operators{at} ")
    for what, url, problem in (
        ("The responder", urls.responder, Text()),
        ("The page for operators", urls.page, page),
    ):
        label = f"{what}{at}".ljust(width)
        output().print(Text.assemble(label, (url, "command"), problem))
    return right and not page


def _open_page(package: PackageClient, url: str) -> Text:
    """Return why the page at *url* cannot be opened, or an empty text."""
    try:
        package.fetch(url)
    except FetchError as error:
        return Text(f"  WRONG: {error}", style="error")
    return Text()


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


def _print_how_to_stay() -> None:
    output().print(
        Text.assemble(
            "\nBoth have stopped. To ask the responder yourself, and to open the page:"
            "\n  ",
            (f"{_program()} demo --stay", "command"),
        ),
        soft_wrap=True,
    )


def _print_next_steps(scene: Scene, urls: URLs) -> None:
    for what, command in _commands(scene, urls.responder).items():
        output().print(
            Text.assemble(f"\n{what}:\n  ", (command, "command")), soft_wrap=True
        )
    note("\n[quiet]stop:[/quiet] [command]Ctrl-C[/command]")


def _commands(scene: Scene, url: str) -> dict[str, str]:
    """Return commands to try, by their purpose."""
    good, issuer, database = scene.cases[0].file, scene.ca_file, scene.database
    ask = openssl_command("openssl", issuer, good, "-url", url)
    ocsp = _program()
    request = f"{ocsp} request --issuer {issuer} --cert {good}"
    revoke = f"{ocsp} status revoke --db {database} --issuer {issuer} --cert {good}"
    return {
        "Ask the responder": shlex.join(ask),
        "Write a request": f"{request} --format url",
        "Revoke the good certificate": f"{revoke} --reason superseded",
        "List the status": f"{ocsp} status list --db {database}",
    }


def _program() -> str:
    """Return how the user can call this program: by its path if it is not in PATH."""
    path = Path(sys.argv[0])
    is_hidden = path.name == "ocsp" and shutil.which("ocsp") is None
    return shlex.quote(str(path)) if is_hidden else "ocsp"


def _wait() -> None:
    """Wait for Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
