"""The options that commands share: one for each field of Policy and of Options."""

from __future__ import annotations

import contextlib
import datetime
import enum
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ocsp.cli import main
from ocsp.cli.commands import check, staple
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.arguments import TIME_FORMS, duration_text, parse_duration
from ocsp.cli.options.fields import Spelling, field_options
from ocsp.cli.options.group import FieldGroup, takes
from ocsp.cli.options.shared import POLICY, SIGNERS, options_from
from ocsp.client import AddressPolicy, CRLFallback, Options, Proxy, SendNonce
from ocsp.verification.policy import Policy, PolicyName, SignatureHashes
from tests.pki import ca, leaf
from tests.unit.cli.cli_reference import commands
from tests.vectors import vector

NOT_OFFERED = {"policy", "negative_cache_ttl"}
ASKING = {"check": check.NETWORK, "staple": staple.NETWORK}


def _names(command: str) -> set[str]:
    return {name for each in commands()[f"ocsp {command}"].params for name in each.opts}


def _given(group: Any, **values: Any) -> Any:
    """Read *group*, as if the user had given *values* by the name of the parameter."""
    defaults = {each.name: each.default for each in group.parameters}
    assert set(values) <= set(defaults)
    return group.read({**defaults, **values})


TIMES = [
    (path, option.opts[0])
    for path, command in commands().items()
    for option in command.params
    if option.metavar == "TIME"
]


NEEDED = {
    "ocsp lint": ["response.der"],
    "ocsp verify": [
        *("--response", "response.der", "--issuer", "ca.pem", "--cert", "leaf.pem")
    ],
    "ocsp status revoke": ["--issuer", "ca.pem", "--serial", "7"],
}
"""What commands with a time need besides."""


@pytest.mark.parametrize(("path", "option"), TIMES)
def test_a_time_has_the_same_forms_everywhere(
    path: str,
    option: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The help and the error name them, and say that a time without a zone is UTC."""
    (found,) = [each for each in commands()[path].params if option in each.opts]
    assert TIME_FORMS in found.help
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(ca().public_bytes(Encoding.PEM))
    Path("leaf.pem").write_bytes(leaf().public_bytes(Encoding.PEM))
    Path("response.der").write_bytes(vector("resp-sha256"))
    assert main([*path.split()[1:], option, "noon", *NEEDED.get(path, ())]) == 4
    assert capsys.readouterr().err == (
        f"error: {option}: 'noon' is not a time in ISO 8601 (use {TIME_FORMS})\n"
    )


def test_every_command_with_a_time_is_found() -> None:
    """By the word in its help; a duration has another one."""
    assert {path for path, _ in TIMES} == {
        *NEEDED,
        *("ocsp status list", "ocsp status export", "ocsp status log"),
    }


@pytest.mark.parametrize("command", ["check", "verify", "staple"])
def test_every_field_of_the_policy_has_an_option(command: str) -> None:
    """The profile too."""
    wanted = {
        f"--{field.name.replace('_', '-')}"
        for field in fields(Policy)
        if field.name != "nonce"
    }
    assert {*wanted, "--policy", "--nonce-check"} <= _names(command)
    assert "--responder" in _names(command)


@pytest.mark.parametrize(
    ("command", "without"),
    [("check", set()), ("staple", {"crl_fallback", "nonce", "missing_issuer"})],
)
def test_every_field_of_the_options_has_an_option(
    command: str, without: set[str]
) -> None:
    """Except those that have no effect in the command."""
    offered = {field.name for field in fields(Options)} - NOT_OFFERED - without
    groups = (ASKING[command], SIGNERS)
    assert {
        field.name
        for field in fields(Options)
        if any(group.name_of(field.name) for group in groups)
    } == offered


@pytest.mark.parametrize("profile", list(PolicyName))
def test_a_profile_is_that_of_the_library(profile: PolicyName) -> None:
    """By its name."""
    chosen = _given(POLICY, profile=profile)
    assert chosen == (Policy.named(profile), profile.value)


def test_an_option_changes_one_value_of_the_profile() -> None:
    """The name of the policy says so."""
    chosen = _given(
        POLICY,
        profile=PolicyName.WEBPKI,
        policy_max_age="36h",
        policy_min_rsa_bits="3072",
        policy_signature_hashes=SignatureHashes.STRONG,
    )
    assert chosen.policy.max_age == datetime.timedelta(hours=36)
    assert chosen.policy.min_rsa_bits == 3072
    assert chosen.policy.min_interval == Policy.webpki().min_interval
    assert chosen.name == ("webpki with --max-age, --signature-hashes, --min-rsa-bits")


def test_options_become_those_of_the_client(tmp_path: Path) -> None:
    """Flags, choices, durations, numbers and files with certificates."""
    both = tmp_path / "both.pem"
    both.write_bytes(
        ca().public_bytes(Encoding.PEM) + leaf().public_bytes(Encoding.PEM)
    )
    network = _given(
        check.NETWORK,
        options_nonce=True,
        options_address_policy=True,
        options_timeout="1m",
        options_retries="3",
        options_crl_fallback=CRLFallback.WHEN_INDETERMINATE,
    )
    signers = _given(SIGNERS, options_responders=[str(both)])
    policy = _given(POLICY)
    assert options_from(Options(), policy, signers, network, check.NETWORK) == Options(
        nonce=SendNonce.ALWAYS,
        address_policy=AddressPolicy.PRIVATE_TOO,
        timeout=datetime.timedelta(minutes=1),
        retries=3,
        crl_fallback=CRLFallback.WHEN_INDETERMINATE,
        responders=(ca(), leaf()),
    )


# --- a field gets its option by itself -------------------------------------------


class Colour(enum.Enum):
    """The colour of *something*."""

    RED = "red"
    UNSAFE_BLUE = "unsafe-blue"
    GREEN = "green"


@dataclass(frozen=True)
class Settings:
    """Settings with a field of each kind."""

    colour: Colour = Colour.RED
    mood: Colour = Colour.GREEN
    how_long: datetime.timedelta = datetime.timedelta(minutes=1)
    how_many: int = 3
    who: tuple[x509.Certificate, ...] = ()
    where: str | None = None


OPTIONS = field_options(
    Settings(),
    [field.name for field in fields(Settings)],
    panel="Panel",
    spellings={"mood": Spelling("--blue", "Be blue.", Colour.UNSAFE_BLUE)},
    show_defaults=True,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Proxy.NONE),
        ("environment", Proxy.ENVIRONMENT),
        ("http://u:p@proxy.example:3128", Proxy("http://u:p@proxy.example:3128")),
    ],
)
def test_a_proxy_is_a_rule_or_a_url(text: str, expected: Proxy) -> None:
    """As the options of the client have it."""
    assert _given(check.NETWORK, options_proxy=text) == {"proxy": expected}


def test_a_proxy_that_is_refused_is_not_quoted() -> None:
    """Its URL may contain a password."""
    with pytest.raises(CommandError, match="--proxy") as raised:
        _given(check.NETWORK, options_proxy="socks5://user:secret@proxy.example")
    assert "secret" not in str(raised.value)
    assert "socks5" in str(raised.value)


def test_a_proxy_with_octets_that_are_not_text_is_refused() -> None:
    """Python decodes them as lone surrogates."""
    with pytest.raises(CommandError, match="not UTF-8") as raised:
        _given(check.NETWORK, options_proxy="http://user:\udcffsecret@proxy.example")
    assert "secret" not in str(raised.value)


def test_a_field_gets_its_option_by_itself() -> None:
    """The default decides the form; the docstring of an enumeration is its help."""
    shown = {
        each.name: each.parameter.annotation.__metadata__[0].help for each in OPTIONS
    }
    assert shown == {
        "--colour": (
            "The colour of something: red, unsafe-blue or green. Default: red."
        ),
        "--blue": "Be blue.",
        "--how-long": "Default: 60s.",
        "--how-many": "Default: 3.",
        "--who": "",
        "--where": "",
    }
    group = FieldGroup(OPTIONS)
    assert _given(group) == {}
    assert _given(
        group, settings_how_long="1.5h", settings_how_many="0", settings_where="here"
    ) == {"how_long": datetime.timedelta(minutes=90), "how_many": 0, "where": "here"}


def test_unsafe_values_come_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """A choice, a flag and a profile; safe values come without."""
    _given(FieldGroup(OPTIONS), settings_colour=Colour.GREEN)
    assert capsys.readouterr().err == ""
    _given(FieldGroup(OPTIONS), settings_colour=Colour.UNSAFE_BLUE)
    assert "--colour unsafe-blue switches checks off" in capsys.readouterr().err
    _given(FieldGroup(OPTIONS), settings_mood=True)
    assert "--blue" in capsys.readouterr().err
    _given(POLICY, profile=PolicyName.UNSAFE_LEGACY)
    assert "--policy unsafe-legacy" in capsys.readouterr().err


def test_a_command_gets_the_values_of_a_group() -> None:
    """In the place of one parameter."""

    @takes(settings=FieldGroup(OPTIONS))
    def command(name: str, *, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return name, settings

    nothing = {each.parameter.name: None for each in OPTIONS}
    assert command(name="a", **nothing) == ("a", {})
    assert command(name="a", **{**nothing, "settings_where": "b"}) == (
        "a",
        {"where": "b"},
    )


# --- values ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--timeout", "0"], "--timeout: must be positive"),
        (["--timeout", "5x"], "--timeout: '5x' is not a duration (use 30s, 5m"),
        (["--timeout", "-5"], "--timeout: '-5' is not a duration"),
        (["--timeout", ""], "--timeout: '' is not a duration"),
        (["--max-age", "1e3"], "--max-age: '1e3' is not a duration"),
        (["--max-age", "9999999999d"], "--max-age: '9999999999d' is not a duration"),
        (["--max-age", "999999999d999999999d"], "--max-age:"),
        (["--retries", "-1"], "--retries: '-1' is not a whole number"),
        (["--retries", "two"], "--retries: 'two' is not a whole number"),
        (["--retries", "9" * 10], "--retries: '9999999999' is not a whole number"),
        (["--min-rsa-bits", "-1"], "--min-rsa-bits: '-1' is not a whole number"),
        (["--redirects", "all"], "'--redirects': 'all' is not one of 'refuse'"),
        (["--policy", "lax"], "'--policy': 'lax' is not one of 'default', 'strict'"),
        (["--responder", "absent.pem"], "absent.pem: No such file"),
        (["--crl-fallback"], "--crl-fallback"),
    ],
)
def test_an_error_names_the_option_of_check(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is asked, in one line, with the value."""
    assert main(["check", "leaf.pem", *arguments]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hours", "0"], "--hours: must be more than 0 and at most 8,784, and is 0"),
        (["--hours", "-1"], "--hours: must be more than 0"),
        (["--hours", "nan"], "--hours: must be more than 0"),
        (["--hours", "1e300"], "--hours: must be more than 0"),
        # click words these itself.
        (["--hours", "x"], "'--hours': "),
        (["--port", "x"], "'--port': "),
        (["--port", "70000"], "'--port': "),
    ],
)
def test_an_error_names_the_option_of_serve(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a file is read."""
    assert main(["serve", "--issuer", "a", "--key", "b", *arguments]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5), ("0.5", 0.5), ("30s", 30), ("5m", 300), ("36h", 129_600),
        ("10d", 864_000), ("1h30m", 5_400), ("1d2h3m4.5s", 93_784.5),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    """A number without a unit is in seconds."""
    assert parse_duration("--x", text).total_seconds() == seconds


@given(st.text(alphabet="0123456789.dhms- unbe", max_size=12))
def test_a_duration_is_read_or_refused(text: str) -> None:
    """Nothing is negative, and what is written can be read again."""
    with contextlib.suppress(CommandError):
        assert parse_duration("--x", text) >= datetime.timedelta(0)


@given(st.integers(0, 10**6))
def test_a_written_duration_can_be_read(seconds: int) -> None:
    """The help writes defaults in the form that the options take."""
    duration = datetime.timedelta(seconds=seconds)
    assert parse_duration("--x", duration_text(duration)) == duration
    assert parse_duration("--x", duration_text(datetime.timedelta.max)) == (
        datetime.timedelta.max
    )
