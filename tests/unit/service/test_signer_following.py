"""Test that a process follows its signers, and swaps them for nothing else."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.errors import SignerUnavailable
from ocsp.service import (
    build_degraded,
    build_service,
    building,
    read_configuration,
)
from ocsp.service.building import BuiltService
from ocsp.service.signer_following import SignerFollower
from ocsp.signers import LoadedSigner, SignerSpec, load_signer, managed_signer
from tests.ca_folder import CAFolder

SECOND = datetime.timedelta(seconds=1)
MINUTE = 60 * SECOND


class _Process:
    """What a process does with the services that it gets."""

    def __init__(self, files: CAFolder) -> None:
        self.files = files
        self.swapped: list[BuiltService] = []
        self.follower = SignerFollower(self.swapped.append)
        files.write("ocsp.toml", f"{files.settings()}cert_hash = true\n")
        configuration = read_configuration(files.configuration).configuration
        self.service = build_service(configuration)
        self.follower.follow(self.service)

    def update(self, after: datetime.timedelta) -> None:
        asyncio.run(self.follower.update(self.files.now + after))


@pytest.fixture
def process(tmp_path: Path) -> Iterator[_Process]:
    """Return a process with the service of a CA."""
    made = _Process(CAFolder(tmp_path))
    with made.service:
        yield made


def test_nothing_changes_while_the_files_stay(process: _Process) -> None:
    """The signers that were built are used, and not loaded again."""
    for seconds in range(3):
        process.update(seconds * SECOND)
    assert process.swapped == []


def test_a_replaced_pair_swaps_the_signers_and_nothing_else(process: _Process) -> None:
    """The database stays open, and the settings of the authority stay."""
    process.update(SECOND)
    made = process.files.add_delegate("responder")
    process.update(2 * SECOND)
    (swapped,) = process.swapped
    assert swapped.source is process.service.source
    (before,), (after,) = process.service.authorities, swapped.authorities
    assert after.signers[0].certificate == made.certificate
    assert after.issuer == before.issuer
    assert after.unlisted is before.unlisted
    assert before.cert_hash
    assert after.cert_hash
    process.update(3 * SECOND)
    assert len(process.swapped) == 1


def test_a_pair_that_changed_since_it_was_built_is_noticed(process: _Process) -> None:
    """Also before the first look at the files."""
    made = process.files.add_delegate("responder")
    process.update(SECOND)
    (swapped,) = process.swapped
    assert swapped.authorities[0].signers[0].certificate == made.certificate


def test_a_revoked_delegate_is_taken_out_of_use(process: _Process) -> None:
    """By the database of the service itself."""
    own = process.service.authorities[0].signers[0].certificate
    issuer = process.files.ca.certificate
    store = process.service.store
    assert store is not None
    store.add(issuer, own.serial_number)
    process.update(SECOND)
    store.revoke(issuer, own.serial_number)
    process.update(2 * MINUTE)
    (swapped,) = process.swapped
    assert type(swapped.authorities[0].signers[0]).__name__ == "RefusingSigner"


def test_a_new_configuration_is_followed_instead(process: _Process) -> None:
    """A change of the former signer is of no interest then."""
    process.files.add_delegate("next")
    text = process.files.settings(signer="next")
    process.files.write("ocsp.toml", text)
    configuration = read_configuration(process.files.configuration).configuration
    with build_service(configuration) as service:
        process.follower.follow(service)
        process.update(SECOND)
        process.files.add_delegate("responder")
        process.update(2 * SECOND)
        assert process.swapped == []
        made = process.files.add_delegate("next")
        process.update(3 * SECOND)
        (swapped,) = process.swapped
        assert swapped.authorities[0].signers[0].certificate == made.certificate


def test_a_signer_whose_token_was_away_is_loaded_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is followed although the service began without it."""
    files = CAFolder(tmp_path)
    uri = "pkcs11:token=ocsp;object=key?module-path=/usr/lib/module.so"
    text = files.settings().replace('key = "responder.key"', f'pkcs11 = "{uri}"')
    files.write("ocsp.toml", text)
    own = SignerSpec(
        certificate=tmp_path / "responder.pem", key=tmp_path / "responder.key"
    )

    def away(spec: SignerSpec) -> LoadedSigner:
        raise SignerUnavailable(f"{spec.certificate}: the token is away")

    monkeypatch.setattr(building, "load_signer", away)
    swapped: list[BuiltService] = []
    follower = SignerFollower(swapped.append)
    configuration = read_configuration(files.configuration).configuration
    with build_degraded(configuration) as service:
        follower.follow(service)
        monkeypatch.setattr(managed_signer, "load_signer", lambda _: load_signer(own))
        asyncio.run(follower.update(files.now))
        (signer,) = swapped[0].authorities[0].signers
        assert signer.sign(b"data")
