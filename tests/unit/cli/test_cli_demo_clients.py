"""What the demo's clients make of answers, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocsp.cli.demo_clients import NOBODY, OpenSSLClient, read_openssl

GOOD = """good.pem: good
\tThis Update: Jul  1 12:00:00 2026 GMT
\tNext Update: Jul  2 12:00:00 2026 GMT
Response verify OK
"""
REVOKED = """/tmp/a b/revoked.pem: revoked
\tThis Update: Jul  1 12:00:00 2026 GMT
\tNext Update: Jul  2 12:00:00 2026 GMT
\tReason: keyCompromise
\tRevocation Time: Jun 30 12:00:00 2026 GMT
Response verify OK
"""


@pytest.mark.parametrize(
    ("printed", "says", "verified_by"),
    [
        (GOOD, "good", "openssl: verify OK"),
        (REVOKED, "revoked (keyCompromise)", "openssl: verify OK"),
        (
            "WARNING: no nonce in response\n" + GOOD,
            "good",
            "openssl: verify OK, no nonce",
        ),
        ("Responder Error: unauthorized (6)\n", "unauthorized", NOBODY),
        (
            GOOD.replace("verify OK", "Verify Failure"),
            "refused: Response Verify Failure",
            "-",
        ),
        ("", "refused: nothing printed", "-"),
    ],
)
def test_the_words_of_openssl_become_an_answer(
    printed: str, says: str, verified_by: str
) -> None:
    """A status counts only where openssl also says that it verified the response."""
    answer = read_openssl(printed)
    assert (says, verified_by) == (answer.says, answer.verified_by)


def test_a_program_that_cannot_be_started_is_an_answer(tmp_path: Path) -> None:
    """Whatever goes wrong is shown in the table and ends nothing."""
    program = str(tmp_path / "none")
    client = OpenSSLClient(program, "http://127.0.0.1:1/", tmp_path, str.encode)
    answer = client.post(tmp_path / "leaf.pem")
    assert answer.says.startswith("no answer: ")
    assert answer.verified_by == "-"
