"""The output of ``ocsp check`` for one outcome."""

from __future__ import annotations

from rich.console import Console

from ocsp.cli.render.check_output import Checked, check_document, draw
from ocsp.client import Outcome, Source
from ocsp.verification.crl.verify import verify_crl
from tests.crls import crl
from tests.pki import NOW, ca, key, leaf, make


def test_a_crl_of_another_key_is_not_shown_as_that_of_the_issuer() -> None:
    """In text and in JSON: the user trusts its signer, the issuer does not."""
    new = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    data = crl(signer=key("new key"))
    evidence = verify_crl(data, leaf(), ca(), crl_issuers=[new], at=NOW)
    checked = Checked(outcome=Outcome.of(evidence, leaf(), ca(), Source.CRL, ()))
    assert check_document([checked])["certificates"][0]["authorized_by"] == "configured"
    console = Console(width=200)
    with console.capture() as capture:
        console.print(draw(checked, verbose=False))
    assert "signed by   configured Test CA" in capture.get()
