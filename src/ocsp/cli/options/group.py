"""Give a command all options of a group, in the place of one parameter."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Protocol, TypeVar

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.options.fields import FieldOption
from ocsp.cli.render.console import warn
from ocsp.errors import ConfigError

__all__ = ["Changes", "FieldGroup", "Group", "built", "takes", "warn_of_unsafe"]

Changes = dict[str, Any]
"""The values that the user gave, by the name of the field."""

_Code = TypeVar("_Code")


class Group(Protocol):
    """A group of options that a command receives as one value."""

    @property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """The parameters of which the options are made."""

    def read(self, given: Mapping[str, Any]) -> Any:
        """Return the value for the parameters of the group in *given*."""


class FieldGroup:
    """The options for some fields; their value is the fields that the user gave."""

    def __init__(self, options: tuple[FieldOption, ...]) -> None:
        self._options = options

    @property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """The parameters of which the options are made."""
        return tuple(option.parameter for option in self._options)

    def read(self, given: Mapping[str, Any]) -> Changes:
        """
        Return the fields that the user gave, and warn of unsafe values.

        Raises:
            CommandError: If a value cannot be read. The error names the option.
        """
        changes: Changes = {}
        for option in self._options:
            value = given[option.parameter.name]
            if value is None or value is False:
                continue
            changes[option.field] = value = option.read(value)
            if isinstance(value, enum.Enum):
                warn_of_unsafe(option.name, str(value.value))
        return changes

    def name_of(self, field: str) -> str | None:
        """Return the option for *field*, or ``None`` if it has none here."""
        return next((each.name for each in self._options if each.field == field), None)


def warn_of_unsafe(option: str, value: str) -> None:
    """Warn if *value* has *unsafe* in its name."""
    if value.startswith("unsafe"):
        warn(
            f"{option} {value} switches checks off: an attacker may be able to pass "
            "off a revoked certificate as good"
        )


def built(make: Callable[[], _Code], *groups: FieldGroup) -> _Code:
    """
    Return the settings that *make* creates from the changes of *groups*.

    Raises:
        CommandError: If a value is not allowed. The error names the option.
    """
    try:
        return make()
    except ConfigError as error:
        names = filter(None, (group.name_of(error.key) for group in groups))
        raise CommandError(next(names, error.key), error.reason) from error


def takes(**groups: Group) -> Callable[[Callable[..., _Code]], Callable[..., _Code]]:
    """
    Return a decorator that gives a command the options of *groups*.

    The command has a parameter for each group, by its name here. It is replaced by the
    options of the group in the signature.
    """

    def decorate(command: Callable[..., _Code]) -> Callable[..., _Code]:
        own = [
            parameter
            for name, parameter in inspect.signature(
                command, eval_str=True
            ).parameters.items()
            if name not in groups
        ]

        @wraps(command)
        def call(**given: Any) -> _Code:
            values = {name: group.read(given) for name, group in groups.items()}
            return command(**{each.name: given[each.name] for each in own}, **values)

        parameters = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own
        ] + [each for group in groups.values() for each in group.parameters]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {each.name: each.annotation for each in parameters}
        return call

    return decorate
