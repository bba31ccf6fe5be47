"""The Helm chart: rendered by Helm, and valid by the schemas of Kubernetes."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ocsp.service.configuration import read_configuration
from tests.ca_folder import CAFolder
from tests.integration.charts import ChartError, Rendered, render
from tests.integration.services import serving
from tests.integration.web_servers import until
from tests.unit.cli.cli_reference import commands

yaml = pytest.importorskip("yaml", reason="needs the dependency group packaging")
kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="needs the dependency group packaging"
)
pytest.importorskip("helm_python", reason="needs the dependency group packaging")

CHART = Path(__file__).parents[2] / "packaging" / "helm" / "ocsp"
OLDEST = "1.25"
"""The oldest Kubernetes of ``kubeVersion`` in Chart.yaml."""

NEWEST = kubernetes_validate.latest_version()

ISSUER = """\
[answers]
validity = "4d"

[[issuer]]
certificate = "/etc/ocsp/certificates/ca.pem"
signers = [{ certificate = "/etc/ocsp/certificates/responder.pem", key = "/etc/ocsp/keys/responder.key" }]
"""
PEM = "-----BEGIN CERTIFICATE-----\n"
VALUES: dict[str, Any] = {
    "configuration": ISSUER,
    "certificates": {
        "ca.pem": PEM,
        "responder.pem": PEM,
        "postgresql-ca.pem": PEM,
    },
    "serviceMonitor": {"enabled": True},
    "valkey": {"address": "valkey://cache", "secret": "ocsp-valkey"},
    "publish": {
        "enabled": True,
        "to": "s3://answers",
        "options": ["--endpoint", "https://s3.example.org"],
    },
    "networkPolicy": {
        "monitoring": [{"namespaceSelector": {}}],
        "clients": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        "egress": [{"to": [{"podSelector": {}}]}],
    },
    "nodeSelector": {"pool": "ocsp"},
    "tolerations": [{"key": "ocsp", "operator": "Exists"}],
    "image": {"pullSecrets": [{"name": "registry"}]},
    "service": {"annotations": {"a": "b"}},
    "serviceAccount": {"annotations": {"a": "b"}},
}


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    """Render the chart with a value for everything."""
    return render(CHART, VALUES)


@pytest.fixture(scope="module")
def objects(rendered: Rendered) -> list[dict[str, Any]]:
    """Read the objects that it makes."""
    return list(_objects(rendered))


def _objects(rendered: Rendered) -> Iterator[dict[str, Any]]:
    for name, text in rendered.files.items():
        if name.endswith(".yaml"):
            yield from filter(None, yaml.safe_load_all(text))


def _workloads(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return _of(objects, "Deployment") + _of(objects, "StatefulSet")


def _of(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["kind"] == kind]


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


def test_the_linter_of_helm_finds_nothing(rendered: Rendered) -> None:
    """Besides that there is no icon."""
    assert rendered.found == ["icon is recommended"]


@pytest.mark.parametrize(
    ("values", "version"),
    [(VALUES, OLDEST), (VALUES, NEWEST), ({}, NEWEST)],
    ids=["oldest", "newest", "defaults"],
)
def test_the_objects_are_valid(values: dict[str, Any], version: str) -> None:
    """By the schemas of the oldest and of the newest Kubernetes, unknown keys too."""
    assert OLDEST in (CHART / "Chart.yaml").read_text()
    without_schema = set()
    for each in _objects(render(CHART, values)):
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            without_schema.add(each["kind"])
    # It belongs to the operator of Prometheus.
    assert without_schema == ({"ServiceMonitor"} if values else set())


def test_the_schemas_see_a_wrong_object(objects: list[dict[str, Any]]) -> None:
    """A key with a wrong name is not valid."""
    (scaler,) = _of(objects, "HorizontalPodAutoscaler")
    wrong = scaler | {"spec": scaler["spec"] | {"maxReplica": 3}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, OLDEST, strict=True)


def test_every_kind_is_there(objects: list[dict[str, Any]]) -> None:
    """For the nodes that serve and for those that sign."""
    assert sorted(f"{each['kind']} {each['metadata']['name']}" for each in objects) == [
        "ConfigMap prod-ocsp-certificates",
        "ConfigMap prod-ocsp-configuration",
        "Deployment prod-ocsp-serve",
        "Deployment prod-ocsp-sign",
        "HorizontalPodAutoscaler prod-ocsp-serve",
        "NetworkPolicy prod-ocsp-publish",
        "NetworkPolicy prod-ocsp-serve",
        "NetworkPolicy prod-ocsp-sign",
        "PodDisruptionBudget prod-ocsp-serve",
        "PodDisruptionBudget prod-ocsp-sign",
        "Service prod-ocsp",
        "Service prod-ocsp-admin",
        "ServiceAccount prod-ocsp",
        "ServiceMonitor prod-ocsp",
        "StatefulSet prod-ocsp-publish",
    ]


def test_what_is_switched_off_is_not_there() -> None:
    """The autoscaler, the policies of the network, the monitor and the publisher."""
    values = VALUES | {
        "publish": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "serviceMonitor": {"enabled": False},
        "serve": {"autoscaling": {"enabled": False}, "replicas": 7},
    }
    objects = list(_objects(render(CHART, values)))
    kinds = {each["kind"] for each in objects}
    assert not kinds & {"HorizontalPodAutoscaler", "NetworkPolicy", "ServiceMonitor"}
    assert "StatefulSet" not in kinds
    serve, sign = _of(objects, "Deployment")
    assert (serve["spec"]["replicas"], sign["spec"]["replicas"]) == (7, 2)


def test_selectors_find_the_pods(objects: list[dict[str, Any]]) -> None:
    """Each of its own part, and the service those that serve."""
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in _workloads(objects)
    }

    def found(selector: dict[str, str]) -> set[str]:
        return {n for n, labels in pods.items() if selector.items() <= labels.items()}

    for each in _workloads(objects):
        wanted = each["spec"]["selector"]["matchLabels"]
        assert found(wanted) == {each["metadata"]["name"]}
    for each in _of(objects, "PodDisruptionBudget"):
        wanted = each["spec"]["selector"]["matchLabels"]
        assert found(wanted) == {each["metadata"]["name"]}
    for each in _of(objects, "NetworkPolicy"):
        wanted = each["spec"]["podSelector"]["matchLabels"]
        assert found(wanted) == {each["metadata"]["name"]}
    clients, admin = _of(objects, "Service")
    assert found(clients["spec"]["selector"]) == {"prod-ocsp-serve"}
    assert found(admin["spec"]["selector"]) == set(pods)  # the publisher has no port
    (monitor,) = _of(objects, "ServiceMonitor")
    labels = admin["metadata"]["labels"].items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels
    (scaler,) = _of(objects, "HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["name"] in pods


def test_ports_and_volumes_exist(objects: list[dict[str, Any]]) -> None:
    """What is named is defined in the same pod."""
    maps = {
        each["metadata"]["name"]: each["data"] for each in _of(objects, "ConfigMap")
    }
    for each in _workloads(objects):
        pod = each["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        claims = each["spec"].get("volumeClaimTemplates", ())
        volumes |= {claim["metadata"]["name"]: claim for claim in claims}
        mounts = container["volumeMounts"]
        assert {mount["name"] for mount in mounts} == set(volumes)
        for volume in volumes.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
        (settings,) = [each for each in mounts if each["name"] == "configuration"]
        assert settings["mountPath"] in container["args"]
        assert settings["subPath"] in maps["prod-ocsp-configuration"]
    for each in _of(objects, "Deployment"):
        (container,) = each["spec"]["template"]["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"ocsp": 8080, "admin": 9080}
    for each in _of(objects, "Service"):
        assert all(port["targetPort"] in ports for port in each["spec"]["ports"])


def test_a_pod_has_few_rights(objects: list[dict[str, Any]]) -> None:
    """It does not run as root, writes in one volume only, and has no token of the API."""
    for each in _workloads(objects):
        pod = each["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for one in _containers(pod):
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert all(
                mount.get("readOnly") or mount["name"] == "state"
                for mount in one["volumeMounts"]
            )


def test_the_probes_ask_the_admin_port(objects: list[dict[str, Any]]) -> None:
    """``/live`` without the token, and ``/ready`` with it."""
    for each in _of(objects, "Deployment"):
        (container,) = each["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "livenessProbe"):
            assert container[probe]["httpGet"] == {"path": "/live", "port": "admin"}
        program = container["readinessProbe"]["exec"]["command"][-1]
        compile(program, "probe", "exec")
        assert "/ready" in program
        assert "/etc/ocsp/admin/token" in program
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert "/etc/ocsp/admin" in paths


def _probe(objects: list[dict[str, Any]], url: str, token: Path) -> int:
    """Run the probe of the serving nodes, at *url*; return its exit code."""
    (container,) = _of(objects, "Deployment")[0]["spec"]["template"]["spec"][
        "containers"
    ]
    _, *options, program = container["readinessProbe"]["exec"]["command"]
    program = program.replace("http://127.0.0.1:9080", url.rstrip("/"))
    program = program.replace("/etc/ocsp/admin/token", str(token))
    return subprocess.run(
        [sys.executable, *options, program], check=False, stderr=subprocess.DEVNULL
    ).returncode


def test_the_probe_asks_a_real_node(
    objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    """With the token; one that is wrong, and a node that is gone, are not ready."""
    files = CAFolder(tmp_path)
    token = files.write("token", "0123456789abcdefghijklmn\n")
    admin = f'admin = {{ listen = "127.0.0.1:0", token_file = "{token}" }}'
    files.write("ocsp.toml", files.settings(top=admin))
    with serving(tmp_path, urls=2) as service:
        url = service.urls[1]
        until(lambda: _probe(objects, url, token) == 0, lambda: "not ready")
        assert _probe(objects, url, files.write("wrong", "x" * 24)) == 1
    assert _probe(objects, url, token) == 1


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_node_decides_whether_it_is_ready(
    status: int, code: int, objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Its checks know what it can answer with while the database is away."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdefghijklmn")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        assert _probe(objects, url, token) == code


def test_the_commands_exist(objects: list[dict[str, Any]]) -> None:
    """With their options."""
    known = commands()
    for each in _workloads(objects):
        pod = each["spec"]["template"]["spec"]
        for container in _containers(pod):
            words = container["args"]
            length = 2 if words[0] == "status" else 1
            command = known[" ".join(["ocsp", *words[:length]])]
            options = {name for each in command.params for name in each.opts}
            assert {word for word in words if word.startswith("--")} <= options


def test_pods_that_serve_do_not_wait_for_the_database(
    objects: list[dict[str, Any]],
) -> None:
    """The others, which can do nothing without it, make and convert its tables."""
    converting = {
        each["metadata"]["name"]: [
            container["args"][:2]
            for container in each["spec"]["template"]["spec"].get("initContainers", ())
        ]
        for each in _workloads(objects)
    }
    upgrade = [["status", "upgrade"]]
    assert converting == {
        "prod-ocsp-serve": [], "prod-ocsp-sign": upgrade, "prod-ocsp-publish": upgrade
    }  # fmt: skip


@pytest.mark.parametrize("name", ["serve", "sign"])
def test_the_configuration_is_accepted(
    name: str, objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    """By the model, with the password of Valkey where this machine has it."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    text = _of(objects, "ConfigMap")[0]["data"][f"{name}.toml"]
    file = tmp_path / "ocsp.toml"
    file.write_text(text.replace("/etc/ocsp/valkey/password", str(password)))
    settings = read_configuration(file).configuration
    assert settings.role.value == name
    assert settings.database.url == (
        "postgresql://ocsp@postgresql:5432/ocsp?sslmode=verify-full"
        "&sslrootcert=/etc/ocsp/certificates/postgresql-ca.pem"
    )
    assert settings.valkey is not None
    assert settings.valkey.password == "secret"
    assert settings.admin is not None
    assert settings.admin.token_file == Path("/etc/ocsp/admin/token")
    assert settings.answers.validity.days == 4
    assert len(settings.issuer) == 1


def test_without_valkey_there_is_none() -> None:
    """Neither in the configuration, nor in the pods, nor in the network."""
    values = VALUES | {"valkey": {"address": "", "secret": ""}}
    text = str(list(_objects(render(CHART, values)))).replace("chart", "")
    assert "valkey" not in text
    assert "6379" not in text


def test_valkey_is_reached(objects: list[dict[str, Any]]) -> None:
    """On its ports, from every node."""
    for each in _of(objects, "NetworkPolicy"):
        ports = [
            port["port"]
            for rule in each["spec"]["egress"]
            for port in rule.get("ports", ())
        ]
        assert ports == [53, 53, 5432, 6379]


def test_a_change_of_the_configuration_starts_new_pods() -> None:
    """Its hash is an annotation of the pods."""

    def checksum(values: dict[str, Any]) -> str:
        first = _of(list(_objects(render(CHART, values))), "Deployment")[0]
        return str(first["spec"]["template"]["metadata"]["annotations"])

    assert checksum(VALUES) == checksum(VALUES | {"service": {"port": 81}})
    changed = VALUES | {"configuration": ISSUER.replace("4d", "5d")}
    assert checksum(VALUES) != checksum(changed)


def test_there_is_no_secret_in_it(objects: list[dict[str, Any]]) -> None:
    """Passwords, tokens and keys are in Secrets, which the chart does not make."""
    assert not _of(objects, "Secret")
    for each in _workloads(objects):
        (container,) = each["spec"]["template"]["spec"]["containers"]
        assert all("value" not in variable for variable in container["env"])
    assert not re.search(r"//\w+:[^@/]*@", str(objects))


def test_the_notes_say_what_is_missing(rendered: Rendered) -> None:
    """The Secrets, and an empty configuration."""
    notes = rendered.files["ocsp/templates/NOTES.txt"]
    for secret in ("keys", "database", "admin", "valkey", "storage"):
        assert f"  ocsp-{secret}: " in notes
    assert "WARNING" not in notes
    assert "WARNING" in render(CHART, {}).files["ocsp/templates/NOTES.txt"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"servee": {}}, "servee"),
        ({"serve": {"replicas": 0}}, "replicas"),
        ({"serve": {"autoscaling": {"cpu": 200}}}, "cpu"),
        ({"database": {"host": "db/x"}}, "host"),
        ({"database": {"password": "secret"}}, "password"),
        ({"certificates": {"ca.pem": "-----BEGIN PRIVATE KEY-----"}}, "certificates"),
        ({"networkPolicy": {"database": []}}, "database"),
        ({"valkey": {"address": "valkey://:secret@cache"}}, "address"),
        ({"publish": {"to": "/srv"}}, "to"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_values_are_refused(values: dict[str, Any], named: str) -> None:
    """With their name."""
    with pytest.raises(ChartError, match=named):
        render(CHART, values)
