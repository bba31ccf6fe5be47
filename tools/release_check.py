"""
Rehearse a release, and leave the checked files in ``dist``.

The source distribution and both wheels, pure and compiled, are built twice from the
commit that is checked out, and must not differ in a byte. Each wheel is installed into
an empty environment, and the unpacked source distribution passes its own ``make unit``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"


def main() -> int:
    """Take every step; return 1 at the first that fails."""
    try:
        with tempfile.TemporaryDirectory(prefix="ocsp-release-") as folder:
            rehearse(Path(folder))
    except (subprocess.CalledProcessError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("release check passed; the files are in dist")
    return 0


def rehearse(folder: Path) -> None:
    """
    Take every step, with *folder* for what is temporary.

    Raises:
        CalledProcessError: If a program fails.
        ValueError: If the two builds differ.
    """
    print("building twice", flush=True)
    first, second = build(folder / "first"), build(folder / "second")
    compare(first, second)
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, first))
    source = next(each for each in first if each.name.endswith(".tar.gz"))
    for wheel in (each for each in first if each.suffix == ".whl"):
        print(f"installing {wheel.name} into an empty environment", flush=True)
        install(wheel, folder / f"empty-{wheel.stem}")
    print("running the unit tests of the source distribution", flush=True)
    test(source, folder / "unpacked")
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    for file in first:
        shutil.copy2(file, DIST)


def build(folder: Path) -> list[Path]:
    """Build wheels and source distribution of the commit in *folder*; return them."""
    folder.mkdir()
    archive = folder / "commit.tar"
    run("git", "archive", "--format=tar", f"--output={archive}", "HEAD")
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "tree", filter="data")
    # The time of the commit goes into both archives, and not the time of the build.
    time = run("git", "log", "-1", "--format=%ct").strip()
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir")
    places = str(folder / "dist"), str(folder / "tree")
    run(*command, *places, SOURCE_DATE_EPOCH=time)
    run(
        *(*command, *places, "--wheel"),
        SOURCE_DATE_EPOCH=time,
        HATCH_BUILD_HOOK_ENABLE_CUSTOM="true",
    )
    return sorted((folder / "dist").iterdir())


def compare(first: list[Path], second: list[Path]) -> None:
    """
    Compare the files of two builds.

    Raises:
        ValueError: If a name or a byte differs.
    """
    names = [[each.name for each in build] for build in (first, second)]
    if names[0] != names[1]:
        raise ValueError(f"the builds gave other files: {names[0]} and {names[1]}")
    for one, other in zip(first, second, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise ValueError(f"{one.name}: the second build differs from the first")
        print(f"{one.name}: {one.stat().st_size} bytes, the same twice", flush=True)


def install(wheel: Path, folder: Path) -> None:
    """Install *wheel* into a new environment; import it, then run its command line."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, str(wheel))
    compiled = not wheel.stem.endswith("-none-any")
    run(python, "-c", f"import ocsp; assert ocsp.compiled is {compiled}", cwd=folder)
    run(*pip, f"{wheel}[cli]")
    print(run(str(folder / "bin" / "ocsp"), "--version", cwd=folder).strip())


def test(source: Path, folder: Path) -> None:
    """Unpack *source* and run its unit tests, in an environment of their own."""
    with tarfile.open(source) as tar:
        tar.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    print(run("make", "unit", f"PYTHON={sys.executable}", cwd=tree).splitlines()[-1])


def run(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    """
    Run a program and return what it prints.

    Raises:
        CalledProcessError: If it fails; its output is printed first.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
    done.check_returncode()
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
