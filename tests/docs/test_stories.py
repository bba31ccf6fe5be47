"""
Test the pages that take a CA to a responder, and the recipes that keep it current.

The commands come from the pages; each page runs in an empty directory.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.examples import Block, Session, blocks, session

PAGES = ("easy-rsa", "openssl-ca", "crl-only")
RECIPES = "docs/howto/connect-your-ca.md"
CA_TO_TRY = "a CA to try"
"""The comment above the blocks that make a CA; who has one, omits them."""

MOST_COMMANDS = 5

pytestmark = pytest.mark.programs


def _commands(block: Block) -> list[str]:
    return re.findall(r"^\$ (.*)$", block.text, re.MULTILINE)


def _status(directory: Path) -> list[str]:
    """Return the subject and the status of each certificate."""
    program = Path(sys.executable).with_name("ocsp")
    done = subprocess.run(
        [program, "status", "list", "--json"],
        cwd=directory,
        capture_output=True,
        check=True,
    )
    return sorted(
        f"{each['subject']} {each['revocation_reason'] or each['status']}"
        for each in json.loads(done.stdout)["certificates"]
    )


@pytest.mark.parametrize("page", PAGES)
def test_five_commands_take_a_ca_to_verified_answers(page: str, tmp_path: Path) -> None:
    """By our client and by openssl, about a good and a revoked certificate."""
    document = f"docs/tutorials/{page}.md"
    counted = [
        command
        for block in blocks(document, "console")
        if block.comment != CA_TO_TRY
        for command in _commands(block)
    ]
    assert 0 < len(counted) <= MOST_COMMANDS
    answers = "\n".join(block.text for block in blocks(document, "console"))
    for shown in ("good (from responder)", "Response verify OK", ": revoked"):
        assert shown in answers
    with session(tmp_path) as shell:
        shell.run(document, {})
    status = [each.split()[-1] for each in _status(tmp_path)]
    assert sorted(status) == ["good", "keyCompromise"]


def test_the_recipe_for_easy_rsa_records_what_happens(tmp_path: Path) -> None:
    """At the moment it happens."""
    with session(tmp_path) as shell:
        shell.run(RECIPES, {})
    assert _status(tmp_path / "ca") == ["/CN=web keyCompromise"]


def test_the_recipes_for_openssl_ca_and_other_software(tmp_path: Path) -> None:
    """In the directory of the CA of the tutorial."""
    files = {
        block.comment.removeprefix("file: "): block.text
        for document in ("docs/tutorials/openssl-ca.md", RECIPES)
        for block in blocks(document, None)
        if block.comment.startswith("file: ")
    }
    for name in ("ca.cnf", "openssl-ca"):
        (tmp_path / name).write_text(files[name])
    (tmp_path / "index.txt").touch()
    (tmp_path / "newcerts").mkdir()
    new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc"
    web = f"{new_key} -CA ca.pem -CAkey ca.key -subj /CN=web"
    for command in (
        f"openssl req -x509 {new_key} -days 99 -subj /CN=CA -keyout ca.key -out ca.pem",
        f"openssl req {new_key} -subj /CN=mail -keyout mail.key -out mail.csr",
        f"openssl req -x509 {web} -keyout web.key -out web.pem",
    ):
        subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
    shell = Session(tmp_path)
    for block in blocks(RECIPES, "console"):
        if block.comment.startswith("tested: "):
            shell.run_block(RECIPES, block, {})
    assert _status(tmp_path) == ["/CN=mail keyCompromise", "CN=web superseded"]


def test_the_units_for_systemd_are_right(tmp_path: Path) -> None:
    """As ``systemd-analyze verify`` sees them."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for block in blocks(RECIPES, "ini"):
        name = block.comment.removeprefix("file: ")
        program = str(Path(sys.executable).with_name("ocsp"))
        (tmp_path / name).write_text(
            block.text.replace("ExecStart=/opt/ocsp/bin/ocsp", f"ExecStart={program}")
        )
    units = sorted(tmp_path.iterdir())
    assert len(units) == 2
    done = subprocess.run(
        [analyze, "verify", *units], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line] == []
