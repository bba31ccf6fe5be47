"""Run nginx and Varnish with the samples in ``packaging``, changed for this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.web_servers import await_port, free_port

__all__ = ["PACKAGING", "nginx", "sample", "varnish"]

PACKAGING = Path(__file__).parents[2] / "packaging"


def sample(name: str, *changes: tuple[str, str]) -> str:
    """Return the sample *name*, with *changes* for this machine."""
    text = (PACKAGING / name).read_text()
    for old, new in changes:
        assert old in text, f"no {old} in {name}"
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def nginx(folder: Path, configuration: str, program: str = "") -> Iterator[int]:
    """Run nginx with *configuration* in its block ``http``, and yield its port."""
    program = program or _program("nginx", "/usr/sbin/nginx")
    port = free_port()
    assert "listen 80;" in configuration
    text = configuration.replace("listen 80;", f"listen 127.0.0.1:{port};")
    temporary = "\n".join(
        f"{each}_temp_path {folder}/nginx-{each};"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"""
        {"user root;" if os.getuid() == 0 else ""}
        daemon off;
        pid {folder}/nginx.pid;
        error_log {folder}/nginx.log info;
        events {{ }}
        http {{
            access_log off;
            {temporary}
            {text}
        }}
        """
    )
    command = [program, "-p", str(folder), "-c", "nginx.conf"]
    with _running(command, folder / "nginx.log", port):
        yield port


@contextlib.contextmanager
def varnish(folder: Path, vcl: str, *options: str) -> Iterator[int]:
    """Run Varnish with *vcl* and *options*, and yield its port."""
    program = _program("varnishd", "/usr/sbin/varnishd")
    port = free_port()
    path = folder / "ocsp.vcl"
    path.write_text(vcl)
    command = [
        program, "-F", "-j", "none", "-n", str(folder / "varnish"), "-f", str(path),
        "-a", f"127.0.0.1:{port}", "-s", "malloc,32m", "-T", "none", *options,
    ]  # fmt: skip
    with _running(command, folder / "varnish.log", port):
        yield port


def _program(name: str, usual: str) -> str:
    found = shutil.which(name) or usual
    if not Path(found).exists():
        pytest.skip(f"{name} is not installed; `make setup` installs it")
    return found


@contextlib.contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[None]:
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            await_port(port, process, log.read_text)
            yield
        finally:
            process.terminate()
            process.wait(20)
