"""
The groups of options that ``check``, ``verify``, ``staple`` and others share.

Each field of :class:`ocsp.Policy` has an option, and each field of
:class:`ocsp.Options`. What a command does not use is named here.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Annotated, Any, NamedTuple

from ocsp.cli.options.fields import Spelling, field_options
from ocsp.cli.options.group import Changes, FieldGroup, built, warn_of_unsafe
from ocsp.cli.parameters import Option
from ocsp.client.options import AddressPolicy, MissingIssuer, Options, SendNonce
from ocsp.verification.policy import Policy, PolicyName

__all__ = [
    "POLICY",
    "POLICY_OF_PROBES",
    "SIGNERS",
    "ChosenPolicy",
    "network_group",
    "options_from",
]

_POLICY_PANEL = "Policy: what a response must satisfy"

_POLICY_SPELLINGS = {
    "nonce": Spelling("--nonce-check"),
    "clock_skew": Spelling(help="Largest accepted difference between the clocks."),
    "max_age_without_next_update": Spelling(
        help="Largest age of a response without nextUpdate."
    ),
    "max_age": Spelling(help="Largest age of any response."),
    "min_interval": Spelling(
        help="Shortest time to nextUpdate for an end entity's certificate."
    ),
    "max_interval": Spelling(
        help="Longest time to nextUpdate for an end entity's certificate."
    ),
    "ca_min_interval": Spelling(
        help="Shortest time to nextUpdate for a CA certificate."
    ),
    "ca_max_interval": Spelling(
        help="Longest time to nextUpdate for a CA certificate."
    ),
    "min_rsa_bits": Spelling(help="Smallest accepted RSA key, in bits."),
    "min_ec_bits": Spelling(help="Smallest accepted elliptic-curve key, in bits."),
}

_OPTIONS_SPELLINGS = {
    "responders": Spelling(
        "--responder", "Certificate of a responder to trust; repeatable."
    ),
    "candidates": Spelling(
        "--candidate", "Certificate that may be the signer's, not trusted; repeatable."
    ),
    "crl_issuers": Spelling(
        "--crl-issuer", "Certificate of an issuer of CRLs to trust; repeatable."
    ),
    "nonce": Spelling(
        "--nonce", "Send a nonce, and require it in the response.", SendNonce.ALWAYS
    ),
    "address_policy": Spelling(
        "--private", "Also connect to private addresses.", AddressPolicy.PRIVATE_TOO
    ),
    "missing_issuer": Spelling(
        "--fetch-issuer", "Download a missing issuer certificate.", MissingIssuer.FETCH
    ),
    "proxy": Spelling(help="The HTTP proxy: environment, none or http://HOST:PORT."),
    "hedge_after": Spelling(
        help="How long to wait for one responder before asking the next one too."
    ),
    "allowed_schemes": Spelling("--scheme"),
    "content_types": Spelling("--content-type"),
    "crl_fallback": Spelling("--crl"),
    "timeout": Spelling(help="Time limit for each certificate."),
    "io_timeout": Spelling(help="Time limit for connecting, and each read or write."),
    "retries": Spelling(help="How often to ask again after a failure that may pass."),
}

_ELSEWHERE = frozenset({"policy", "responders", "candidates", "negative_cache_ttl"})
"""The fields of Options in other groups, and one that has no effect in one command."""


class ChosenPolicy(NamedTuple):
    """The policy that the user chose, and its name with all changes."""

    policy: Policy
    name: str


class _PolicyGroup:
    """The option ``--policy``, and an option for each field of the policy."""

    def __init__(self, without: Collection[str] = ()) -> None:
        names = [field.name for field in fields(Policy)]
        self._fields = FieldGroup(
            field_options(
                Policy(),
                [each for each in names if each not in without],
                panel=_POLICY_PANEL,
                spellings=_POLICY_SPELLINGS,
                show_defaults=False,
            )
        )
        info = Option(
            "--policy",
            metavar="PROFILE",
            help=(
                f"One of {', '.join(PolicyName)}. The options below change single "
                "values of the profile."
            ),
            panel=_POLICY_PANEL,
        )
        self._profile = inspect.Parameter(
            "profile",
            inspect.Parameter.KEYWORD_ONLY,
            default=PolicyName.DEFAULT,
            annotation=Annotated[PolicyName, info],
        )

    @property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """The parameters of which the options are made."""
        return (self._profile, *self._fields.parameters)

    def read(self, given: Mapping[str, Any]) -> ChosenPolicy:
        """
        Return the policy that the user chose, and warn of unsafe values.

        Raises:
            CommandError: If a value is not allowed. The error names the option.
        """
        profile = PolicyName(given["profile"])
        warn_of_unsafe("--policy", profile)
        changes = self._fields.read(given)
        policy = built(lambda: replace(Policy.named(profile), **changes), self._fields)
        names = [self._fields.name_of(field) for field in changes]
        return ChosenPolicy(policy, " with ".join([profile, *_joined(names)]))


def _joined(names: Collection[str | None]) -> list[str]:
    return [", ".join(filter(None, names))] if names else []


POLICY = _PolicyGroup()

POLICY_OF_PROBES = _PolicyGroup(without={"nonce"})
"""A probe asks with and without a nonce, and reports what became of it."""

SIGNERS = FieldGroup(
    field_options(
        Options(),
        ("responders", "candidates"),
        panel=_POLICY_PANEL,
        spellings=_OPTIONS_SPELLINGS,
        show_defaults=False,
    )
)


def network_group(defaults: Options, without: Collection[str] = ()) -> FieldGroup:
    """
    Return the options about how responders are asked.

    Args:
        defaults: The values without options.

        without: The fields of Options that the command does not use.
    """
    names = {field.name for field in fields(defaults)} - _ELSEWHERE - set(without)
    return FieldGroup(
        field_options(
            defaults,
            names,
            panel="Network: how to ask",
            spellings=_OPTIONS_SPELLINGS,
            show_defaults=True,
        )
    )


def options_from(
    defaults: Options,
    policy: ChosenPolicy,
    signers: Changes,
    network: Changes,
    group: FieldGroup,
) -> Options:
    """
    Return *defaults* with what the user chose.

    Raises:
        CommandError: If a value is not allowed. The error names the option of *group*.
    """
    changes = {"policy": policy.policy, **signers, **network}
    return built(lambda: replace(defaults, **changes), group)
