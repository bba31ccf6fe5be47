"""
Running the cases with the ``openssl`` program, and saying where it judges otherwise.

Rules of this file: the program is asked as a careful script would ask it, and taken at
its word: *verified* is what it says of the signature, of the times and of the entry.
It has no option for the moment of judgement that its comparison of thisUpdate and
nextUpdate heeds, so it runs under ``faketime``.
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
    What the program says of a case.

    Attributes:
        result: ``good``, ``revoked``, ``unknown`` or ``not-verified``.

        code: Its exit code.
    """

    result: str
    code: int


class Difference(NamedTuple):
    """
    Where it judges otherwise.

    Attributes:
        id: The case.

        ours: What is expected.

        theirs: What it says.
    """

    id: str
    ours: str
    theirs: str


def release() -> str:
    """Return which release of the program there is, as ``3.0.20``."""
    said = subprocess.run(
        ["openssl", "version"], capture_output=True, text=True, check=True
    ).stdout
    return said.split()[1].partition("-")[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def why_not(case: dict[str, Any]) -> str:
    """Return why the program cannot be asked a case, or nothing."""
    if case["function"] != "verify":
        return "the program knows neither staples nor chains"
    if "cert_id" in case:
        return "the program computes the CertID itself"
    if "evidence" in case:
        return "the program does not take evidence of the delegate"
    if "nonce" in case or "request" in case:
        return "the program tells no status where it has read a request"
    changes = set(PolicySpec(**case.get("policy", {})).changes)
    if case.get("policy", {}).get("profile", "strict") != "strict":
        return "the program has no profiles"
    if changes - {"clock_skew"}:
        return "the program has no such setting"
    return ""


def judge(case: dict[str, Any]) -> Verdict:
    """Ask the program one case, which it can be asked."""
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
    # It compares whole CertIDs, so it is told all hashes that are in use.
    cert = pem("cert.pem", case["cert"])
    for name in ("sha1", "sha256", "sha384", "sha512"):
        command += [f"-{name}", "-cert", cert]
    return command


def _result(said: str) -> str:
    """Return what a careful script would read in what the program prints."""
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
    """Ask the program all cases that it can be asked."""
    asked = [case for case in cases if not why_not(case)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(
            zip((case["id"] for case in asked), pool.map(judge, asked), strict=True)
        )


def differences(
    cases: list[dict[str, Any]], said: dict[str, Verdict]
) -> list[Difference]:
    """Return where the program judges otherwise."""
    return [
        Difference(case["id"], case["expected"]["result"], said[case["id"]].result)
        for case in cases
        if case["id"] in said and said[case["id"]].result != case["expected"]["result"]
    ]


def recorded() -> dict[str, Any]:
    """Return the version that was asked, and the differences, each with its reason."""
    known: dict[str, Any] = json.loads(DIFFERENCES.read_text())
    return known


def expected() -> dict[str, str]:
    """Return what this release says where it judges otherwise."""
    return {
        name: str(each["openssl"])
        for name, each in recorded()["differences"].items()
        if _numbers(each.get("since", "0")) <= _numbers(release())
    }


def table(cases: list[dict[str, Any]], said: dict[str, Verdict]) -> str:
    """Return who takes what, for people."""
    reasons = recorded()["differences"]
    rows = [
        f"{each.id:52} {each.ours:13} {each.theirs:13} "
        f"{reasons.get(each.id, {}).get('reason', 'not known yet')}"
        for each in differences(cases, said)
    ]
    head = f"{'case':52} {'expected':13} {'openssl':13} why"
    asked = f"{len(rows)} of {len(said)} cases that it can be asked, of {len(cases)}"
    return "\n".join([head, *rows, asked])
