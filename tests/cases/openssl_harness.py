"""
Run the cases with the ``openssl`` program, and report where its results differ.

The output of the program decides: a case is verified if the output states that the
signature, the times and the entry are right. The program has no option to set the time
for its check of thisUpdate and nextUpdate, so it runs under ``faketime``.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tests.cases.model import PolicySpec

__all__ = [
    "Difference",
    "Verdict",
    "differences",
    "expected",
    "judge",
    "recorded",
    "release",
    "table",
    "verdicts",
    "why_not",
]

DIFFERENCES = Path(__file__).parent / "openssl_differences.json"
FAKETIME = shutil.which("faketime") or "faketime"


class Verdict(NamedTuple):
    """
    The result of the program for a case.

    Attributes:
        result: ``good``, ``revoked``, ``unknown`` or ``not-verified``.

        code: Its exit code.
    """

    result: str
    code: int


class Difference(NamedTuple):
    """
    A case for which the program has another result.

    Attributes:
        id: The id of the case.

        ours: The expected result.

        theirs: The result of the program.
    """

    id: str
    ours: str
    theirs: str


def release() -> str:
    """Return the version of the installed program, such as ``3.0.20``."""
    said = subprocess.run(
        ["openssl", "version"], capture_output=True, text=True, check=True
    ).stdout
    return said.split()[1].partition("-")[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def why_not(case: dict[str, Any]) -> str:
    """Return why the program cannot run a case, or an empty string."""
    if case["function"] != "verify":
        return "the program verifies neither staples nor chains"
    if "cert_id" in case:
        return "the program computes the CertID itself"
    if "evidence" in case:
        return "the program accepts no evidence about the delegate"
    if "nonce" in case or "request" in case:
        return "the program prints no status if it has read a request"
    changes = set(PolicySpec(**case.get("policy", {})).changes)
    if case.get("policy", {}).get("profile", "default") != "default":
        return "the program has no profiles"
    if changes - {"clock_skew", "encoding"}:  # it always reads BER
        return "the program has no such setting"
    return ""


def judge(case: dict[str, Any]) -> Verdict:
    """Run one case with the program, which has to be able to run it."""
    with tempfile.TemporaryDirectory() as folder:
        command = _command(case, Path(folder))
        moment = case["at"].replace("T", " ").removesuffix("Z")
        try:
            done = subprocess.run(
                [FAKETIME, "-f", moment, *command],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=30,
                check=False,
                env=os.environ | {"TZ": "UTC"},
            )
        except subprocess.TimeoutExpired:
            return Verdict("hangs", -1)
    return Verdict(_result(done.stdout + done.stderr), done.returncode)


def _command(case: dict[str, Any], folder: Path) -> list[str]:
    def file(name: str, octets: str) -> str:
        path = folder / name
        path.write_bytes(base64.b64decode(octets))
        return str(path)

    def pem(name: str, *certificates: str) -> str:
        path = folder / name
        path.write_text(
            "".join(
                f"-----BEGIN CERTIFICATE-----\n{octets}\n-----END CERTIFICATE-----\n"
                for octets in certificates
            )
        )
        return str(path)

    issuer = pem("issuer.pem", case["issuer"])
    skew = PolicySpec(**case.get("policy", {})).policy().clock_skew
    command = ["openssl", "ocsp", "-respin", file("response.der", case["response"])]
    command += ["-issuer", issuer, "-CAfile", issuer, "-partial_chain"]
    command += ["-no-CAstore", "-no-CApath", "-no_nonce"]
    command += ["-validity_period", str(int(skew.total_seconds()))]
    if case.get("responders"):
        command += ["-VAfile", pem("responders.pem", *case["responders"])]
    if case.get("candidates"):
        command += ["-verify_other", pem("candidates.pem", *case["candidates"])]
    # It compares whole CertIDs, so it needs every hash algorithm that is in use.
    cert = pem("cert.pem", case["cert"])
    for name in ("sha1", "sha256", "sha384", "sha512"):
        command += [f"-{name}", "-cert", cert]
    return command


def _result(said: str) -> str:
    """Return the result that a careful script reads in the program's output."""
    refused = (
        "Response Verify Failure",
        "Response verify failure",
        "Status times invalid",
        "Responder Error",
        "Error parsing response",
        "Error reading OCSP response",
    )
    if any(text in said for text in refused) or "Response verify OK" not in said:
        return "not-verified"
    statuses = {
        line.rpartition(": ")[2]
        for line in said.splitlines()
        if line.endswith((": good", ": revoked", ": unknown"))
    }
    for worst in ("revoked", "unknown", "good"):
        if worst in statuses:
            return worst
    return "not-verified"


def verdicts(cases: list[dict[str, Any]]) -> dict[str, Verdict]:
    """Run every case with the program that it can run."""
    asked = [case for case in cases if not why_not(case)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(
            zip((case["id"] for case in asked), pool.map(judge, asked), strict=True)
        )


def differences(
    cases: list[dict[str, Any]], said: dict[str, Verdict]
) -> list[Difference]:
    """Return the cases for which the program has another result."""
    return [
        Difference(case["id"], case["expected"]["result"], said[case["id"]].result)
        for case in cases
        if case["id"] in said and said[case["id"]].result != case["expected"]["result"]
    ]


def recorded() -> dict[str, Any]:
    """Return the recorded version and differences, each with its reason."""
    known: dict[str, Any] = json.loads(DIFFERENCES.read_text())
    return known


def expected() -> dict[str, str]:
    """Return the recorded differences that apply to the installed version."""
    return {
        name: str(each["openssl"])
        for name, each in recorded()["differences"].items()
        if _numbers(each.get("since", "0")) <= _numbers(release())
    }


def table(cases: list[dict[str, Any]], said: dict[str, Verdict]) -> str:
    """Return the differences as a text table."""
    reasons = recorded()["differences"]
    rows = [
        f"{each.id:52} {each.ours:13} {each.theirs:13} "
        f"{reasons.get(each.id, {}).get('reason', 'not recorded')}"
        for each in differences(cases, said)
    ]
    head = f"{'case':52} {'expected':13} {'openssl':13} why"
    asked = f"{len(rows)} of {len(said)} cases that it can run, of {len(cases)}"
    return "\n".join([head, *rows, asked])
