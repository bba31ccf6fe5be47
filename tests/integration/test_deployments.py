"""
``compose.yaml`` and the Helm chart, run by hand.

Their command lines, configurations, variables and checks are given to the real programs,
with the names of machines and folders of this one. The engine for containers is what is
missing: images, users, networks and mounts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import ocsp
from tests.ca_folder import CAFolder
from tests.integration.charts import render
from tests.integration.services import PROGRAM, Service, ask, request_for, running
from tests.integration.web_servers import free_port, until
from tests.servers.postgresql import PostgreSQLServer, server_folder
from tests.servers.redis import RedisServer
from tests.servers.web_caches import PACKAGING, nginx

yaml = pytest.importorskip("yaml", reason="needs the dependency group packaging")

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="only root can give files to the users in the containers",
    ),
]

DATABASE_PASSWORD = "the-password-of-the-database"
PROXY = {"http_proxy": "http://127.0.0.1:9"}
"""The engine can give a container a proxy, which a node does not ask for its health."""


class Machine:
    """PostgreSQL and Valkey with passwords, and what stands for names and folders."""

    def __init__(
        self, folder: Path, password: str, valkey_options: Sequence[str] = ()
    ) -> None:
        """Prepare them; nothing runs yet."""
        self.folder = folder
        self.files = CAFolder(folder)
        self.password = password
        self.database_port = free_port()
        self.valkey = RedisServer(folder / "valkey", *valkey_options)
        self.node_ports = {"serve": free_port(), "sign": free_port()}
        self.admin_ports = {"serve": free_port(), "sign": free_port()}

    @contextlib.contextmanager
    def started(self) -> Iterator[PostgreSQLServer]:
        """Run the servers; the database asks everyone on TCP for the password."""
        with contextlib.ExitStack() as stack:
            server = PostgreSQLServer(
                stack.enter_context(server_folder()) / "database",
                {"listen_addresses": "127.0.0.1", "port": str(self.database_port)},
            )
            (server.data / "pg_hba.conf").write_text(
                "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
            )
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PGPORT", str(self.database_port))
                server.start()
                stack.callback(server.stop)
                server.execute(
                    "postgres", f"ALTER ROLE ocsp PASSWORD '{self.password}'"
                )
                server.execute("postgres", "CREATE DATABASE ocsp")
            stack.enter_context(self.valkey)
            yield server

    def make_tables_older(self, server: PostgreSQLServer) -> None:
        """Let the tables be those of an older release, as far as programs can see."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGPORT", str(self.database_port))
            server.execute(
                "ocsp",
                "UPDATE schema_version SET version_num ="
                " lpad((version_num::int - 1)::text, length(version_num), '0')",
            )

    def here(self, text: str, part: str = "serve") -> str:
        """Return *text* of *part* with the names and folders of this machine."""
        database, valkey = self.database_port, self.valkey.port
        for old, new in (
            ("@postgresql:5432/", f"@127.0.0.1:{database}/"),
            ("@postgresql/", f"@127.0.0.1:{database}/"),
            ("postgresql:5432:", f"127.0.0.1:{database}:"),
            ("//valkey?", f"//127.0.0.1:{valkey}?"),
            ("0.0.0.0:8080", f"127.0.0.1:{self.node_ports[part]}"),
            ("0.0.0.0:9080", f"127.0.0.1:{self.admin_ports[part]}"),
            ("127.0.0.1:9080", f"127.0.0.1:{self.admin_ports[part]}"),
            ("/opt/ocsp/bin/python", sys.executable),
            ("/run/secrets", str(self.folder / "secrets")),
            ("/etc/ocsp", str(self.folder / f"etc-{part}")),
            ("/var/lib/ocsp", str(self.folder / f"state-{part}")),
            ("valkey-cli", f"{_valkey_client()} -p {valkey}"),
        ):
            text = text.replace(old, new)
        return text

    def words(self, words: Sequence[str], part: str = "serve") -> list[str]:
        """Return the words of a command, as :meth:`here`."""
        return [self.here(word, part) for word in words]

    def ocsp(self, words: Sequence[str], environment: Mapping[str, str]) -> str:
        """Run ``ocsp`` until it ends, and return what it prints."""
        done = subprocess.run(
            [*PROGRAM, *self.words(words)],
            capture_output=True, text=True, check=False, env=os.environ | environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self, database: str, environment: Mapping[str, str]) -> None:
        """Add the certificate, as an operator does."""
        ca, web = self.folder / "ca.pem", self.folder / "web.pem"
        self.ocsp(
            ["status", "add", "--db", database, f"--issuer={ca}", f"--cert={web}"],
            environment,
        )

    def status(self, port: int) -> object:
        """Return the status of the certificate at a port, or the error."""
        request = request_for(self.files.web, self.files.ca.certificate)
        given = ask(f"http://127.0.0.1:{port}/", request)
        if given.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return given.response_status
        return ocsp.verify(given, self.files.web, self.files.ca.certificate).status

    def await_good(self, port: int) -> None:
        """Wait until a port answers *good*."""
        until(
            lambda: self.status(port) is ocsp.OCSPCertStatus.GOOD,
            lambda: str(self.status(port)),
        )

    def await_copies(self, password: str) -> None:
        """Wait until Valkey has an answer."""
        with self.valkey.client(password=password) as client:
            until(lambda: bool(client.keys("ocsp:*:[12]:*")), lambda: "not copied")


def _valkey_client() -> str:
    return shutil.which("valkey-cli") or "redis-cli"


def _check(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Run a health check."""
    done = subprocess.run(
        command, capture_output=True, check=False, env=os.environ | environment
    )
    return done.returncode == 0


def _image_command() -> list[str]:
    """Return what the image runs after the name of its program."""
    text = (PACKAGING / "container" / "Containerfile").read_text()
    (found,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    words: list[str] = json.loads(found)
    return words


# --- Compose --------------------------------------------------------------------------


def _compose_machine(folder: Path) -> Machine:
    """Make the secrets as the file says, and put the files where they are mounted."""
    script = shutil.copy(PACKAGING / "compose" / "make-secrets.sh", folder)
    subprocess.run(["sh", script], check=True)
    secrets = folder / "secrets"
    machine = Machine(folder, (secrets / "postgresql_password").read_text().strip())
    file = folder / "valkey" / "server.conf"
    shutil.copy(secrets / "valkey_configuration", file)
    machine.valkey._arguments = lambda: [  # type: ignore[method-assign]
        str(file), "--port", str(machine.valkey.port), "--bind", "127.0.0.1",
    ]  # fmt: skip
    shutil.copy(machine.folder / "responder.key", secrets / "responder_key")
    return machine


def test_compose(tmp_path: Path) -> None:
    """Everything starts, is healthy, and answers behind nginx."""
    machine = _compose_machine(tmp_path)
    services: dict[str, Any] = yaml.safe_load((PACKAGING / "compose.yaml").read_text())[
        "services"
    ]
    secrets = tmp_path / "secrets"
    pgpass = secrets / "pgpass"
    pgpass.write_text(machine.here(pgpass.read_text()))
    variables = {
        name: machine.here(value)
        for name, value in services["upgrade"]["environment"].items()
    }
    for part in ("serve", "sign"):
        folder = tmp_path / f"etc-{part}"
        folder.mkdir()
        for each in services[part]["configs"]:
            name = Path(each["target"]).name
            source = PACKAGING / "compose" / f"{part}.toml"
            text = source if name == "ocsp.toml" else tmp_path / name
            (folder / name).write_text(machine.here(text.read_text(), part))
    with machine.started(), contextlib.ExitStack() as stack:
        _, option, *words = services["postgresql"]["healthcheck"]["test"]
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(machine.database_port)}
        assert _check([option, *words], place)
        kind, text = services["valkey"]["healthcheck"]["test"]
        assert kind == "CMD-SHELL"
        assert _check(["sh", "-c", machine.here(text.replace("$$", "$"))], {})

        database = services["upgrade"]["command"][-1]
        machine.ocsp(services["upgrade"]["command"], variables)
        machine.add(database, variables)
        for part in ("sign", "serve"):
            command = [*PROGRAM, *machine.words(_image_command(), part)]
            node = running(command, tmp_path, environment=variables)
            stack.enter_context(node)
            kind, *words = services[part]["healthcheck"]["test"]
            assert kind == "CMD"
            check = machine.words(words, part)
            until(lambda: _check(check, PROXY), lambda: f"{part} is not ready")  # noqa: B023
        machine.await_good(machine.node_ports["serve"])
        machine.await_copies((secrets / "valkey_password").read_text().strip())

        text = (PACKAGING / "compose" / "nginx.conf").read_text()
        (inside,) = re.findall(r"^http \{\n(.*)^\}", text, re.MULTILINE | re.DOTALL)
        front = tmp_path / "front"
        front.mkdir()
        for old, new in (
            ("serve:8080 resolve", f"127.0.0.1:{machine.node_ports['serve']}"),
            ("listen 80 reuseport;", "listen 80;"),
            ("/var/cache/nginx", str(front)),
            ("access_log off;", ""),
        ):
            assert old in inside
            inside = inside.replace(old, new)
        machine.await_good(stack.enter_context(nginx(front, inside)))


# --- Helm -----------------------------------------------------------------------------


def test_chart(tmp_path: Path) -> None:
    """
    Each container runs with its arguments, its configuration and its variables.

    Pods that serve start before the tables are there or converted, and while the
    database is away.
    """
    pytest.importorskip("helm_python", reason="needs the dependency group packaging")
    moto = pytest.importorskip("moto.server")
    machine = Machine(tmp_path, DATABASE_PASSWORD, ("--requirepass", "valkey-password"))
    storage = moto.ThreadedMotoServer("127.0.0.1", 0)
    storage.start()
    endpoint = "http://{}:{}".format(*storage.get_host_and_port())
    issuer = (
        '[answers]\nvalidity = "4d"\n\n[[issuer]]\n'
        'certificate = "/etc/ocsp/certificates/ca.pem"\n'
        'signers = [{ certificate = "/etc/ocsp/certificates/responder.pem",'
        ' key = "/etc/ocsp/keys/responder.key" }]\n'
    )
    rendered = render(
        PACKAGING / "helm" / "ocsp",
        {
            "configuration": issuer,
            "database": {
                "host": "127.0.0.1",
                "port": machine.database_port,
                "sslmode": "disable",
                "rootCertificate": "",
            },
            "valkey": {"address": "valkey://valkey", "secret": "ocsp-valkey"},
            "publish": {
                "enabled": True,
                "to": "s3://answers",
                "options": ["--endpoint", endpoint],
            },
        },
    )
    objects = [
        each
        for name, text in rendered.files.items()
        if name.endswith(".yaml")
        for each in yaml.safe_load_all(text)
        if each
    ]
    texts = next(
        each["data"]
        for each in objects
        if each["metadata"]["name"].endswith("-configuration")
    )
    pods = {
        each["metadata"]["name"].rpartition("-")[2]: each["spec"]["template"]["spec"]
        for each in objects
        if each["kind"] in {"Deployment", "StatefulSet"}
    }
    assert set(pods) == {"serve", "sign", "publish"}
    machine.node_ports["publish"] = machine.admin_ports["publish"] = free_port()
    variables = {"PGPASSWORD": DATABASE_PASSWORD}
    for part, pod in pods.items():
        _mount(machine, part, pod, texts)
        (variable,) = pod["containers"][0]["env"]
        assert variable["name"] in variables

    def start(part: str) -> contextlib.AbstractContextManager[Service]:
        """Start a pod."""
        for container in pods[part].get("initContainers", ()):
            machine.ocsp(container["args"], variables)
        (container,) = pods[part]["containers"]
        command = [*PROGRAM, *machine.words(container["args"], part)]
        return running(command, tmp_path, environment=variables)

    def await_ready(part: str) -> None:
        """Wait for the check of a pod."""
        (container,) = pods[part]["containers"]
        check = machine.words(container["readinessProbe"]["exec"]["command"], part)
        until(lambda: _check(check, PROXY), lambda: f"{part} is not ready")

    with machine.started() as server, contextlib.ExitStack() as stack:
        stack.callback(storage.stop)
        with start("serve") as serve, contextlib.ExitStack() as others:
            serve.wait_for("has no tables of ocsp")
            others.enter_context(start("sign"))
            machine.add(pods["sign"]["initContainers"][0]["args"][-1], variables)
            await_ready("sign")
            await_ready("serve")
            machine.await_good(machine.node_ports["serve"])
            machine.await_copies("valkey-password")
            _publish(machine, pods["publish"], endpoint, variables)
        machine.make_tables_older(server)
        with start("serve") as serve:
            serve.wait_for("was made by an older release")
            await_ready("serve")
            machine.await_good(machine.node_ports["serve"])
        server.stop()
        with start("serve"):
            await_ready("serve")
            machine.await_good(machine.node_ports["serve"])


def _mount(
    machine: Machine, part: str, pod: dict[str, Any], texts: Mapping[str, str]
) -> None:
    """Put the files of the volumes where the container has them."""
    contents = {
        "certificates": ("ca.pem", "responder.pem"),
        "keys": ("responder.key",),
    }
    for mount in pod["containers"][0]["volumeMounts"]:
        path = Path(machine.here(mount["mountPath"], part))
        if mount["name"] == "configuration":
            path.parent.mkdir(exist_ok=True)
            path.write_text(
                machine.here(texts[mount["subPath"]], part).replace(
                    '"valkey://valkey', f'"valkey://127.0.0.1:{machine.valkey.port}'
                )
            )
        elif mount["name"] in contents:
            path.mkdir(parents=True)
            for name in contents[mount["name"]]:
                shutil.copy(machine.folder / name, path)
        elif mount["name"] == "admin":
            path.mkdir(parents=True)
            (path / "token").write_text("0123456789abcdefghijklmn\n")
        elif mount["name"] == "valkey":
            path.mkdir(parents=True)
            (path / "password").write_text("valkey-password\n")
        elif str(path) != "/tmp":
            path.mkdir()


def _publish(
    machine: Machine, pod: dict[str, Any], endpoint: str, variables: Mapping[str, str]
) -> None:
    """Run the publisher until an answer is there."""
    import urllib.request

    made = urllib.request.Request(f"{endpoint}/answers", method="PUT")
    urllib.request.urlopen(made).close()
    (container,) = pod["containers"]
    command = [*PROGRAM, *machine.words(container["args"], "publish")]
    environment = {
        **variables,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }

    def objects() -> str:
        with urllib.request.urlopen(f"{endpoint}/answers") as reply:
            return str(reply.read().decode())

    with running(command, machine.folder, environment=environment) as publisher:
        until(lambda: objects().count("<Key>M") == 2, objects)
        assert publisher.stop() == 0
