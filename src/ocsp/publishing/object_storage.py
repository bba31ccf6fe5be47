"""
Publish answers in an S3-compatible object storage, with obstore.

Such a storage sends the same headers for as long as an object is there, so ``max-age``
cannot count down to the end of the answer. Instead an object is removed or replaced by
``max-age`` before its answer ends.
"""

from __future__ import annotations

import asyncio
import configparser
import contextlib
import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocsp import limits
from ocsp.errors import ConfigError, MissingExtraError, PublishingFailed
from ocsp.guarded.files import read_file
from ocsp.http import RESPONSE_TYPE
from ocsp.publishing.names import file_name
from ocsp.publishing.target import Failures, Publication
from ocsp.responder import StoredAnswer

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import S3Store

__all__ = ["ObjectStorage", "read_credentials"]

RETRY_SECONDS = 60
"""For how long a request is tried again that the storage does not answer."""

MARKS = "ocsp-generation"
"""The folder of the objects that tell when a complete publication has begun."""


class ObjectStorage:
    """A bucket, or a part of one, from which clients or a CDN get answers."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str = "",
        region: str = "",
        credentials: Mapping[str, str] | None = None,
        max_age: int = 3600,
        concurrency: int = 32,
    ) -> None:
        """
        Publish in *bucket*.

        Args:
            bucket: The name of the bucket.

            prefix: What the names of all objects begin with, without slashes around it.

            endpoint: The URL of the storage; empty for that of AWS.

            region: Its region; empty for that in the environment.

            credentials: As from :func:`read_credentials`; ``None`` for those in the
                environment: ``AWS_ACCESS_KEY_ID`` and so on.

            max_age: How many seconds caches may use an object at most.

            concurrency: How many requests are in work at a time.

        Raises:
            ConfigError: If a setting cannot be used.
            MissingExtraError: If obstore is not installed.
        """
        try:
            import obstore
        except ImportError as error:
            raise MissingExtraError("publishing in an object storage", "publish") from (
                error
            )
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise ConfigError("endpoint", f"{endpoint!r} is not an HTTP URL")
        self._obstore = obstore
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self.layout = f"s3 {endpoint} {prefix} {max_age}"
        self._max_age = max_age
        self._concurrency = concurrency
        self._secrets = tuple((credentials or {}).values())
        self._generation = 0
        try:
            self._store = _open(bucket, prefix, endpoint, region, credentials or {})
        except Exception as error:
            raise ConfigError(self.name, self._reason(error)) from None

    def prepare(self, generation: int) -> None:
        """Make the object of the generation, if it is not there."""
        self._generation = generation
        with self._reported():
            if self._mark_time() is None:
                self._obstore.put(self._store, self._mark(), b"")

    def _mark(self) -> str:
        return f"{MARKS}/{self._generation}"

    def _mark_time(self) -> datetime.datetime | None:
        try:
            return self._obstore.head(self._store, self._mark())["last_modified"]
        except FileNotFoundError:
            return None

    def last_moment(self, answer: StoredAnswer) -> int:
        """Return the last second at which caches may get *answer*."""
        return answer.next_update - self._age(answer) - 1

    def _age(self, answer: StoredAnswer) -> int:
        """Return max-age: an answer is signed again before its last two times that."""
        return min(self._max_age, (answer.next_update - answer.due) // 2)

    # --- answers ---

    def publish(self, publications: Sequence[Publication]) -> Failures:
        """Put objects, several at a time."""
        return asyncio.run(self._publish(publications))

    async def _publish(self, publications: Sequence[Publication]) -> Failures:
        slots = asyncio.Semaphore(self._concurrency)
        failures: dict[int, str] = {}

        async def put(number: int, publication: Publication) -> None:
            async with slots:
                try:
                    await self._put(publication)
                except Exception as error:
                    failures[number] = self._reason(error)

        async with asyncio.TaskGroup() as group:
            for number, each in enumerate(publications):
                group.create_task(put(number, each))
        return failures

    async def _put(self, publication: Publication) -> None:
        answer = publication.answer
        attributes: Attributes = {
            "Content-Type": RESPONSE_TYPE,
            "Cache-Control": (
                f"max-age={self._age(answer)}, public, no-transform, must-revalidate"
            ),
            "this-update": _date(answer.this_update),
            "next-update": _date(answer.next_update),
        }
        for name in _names([publication.targets]):
            await self._obstore.put_async(
                self._store,
                name,
                publication.der,
                attributes=attributes,
                use_multipart=False,
            )

    def remove(self, targets: Sequence[Sequence[str]]) -> Failures:
        """Delete objects, many with each request."""
        names = list(_names(targets))
        try:
            if names:
                self._obstore.delete(self._store, names)
        except Exception as error:
            return dict.fromkeys(range(len(targets)), self._reason(error))
        return {}

    # --- rounds ---

    def sweep(self) -> int:
        """Delete the objects that are older than that of the generation."""
        removed = 0
        with self._reported():
            begun = self._mark_time()
            for page in self._obstore.list(self._store):
                old = [
                    each["path"]
                    for each in page
                    if begun is not None and each["last_modified"] < begun
                ]
                if old:
                    self._obstore.delete(self._store, old)
                removed += len(old)
        return removed

    def allow_until(self, last_moment: int, now: int) -> None:
        """Do nothing: a storage sends an object as long as it is there."""

    def sync(self) -> None:
        """Do nothing: an object that was put is there."""

    # --- errors ---

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # not chained: it may contain what is secret
            raise PublishingFailed(f"{self.name}: {self._reason(error)}") from None

    def _reason(self, error: Exception) -> str:
        """Return the first line of an error, without anything that is secret."""
        text = str(error).strip().partition("\n")[0][:_MAX_REASON]
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text or type(error).__name__


_MAX_REASON = 300
"""Characters of an error; the storage sends whole documents."""


def _open(
    bucket: str,
    prefix: str,
    endpoint: str,
    region: str,
    credentials: Mapping[str, str],
) -> S3Store:
    from obstore.store import S3Store

    settings: dict[str, Any] = dict(credentials)
    if endpoint:
        settings["endpoint"] = endpoint
    if region:
        settings["region"] = region
    return S3Store(
        bucket,
        prefix=prefix or None,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "timeout": "30s",
        },
        retry_config={
            "max_retries": 8,
            "retry_timeout": datetime.timedelta(seconds=RETRY_SECONDS),
        },
        **settings,
    )


def _names(targets: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return the names of the objects for *targets*."""
    for each in targets:
        for target in each:
            name = file_name(target)
            if name is not None:
                yield name


def _date(second: int) -> str:
    return datetime.datetime.fromtimestamp(second, datetime.UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


_CREDENTIALS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}


def read_credentials(path: Path, profile: str = "default") -> dict[str, str]:
    """
    Read credentials from a file in the format of the AWS command line.

    Args:
        path: The file.

        profile: The section of the file.

    Raises:
        UnreadableFile: If the file cannot be read.
        ConfigError: If it has not both parts of a key in that section.
    """
    data = read_file(path, limits.MAX_KEY_FILE_BYTES)
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(data.decode())
        section = parser[profile]
    except (UnicodeDecodeError, configparser.Error, KeyError):
        # Not chained: those errors contain lines of the file.
        raise ConfigError(
            str(path), f"has no section [{profile}] of lines such as key = value"
        ) from None
    found = {new: section[old] for old, new in _CREDENTIALS.items() if old in section}
    if not {"access_key_id", "secret_access_key"} <= found.keys():
        raise ConfigError(
            str(path),
            f"needs aws_access_key_id and aws_secret_access_key in [{profile}]",
        )
    return found
