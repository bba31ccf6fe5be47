"""Objects in an S3-compatible storage: names, headers, errors, and what is removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.request import urlopen

import pytest

import ocsp
from ocsp.errors import (
    ConfigError,
    MissingExtraError,
    PublishingFailed,
    SourceUnavailable,
)
from ocsp.http import RESPONSE_TYPE
from ocsp.publishing import GetTargets, ObjectStorage, read_credentials
from ocsp.publishing.names import file_name
from tests.unit.publishing.scene import HOUR, SHA1, Scene

KEYS = {"access_key_id": "someone", "secret_access_key": "very-secret"}


@pytest.fixture(name="endpoint", scope="module")
def _endpoint() -> Iterator[str]:
    """Run an S3-compatible storage in this process."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(name="bucket")
def _bucket(endpoint: str, request: pytest.FixtureRequest) -> str:
    """Make a bucket for one test."""
    from urllib.request import Request

    name = re.sub("[^a-z]+", "-", request.node.name.lower())[:40].strip("-")
    with urlopen(Request(f"{endpoint}/{name}", method="PUT")) as reply:
        assert reply.status == 200
    return name


def storage(bucket: str, endpoint: str, **options: Any) -> ObjectStorage:
    """Return the bucket as a target."""
    return ObjectStorage(
        bucket, endpoint=endpoint, region="us-east-1", credentials=KEYS, **options
    )


def names(target: ObjectStorage) -> set[str]:
    """Return the names of the answers in the bucket."""
    found = {
        each["path"] for page in target._obstore.list(target._store) for each in page
    }
    return {each for each in found if not each.startswith("ocsp-generation/")}


def name(scene: Scene, serial: int) -> str:
    """Return the name of the SHA-1 answer about a certificate."""
    return str(file_name(GetTargets(scene.issuer).of(serial, SHA1)[0]))


def test_objects_have_the_headers_of_answers(
    scene: Scene, endpoint: str, bucket: str
) -> None:
    """A cache may use each until it is removed, at least an hour before its end."""
    target = storage(bucket, endpoint, prefix="a/b")
    assert scene.publisher(target).run().published == 6
    assert len(names(target)) == 6
    found = target._obstore.get(target._store, name(scene, 1))
    answer = ocsp.load_der_ocsp_response(bytes(found.bytes()))
    assert answer.serial_number == 1
    attributes = dict(found.attributes)
    assert attributes["Content-Type"] == RESPONSE_TYPE
    assert attributes["Cache-Control"] == (
        "max-age=3600, public, no-transform, must-revalidate"
    )
    end = answer.next_update_utc
    assert end is not None
    assert attributes["next-update"] == end.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_round_replaces_and_removes_objects(
    scene: Scene, endpoint: str, bucket: str
) -> None:
    """A revocation first; then what ends: sooner by max-age than a file."""
    target = storage(bucket, endpoint)
    publisher = scene.publisher(target)
    publisher.run()
    scene.store.revoke(scene.issuer, 1)
    publisher.follow()
    assert name(scene, 1) not in names(target)
    scene.sign()
    scene.now += 1
    publisher.follow()
    found = target._obstore.get(target._store, name(scene, 1))
    answer = ocsp.load_der_ocsp_response(bytes(found.bytes()))
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    scene.now += 7 * HOUR
    publisher.run()
    assert names(target) == set()


def test_a_complete_round_sweeps_other_objects(
    scene: Scene, endpoint: str, bucket: str
) -> None:
    """They are older than the object that tells when the round began."""
    target = storage(bucket, endpoint)
    target._obstore.put(target._store, "MFEother", b"x")
    import time

    end = time.monotonic() + 10
    scene.publisher(target).run()
    while "MFEother" in names(target):  # the times of this storage are whole seconds
        assert time.monotonic() < end
        scene.now += 1
        publisher = scene.publisher(target)
        publisher.is_complete = True
        publisher.run()
    assert len(names(target)) == 6


def test_no_object_stays_after_its_end(
    scene: Scene, endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else cannot be done: the publisher was stopped, the database is away."""
    target = storage(bucket, endpoint)
    scene.publisher(target).run()
    scene.now += 9 * HOUR
    with monkeypatch.context() as patch:
        patch.setattr(scene.store, "stored_answers", _away)
        with pytest.raises(SourceUnavailable):
            scene.publisher(target).run()
    assert names(target) == set()
    scene.sign()
    scene.publisher(target).run()
    assert len(names(target)) == 6


def _away(*_: object, **__: object) -> NoReturn:
    raise SourceUnavailable("the database is away")


def test_an_error_shows_no_secret(scene: Scene, endpoint: str) -> None:
    """The bucket does not exist."""
    with pytest.raises(PublishingFailed, match="s3://missing") as raised:
        scene.publisher(storage("missing", endpoint)).run()
    assert "very-secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_storage_that_is_away_is_an_error(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a bounded time."""
    monkeypatch.setattr("ocsp.publishing.object_storage.RETRY_SECONDS", 1)
    with pytest.raises(PublishingFailed, match="s3://away"):
        scene.publisher(storage("away", "http://127.0.0.1:1")).run()


def test_one_object_that_fails_does_not_cost_the_others(
    scene: Scene, endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again in the next round."""
    target = storage(bucket, endpoint)
    put, wrong = target._put, {name(scene, 2)}

    async def fail(publication: Any) -> None:
        if {file_name(each) for each in publication.targets} & wrong:
            raise OSError("full, very-secret")
        await put(publication)

    monkeypatch.setattr(target, "_put", fail)
    counts = scene.publisher(target).run()
    assert counts.published == 5
    assert counts.failed >= 1
    wrong.clear()
    scene.now += 1
    assert scene.publisher(target).run().published == 1
    assert len(names(target)) == 6


def test_credentials_are_read_from_a_file(tmp_path: Path) -> None:
    """In the format of the AWS command line; errors do not show its lines."""
    path = tmp_path / "credentials"
    path.write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key=b%c\n"
        "[other]\naws_access_key_id = x\n"
    )
    assert read_credentials(path) == {
        "access_key_id": "a",
        "secret_access_key": "b%c",
    }
    with pytest.raises(ConfigError, match="needs aws_access_key_id and"):
        read_credentials(path, "other")
    for text in ("very-secret", "[other]\nx=very-secret", "[default\nvery-secret"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"no section \[default\]") as raised:
            read_credentials(path)
        assert "very-secret" not in repr(raised.value)
        assert raised.value.__cause__ is None


def test_without_obstore_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files need no extra."""
    monkeypatch.setitem(__import__("sys").modules, "obstore", None)
    with pytest.raises(MissingExtraError, match="publish"):
        ObjectStorage("bucket")


def test_settings_that_cannot_be_used() -> None:
    """The line names the setting, or the storage."""
    with pytest.raises(ConfigError, match="endpoint: 'minio:9000' is not an HTTP URL"):
        storage("b", "minio:9000")
    with pytest.raises(ConfigError, match="s3://b"):
        ObjectStorage("b", credentials={"unknown": "x"})


def test_credentials_in_the_environment(
    scene: Scene, endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every program for this storage reads them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    target = ObjectStorage(bucket, endpoint=endpoint)
    assert scene.publisher(target).run().published == 6
