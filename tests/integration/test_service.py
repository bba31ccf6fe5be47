"""The processes of ``ocsp serve``: killed, reloaded under load, stopped, activated."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from tests.ca_folder import CAFolder
from tests.integration.services import (
    PROGRAM,
    SECONDS,
    Load,
    Service,
    ask,
    request_for,
    running,
    serving,
)

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux", reason="processes are found in the /proc of Linux"
    ),
]

GOOD = ocsp.OCSPCertStatus.GOOD
ADMIN = 'admin = { listen = "127.0.0.1:0" }'


@pytest.fixture
def files(tmp_path: Path) -> CAFolder:
    """Write the files of a CA, for a service with two workers."""
    files = CAFolder(tmp_path)
    files.write("ocsp.toml", files.settings(top="workers = 2"))
    return files


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Run a service with two workers for several tests; each leaves it answering."""
    files = CAFolder(tmp_path_factory.mktemp("service"))
    files.write("ocsp.toml", files.settings(top=f"workers = 2\n{ADMIN}"))
    revoked = files.issue("revoked.example.org")
    with serving(files.folder, urls=2) as service:
        yield Shared(files, service, revoked)


class Shared(NamedTuple):
    """A running service and its files."""

    files: CAFolder
    service: Service
    leaf: x509.Certificate


def _request(files: CAFolder) -> bytes:
    return request_for(files.web, files.ca.certificate)


def _validity(response: ocsp.OCSPResponse) -> float:
    assert response.next_update_utc is not None
    return (response.next_update_utc - response.this_update_utc).total_seconds()


def test_a_reload_loses_no_request(shared: Shared) -> None:
    """Neither a good configuration nor a bad one; the good one is then used."""
    files, service, _ = shared
    request = _request(files)
    with Load(service.url, request, clients=4) as load:
        load.wait_for_more()
        before = service.children()

        files.add_delegate("next")
        files.write(
            "ocsp.toml",
            files.settings(
                top=f"workers = 2\n{ADMIN}\n"
                'answers = { validity = "3h", backdate = "0s" }',
                signer="next",
            ),
        )
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("reloaded the configuration")
        load.wait_for_more()
        response = ask(service.url, request)
        assert _validity(response) == 3 * 3600
        assert response.certificates[0].subject.rfc4514_string() == "CN=next"

        files.write("ocsp.toml", files.settings(top="worker = 2", signer="next"))
        service.process.send_signal(signal.SIGHUP)
        line = service.wait_for("not reloaded")
        assert "ocsp.toml:3: worker: is not a setting; did you mean workers?" in line
        service.wait_for("stays in force")
        load.wait_for_more()
        _shows_the_refusal(service.urls[1])
        assert _validity(ask(service.url, request)) == 3 * 3600
        assert service.children() == before
    assert load.failures == []


def _shows_the_refusal(admin: str) -> None:
    """Check that the admin port says what is in force, and who said why."""
    ready, end = "", time.monotonic() + SECONDS
    with httpx.Client(base_url=admin, trust_env=False, timeout=SECONDS) as operator:
        while "the last reload was refused" not in ready and time.monotonic() < end:
            ready = operator.get("/ready").text
        assert "the last reload was refused" in ready
        page = operator.get("/log").text
    assert re.search(r"ERROR supervisor ocsp\.service: not reloaded: ", page)


def test_a_reload_can_change_the_addresses_and_the_workers(files: CAFolder) -> None:
    """New workers take the place of the old ones; the old address is closed."""
    request = _request(files)
    with serving(files.folder) as service:
        before = service.children()
        port = _free_port()
        listen = f'listen = ["127.0.0.1:{port}"]'
        text = files.settings(top="workers = 3")
        files.write("ocsp.toml", text.replace('listen = ["127.0.0.1:0"]', listen))
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("reloaded the configuration")
        after = service.children()
        assert set(after) == {"worker-1", "worker-2", "worker-3", "updater"}
        assert not set(after.values()) & {before["worker-1"], before["worker-2"]}
        response = ask(f"http://127.0.0.1:{port}/", request)
        assert response.certificate_status is GOOD
        with pytest.raises(ConnectionRefusedError):
            ask(service.url, request)


@pytest.mark.parametrize("name", ["worker-1", "updater"])
def test_a_killed_process_is_started_again(shared: Shared, name: str) -> None:
    """The others go on, and every new connection gets an answer."""
    files, service, _ = shared
    request = _request(files)
    before = service.children()
    os.kill(before[name], signal.SIGKILL)
    for _ in range(20):
        assert ask(service.url, request).certificate_status is GOOD
    service.wait_for(f"{name} (process {before[name]}) ended with signal 9")
    service.wait_for(") is ready")
    after = service.children()
    assert set(after) == set(before)
    assert {each for each in before if before[each] != after[each]} == {name}


def test_the_admin_port_shows_all_processes(shared: Shared) -> None:
    """Health, readiness and metrics; a reload keeps the port and the counts."""
    admin = shared.service.urls[1]
    with httpx.Client(base_url=admin, trust_env=False, timeout=SECONDS) as operator:
        assert operator.get("/live").status_code == 200
        ready = operator.get("/ready")
        assert ready.status_code == 200, ready.text
        for name in ("supervisor", "worker-1", "worker-2", "updater"):
            assert name not in ready.text or "silent" not in ready.text
        answered = ask(shared.service.url, _request(shared.files))
        assert answered.certificate_status is GOOD
        metrics, end = "", time.monotonic() + SECONDS
        while "ocsp_responses_total{" not in metrics and time.monotonic() < end:
            metrics = operator.get("/metrics").text  # each process reports every second
        assert 'status="successful"' in metrics
        assert "ocsp_config_reload_failed" in metrics
        assert "ocsp_signer_left_seconds{" in metrics
        assert "CN=Example CA" in operator.get("/").text


def test_sigterm_lets_requests_finish(files: CAFolder) -> None:
    """A request that has begun gets its answer; the exit code is 0."""
    request = _request(files)
    with serving(files.folder) as service:
        parts = urllib.parse.urlsplit(service.url)
        with socket.create_connection((parts.hostname, parts.port), SECONDS) as client:
            head = (
                f"POST / HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                f"Content-Length: {len(request)}\r\n"
                "Content-Type: application/ocsp-request\r\n\r\n"
            )
            client.sendall(head.encode() + request[:10])
            # Another request on the same worker or the other: the first has arrived.
            assert ask(service.url, request).certificate_status is GOOD
            children = service.children()
            service.process.send_signal(signal.SIGTERM)
            client.sendall(request[10:])
            reply = http.client.HTTPResponse(client)
            reply.begin()
            response = ocsp.load_der_ocsp_response(reply.read())
            assert response.certificate_status is GOOD
        assert service.process.wait(SECONDS) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in children.values())


def test_processes_end_with_their_supervisor(files: CAFolder) -> None:
    """Also if it is killed: nothing is left that listens."""
    with serving(files.folder) as service:
        descriptors = [os.pidfd_open(pid) for pid in service.children().values()]
        service.process.kill()
        service.process.wait(SECONDS)
        for each in descriptors:
            assert _ended(each)
            os.close(each)


def _ended(descriptor: int) -> bool:
    import select

    return bool(select.select([descriptor], [], [], SECONDS)[0])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


_ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-P", "-m", "ocsp", *sys.argv[2:]])
"""


def test_systemd_gives_the_socket_and_learns_the_state(files: CAFolder) -> None:
    """A request before the start waits for its answer; READY comes when there is one."""
    request = _request(files)
    with (
        socket.create_server(("127.0.0.1", 0)) as bound,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        name = f"ocsp-test-{os.getpid()}"
        manager.bind(f"\0{name}")
        manager.settimeout(SECONDS)
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        command = [sys.executable, "-c", _ACTIVATE, str(bound.fileno())]
        environment = {
            "LISTEN_FDS": "1",
            "LISTEN_FDNAMES": "http",
            "NOTIFY_SOCKET": f"@{name}",
        }
        with running(
            [*command, "serve", "--config", "ocsp.toml"],
            files.folder,
            environment=environment,
            pass_fds=[bound.fileno()],
        ) as service:
            assert ask(url, request).certificate_status is GOOD
            assert service.read_url() == url
            assert manager.recv(999).startswith(b"READY=1\nSTATUS=2 workers")
            service.process.send_signal(signal.SIGHUP)
            assert manager.recv(999).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert manager.recv(999).startswith(b"READY=1")
            assert service.stop() == 0
            assert manager.recv(999) == b"STOPPING=1"


def test_a_port_in_use_is_an_error_before_anything_starts(files: CAFolder) -> None:
    """It names the line of the configuration."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = files.settings(top="workers = 2").replace(
            "127.0.0.1:0", f"127.0.0.1:{port}"
        )
        files.write("ocsp.toml", text)
        command = [*PROGRAM, "serve", "--config", "ocsp.toml"]
        with running(command, files.folder) as service:
            assert service.process.wait(SECONDS) == 4
            (line,) = [each for each in service.rest() if each.startswith("error:")]
    assert line == (
        f"error: ocsp.toml:2: listen: cannot listen on 127.0.0.1:{port}: Address already"
        " in use: stop the program that listens there, or use another port\n"
    )


def test_a_change_of_status_is_seen_by_every_worker(shared: Shared) -> None:
    """On new connections, which the kernel distributes among them."""
    files, service, leaf = shared
    request = request_for(leaf, files.ca.certificate)
    for _ in range(20):
        assert ask(service.url, request).certificate_status is GOOD
    files.revoke(leaf)
    for _ in range(20):
        response = ask(service.url, request)
        assert response.certificate_status is ocsp.OCSPCertStatus.REVOKED


_ALONE = """
import sys
from ocsp.service.processes import serving
serving.HAS_PROCESSES = False
from ocsp.cli import main
sys.exit(main(["serve", "--config", "ocsp.toml"]))
"""


def test_one_process_does_everything_on_other_systems(files: CAFolder) -> None:
    """As on Windows, where processes do not inherit sockets; Ctrl-C stops it."""
    files.write("ocsp.toml", files.settings(top=ADMIN))
    command = [sys.executable, "-P", "-c", _ALONE]
    with running(command, files.folder) as service:
        url, admin = service.read_url(), service.read_url()
        assert ask(url, _request(files)).certificate_status is GOOD
        with httpx.Client(base_url=admin, trust_env=False, timeout=SECONDS) as operator:
            assert operator.get("/live").status_code == 200
        assert service.stop(signal.SIGINT) == 130
        assert not any("Traceback" in line for line in service.rest())


def test_answers_have_the_hash_of_the_certificate_if_the_issuer_says_so(
    files: CAFolder,
) -> None:
    """In all that is signed after a reload; clients that compare it accept that."""
    (files.folder / "status.db").unlink()
    add = [*PROGRAM, "status", "add", "--issuer", "ca.pem", "--cert", "web.pem"]
    subprocess.run(add, cwd=files.folder, check=True, capture_output=True)
    issuer = files.ca.certificate
    strict = ocsp.Policy(cert_hash=ocsp.CertHashCheck.REQUIRED)
    with_nonce = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(files.web, issuer, hashes.SHA256())
        .add_extension(x509.OCSPNonce(bytes(16)), critical=False)
        .build()
        .public_bytes(Encoding.DER)
    )

    def hashes_in(response: ocsp.OCSPResponse) -> list[ocsp.CertHash]:
        values = (each.value for each in response.single_extensions)
        return [each for each in values if isinstance(each, ocsp.CertHash)]

    with serving(files.folder) as service:
        assert hashes_in(ask(service.url, with_nonce)) == []
        assert hashes_in(ask(service.url, _request(files))) == []
        files.write("ocsp.toml", f"{files.settings()}cert_hash = true\n")
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("reloaded the configuration")
        response = ask(service.url, with_nonce)
        # The stored answer stays until it is due: it is valid, and says the same.
        assert hashes_in(ask(service.url, _request(files))) == []
    (value,) = hashes_in(response)
    assert value.matches(files.web)
    der = response.public_bytes(Encoding.DER)
    assert ocsp.verify(der, files.web, issuer, policy=strict).status is GOOD


def test_a_service_answers_from_an_index_txt(files: CAFolder) -> None:
    """The line about its address says where the status is."""
    serial = files.web.serial_number
    files.write("index.txt", f"V\t301231235959Z\t\t{serial:X}\tunknown\t/CN=web\n")
    text = files.settings() + '[issuer.source]\nindex_txt = "index.txt"\n'
    files.write("ocsp.toml", text)
    with running([*PROGRAM, "serve"], files.folder) as service:
        assert ask(service.read_url(), _request(files)).certificate_status is GOOD
        assert service.stop(signal.SIGTERM) == 0
