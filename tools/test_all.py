"""
Run all tests with every Python that is supported, and print a table.

The interpreters are those of this machine (on PATH, or installed by pyenv) and, in a
chroot for each, those of Debian 13 and of Debian sid. Those of this machine run the
tests twice: with the sources, and with the compiled wheel. What each run prints is in
``.cache/all/NAME.log``. With names as arguments, only those runs are made, for example
``debian-sid``. The exit code is 1 if a test fails or no interpreter is found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
RELEASES = {"debian-13": "trixie", "debian-sid": "sid"}
ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".cache" / "all"
NO_CHROOT = 3
"""The exit code of ``tools/chroot.sh`` where it cannot make a chroot."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the tests: its command, and the file where pytest reports."""

    name: str
    command: tuple[str, ...]
    report: Path


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of the table."""

    name: str
    verdict: str
    python: str = "-"
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0


def main() -> int:
    """Run everything, print the table, and return the exit code."""
    chosen = sys.argv[1:]
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = []
    for run in runs():
        if chosen and run.name not in chosen:
            continue
        print(f"{run.name}: running", flush=True)
        results.append(result_of(run))
        print(f"{run.name}: {results[-1].verdict}", flush=True)
    found = {each.python for each in results if each.python != "-"}
    missing = [version for version in VERSIONS if version not in found]
    print_table(results)
    if not chosen:
        absent = ", ".join(f"Python {version}" for version in missing)
        print("not found:", absent or "nothing")
    ran = [each for each in results if each.python != "-"]
    return 0 if ran and all(each.verdict == "pass" for each in ran) else 1


def runs() -> Iterator[Run]:
    """Yield what can be run here."""
    for version in VERSIONS:
        interpreter = find_interpreter(version)
        if interpreter is not None:
            for kind, change in KINDS.items():
                name = f"{kind}-{version}"
                report = RESULTS / name / "report.xml"
                venv = str(RESULTS / name / "venv")
                shell = script(venv, interpreter, str(report), change)
                yield Run(name=name, command=("sh", "-c", shell), report=report)
    for name, release in RELEASES.items():
        shell = script(".venv", "python3", ".cache/report.xml", KINDS["python"])
        command = ("bash", "tools/chroot.sh", release, "sh", "-c", shell)
        inside = ROOT / ".cache" / "chroot" / release / "ocsp"
        yield Run(name=name, command=command, report=inside / ".cache/report.xml")


def find_interpreter(version: str) -> str | None:
    """Return the path of an interpreter that runs, or ``None``."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
    found = shutil.which(f"python{version}")
    for candidate in (*map(str, installed), *([found] if found else [])):
        works = subprocess.run([candidate, "-c", "import ssl, venv"], check=False)
        if works.returncode == 0:
            return candidate
    return None


INSTALL_COMPILED = (
    "rm -rf {venv}/wheel && HATCH_BUILD_HOOK_ENABLE_CUSTOM=true {venv}/bin/python -m "
    "build --no-isolation --wheel --outdir {venv}/wheel . && "
    "{venv}/bin/python -m pip install --quiet --force-reinstall --no-deps "
    "{venv}/wheel/*.whl && {venv}/bin/python -c 'import ocsp; assert ocsp.compiled'"
)
"""Install the compiled wheel in place of the editable package."""

KINDS = {"python": ":", "compiled": INSTALL_COMPILED}
"""What is done between the set-up and the tests of each kind of run."""


def script(venv: str, interpreter: str, report: str, change: str) -> str:
    """Return the shell command that makes an environment and runs the tests in it."""
    return (
        f"make -s setup VENV={venv} PYTHON={interpreter} && "
        f"{change.format(venv=venv)} && "
        f"{venv}/bin/python -m pytest -q -p no:cacheprovider --junitxml={report} "
        f"-o junit_suite_name=$({venv}/bin/python -c "
        "'import sys; print(sys.version_info[0], sys.version_info[1], sep=\".\")')"
    )


def result_of(run: Run) -> Result:
    """Run the tests and return what pytest has counted."""
    run.report.unlink(missing_ok=True)
    start = time.monotonic()
    with (RESULTS / f"{run.name}.log").open("wb") as log:
        code = subprocess.run(
            run.command, cwd=ROOT, stdout=log, stderr=log, check=False
        ).returncode
    seconds = time.monotonic() - start
    if not run.report.exists():
        verdict = "not available" if code == NO_CHROOT else "no report: see the log"
        return Result(name=run.name, verdict=verdict, seconds=seconds)
    suite = ElementTree.parse(run.report).getroot()[0]
    total, failures, errors, skipped = (
        int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")
    )
    return Result(
        name=run.name,
        verdict="fail" if code else "pass",
        python=suite.attrib["name"],
        passed=total - failures - errors - skipped,
        failed=failures + errors,
        skipped=skipped,
        seconds=seconds,
    )


def print_table(results: list[Result]) -> None:
    """Print a line for each run."""
    layout = "{:14} {:>6} {:>7} {:>7} {:>8} {:>8}  {}"
    print()
    print(
        layout.format(
            "where", "python", "passed", "failed", "skipped", "seconds", "result"
        )
    )
    for each in results:
        counts = (each.passed, each.failed, each.skipped, round(each.seconds))
        print(layout.format(each.name, each.python, *counts, each.verdict))


if __name__ == "__main__":
    sys.exit(main())
