"""
Derive one command-line option from each field of a settings class.

The default of a field decides the form of its option: the values of an enumeration, a
duration, a number, a text, or files with certificates. A new field gets its option by
itself.
"""

from __future__ import annotations

import datetime
import enum
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, NamedTuple

from ocsp.cli.input.arguments import (
    duration_text,
    parse_count,
    parse_duration,
    parse_proxy,
)
from ocsp.cli.parameters import Option
from ocsp.client.options import Proxy

__all__ = ["FieldOption", "Spelling", "field_options"]


class Spelling(NamedTuple):
    """How the command line writes a field, where that differs from the general form."""

    option: str = ""
    """The option. Default: the name of the field."""

    help: str = ""
    """One line of help. Default: the first line of the enumeration's docstring."""

    flag_for: enum.Enum | None = None
    """The value that the option sets, if the option is a flag."""


@dataclass(frozen=True, slots=True)
class FieldOption:
    """
    The option for one field.

    Attributes:
        field: The name of the field.

        name: The option, with its dashes.

        parameter: The parameter of the command, of which the option is made.

        read: Returns the value of the field for the value that the command receives.
    """

    field: str
    name: str
    parameter: inspect.Parameter
    read: Callable[[Any], Any]


def field_options(
    settings: Any,
    names: Iterable[str],
    *,
    panel: str,
    spellings: Mapping[str, Spelling],
    show_defaults: bool,
) -> tuple[FieldOption, ...]:
    """
    Return an option for each field of *settings* in *names*.

    Args:
        settings: An instance of a dataclass, with the default values.

        names: The names of fields. Other names are ignored.

        panel: The heading of the options in the help.

        spellings: What differs from the general form, by field.

        show_defaults: Whether the help names the default values.
    """
    wanted = set(names)
    return tuple(
        _option(settings, field.name, panel, spellings, show_default=show_defaults)
        for field in fields(settings)
        if field.name in wanted
    )


def _option(
    settings: Any,
    field: str,
    panel: str,
    spellings: Mapping[str, Spelling],
    *,
    show_default: bool,
) -> FieldOption:
    spelling = spellings.get(field, Spelling())
    name = spelling.option or f"--{field.replace('_', '-')}"
    default = getattr(settings, field)
    form = _form(default, name, spelling.flag_for)
    words = [(spelling.help or _first_line(default)).rstrip("."), form.choices]
    sentences = [": ".join(filter(None, words))]
    if show_default and form.default:
        sentences.append(f"Default: {form.default}")
    info = Option(
        name,
        metavar=form.metavar,
        help=" ".join(f"{each}." for each in filter(None, sentences)),
        panel=panel,
        show_default=False,
    )
    parameter = inspect.Parameter(
        f"{type(settings).__name__.lower()}_{field}",
        inspect.Parameter.KEYWORD_ONLY,
        default=False if spelling.flag_for else None,
        annotation=Annotated[form.annotation, info],
    )
    return FieldOption(field, name, parameter, form.read)


def _first_line(value: Any) -> str:
    if not isinstance(value, enum.Enum):
        return ""
    line = inspect.cleandoc(type(value).__doc__ or "").partition("\n")[0]
    return line.translate(
        str.maketrans("", "", "*`")
    )  # without the marks of docstrings


class _Form(NamedTuple):
    """The form of an option: its type, and how it becomes the field's value."""

    annotation: Any
    metavar: str | None
    read: Callable[[Any], Any]
    default: str = ""
    choices: str = ""


def _form(default: Any, option: str, flag_for: enum.Enum | None) -> _Form:
    """Return the form of *option* by the *default* of its field."""
    if flag_for is not None:
        return _Form(bool, None, lambda _: flag_for)
    match default:
        case enum.Enum():
            *some, last = (str(member.value) for member in type(default))
            return _Form(
                type(default) | None,
                "CHOICE",
                _same,
                str(default.value),
                f"{', '.join(some)} or {last}",
            )
        case datetime.timedelta():
            return _Form(
                str | None,
                "DURATION",
                lambda text: parse_duration(option, text),
                duration_text(default),
            )
        case int():
            return _Form(
                str | None,
                "NUMBER",
                lambda text: parse_count(option, text),
                str(default),
            )
        case Proxy():
            return _Form(
                str | None,
                "URL",
                lambda text: parse_proxy(option, text),
                default.address.lower(),
            )
        case tuple():
            return _Form(list[str] | None, "FILE", _certificates)
        case _:
            return _Form(str | None, "TEXT", _same, str(default or ""))


def _same(value: Any) -> Any:
    return value


def _certificates(files: list[str]) -> tuple[Any, ...]:
    # The help needs none of it.
    from ocsp.cli.input.loading import load_certificates

    return tuple(
        each for file in files for each in load_certificates(file, first_needed=False)
    )
