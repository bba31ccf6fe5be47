"""What the admin port shows of a built service."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.process_clock import ProcessClock
from ocsp.responder import IssuerKey
from ocsp.service import BuiltService, build_service, read_configuration
from ocsp.service.processes.admin_port import AdminPort
from ocsp.service.signer_following import SignerFollower
from tests.ca_folder import DAY, CAFolder


def test_issuers_whose_answers_others_sign_are_shown(tmp_path: Path) -> None:
    """And those after them have their own settings."""
    files = CAFolder(tmp_path)
    other = files.new_ca("Other CA")
    (tmp_path / "other.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    foreign = (
        '[[issuer]]\ncertificate = "other.pem"\n'
        'responders = ["http://ocsp.example.org/"]\n'
    )
    top, issuer = files.settings().split("[[issuer]]")
    files.write("ocsp.toml", f"{top}{foreign}[[issuer]]{issuer}")
    with build_service(read_configuration(files.configuration).configuration) as built:
        follower = SignerFollower(lambda _: None)
        follower.follow(built)
        port = AdminPort(lambda: built, follower, ProcessClock())
        present = port._present()
    (shown,), (partner,) = present.issuers, present.elsewhere
    assert (partner.name, partner.check) == ("CN=Other CA", "responders CN=Other CA")
    assert partner.source == "http://ocsp.example.org/"
    assert shown.authority is built.authorities[0]
    assert shown.name == "CN=Example CA"
    assert [each.certificate for each in shown.signers] == [
        built.authorities[0].signers[0].certificate
    ]


def test_a_new_key_of_a_ca_gets_a_name_of_its_own(tmp_path: Path) -> None:
    """The page finds an issuer by its name: it showed certificates of the other key."""
    files = CAFolder(tmp_path)
    other = files.new_ca("Example CA").certificate
    (tmp_path / "other.pem").write_bytes(other.public_bytes(Encoding.PEM))
    foreign = (
        '[[issuer]]\ncertificate = "other.pem"\n'
        'responders = ["http://ocsp.example.org/"]\n'
    )
    files.write("ocsp.toml", f"{files.settings()}\n{foreign}")
    with build_service(read_configuration(files.configuration).configuration) as built:
        assert built.names == {
            key: f"CN=Example CA (key {key.short_key_hash})"
            for key in (IssuerKey.of(files.ca.certificate), IssuerKey.of(other))
        }


def test_the_settings_of_a_reload_are_shown(tmp_path: Path) -> None:
    """The alarm was that of the start, and so was the database."""
    files = CAFolder(tmp_path)

    def build() -> BuiltService:
        return build_service(read_configuration(files.configuration).configuration)

    with build() as first:
        service = first
        port = AdminPort(
            lambda: service, SignerFollower(lambda _: None), ProcessClock()
        )
        before = port._present()
        assert (before.alarm, before.store) == (14 * DAY, first.configuration.database)
        (tmp_path / "status.db").rename(tmp_path / "other.db")
        settings = files.settings(
            top='answers = { validity = "3h" }\nsigning = { alarm = "400d" }'
        )
        files.write("ocsp.toml", settings.replace("status.db", "other.db"))
        with build() as second:
            service = second
            after = port._present()
    assert (after.alarm, after.validity) == (400 * DAY, datetime.timedelta(hours=3))
    assert after.store == second.configuration.database != before.store
