"""The settings of an exporter, as its configuration file has them."""

from __future__ import annotations

import datetime
import enum
from collections import Counter
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from ocsp import limits
from ocsp.inspection.vocabulary import SERIAL_FORMS, serial_from
from ocsp.probing import HashName, Method
from ocsp.service.configuration.model import AdminSettings, LogSettings, Settings
from ocsp.service.configuration.values import (
    URL,
    File,
    PositiveDuration,
    TCPAddress,
)
from ocsp.verification.policy import PolicyName

__all__ = ["ExpectedStatus", "ExporterConfiguration", "TargetSettings"]


class ExpectedStatus(enum.StrEnum):
    """The status that a certificate must have."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


def _short_enough(name: str) -> str:
    if not 0 < len(name) <= limits.MAX_LABEL_CHARACTERS:
        raise ValueError(
            f"has {len(name)} characters; 1 to {limits.MAX_LABEL_CHARACTERS} are"
            " allowed (MAX_LABEL_CHARACTERS)"
        )
    return name


def _serial_number(text: str) -> str:
    if serial_from(text) is None:
        raise ValueError(f"{text!r} is not a number; use {SERIAL_FORMS}")
    return text


class TargetSettings(Settings):
    """A responder that is probed."""

    name: Annotated[str, AfterValidator(_short_enough)]
    """Its name, the label *target* of its metrics."""

    url: URL
    """Its URL."""

    issuer: File
    """The certificate of the issuer."""

    certificate: File | None = None
    """The certificate that is asked about."""

    serial: Annotated[str, AfterValidator(_serial_number)] | None = None
    """Its serial number, instead of *certificate*."""

    methods: tuple[Method, ...] = Field(tuple(Method), min_length=1)
    """How it is asked."""

    hashes: tuple[HashName, ...] = Field(tuple(HashName), min_length=1)
    """The hash algorithms of the CertIDs."""

    nonces: tuple[bool, ...] = Field((False, True), min_length=1)
    """Whether it is asked without a nonce, with one, or both."""

    policy: PolicyName = PolicyName.DEFAULT
    """What its answers must satisfy."""

    responders: tuple[File, ...] = ()
    """Certificates of responders to trust, besides the issuer and its delegates."""

    expect: ExpectedStatus | None = None
    """The status that the certificate must have; without it, any."""

    warn_remaining: PositiveDuration | None = None
    """A warning if an answer is valid for less time."""

    crit_remaining: PositiveDuration | None = None
    """An alarm if an answer is valid for less time."""

    warn_latency: PositiveDuration | None = None
    """A warning if an answer takes longer."""

    crit_latency: PositiveDuration | None = None
    """An alarm if an answer takes longer."""

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if (self.certificate is None) == (self.serial is None):
            raise ValueError("give either certificate or serial")
        return self


class ExporterConfiguration(Settings):
    """The settings of ``ocsp exporter``."""

    admin: AdminSettings = AdminSettings(listen=TCPAddress("127.0.0.1", 9081))
    """The port with the metrics."""

    interval: PositiveDuration = datetime.timedelta(minutes=1)
    """The time from the beginning of one round of probes to that of the next."""

    timeout: PositiveDuration = datetime.timedelta(seconds=10)
    """The time limit for each answer."""

    concurrency: int = Field(4, ge=1, le=limits.MAX_WORKERS)
    """How many targets are probed at the same time."""

    log: LogSettings = LogSettings()
    """The log."""

    target: tuple[TargetSettings, ...] = Field(min_length=1)
    """The responders that are probed."""

    @model_validator(mode="after")
    def _few_targets_with_names(self) -> Self:
        if len(self.target) > limits.MAX_PROBE_TARGETS:
            raise ValueError(
                f"has {len(self.target):,} targets, which exceeds the limit"
                f" MAX_PROBE_TARGETS = {limits.MAX_PROBE_TARGETS}; run several"
                " exporters"
            )
        numbers = Counter(each.name for each in self.target)
        twice = [name for name, number in numbers.items() if number > 1]
        if twice:
            raise ValueError(f"has two targets with the name {twice[0]!r}")
        return self
