"""A reload takes every setting: the processes that run use it, or new ones do."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel

import ocsp
from ocsp.metrics import Totals
from ocsp.process_clock import ProcessClock
from ocsp.server.request_handler import Reply
from ocsp.service import Configuration, build_service, read_configuration
from ocsp.service.processes.channel import Channel
from ocsp.service.processes.supervisor import _taken_at_start
from ocsp.service.processes.task import run_task
from ocsp.service.processes.updater import Updater
from ocsp.service.processes.worker import Worker
from ocsp.store import SQLiteStore
from ocsp.testing.throwaway_ca import Pointers, new_ec_key
from tests.ca_folder import DAY, CAFolder


class Running(NamedTuple):
    """A worker and an updater that use one configuration after the other."""

    files: CAFolder
    worker: Worker
    updater: Updater

    def ask(self, certificate: x509.Certificate | None = None) -> Reply:
        """Return the answer of the worker about a certificate, with a nonce."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            certificate or self.files.web, self.files.ca.certificate, hashes.SHA256()
        )
        request = builder.add_extension(x509.OCSPNonce(b"n" * 16), critical=False)
        handler = self.worker._handler
        assert handler is not None
        der = request.build().public_bytes(Encoding.DER)
        answer = handler.handle("POST", b"/", der)
        assert isinstance(answer, Reply)
        return answer

    @property
    def response(self) -> ocsp.OCSPResponse:
        """The response about the certificate that the CA has issued."""
        return ocsp.load_der_ocsp_response(self.ask().body)


def _minutes(running: Running) -> float:
    response = running.response
    assert response.next_update_utc is not None
    return (response.next_update_utc - response.this_update_utc).total_seconds() / 60


def _nonce(running: Running) -> bool:
    return any(
        isinstance(each.value, x509.OCSPNonce) for each in running.response.extensions
    )


def _unlisted(running: Running) -> object:
    ca, validity = running.files.ca, running.files.validity
    other = ca.leaf("other.example.org", validity, new_ec_key(), Pointers())
    response = ocsp.load_der_ocsp_response(running.ask(other.certificate).body)
    successful = response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    return response.certificate_status.name if successful else None


def _presigner(running: Running) -> Any:
    assert running.updater._signing is not None
    return running.updater._signing.presigner


def _retention(running: Running) -> Any:
    assert running.updater._signing is not None
    return running.updater._signing._updater._pruning._retention


def _caches(running: Running) -> int:
    return len(running.updater._work[1]._threads)


class Reload(NamedTuple):
    """A change of a setting, and what it changes."""

    before: str
    after: str
    observe: Callable[[Running], object]
    expected: tuple[object, object]


def _status(running: Running) -> str:
    return running.response.certificate_status.name


RELOADS = {
    "answers.validity": Reload(
        '[answers]\nvalidity = "2h"', '[answers]\nvalidity = "3h"', _minutes, (125, 185)
    ),
    "answers.backdate": Reload("", '[answers]\nbackdate = "2m"', _minutes, (485, 482)),
    "answers.nonce": Reload("", '[answers]\nnonce = "ignore"', _nonce, (True, False)),
    "answers.forms": Reload(
        "",
        '[answers]\nforms = ["sha1"]',
        lambda it: len(_presigner(it)._forms),
        (2, 1),
    ),
    "answers.cache_tag": Reload(
        "",
        '[answers]\ncache_tag = "xkey"',
        lambda it: it.worker._handler.cache_tag,
        (None, "xkey"),
    ),
    "requests.signatures": Reload(
        "",
        '[requests]\nsignatures = "require"\ntrusted = ["ca.pem"]',
        lambda it: it.response.response_status.name,
        ("SUCCESSFUL", "SIG_REQUIRED"),
    ),
    "requests.trusted": Reload(
        '[requests]\nsignatures = "require"\ntrusted = ["ca.pem"]',
        '[requests]\nsignatures = "require"\ntrusted = ["ca.pem", "web.pem"]',
        lambda it: len(it.worker._service.requestors._trusted),
        (1, 2),
    ),
    "signing.alarm": Reload(
        "",
        '[signing]\nalarm = "400d"',
        lambda it: it.worker._handler.watch._alarm,
        (14 * DAY, 400 * DAY),
    ),
    "retention.expired": Reload(
        "",
        '[retention]\nexpired = "30d"',
        lambda it: _retention(it).certificates,
        (None, 30 * DAY),
    ),
    "retention.audit": Reload(
        "",
        '[retention]\naudit = "400d"',
        lambda it: _retention(it).events,
        (None, 400 * DAY),
    ),
    "purge.urls": Reload(
        "", '[purge]\nurls = ["http://127.0.0.1:1/"]', _caches, (0, 1)
    ),
    "purge.webhook": Reload(
        "", '[purge]\nwebhook = "http://127.0.0.1:1/"', _caches, (0, 1)
    ),
    "purge.command": Reload("", '[purge]\ncommand = "true"', _caches, (0, 1)),
    "database": Reload(
        "", 'database = "sqlite:other.db"', _status, ("GOOD", "REVOKED")
    ),
}
"""What the processes that run take over."""

ISSUER_RELOADS = {
    "unlisted": Reload("", 'unlisted = "unknown"', _unlisted, (None, "UNKNOWN")),
    "compromised": Reload(
        "", "compromised = 2026-01-01T00:00:00Z", _status, ("GOOD", "REVOKED")
    ),
    "cert_hash": Reload(
        "",
        "cert_hash = true",
        lambda it: it.worker._service.authorities[0].cert_hash,
        (False, True),
    ),
    "trust": Reload(
        "",
        'trust = "local"',
        lambda it: it.worker._service.authorities[0].trust.value,
        ("issuer", "local"),
    ),
    "source": Reload(
        "", 'source = { index_txt = "index.txt" }', _status, ("GOOD", "REVOKED")
    ),
}

NEW_PROCESSES = {
    *("workers", "role", "valkey", "files", "upstream", "answers.memory"),
    *("signing.in_flight", "signing.waiting", "log.access"),
}
"""What new workers take: see :func:`test_new_workers_take_what_others_do_not`."""

ELSEWHERE = {
    "listen": "test_a_reload_can_change_the_addresses_and_the_workers",
    "admin.listen": "the supervisor compares the whole table: a new updater takes it",
    "admin.token_file": "likewise",
    "admin.allowed_hosts": "likewise",
    "log.format": "test_a_process_takes_the_settings_of_its_log",
    "log.level": "test_a_process_takes_the_settings_of_its_log",
    "purge.secret_file": "is read with purge.webhook",
    "issuer": "the rows of ISSUER_RELOADS, and test_a_reload_loses_no_request",
}


def test_every_setting_is_in_a_table() -> None:
    """A new one needs a test of its reload."""
    assert set(_settings(Configuration)) == {*RELOADS, *NEW_PROCESSES, *ELSEWHERE}


def _settings(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        inner = [
            each
            for each in kinds
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        if inner and name != "issuer":
            yield from _settings(inner[0], f"{path}{name}.")
        else:
            yield f"{path}{name}"


def _check(folder: Path, reload: Reload, write: Callable[[CAFolder, str], str]) -> None:
    """Let a worker and an updater use both configurations, and observe them."""
    files = CAFolder(folder)
    with SQLiteStore(folder / "other.db", create=True) as store:
        store.add(files.ca.certificate, files.web.serial_number)
        store.revoke(files.ca.certificate, files.web.serial_number)
    number = f"{files.web.serial_number:X}"
    number = number.zfill(len(number) + len(number) % 2)
    line = f"R\t360101000000Z\t260101000000Z\t{number}\tunknown\t/CN=web"
    files.write("index.txt", f"{line}\n")

    async def main() -> list[object]:
        clock, stop = ProcessClock(), asyncio.Event()
        worker = Worker("worker-1", [], Totals().add, clock)
        updater = Updater("updater", [], Totals(), clock)
        found: list[object] = []
        taken_at_start = set()
        for text in (reload.before, reload.after):
            files.write("ocsp.toml", write(files, text))
            configuration = read_configuration(files.configuration).configuration
            taken_at_start.add(_taken_at_start(configuration))
            worker.use(build_service(configuration))
            updater.use(build_service(configuration))
            found.append(reload.observe(Running(files, worker, updater)))
        assert len(taken_at_start) == 1, "the supervisor starts new workers"
        stop.set()
        await updater.run(stop)
        await worker.run(stop)
        return found

    assert tuple(asyncio.run(main())) == reload.expected


@pytest.mark.parametrize("name", RELOADS)
def test_the_processes_that_run_take_a_setting(name: str, tmp_path: Path) -> None:
    """The worker and the updater do what the last configuration says."""

    def write(files: CAFolder, text: str) -> str:
        top, issuer = files.settings().split("[[issuer]]")
        if text.startswith("database"):
            top = top.replace('database = "sqlite:status.db"', "")
        return f"{top}{text}\n[[issuer]]{issuer}"

    _check(tmp_path, RELOADS[name], write)


@pytest.mark.parametrize("name", ISSUER_RELOADS)
def test_the_processes_that_run_take_a_setting_of_an_issuer(
    name: str, tmp_path: Path
) -> None:
    """Its answers are those of the last configuration."""
    _check(
        tmp_path,
        ISSUER_RELOADS[name],
        lambda files, text: f"{files.settings()}{text}\n",
    )


OF_AN_EDGE = 'role = "edge"\nfiles = "site"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "workers = 2"),
        ("", 'role = "serve"'),
        ("", 'valkey = "valkey://127.0.0.1:1"'),
        (OF_AN_EDGE, 'role = "edge"\nfiles = "other"'),
        (OF_AN_EDGE, f'{OF_AN_EDGE}upstream = ["http://127.0.0.1:1/"]'),
        (OF_AN_EDGE, f'{OF_AN_EDGE}[answers]\nforms = ["both"]'),
        ("", '[answers]\nmemory = "1MiB"'),
        ("", "[signing]\nin_flight = 3"),
        ("", "[signing]\nwaiting = 3"),
        ("", '[log]\naccess = "requests"'),
    ],
)
def test_new_workers_take_what_others_do_not(
    before: str, after: str, tmp_path: Path
) -> None:
    """The old ones finish their requests."""

    def taken(text: str) -> object:
        signers = '[[issuer]]\ncertificate = "ca.pem"\n'
        if "edge" not in text:
            signers += 'signers = [{ certificate = "r.pem", key = "r.key" }]\n'
        path = tmp_path / "ocsp.toml"
        path.write_text(f"{text}\n{signers}")
        return _taken_at_start(read_configuration(path).configuration)

    assert taken(before) != taken(after)


def test_the_admin_port_takes_another_token(tmp_path: Path) -> None:
    """Also if only the content of its file has changed."""
    files = CAFolder(tmp_path)
    top = 'admin = { listen = "127.0.0.1:0", token_file = "token" }'
    files.write("ocsp.toml", files.settings(top=top))

    async def main() -> list[int]:
        listening = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/metrics"
        updater, stop = (
            Updater("updater", [listening], Totals(), ProcessClock()),
            asyncio.Event(),
        )
        running, found = None, []
        async with httpx.AsyncClient(trust_env=False) as client:
            for token in ("a" * 32, "b" * 32):
                files.write_secret("token", token)
                configuration = read_configuration(files.configuration).configuration
                updater.use(build_service(configuration))
                running = running or asyncio.create_task(updater.run(stop))
                for given in ("a" * 32, "b" * 32):
                    headers = {"authorization": f"bearer {given}"}
                    reply = await client.get(url, headers=headers)
                    found.append(reply.status_code)
        stop.set()
        await running
        return found

    assert asyncio.run(main()) == [200, 401, 401, 200]


def test_a_process_takes_the_settings_of_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The format and the level, each time."""
    files = CAFolder(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    async def main() -> list[int]:
        ours, theirs = socket.socketpair()
        parent, child = await Channel.over(ours), await Channel.over(theirs)
        updater = Updater("updater", [], Totals(), ProcessClock())
        running = asyncio.create_task(run_task(updater, child, asyncio.Event()))
        found = []
        for table in ("", '[log]\nlevel = "error"\nformat = "json"'):
            files.write("ocsp.toml", files.settings(top=table))
            configuration = read_configuration(files.configuration).configuration
            await parent.send(
                "configuration",
                configuration.model_dump(mode="json", exclude_none=True),
            )
            assert await parent.receive() == ("configured", None)
            found.append(root.level)
            logging.getLogger("ocsp.service").error("a line")
        await parent.send("stop")
        await running
        parent.close()
        child.close()
        return found

    try:
        assert asyncio.run(main()) == [logging.INFO, logging.ERROR]
    finally:
        root.handlers[:], root.level = handlers, level
    first, second = capsys.readouterr().err.splitlines()[-2:]
    assert first.startswith("time=")
    assert json.loads(second)["message"] == "a line"
