"""The OCSP tests of ``cryptography``, run against this package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = ROOT / ".cache" / "upstream"
TESTS = 86


def test_upstream_tests_pass_with_this_package_in_place(tmp_path: Path) -> None:
    """All 86 tests of ``cryptography`` pass; none fails, none is skipped."""
    assert (UPSTREAM / "complete").exists(), "upstream tests missing: run `make setup`"
    report = tmp_path / "report.xml"
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\nmarkers =\n    supported\n    skip_fips\n")
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(settings)]
    command += ["--rootdir", str(UPSTREAM), "-p", "substitute"]
    command += ["-p", "no:randomly", "-p", "no:cacheprovider"]
    command += [f"--junitxml={report}", str(UPSTREAM / "tests/x509/test_ocsp.py")]
    # Load the plugin by its folder: this project has a package ``tests`` as well.
    path = os.pathsep.join((str(Path(__file__).parent), str(UPSTREAM)))
    run = subprocess.run(
        command,
        cwd=UPSTREAM,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    suite = ElementTree.parse(report).getroot()[0]
    assert report.exists(), run.stdout + run.stderr
    failing = [case.get("name") for case in suite if len(case)]
    assert failing == [], run.stdout
    assert suite.get("tests") == str(TESTS)
    assert suite.get("skipped") == "0"
    assert run.returncode == 0, run.stdout + run.stderr
