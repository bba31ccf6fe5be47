"""
``ocsp publish``: write the stored answers where clients get them without a responder.

A web server sends the files, or a CDN the objects, and asks the responder for the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import click
from cryptography.hazmat.primitives.serialization import Encoding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ocsp.cli.commands.config import DEFAULT_FILE
from ocsp.cli.exit_codes import CommandError, ExitCode
from ocsp.cli.help_text import COMMON_EXITS, epilog, helped_by
from ocsp.cli.parameters import Argument, Option
from ocsp.cli.render.console import errors
from ocsp.cli.render.json_output import write_json
from ocsp.errors import ConfigError, ConfigurationError
from ocsp.inspection.vocabulary import count, one_line
from ocsp.quantities import duration_from

if TYPE_CHECKING:
    from ocsp.publishing import (
        Alias,
        FileTarget,
        ObjectStorage,
        PublishCounts,
        PublishedState,
        Publisher,
        Target,
    )
    from ocsp.responder import Authority
    from ocsp.service import BuiltService
    from ocsp.service.configuration import Configuration
    from ocsp.store import Store

__all__ = ["publish"]

HELP = """Publish the stored answers for a web server or a CDN.

Writes them as files, or to an S3-compatible storage: what has changed since the last
run. Answers that end before the next run are removed. Answers must have been signed
ahead, by [cyan]ocsp serve[/cyan] or [cyan]ocsp presign[/cyan]."""

EPILOG = epilog(
    {
        "ocsp publish ocsp.toml --to /srv/ocsp --watch": (
            "files for nginx, and go on as answers change"
        ),
        "ocsp publish ocsp.toml --to s3://answers --every 1h": (
            "objects, once; a timer starts the command each hour"
        ),
        "ocsp publish ocsp.toml --to /srv/ocsp --dry-run": "only count",
    },
    {
        **COMMON_EXITS,
        ExitCode.SUCCESS: "all is published",
        ExitCode.PROBLEM: "some answers could not be published or removed",
    },
)

_S3 = "s3://"


@helped_by(EPILOG, HELP)
def publish(
    config: Annotated[
        str, Argument(metavar="FILE", help="Configuration file in TOML.")
    ] = DEFAULT_FILE,
    to: Annotated[
        str, Option(metavar="PLACE", help="A directory, or s3://BUCKET/PREFIX.")
    ] = "",
    watch: Annotated[
        bool, Option("--watch", help="Go on until Ctrl-C or SIGTERM.")
    ] = False,
    every: Annotated[
        str,
        Option(
            metavar="DURATION",
            help="How often it runs: the rounds of --watch, or of your timer.",
        ),
    ] = "5m",
    alias: Annotated[
        list[str] | None,
        Option(
            metavar="KIND",
            help="Publish under other spellings of the GET too: unpadded, url-safe,"
            " blank, no-parameters. Repeat it for several.",
        ),
    ] = None,
    lifetime: Annotated[
        str,
        Option(
            metavar="DURATION",
            help="From the time of a file to the end of its answer; by default that of"
            " the configuration in the first run.",
        ),
    ] = "",
    endpoint: Annotated[
        str, Option(metavar="URL", help="The S3-compatible storage, if not AWS.")
    ] = "",
    region: Annotated[
        str, Option(metavar="NAME", help="The region of the storage.")
    ] = "",
    credentials: Annotated[
        Path | None,
        Option(
            metavar="PATH",
            help="File with the credentials, as of the AWS command line; by default"
            " they are in the environment.",
        ),
    ] = None,
    max_age: Annotated[
        str, Option(metavar="DURATION", help="How long caches may keep an object.")
    ] = "1h",
    concurrency: Annotated[
        int,
        Option(metavar="N", min=1, max=1000, help="Requests at a time."),
    ] = 32,
    state: Annotated[
        Path | None,
        Option(metavar="PATH", help="File that remembers what is published."),
    ] = None,
    complete: Annotated[
        bool,
        Option("--complete", help="Publish all anew; remove the rest."),
    ] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Change nothing, and only count.")
    ] = False,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> int:
    """Publish, and say what was done."""
    if not to:
        raise CommandError("--to", "is missing", "give a directory or s3://BUCKET")
    if watch and dry_run:
        raise CommandError("--dry-run", "cannot be used with --watch")
    aliases = _aliases(alias or [])
    seconds = _seconds("--every", every)
    storage = _Storage(
        endpoint, region, credentials, _seconds("--max-age", max_age), concurrency
    )
    with contextlib.ExitStack() as opened:
        stop = opened.enter_context(_signals()) if watch else threading.Event()
        service = opened.enter_context(_Service(config))
        path = state or _state_path(to, Path(config).absolute().parent)
        known = _open_state(path, dry_run=dry_run)
        opened.callback(known.close)
        if to.startswith(_S3):
            target: Target = storage.open(to)
        else:
            target = _files(to, known, lifetime, service.configuration, dry_run=dry_run)

        def make() -> Publisher:
            return service.publisher(target, known, aliases, seconds, dry_run=dry_run)

        def renew() -> Publisher:
            service.renew()
            return make()

        publisher = make()
        publisher.is_complete = publisher.is_complete or complete
        with _progress(publisher, service) as show:
            counts = publisher.run(show, stop)
        _say(target, counts, as_json=as_json, dry_run=dry_run)
        if watch:
            from ocsp.publishing import watch_answers

            watch_answers(publisher, seconds, stop, renew)
    return ExitCode.PROBLEM if counts.failed else ExitCode.SUCCESS


# --- arguments ------------------------------------------------------------------------


def _seconds(option: str, text: str) -> int:
    try:
        found = int(duration_from(text).total_seconds())
    except ValueError as error:
        raise CommandError(option, str(error)) from error
    if found < 1:
        raise CommandError(option, f"{text!r} is less than a second")
    return found


def _aliases(names: Sequence[str]) -> list[Alias]:
    from ocsp.publishing import Alias

    known = {each.value: each for each in Alias}
    for name in names:
        if name not in known:
            raise CommandError("--alias", f"{name!r} is none of {', '.join(known)}")
    return [known[each] for each in names]


def _state_path(to: str, folder: Path) -> Path:
    """Return where the state is by default: the place itself cannot always have it."""
    if not to.startswith(_S3):
        return Path(to) / "state.db"
    name = "".join(each if each.isalnum() else "-" for each in to.removeprefix(_S3))
    return folder / f"published-{name.strip('-')}.db"


def _open_state(path: Path, *, dry_run: bool) -> PublishedState:
    from ocsp.publishing import PublishedState

    return PublishedState(path, read_only=dry_run)


class _Storage(NamedTuple):
    """The options of an object storage."""

    endpoint: str
    region: str
    credentials: Path | None
    max_age: int
    concurrency: int

    def open(self, to: str) -> ObjectStorage:
        """Return the bucket in *to*."""
        from ocsp.publishing import ObjectStorage, read_credentials

        path = self.credentials
        bucket, _, prefix = to.removeprefix(_S3).partition("/")
        try:
            return ObjectStorage(
                bucket,
                prefix.strip("/"),
                endpoint=self.endpoint,
                region=self.region,
                credentials=None if path is None else read_credentials(path),
                max_age=self.max_age,
                concurrency=self.concurrency,
            )
        except ConfigError as error:
            raise CommandError(error.key, error.reason) from error


def _files(
    to: str,
    state: PublishedState,
    option: str,
    configuration: Configuration,
    *,
    dry_run: bool,
) -> FileTarget:
    """
    Return the directory *to*, with the lifetime that it has, or the one wanted.

    A change of the configuration does not change it: the web server would not know.
    """
    from ocsp.publishing import FileTarget

    known = state.read("lifetime")
    if option:
        lifetime = _seconds("--lifetime", option)
    elif known:
        lifetime = int(known)
    else:
        answers = configuration.answers
        lifetime = int((answers.validity + answers.backdate).total_seconds())
    if str(lifetime) != known and not dry_run:
        state.write("lifetime", str(lifetime))
        click.echo(
            f"nginx needs this line: expires modified +{lifetime - 1}s;", err=True
        )
    return FileTarget(Path(to), lifetime)


class _Service:
    """What is built from the configuration file, and built again for new signers."""

    def __init__(self, config: str) -> None:
        self._config = config
        self._built = self._build()

    def _build(self) -> BuiltService:
        from ocsp.cli.input.configuration import reported
        from ocsp.service import build_service, read_configuration

        with reported():
            file = read_configuration(self._config)
            try:
                return build_service(file.configuration, read_only=True)
            except ConfigurationError as error:
                raise file.locate(error) from error

    def renew(self) -> None:
        """Read the configuration, the keys and the certificates again."""
        try:
            built = self._build()
        except CommandError as error:
            raise ConfigError(error.where, error.what) from error
        before, self._built = self._built, built
        before.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._built.close()

    @property
    def configuration(self) -> Configuration:
        """The configuration."""
        return self._built.configuration

    @property
    def store(self) -> Store:
        """The database."""
        from ocsp.service.configuration.model import SignaturePolicy

        if self._built.store is None:
            raise CommandError(
                self._config, "the status of no issuer is in the database"
            )
        if self.configuration.requests.signatures is SignaturePolicy.REQUIRE:
            raise CommandError(
                self._config,
                "requests.signatures is 'require', and published answers are for"
                " everyone",
            )
        return self._built.store

    @property
    def authorities(self) -> list[Authority]:
        """The authorities whose stored answers are given."""
        return [each for each in self._built.stored if each.compromised is None]

    def publisher(
        self,
        target: Target,
        state: PublishedState,
        aliases: Sequence[Alias],
        seconds: int,
        *,
        dry_run: bool,
    ) -> Publisher:
        """Return what publishes the answers in the database."""
        from ocsp.publishing import Publisher, boot_identifier
        from ocsp.service.signing_ahead import forms_of

        return Publisher(
            self.store,
            self._built.responder,
            [each.issuer for each in self.authorities],
            target,
            state,
            forms=forms_of(self.configuration),
            aliases=aliases,
            signers=[
                hashlib.sha256(signer.certificate.public_bytes(Encoding.DER)).digest()
                for each in self.authorities
                for signer in each.signers
            ],
            backdate=int(self.configuration.answers.backdate.total_seconds()),
            seconds=seconds,
            dry_run=dry_run,
            boot=boot_identifier(),
        )


# --- what is shown --------------------------------------------------------------------


@contextlib.contextmanager
def _progress(
    publisher: Publisher, service: _Service
) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on a terminal; only a complete round has a known size."""
    console = errors()
    total = None
    if console.is_terminal and publisher.is_complete:
        counted = sum(
            service.store.count(each.key).total for each in service.authorities
        )
        total = counted * len(publisher.forms)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("publishing", total=total)
        yield lambda number: bar.update(task, advance=number)


def _say(
    target: Target, counts: PublishCounts, *, as_json: bool, dry_run: bool
) -> None:
    if as_json:
        write_json(
            {
                "type": "publish",
                "place": target.name,
                "published": counts.published,
                "removed": counts.removed,
                "failed": counts.failed,
                "dry_run": dry_run,
            }
        )
        return
    would = "would be " if dry_run else ""
    failed = f", {counts.failed:,} failed" if counts.failed else ""
    published = f"{count(counts.published, 'answer')} {would}published"
    text = f"{published}, {counts.removed:,} {would}removed{failed}"
    click.echo(one_line(f"{target.name}: {text}"))


# --- watching -------------------------------------------------------------------------


@contextlib.contextmanager
def _signals() -> Iterator[threading.Event]:
    """Yield what a signal sets; it does not end the first process of a container."""
    stop = threading.Event()
    before = [
        (number, signal.signal(number, lambda *_: stop.set()))
        for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield stop
    finally:
        for number, handler in before:
            signal.signal(number, handler)
