"""
Reading with Bouncy Castle, in Java: ``Reader.java``, run once for all messages.

Starting Java takes a second, so callers pass all their messages at once.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.interop.kinds import Message
from tests.interop.plans import CertificateFacts

__all__ = ["read_all"]

_FOLDER = Path("/usr/share/java")
_JARS = [_FOLDER / f"bc{part}.jar" for part in ("pkix", "util", "prov")]
_READER = Path(__file__).with_name("Reader.java")
_MISSING = (
    "Bouncy Castle for Java is not installed, and the tests of interoperation need it: "
    "apt-get install libbcpkix-java default-jdk-headless"
)


def read_all(messages: Mapping[str, Message]) -> dict[str, CertificateFacts]:
    """
    Return what Bouncy Castle reads, by the names of *messages*.

    A name ends with ``.request`` or ``.response``.
    """
    if shutil.which("javac") is None or not _JARS[0].exists():
        pytest.fail(_MISSING, pytrace=False)
    with TemporaryDirectory() as directory:
        for name, message in messages.items():
            file = Path(directory, name)
            file.write_bytes(message.der)
            if message.signer is not None:
                signer = message.signer.public_bytes(Encoding.DER)
                Path(directory, f"{name}.signer").write_bytes(signer)
        printed = _run(directory)
    found = [json.loads(line) for line in printed.splitlines()]
    return {facts.pop("file"): facts for facts in found}


def _run(directory: str) -> str:
    path = ":".join(map(str, _JARS))
    # The run takes a second: only the fast compiler pays.
    options = ("-XX:TieredStopAtLevel=1", "-Xshare:auto")
    done = subprocess.run(
        ["java", *options, "-cp", path, str(_READER), directory],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
