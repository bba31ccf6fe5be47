"""The Helm chart: rendered by Helm, and valid by the schemas of Kubernetes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.charts import ChartError, Rendered, render
from tests.unit.cli.cli_reference import commands

yaml = pytest.importorskip("yaml", reason="needs the dependency group packaging")
kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="needs the dependency group packaging"
)
pytest.importorskip("helm_python", reason="needs the dependency group packaging")

CHART = Path(__file__).parents[2] / "packaging" / "helm" / "ocsp"
OLDEST = "1.25"
"""The oldest Kubernetes of ``kubeVersion`` in Chart.yaml."""

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


def _of(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["kind"] == kind]


def test_the_linter_of_helm_finds_nothing(rendered: Rendered) -> None:
    """Besides that there is no icon."""
    assert rendered.found == ["icon is recommended"]


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("values", [VALUES, {}], ids=["everything", "defaults"])
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
        "NetworkPolicy prod-ocsp-serve",
        "NetworkPolicy prod-ocsp-sign",
        "PodDisruptionBudget prod-ocsp-serve",
        "PodDisruptionBudget prod-ocsp-sign",
        "Service prod-ocsp",
        "Service prod-ocsp-admin",
        "ServiceAccount prod-ocsp",
        "ServiceMonitor prod-ocsp",
    ]


def test_what_is_switched_off_is_not_there() -> None:
    """The autoscaler, the policies of the network and the monitor."""
    values = VALUES | {
        "networkPolicy": {"enabled": False},
        "serviceMonitor": {"enabled": False},
        "serve": {"autoscaling": {"enabled": False}, "replicas": 7},
    }
    objects = list(_objects(render(CHART, values)))
    kinds = {each["kind"] for each in objects}
    assert not kinds & {"HorizontalPodAutoscaler", "NetworkPolicy", "ServiceMonitor"}
    serve, sign = _of(objects, "Deployment")
    assert (serve["spec"]["replicas"], sign["spec"]["replicas"]) == (7, 2)


def test_selectors_find_the_pods(objects: list[dict[str, Any]]) -> None:
    """Each of its own part, and the service those that serve."""
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in _of(objects, "Deployment")
    }

    def found(selector: dict[str, str]) -> set[str]:
        return {n for n, labels in pods.items() if selector.items() <= labels.items()}

    for each in _of(objects, "Deployment"):
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
    assert found(admin["spec"]["selector"]) == set(pods)
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
    for each in _of(objects, "Deployment"):
        pod = each["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"ocsp": 8080, "admin": 9080}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        for volume in volumes.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
        configuration = container["args"][-1].removeprefix("/etc/ocsp/")
        assert configuration in maps["prod-ocsp-configuration"]
    for each in _of(objects, "Service"):
        assert all(port["targetPort"] in ports for port in each["spec"]["ports"])


def test_a_pod_has_few_rights(objects: list[dict[str, Any]]) -> None:
    """It does not run as root, writes in memory only, and has no token of the API."""
    for each in _of(objects, "Deployment"):
        pod = each["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        writable = {volume["name"] for volume in pod["volumes"] if "emptyDir" in volume}
        assert all(
            mount.get("readOnly") or mount["name"] in writable
            for mount in container["volumeMounts"]
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


def test_the_command_exists(objects: list[dict[str, Any]]) -> None:
    """With its options."""
    for each in _of(objects, "Deployment"):
        (container,) = each["spec"]["template"]["spec"]["containers"]
        command, option, _ = container["args"]
        known = {
            name for each in commands()[f"ocsp {command}"].params for name in each.opts
        }
        assert option in known


def test_the_configuration_is_toml(objects: list[dict[str, Any]]) -> None:
    """The settings of the chart come before the tables that the operator wrote."""
    files = _of(objects, "ConfigMap")[0]["data"]
    for name in ("serve.toml", "sign.toml"):
        read = tomllib.loads(files[name])
        assert read["database"] == (
            "postgresql://ocsp@postgresql:5432/ocsp?sslmode=verify-full"
            "&sslrootcert=/etc/ocsp/certificates/postgresql-ca.pem"
        )
        assert read["admin"]["token_file"] == "/etc/ocsp/admin/token"
        assert read["answers"] == {"validity": "4d"}
        assert len(read["issuer"]) == 1


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
    for each in _of(objects, "Deployment"):
        (container,) = each["spec"]["template"]["spec"]["containers"]
        assert all("value" not in variable for variable in container["env"])
    assert not re.search(r"//\w+:[^@/]*@", str(objects))


def test_the_notes_say_what_is_missing(rendered: Rendered) -> None:
    """The Secrets, and an empty configuration."""
    notes = rendered.files["ocsp/templates/NOTES.txt"]
    assert "ocsp-keys" in notes
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
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_values_are_refused(values: dict[str, Any], named: str) -> None:
    """With their name."""
    with pytest.raises(ChartError, match=named):
        render(CHART, values)
