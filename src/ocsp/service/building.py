"""Build a responder from its configuration: load keys, open the database, test it."""

from __future__ import annotations

import contextlib
import datetime
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from cryptography import x509

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.errors import (
    ConfigError,
    ConfigurationError,
    MissingExtraError,
    SignerUnavailable,
    StoreError,
)
from ocsp.inspection.issuer_names import issuer_names
from ocsp.publishing import Delivery, open_deliveries
from ocsp.responder import (
    Authority,
    CannedAuthority,
    EdgeAuthority,
    ForeignAuthority,
    IssuerKey,
    Requestors,
    Responder,
    StatusSource,
)
from ocsp.responder.requests.issuers import AnyAuthority, SignedElsewhere
from ocsp.service.admin_token import read_token
from ocsp.service.configuration import Configuration
from ocsp.service.configuration.model import (
    FormName,
    IssuerSettings,
    SignaturePolicy,
    SignerSettings,
)
from ocsp.service.copies.places import require_directory, require_valkey
from ocsp.service.problems import Place, Problems
from ocsp.service.sources import AwaySource, open_source
from ocsp.signers import (
    LoadedSigner,
    SignerSpec,
    SigningSlots,
    load_signer,
    self_test,
)
from ocsp.signers.loading import (
    away_signer,
    read_signer_certificate,
    refusing_signer,
)
from ocsp.signing.issued import why_no_ca
from ocsp.signing.signer import Signer
from ocsp.status import by_issuer, load_canned_answers
from ocsp.store import SQLiteStore, Store, open_store

if TYPE_CHECKING:
    from ocsp.store.postgresql.serving import PostgreSQLSource

__all__ = [
    "BuiltService",
    "build_degraded",
    "build_service",
    "check_signers",
    "name_of",
    "spec_of",
    "why_database_is_away",
]

logger = logging.getLogger("ocsp.service")

START_SECONDS = 3.0
"""How long a process that starts waits for its tokens, all together. Connections that
the kernel has given to it wait meanwhile."""

Loader: TypeAlias = Callable[[SignerSpec], Signer]
"""Loads a signer; what it raises is a problem of the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltService:
    """
    What one process needs to answer requests.

    Attributes:
        configuration: What it was built from.

        responder: The responder.

        authorities: Its authorities, in the order of the configuration.

        elsewhere: The authorities whose answers others sign.

        requestors: Whose signed requests are answered, or ``None`` for all.

        source: The status of their certificates.

        in_store: The issuers whose status is in the database.

        store: The database, or ``None`` if the status of no issuer is in it.

        remote: What asks the database for the event loop if it is on another machine.

        token: What requests to the admin port must have, or ``None``.

        opened: Closes the other sources and the sessions with tokens.
    """

    configuration: Configuration
    responder: Responder
    authorities: tuple[Authority, ...]
    elsewhere: tuple[SignedElsewhere, ...]
    requestors: Requestors | None
    source: StatusSource
    in_store: frozenset[IssuerKey]
    store: Store | None
    remote: PostgreSQLSource | None
    token: str | None
    opened: contextlib.ExitStack

    @property
    def names(self) -> dict[IssuerKey, str]:
        """The names of the issuers, for people and for metrics."""
        known = (*self.authorities, *self.elsewhere)
        return issuer_names({each.key: name_of(each.issuer) for each in known})

    @property
    def issuers(self) -> list[tuple[AnyAuthority, IssuerSettings]]:
        """Each authority with its settings, in the order of the configuration."""
        signing, elsewhere = iter(self.authorities), iter(self.elsewhere)
        return [
            (next(signing) if each.signers else next(elsewhere), each)
            for each in self.configuration.issuer
        ]

    @property
    def stored(self) -> list[Authority]:
        """The authorities whose status is in the database."""
        return [each for each in self.authorities if each.key in self.in_store]

    def with_source_of(self, before: BuiltService) -> BuiltService:
        """
        Return this service with the open database of *before*, if it is the same one.

        A process that opened it twice would have to acknowledge changes twice.
        """
        if (
            self.store is None
            or self.source not in {self.store, self.remote}
            or before.store is None
            or self.configuration.database != before.configuration.database
        ):
            return self
        self.store.close()
        source = before.remote or before.store
        return replace(self, source=source, store=before.store, remote=before.remote)

    def close_all_but(self, service: BuiltService) -> None:
        """End what is open, but not the database if *service* uses it."""
        self.opened.close()
        if self.store is not None and self.store is not service.store:
            if self.remote is not None:
                self.remote.close()
            self.store.close()

    def with_signers(self, signers: Iterable[Sequence[Signer]]) -> Self:
        """
        Return the same service with other signers; both share what is open.

        Args:
            signers: The signers of each authority, in order.
        """
        authorities = [
            Authority(
                each.issuer,
                new,
                unlisted=each.unlisted,
                trust=each.trust,
                retention=each.retention,
                compromised=each.compromised,
                cert_hash=each.cert_hash,
            )
            for each, new in zip(self.authorities, signers, strict=True)
        ]
        for authority in authorities:
            for signer in authority.signers:
                if isinstance(signer, LoadedSigner):
                    self.opened.callback(signer.close)  # closing twice is allowed
        return replace(
            self,
            authorities=tuple(authorities),
            responder=_responder(
                self.configuration, [*authorities, *self.elsewhere], self.requestors
            ),
        )

    async def aclose(self) -> None:
        """End the connections of the event loop to the database."""
        if self.remote is not None:
            await self.remote.aclose()

    def close(self) -> None:
        """Close the database and the other sources; end the sessions with tokens."""
        self.opened.close()
        if self.store is not None:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def name_of(certificate: x509.Certificate) -> str:
    """Return the subject of *certificate* as text."""
    return name_text(name_of_subject(certificate))


def build_service(
    configuration: Configuration,
    *,
    read_only: bool = False,
    tokens_may_be_away: bool = False,
    database_may_be_away: bool = False,
    issuers_may_be_away: bool = False,
) -> BuiltService:
    """
    Load the keys and certificates of *configuration*, and open its database.

    Args:
        configuration: The configuration.

        read_only: Do not write to the database, not even new answers.

        tokens_may_be_away: Begin also while a token is away or does not answer. Its
            signers then refuse to sign, and clients get stored answers, until they are
            loaded by :class:`ocsp.service.signer_following.SignerFollower`.

        database_may_be_away: Begin also while a PostgreSQL database cannot be asked, or
            has no tables yet. Clients then get copies of answers, or *tryLater*, until
            the database can be used.

        issuers_may_be_away: Begin also while files of an issuer cannot be used, as long
            as its certificate can: clients of that issuer get *tryLater*. Files of a
            signer are followed; others are loaded with the next configuration. Places
            of answers that others have signed are not looked at.

    Raises:
        ConfigurationError: If something cannot be used. It lists all problems.
    """
    problems, opened = Problems(SignerSettings.model_fields), contextlib.ExitStack()
    load = _tolerant_loader() if tokens_may_be_away else _load
    with contextlib.ExitStack() as failed:
        failed.push(opened)
        found = _authorities(configuration, load, problems, opened, issuers_may_be_away)
        requestors = _requestors(configuration, problems)
        token = problems.collect(("admin", "token_file"), lambda: _token(configuration))
        problems.collect(("purge",), partial(_open_deliveries, configuration))
        _check_places(configuration, problems, issuers_may_be_away)
        store = None
        if configuration.uses_database:
            store = problems.collect(
                ("database",),
                lambda: _open_database(configuration, read_only, database_may_be_away),
            )
        if store is not None:
            failed.push(store)
        known = [each for each in found if each is not None]
        sources = _sources(configuration, found, problems, opened, issuers_may_be_away)
        remote = _remote(configuration, store, read_only)
        responder = None
        if not problems.found:
            responder = problems.collect(
                (), lambda: _responder(configuration, known, requestors)
            )
        if responder is None:
            raise ConfigurationError("", problems.found)
        failed.pop_all()
    return BuiltService(
        configuration=configuration,
        responder=responder,
        authorities=tuple(each for each in known if isinstance(each, Authority)),
        elsewhere=tuple(each for each in known if not isinstance(each, Authority)),
        requestors=requestors,
        source=by_issuer(sources, store if isinstance(store, SQLiteStore) else remote),
        in_store=frozenset(each.key for each in known if each.key not in sources),
        store=store,
        remote=remote,
        token=token,
        opened=opened,
    )


def build_degraded(configuration: Configuration) -> BuiltService:
    """
    Build a service that can begin while its tokens and its database are away.

    For a process that is started again, long after the configuration was checked: files
    that are gone since then cost the clients of their issuer only.

    Raises:
        ConfigurationError: If something else cannot be used. It lists all problems.
    """
    return build_service(
        configuration,
        tokens_may_be_away=True,
        database_may_be_away=True,
        issuers_may_be_away=True,
    )


def _sources(
    configuration: Configuration,
    authorities: Sequence[AnyAuthority | None],
    problems: Problems,
    opened: contextlib.ExitStack,
    may_be_away: bool,
) -> dict[IssuerKey, StatusSource]:
    """Return the sources of the issuers whose status is not in the database."""
    found = {}
    for number, authority in enumerate(authorities):
        settings = configuration.issuer[number].source
        if settings is None or not isinstance(authority, Authority):
            continue
        own = problems.of_one_part()
        source = own.collect(
            ("issuer", number, "source"),
            partial(open_source, settings, authority),
        )
        if source is None and may_be_away:
            source = AwaySource(str(own))
            _log_away(authority.issuer, own)
        problems.found += own.found
        if source is not None:
            found[authority.key] = source
            opened.callback(getattr(source, "close", lambda: None))
    return found


def _open_deliveries(configuration: Configuration) -> list[Delivery]:
    """Return the ways to tell caches, which the updater opens anew."""
    return open_deliveries(
        **configuration.purge.model_dump(), tag=configuration.answers.cache_tag
    )


def _token(configuration: Configuration) -> str | None:
    return None if configuration.admin is None else read_token(configuration.admin)


def _check_places(
    configuration: Configuration, problems: Problems, may_be_away: bool
) -> None:
    """Check the places of answers that others have signed, which nothing opens yet."""
    if may_be_away:
        return
    directory, valkey = configuration.files, configuration.valkey
    if directory is not None:
        problems.collect(("files",), partial(require_directory, directory))
    if valkey is not None:
        problems.collect(("valkey",), partial(require_valkey, valkey))


def why_database_is_away(configuration: Configuration) -> str:
    """
    Return why the PostgreSQL database of *configuration* cannot be used now.

    The text is empty if it can be used, if the status of no issuer is in it, and if
    something else is wrong, which :func:`build_service` reports.
    """
    if not configuration.uses_database or configuration.database.path is not None:
        return ""
    try:
        open_store(configuration.database, read_only=True).close()
    except StoreError as error:
        return str(error)
    except (ConfigError, MissingExtraError):
        pass
    return ""


def _open_database(
    configuration: Configuration, read_only: bool, may_be_away: bool
) -> Store:
    address = configuration.database
    if address.path is not None and not address.path.exists():
        raise ConfigError(
            "database",
            f"{address} does not exist; ocsp status add and ocsp status import make it",
        )
    return open_store(
        address, read_only=read_only, program="ocsp serve", may_be_away=may_be_away
    )


def _remote(
    configuration: Configuration, store: Store | None, read_only: bool
) -> PostgreSQLSource | None:
    """Return what asks the database, if a look-up there has to wait."""
    if store is None or isinstance(store, SQLiteStore):
        return None
    from ocsp.store.postgresql.serving import PostgreSQLSource  # needs an extra

    return PostgreSQLSource(
        configuration.database, store, program="ocsp serve", acknowledges=not read_only
    )


def _responder(
    configuration: Configuration,
    authorities: list[AnyAuthority],
    requestors: Requestors | None,
) -> Responder:
    answers = configuration.answers
    return Responder(
        authorities,
        nonce=answers.nonce,
        validity=answers.validity,
        backdate=answers.backdate,
        both_hashes=FormName.BOTH in answers.forms,
        requestors=requestors,
    )


def _requestors(configuration: Configuration, problems: Problems) -> Requestors | None:
    settings = configuration.requests
    if settings.signatures is SignaturePolicy.IGNORE:
        return None
    found = [
        problems.collect(
            ("requests", "trusted", number),
            partial(read_signer_certificate, each, "trusted"),
        )
        for number, each in enumerate(settings.trusted)
    ]
    trusted = [each for each in found if each is not None]
    required = settings.signatures is SignaturePolicy.REQUIRE
    return Requestors(trusted, required=required) if trusted else None


def _authorities(
    configuration: Configuration,
    load: Loader,
    problems: Problems,
    opened: contextlib.ExitStack,
    may_be_away: bool,
) -> list[AnyAuthority | None]:
    """Return the authority of each issuer, or ``None`` if it has problems."""
    found = []
    for number, settings in enumerate(configuration.issuer):
        own = problems.of_one_part()
        authority = _any_authority(configuration, number, settings, load, own, opened)
        if authority is None and may_be_away:
            authority = _away_authority(configuration, settings, own)
        problems.found += own.found
        found.append(authority)
    return found


def _any_authority(
    configuration: Configuration,
    number: int,
    settings: IssuerSettings,
    load: Loader,
    problems: Problems,
    opened: contextlib.ExitStack,
) -> AnyAuthority | None:
    if settings.signers:
        return _authority(configuration, number, settings, load, problems, opened)
    place: Place = ("issuer", number)
    issuer = problems.collect(
        (*place, "certificate"), partial(_read_issuer, settings.certificate)
    )
    if issuer is None:
        return None
    if configuration.is_edge:
        return EdgeAuthority(issuer, configuration.upstream)
    if settings.responders:
        return ForeignAuthority(issuer, settings.responders)
    return problems.collect((*place, "signed"), lambda: _canned(issuer, settings))


def _read_issuer(path: Path) -> x509.Certificate:
    """
    Return the first certificate in the file *path*, if it is that of a CA.

    Raises:
        ConfigError: If it cannot be read, or is another one.
    """
    issuer = read_signer_certificate(path)
    if why := why_no_ca(issuer):
        raise ConfigError(
            "certificate",
            f"{path}: {name_of(issuer)} {why}; name the certificate of the CA that"
            " issues the certificates",
        )
    return issuer


def _away_authority(
    configuration: Configuration, settings: IssuerSettings, own: Problems
) -> AnyAuthority | None:
    """
    Return what answers *tryLater* for an issuer, and forget its problems in *own*.

    It is ``None`` if the certificate of the issuer cannot be used either.
    """
    try:
        issuer = read_signer_certificate(settings.certificate)
        signer = refusing_signer(issuer, str(own))
    except ConfigError:
        return None
    _log_away(issuer, own)
    if not settings.signers:
        return CannedAuthority(issuer, ())
    # In the place of the signers, until the follower has loaded one of them.
    return _signing_authority(configuration, settings, issuer, [signer])


def _log_away(issuer: x509.Certificate, own: Problems) -> None:
    """Log why there are no answers for *issuer*, and forget it in *own*."""
    logger.error("clients of %s get tryLater: %s", name_of(issuer), str(own))
    own.found.clear()


def _canned(issuer: x509.Certificate, settings: IssuerSettings) -> CannedAuthority:
    """
    Load the responses of an offline CA; the log says which are not served, and why.

    Those that have ended are no reason to stop the responder: it has other issuers.

    Raises:
        ConfigError: If clients have never accepted one.
    """
    now = datetime.datetime.now(datetime.UTC)
    loaded = load_canned_answers(issuer, settings.signed, now)
    for path, reason in loaded.refused:
        logger.error("%s is not served: %s", path, reason)
    if not loaded.answers:
        raise ConfigError("signed", "has no response that clients accept")
    authority = CannedAuthority(issuer, loaded.answers)
    for _ in authority.contradictions:
        logger.error(
            "a response of %s is not served: it contradicts a revocation",
            name_of(issuer),
        )
    return authority


def _authority(
    configuration: Configuration,
    number: int,
    settings: IssuerSettings,
    load: Loader,
    problems: Problems,
    opened: contextlib.ExitStack,
) -> Authority | None:
    place: Place = ("issuer", number)
    issuer = problems.collect(
        (*place, "certificate"), partial(_read_issuer, settings.certificate)
    )
    loaded = [
        problems.collect((*place, "signers", index), partial(load, spec_of(each)))
        for index, each in enumerate(settings.signers)
    ]
    signers = [each for each in loaded if each is not None]
    for signer in signers:
        if isinstance(signer, LoadedSigner):
            opened.callback(signer.close)
    if issuer is None or len(signers) < len(loaded):
        return None
    return problems.collect(
        (*place, "signers"),
        partial(_signing_authority, configuration, settings, issuer, signers),
    )


def _signing_authority(
    configuration: Configuration,
    settings: IssuerSettings,
    issuer: x509.Certificate,
    signers: Sequence[Signer],
) -> Authority:
    return Authority(
        issuer,
        signers,
        unlisted=settings.unlisted,
        trust=settings.trust,
        retention=configuration.retention.expired,
        compromised=settings.compromised,
        cert_hash=settings.cert_hash,
    )


def spec_of(settings: SignerSettings) -> SignerSpec:
    """Return where the key and the certificate of a configured signer are."""
    return SignerSpec(**settings.model_dump())


def _load(
    spec: SignerSpec, seconds: float = limits.MAX_SIGNER_LOAD_SECONDS
) -> LoadedSigner:
    """
    Load a signer; wait for a token for so many *seconds*.

    Raises:
        ConfigError: If a file or a setting is wrong.
        SignerUnavailable: If the token fails, or does not answer in time.
    """
    if spec.pkcs11 is None:
        return load_signer(spec)
    slots = SigningSlots(1, 1, deadline=seconds)
    return slots.call(partial(load_signer, spec))


def _tolerant_loader() -> Loader:
    """Return a function that loads signers, all of them in :data:`START_SECONDS`."""
    end = time.monotonic() + START_SECONDS

    def load(spec: SignerSpec) -> Signer:
        try:
            return _load(spec, max(0.0, end - time.monotonic()))
        except (ConfigError, SignerUnavailable) as error:
            logger.error("%s: begins without its key: %s", spec.certificate, error)
            return away_signer(spec, str(error))

    return load


# --- tests ----------------------------------------------------------------------------


def check_signers(service: BuiltService, now: datetime.datetime) -> list[str]:
    """
    Sign an answer with each signer, and return what some clients do not like about it.

    Args:
        service: The responder.

        now: The current time, aware.

    Raises:
        ConfigurationError: If all clients would reject the answers of a signer that is
            valid, or no issuer has an answer, because all signers have ended. It lists
            all problems. Those of one issuer are found by
            :func:`ocsp.service.time.ends.ended_issuers`.
    """
    problems = Problems(SignerSettings.model_fields)
    warnings: list[str] = []
    validity = service.configuration.answers.validity
    is_over = not service.elsewhere and not any(
        each.signer_at(now) for each in service.authorities
    )
    for number, (authority, _) in enumerate(service.issuers):
        if not isinstance(authority, Authority):
            continue
        place: Place = ("issuer", number, "signers")
        if is_over:
            problems.add(place, _none_is_valid(authority))
        for index, signer in enumerate(authority.signers):
            failures, found = _check_signer(authority, signer, now, validity)
            for failure in failures:
                problems.add((*place, index), failure)
            warnings += [each for each in found if each not in warnings]
    if problems.found:
        raise ConfigurationError("", problems.found)
    return warnings


def _none_is_valid(authority: Authority) -> str:
    certificates = [each.certificate for each in authority.signers]
    validities = ", ".join(
        f"{name_of(each)} is valid from {timestamp(begin)} to {timestamp(end)}"
        for each, (begin, end) in zip(
            certificates, map(validity_of, certificates), strict=True
        )
    )
    return f"no certificate of a signer is valid now; add a signer: {validities}"


def _check_signer(
    authority: Authority,
    signer: Signer,
    now: datetime.datetime,
    validity: datetime.timedelta,
) -> tuple[list[str], tuple[str, ...]]:
    """Return the failures and the warnings of the test of *signer*."""
    begin, end = validity_of(signer.certificate)
    name = name_of(signer.certificate)
    if now < begin:  # it is there for the time after another one
        return [], ()
    if now > end:
        warning = f"the certificate of {name} ended at {end}; remove the signer"
        return [], (warning,)
    alone = Authority(
        authority.issuer, [signer], unlisted=authority.unlisted, trust=authority.trust
    )
    found = self_test(alone, now, validity=validity)
    failures = [
        f"clients would reject the answers of {name}: {failure}"
        for failure in found.failures
    ]
    return failures, found.warnings
