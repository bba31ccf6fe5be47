"""Load the targets of an exporter: their certificates, questions and thresholds."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.errors import ConfigError, ConfigurationError
from ocsp.inspection.vocabulary import serial_from
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.probing import (
    ProbeSettings,
    Thresholds,
    check_responder_url,
    questions,
)
from ocsp.service.exporter.model import ExporterConfiguration, TargetSettings
from ocsp.service.problems import Problems
from ocsp.signers.loading import read_signer_certificate
from ocsp.signing.issued import is_issued_by
from ocsp.verification import Policy

__all__ = ["Target", "load_targets"]

_SETTINGS = {
    "warning_remaining": "warn_remaining",
    "warning_latency": "warn_latency",
}
"""The setting for each key that an error of the thresholds can have."""


class Target(NamedTuple):
    """
    A responder that is probed.

    Attributes:
        name: Its name.

        url: Its URL.

        cert: What it is asked about.

        issuer: The certificate of the issuer.

        settings: How it is asked.

        thresholds: How its answers are judged.
    """

    name: str
    url: str
    cert: x509.Certificate | CertID
    issuer: x509.Certificate
    settings: ProbeSettings
    thresholds: Thresholds


def load_targets(configuration: ExporterConfiguration) -> tuple[Target, ...]:
    """
    Return the targets of *configuration*, with their certificates loaded.

    Raises:
        ConfigurationError: If a file or a value cannot be used. It lists all problems.
    """
    problems = Problems(TargetSettings.model_fields)
    timeout = configuration.timeout.total_seconds()
    loaded = [
        problems.collect(("target", number), partial(_load, each, timeout))
        for number, each in enumerate(configuration.target)
    ]
    if problems.found:
        raise ConfigurationError("", problems.found)
    return tuple(each for each in loaded if each is not None)


def _load(settings: TargetSettings, timeout: float) -> Target:
    check_responder_url(settings.url)
    issuer = _certificate("issuer", settings.issuer)
    return Target(
        name=settings.name,
        url=settings.url,
        cert=_subject(settings, issuer),
        issuer=issuer,
        settings=ProbeSettings(
            questions=questions(settings.methods, settings.hashes, settings.nonces),
            policy=Policy.named(settings.policy),
            responders=tuple(
                _certificate("responders", each) for each in settings.responders
            ),
            timeout=timeout,
        ),
        thresholds=_thresholds(settings),
    )


def _certificate(key: str, path: Path) -> x509.Certificate:
    try:
        return read_signer_certificate(path)
    except ConfigError as error:
        raise ConfigError(key, error.reason) from error


def _subject(
    settings: TargetSettings, issuer: x509.Certificate
) -> x509.Certificate | CertID:
    if settings.certificate is None:
        number = serial_from(settings.serial or "")
        return CertID.for_serial(issuer, number or 0, hashes.SHA256())
    cert = _certificate("certificate", settings.certificate)
    if not is_issued_by(cert, issuer):
        reason = f"{settings.certificate} was not issued by {settings.issuer}"
        raise ConfigError("certificate", reason)
    return cert


def _thresholds(settings: TargetSettings) -> Thresholds:
    warn, crit = settings.warn_latency, settings.crit_latency
    expect = settings.expect
    try:
        return Thresholds(
            warning_remaining=settings.warn_remaining,
            critical_remaining=settings.crit_remaining,
            warning_latency=None if warn is None else warn.total_seconds(),
            critical_latency=None if crit is None else crit.total_seconds(),
            expect=None if expect is None else OCSPCertStatus[expect.name],
        )
    except ConfigError as error:
        raise ConfigError(_SETTINGS[error.key], error.reason) from error
