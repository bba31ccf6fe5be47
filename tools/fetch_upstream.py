"""
Fetch the test suite of ``cryptography``, which this package must pass too.

Download the source distribution of ``cryptography`` in the version that this project is
compared with, check its hash, and unpack its test suite into ``.cache``. Do nothing if
it is there already.
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
import tempfile
from pathlib import Path

import truststore
from pypi_simple import PyPISimple

VERSION = "50.0.2"
SHA256 = "7b46165bb56eb4704e2eaaf86f3c940d19154535d9b0ca7d6d590b04060e00d5"
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "upstream"
STAMP = CACHE / "complete"


def main() -> int:
    """Fetch and unpack; return the exit code."""
    if STAMP.exists() and STAMP.read_text() == SHA256:
        return 0
    print(f"fetching the test suite of cryptography {VERSION}")
    truststore.inject_into_ssl()
    try:
        with tempfile.TemporaryDirectory() as folder:
            unpack(download(Path(folder)))
    except OSError as error:
        print(f"error: cannot fetch the test suite: {error}", file=sys.stderr)
        return 1
    STAMP.write_text(SHA256)
    return 0


def download(folder: Path) -> Path:
    """Download the archive, check its hash, and return its path."""
    name = f"cryptography-{VERSION}.tar.gz"
    archive = folder / name
    with PyPISimple() as client:
        page = client.get_project_page("cryptography")
        package = next(item for item in page.packages if item.filename == name)
        client.download_package(package, path=archive, verify=True)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise OSError(f"{name} has the SHA-256 hash {found}, expected {SHA256}")
    return archive


def unpack(archive: Path) -> None:
    """Unpack the folder ``tests`` of *archive*."""
    prefix = f"cryptography-{VERSION}/"
    with tarfile.open(archive) as source:
        for member in source:
            # Not extractall: Python before 3.11.4 has no extraction filter.
            content = source.extractfile(member) if member.isfile() else None
            if content is not None and member.name.startswith(f"{prefix}tests/"):
                target = CACHE / member.name.removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


if __name__ == "__main__":
    sys.exit(main())
