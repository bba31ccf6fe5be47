"""The settings of a responder, as the configuration file has them."""

from __future__ import annotations

import datetime
import enum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from ocsp import limits
from ocsp.asn1.times import utc
from ocsp.http import CacheTag
from ocsp.quantities import duration_text
from ocsp.responder import NoncePolicy, SignerTrust, UnknownSerialPolicy
from ocsp.service.configuration.values import (
    SQLURL,
    URL,
    AdminAddress,
    Database,
    Duration,
    File,
    FileOrURL,
    ListenAddress,
    Octets,
    PositiveDuration,
    Size,
    TCPAddress,
    Valkey,
)
from ocsp.status import NotInCRL

__all__ = [
    "AccessLog",
    "AdminSettings",
    "AnswerSettings",
    "Configuration",
    "FormName",
    "IssuerSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "PurgeSettings",
    "RequestSettings",
    "RetentionSettings",
    "Role",
    "Settings",
    "SignaturePolicy",
    "SignerSettings",
    "SigningSettings",
    "SourceSettings",
]

_HOUR = datetime.timedelta(hours=1)
_DAY = datetime.timedelta(days=1)


def _few_enough(workers: int) -> int:
    if workers > limits.MAX_WORKER_PROCESSES:
        raise ValueError(
            f"is {workers:,}, which exceeds the limit MAX_WORKER_PROCESSES ="
            f" {limits.MAX_WORKER_PROCESSES}"
        )
    return workers


def _at_least_a_day(duration: datetime.timedelta) -> datetime.timedelta:
    if duration < _DAY:
        raise ValueError(f"must be at least 1d, and is {duration_text(duration)}")
    return duration


def _in_utc(moment: datetime.datetime) -> datetime.datetime:
    try:
        return utc(moment)
    except OverflowError as error:
        raise ValueError("is outside the years 1 to 9999 in UTC") from error


class Settings(BaseModel):
    """A table of the file: immutable, and without unknown keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True
    )


class FormName(enum.StrEnum):
    """The CertIDs of an answer that is signed ahead."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    BOTH = "both"


class LogFormat(enum.StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    """``key=value`` pairs, for people and for the journal of systemd."""

    JSON = "json"
    """One JSON object in each line."""


class LogLevel(enum.StrEnum):
    """The least severe lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class AccessLog(enum.StrEnum):
    """What the log has about each request."""

    OFF = "off"
    """Nothing: the responder learns who visits which server (RFC 9919 §8)."""

    REQUESTS = "requests"
    """A line for each request, with its serial numbers, without the address of the
    client."""


class Role(enum.StrEnum):
    """What this machine does of the work of a responder."""

    BOTH = "both"
    """It answers clients, and signs answers ahead."""

    SERVE = "serve"
    """It answers clients; other machines sign ahead."""

    SIGN = "sign"
    """It signs answers ahead, and answers no client."""

    EDGE = "edge"
    """It answers clients with what others have signed: it has no key, and no
    database."""


class SignerSettings(Settings):
    """A key that signs answers, and its certificate."""

    certificate: File
    """The certificate of the key."""

    key: File | None = None
    """The private key, in PEM or DER."""

    passphrase_file: File | None = None
    """A file with the passphrase of the key in its first line."""

    pkcs11: str | None = None
    """The URI of a key in a PKCS #11 token (RFC 7512), instead of ``key``."""

    pin_file: File | None = None
    """A file with the user PIN of the token in its first line."""

    rate: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = None
    """How many signatures a second the signer may make; without it, any number. All
    processes that sign ahead for a database keep to it together; for clients that wait,
    each process keeps to it alone."""


class SourceSettings(Settings):
    """Where the status of the certificates of one issuer is, if not in the database."""

    crl: tuple[FileOrURL, ...] = ()
    """CRLs of the issuer: files or URLs."""

    delta: tuple[FileOrURL, ...] = ()
    """Delta CRLs for them."""

    refresh: PositiveDuration = datetime.timedelta(minutes=15)
    """How often CRLs are fetched from URLs."""

    issued: File | None = None
    """What the CA has issued: a file with one serial number in hexadecimal in each
    line, or a directory of certificates. Without it no serial number is *good*."""

    not_in_crl: NotInCRL = NotInCRL.NOT_KNOWN
    """What a serial number is that no CRL lists, without ``issued``."""

    index_txt: File | None = None
    """The ``index.txt`` of ``openssl ca`` or easy-rsa."""

    directory: File | None = None
    """A directory with the certificates that the CA has issued."""

    revoked: File | None = None
    """The revocations among them: a file with the serial number in hexadecimal, the
    time and, if there is one, the reason in each line."""

    sql: SQLURL | None = None
    """The URL of a database, as SQLAlchemy reads it."""

    preset: str | None = None
    """The program whose tables that database has, such as ``cfssl``."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("crl", "index_txt", "directory", "sql")
        given = [kind for kind in kinds if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(
                f"has {' and '.join(given) or 'no source'}; give one of"
                f" {', '.join(kinds)}, or leave the table out to use the database"
            )
        for key, kind in _BELONGS_TO.items():
            # A process gets all settings, also those that have their defaults.
            default = type(self).model_fields[key].default
            if kind != given[0] and getattr(self, key) != default:
                raise ValueError(f"{key} is only used with {kind}; take it out")
        if self.sql and not self.preset:
            raise ValueError("sql needs preset: the program that wrote the tables")
        if self.directory and not self.revoked:
            raise ValueError("directory needs revoked: the file with the revocations")
        return self

    @property
    def text(self) -> str:
        """What it is, in words, without the password of a database."""
        if self.sql is not None:
            return f"the tables of {self.preset}"
        places = self.crl or (self.index_txt or self.directory,)
        return ", ".join(map(str, places))


_BELONGS_TO = {
    "delta": "crl",
    "refresh": "crl",
    "issued": "crl",
    "not_in_crl": "crl",
    "revoked": "directory",
    "preset": "sql",
}
"""The kind of source that each of these keys is for."""


_NOT_ON_AN_EDGE = ("source", "compromised", "cert_hash")
"""The settings of an issuer that change what is signed, besides its signers."""


class IssuerSettings(Settings):
    """A CA that the responder answers for."""

    certificate: File
    """The certificate of the CA."""

    unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED
    """How to answer for a serial number that the CA has not issued."""

    signers: tuple[SignerSettings, ...] = ()
    """The keys that sign, in order: the first whose certificate is valid signs."""

    signed: tuple[File, ...] = ()
    """Instead of signers: files, or directories of files, with responses that the key
    of an offline CA has signed."""

    responders: tuple[URL, ...] = ()
    """Instead of signers: the URLs of the CA's own responders, which are asked."""

    trust: SignerTrust = SignerTrust.ISSUER
    """Why clients accept the signers: the issuer issued their certificates, or the
    operators of the clients configured them (``local``)."""

    compromised: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = None
    """Since when the key of the CA is compromised: all its certificates are revoked."""

    cert_hash: Annotated[bool, Field(strict=True)] = False
    """Whether answers have the hash of the certificate (CertHash, Common PKI), if the
    database knows it: they are then about 70 octets larger."""

    source: SourceSettings | None = None
    """Where the status is, if not in the database."""

    @model_validator(mode="after")
    def _one_kind(self, info: ValidationInfo) -> Self:
        kinds = ("signers", "signed", "responders")
        given = [kind for kind in kinds if getattr(self, kind)]
        if (info.context or {}).get("role") == Role.EDGE:
            given += [key for key in _NOT_ON_AN_EDGE if getattr(self, key)]
            if given:
                raise ValueError(
                    f"has {' and '.join(given)}; an edge node never signs: take it out,"
                    " or set another role"
                )
            return self
        if len(given) != 1:
            raise ValueError(
                f"has {' and '.join(given) or 'no signers'}; give one of"
                f" {', '.join(kinds)}"
            )
        return self

    @property
    def source_text(self) -> str:
        """Where the status is, in words; empty for the database."""
        return "" if self.source is None else self.source.text


class SignaturePolicy(enum.StrEnum):
    """What is done with signatures of requests (RFC 6960 §4.1.2)."""

    IGNORE = "ignore"
    """Nothing depends on them (RFC 9919 §3.1.2)."""

    VERIFY = "verify"
    """A signed request is answered if a trusted requestor signed it."""

    REQUIRE = "require"
    """Only requests that a trusted requestor signed are answered."""


class RequestSettings(Settings):
    """Which clients get answers."""

    signatures: SignaturePolicy = SignaturePolicy.IGNORE
    """What is done with signatures of requests: ``ignore``, ``verify``, ``require``."""

    trusted: tuple[File, ...] = ()
    """Certificates of requestors, and of CAs that have issued them."""

    @model_validator(mode="after")
    def _trusts(self) -> Self:
        ignores = self.signatures is SignaturePolicy.IGNORE
        if ignores == bool(self.trusted):
            raise ValueError(
                "trusted is only used with signatures = 'verify' or 'require'"
                if ignores
                else "needs trusted: the certificates of requestors"
            )
        return self


class AnswerSettings(Settings):
    """What answers contain, and which are kept."""

    validity: PositiveDuration = 8 * _HOUR
    """The time from an answer to its nextUpdate."""

    backdate: Duration = datetime.timedelta(minutes=5)
    """The time from thisUpdate to the answer, for clients whose clocks are behind."""

    forms: tuple[FormName, ...] = (FormName.SHA1, FormName.SHA256)
    """The CertIDs of the answers that are signed ahead; none: answers are signed when
    clients ask."""

    memory: Size = Octets(64 << 20)
    """The size of the answers that a worker keeps in memory."""

    nonce: NoncePolicy = NoncePolicy.ECHO
    """What to do with the nonce of a request."""

    cache_tag: CacheTag | None = None
    """The header in which answers have tags, by which a cache in front drops them:
    ``xkey``, ``Surrogate-Key`` or ``Cache-Tag``; without it, none."""


class SigningSettings(Settings):
    """How much is signed at a time, and when to warn of a signer's end."""

    in_flight: Annotated[int, Field(strict=True, ge=1, le=1024)] = 32
    """How many signatures a worker has in work at a time."""

    waiting: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 200
    """How many requests may wait for a signature; further ones get *tryLater*."""

    alarm: Duration = 14 * _DAY
    """How long before the end of a signer's certificate, or of the responses of an
    offline CA, the warnings begin; for a signer a quarter of its validity if that is
    shorter."""


class AdminSettings(Settings):
    """The port for operators: health, metrics and a page for people."""

    listen: AdminAddress = TCPAddress("127.0.0.1", 9080)
    """Where it listens."""

    token_file: File | None = None
    """A file with the token that clients must send; needed where other machines can
    connect."""

    allowed_hosts: tuple[str, ...] = ()
    """Names of this port that browsers use, besides ``localhost`` and IP addresses."""

    @model_validator(mode="after")
    def _token(self) -> Self:
        if not self.listen.is_local and self.token_file is None:
            raise ValueError(
                f"listen is {self.listen}, which other machines can reach:"
                " set token_file in the configuration file, or listen on 127.0.0.1 or a"
                " Unix socket"
            )
        return self


class LogSettings(Settings):
    """The log, which is written to standard error."""

    format: LogFormat = LogFormat.TEXT
    """How a line is written."""

    level: LogLevel = LogLevel.INFO
    """The least severe lines that are written."""

    access: AccessLog = AccessLog.OFF
    """What is written about each request."""


class RetentionSettings(Settings):
    """How long the database keeps what is over."""

    expired: Duration | None = None
    """How long a certificate has a status after its notAfter; without it, for ever.
    Stored answers get their archive cutoff when they are due again."""

    audit: Annotated[Duration, AfterValidator(_at_least_a_day)] | None = None
    """How long the database keeps the events of its audit log, at least a day; without
    it, for ever."""


class PurgeSettings(Settings):
    """Which caches are told when a status changes, so that they drop their answers."""

    command: str | tuple[str, ...] = ()
    """A program, with its arguments; it gets the change as JSON on standard input."""

    webhook: URL | None = None
    """A URL that gets the change as JSON in a POST."""

    secret_file: File | None = None
    """A file with the key, in its first line, of the HMAC that signs the webhook."""

    urls: tuple[URL, ...] = ()
    """The URLs of the responder at caches, which get requests with the method
    ``PURGE``: one with the tags of ``answers.cache_tag``, or one for each GET."""

    @model_validator(mode="after")
    def _secret(self) -> Self:
        if self.secret_file is not None and self.webhook is None:
            raise ValueError("secret_file is only used with webhook; take it out")
        return self


class Configuration(Settings):
    """All settings of a responder."""

    database: Database = Field(default="sqlite:status.db", validate_default=True)
    """The SQLite file, or the address of the PostgreSQL database
    (``postgresql://user@host/database``), with the status and the signed answers."""

    valkey: Valkey | None = None
    """The Valkey or Redis server with copies of signed answers."""

    role: Role = Role.BOTH
    """What this machine does: ``serve``, ``sign``, ``both`` or ``edge``. An edge node
    has neither a key nor a database."""

    files: File | None = None
    """For an edge node: the directory that ``ocsp publish`` has written."""

    upstream: tuple[URL, ...] = ()
    """For an edge node: URLs of responders, which are asked for what is found nowhere
    else."""

    listen: Annotated[tuple[ListenAddress, ...], Field(min_length=1)] = (
        TCPAddress("127.0.0.1", 8080),
    )
    """Where the responder listens for OCSP requests."""

    workers: Annotated[int, Field(strict=True, ge=1), AfterValidator(_few_enough)] = 1
    """The number of processes that answer requests."""

    answers: AnswerSettings = AnswerSettings()
    """What answers contain, and which are kept."""

    requests: RequestSettings = RequestSettings()
    """Which clients get answers."""

    signing: SigningSettings = SigningSettings()
    """How much is signed at a time, and when to warn of a signer's end."""

    admin: AdminSettings | None = None
    """The port for operators; without this table there is none."""

    log: LogSettings = LogSettings()
    """The log."""

    retention: RetentionSettings = RetentionSettings()
    """How long the database keeps what is over."""

    purge: PurgeSettings = PurgeSettings()
    """Which caches are told when a status changes."""

    issuer: Annotated[tuple[IssuerSettings, ...], Field(min_length=1)]
    """The CAs that the responder answers for."""

    @model_validator(mode="after")
    def _places(self) -> Self:
        if not self.is_edge:
            given = [key for key in ("files", "upstream") if getattr(self, key)]
            if given:
                raise ValueError(f"{' and '.join(given)} need role = 'edge'")
            return self
        if not (self.valkey or self.files or self.upstream):
            raise ValueError(
                "role = 'edge' needs at least one of valkey, files and upstream: the"
                " places of answers that others have signed"
            )
        if self.answers.nonce is NoncePolicy.REQUIRE:
            raise ValueError(
                "answers.nonce = 'require' needs a key, which an edge node has not"
            )
        return self

    @property
    def is_edge(self) -> bool:
        """Whether this machine answers with what others have signed."""
        return self.role is Role.EDGE

    @property
    def signs_ahead(self) -> bool:
        """Whether this machine signs answers ahead, and deletes what is over."""
        return self.role in {Role.BOTH, Role.SIGN}

    @property
    def serving_processes(self) -> int:
        """How many processes answer requests."""
        return 0 if self.role is Role.SIGN else self.workers

    @property
    def serving_addresses(self) -> tuple[TCPAddress, ...]:
        """Where the responder listens for OCSP requests, if it does."""
        return () if self.role is Role.SIGN else self.listen

    @property
    def uses_database(self) -> bool:
        """Whether the status of at least one issuer is in the database."""
        return any(issuer.source is None for issuer in self.issuer if issuer.signers)
