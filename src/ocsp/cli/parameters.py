"""
Derive the parameters of a command from the signature of a function.

A parameter of the function is annotated with its type and an :class:`Argument` or an
:class:`Option`, and becomes an argument or an option of click::

    def inspect(
        source: Annotated[str, Argument(metavar="FILE", help="The message.")] = "-",
        as_json: Annotated[bool, Option("--json", help="Write JSON.")] = False,
    ) -> None: ...
"""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = [
    "Argument",
    "HelpedArgument",
    "HelpedOption",
    "Option",
    "Said",
    "callback_of",
    "parameters_of",
]


class Argument(NamedTuple):
    """An argument of the command line: the metavar, the help, and how it is read."""

    metavar: str
    help: str
    parser: Callable[[str], Any] | None = None


class Option:
    """An option of the command line."""

    def __init__(
        self,
        *names: str,
        help: str,  # noqa: A002 - the word of click
        metavar: str | None = None,
        parser: Callable[[str], Any] | None = None,
        min: int | None = None,  # noqa: A002 - the word of click
        max: int | None = None,  # noqa: A002 - the word of click
        panel: str = "",
        show_default: bool = True,
    ) -> None:
        """
        Describe the option.

        Args:
            names: The names with their dashes, as click takes them. Default: the name
                of the parameter.

            help: One or two sentences.

            metavar: What stands for the value in the help.

            parser: Makes the value of its text. Default: by the type.

            min: The smallest number.

            max: The largest number.

            panel: The heading above the option in the help.

            show_default: Whether the help names the default value.
        """
        self.names = names
        self.help = help
        self.metavar = metavar
        self.parser = parser
        self.min = min
        self.max = max
        self.panel = panel
        self.show_default = show_default


class Said(NamedTuple):
    """What the help says about a parameter."""

    help: str
    default: str = ""
    panel: str = ""
    """The heading above the parameter."""


class HelpedArgument(click.Argument):
    """An argument of click that knows its help."""

    def __init__(self, names: Sequence[str], said: Said, **settings: Any) -> None:
        """Take what :class:`click.Argument` takes, and what the help says."""
        super().__init__(names, **settings)
        self.said = said


class HelpedOption(click.Option):
    """An option of click that knows its help."""

    def __init__(self, names: Sequence[str], said: Said, **settings: Any) -> None:
        """Take what :class:`click.Option` takes, and what the help says."""
        super().__init__(names, help=said.help, **settings)
        self.said = said


def parameters_of(function: Callable[..., Any]) -> list[click.Parameter]:
    """Return the parameters of the command that calls *function*."""
    return [
        _parameter(each)
        for each in _signature(function).values()
        if each.annotation is not click.Context
    ]


def callback_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """
    Return *function* as click calls it.

    Several values arrive as a list. If the user gave none, the parameter has its
    default. A parameter of the type :class:`click.Context` receives the context.
    """
    signature = _signature(function)
    contexts = [
        name for name, each in signature.items() if each.annotation is click.Context
    ]

    def call(**given: Any) -> Any:
        values = {
            name: _listed(value, signature[name]) for name, value in given.items()
        }
        values |= dict.fromkeys(contexts, click.get_current_context())
        return function(**values)

    return call


def _signature(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function, eval_str=True).parameters


def _listed(value: Any, parameter: inspect.Parameter) -> Any:
    if not isinstance(value, tuple):
        return value
    return list(value) or parameter.default


def _parameter(parameter: inspect.Parameter) -> click.Parameter:
    annotation, info = get_args(parameter.annotation)
    kind = _without_none(annotation)
    several = get_origin(kind) is list
    settings: dict[str, Any] = {
        "type": _type(get_args(kind)[0] if several else kind, info),
        "metavar": info.metavar,
        "required": parameter.default is parameter.empty,
    }
    if parameter.default not in (None, parameter.empty):
        settings["default"] = parameter.default
    if isinstance(info, Argument):
        said = Said(info.help, _in_words(parameter.default))
        return HelpedArgument(
            [parameter.name], said, nargs=-1 if several else 1, **settings
        )
    default = _in_words(parameter.default) if info.show_default else ""
    said = Said(info.help, default, info.panel)
    names = info.names or (f"--{parameter.name.replace('_', '-')}",)
    if kind is bool:
        settings |= {"is_flag": True, "type": None}
    return HelpedOption([*names, parameter.name], said, multiple=several, **settings)


def _in_words(default: Any) -> str:
    """Return *default* as the user would write it; empty if there is none."""
    if default in (None, False, inspect.Parameter.empty):
        return ""
    return str(default.value if isinstance(default, enum.Enum) else default)


def _without_none(annotation: Any) -> Any:
    """Return ``X`` for ``X | None``."""
    if not isinstance(annotation, types.UnionType):
        return annotation
    (kind,) = (each for each in get_args(annotation) if each is not types.NoneType)
    return kind


def _type(kind: Any, info: Argument | Option) -> click.ParamType | None:  # type: ignore[type-arg]  # not generic before 8.5
    if info.parser is not None:
        return _Text(info.parser)
    if kind is str or kind is Path:
        return _Text(kind)
    if issubclass(kind, enum.Enum):
        return _Member(kind)
    if kind is bool:
        return None
    low, high = (info.min, info.max) if isinstance(info, Option) else (None, None)
    if low is None and high is None:
        return click.INT if kind is int else click.FLOAT
    return click.IntRange(low, high) if kind is int else click.FloatRange(low, high)


class _Text(click.types.StringParamType):
    """A text that a function makes a value of. A shell completes it as a file name."""

    name = "text"

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self._parse = parse

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,  # noqa: ARG002 - of the base class
        ctx: click.Context | None,  # noqa: ARG002 - of the base class
    ) -> Any:
        return self._parse(value) if isinstance(value, str) else value

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - of the base class
        param: click.Parameter,  # noqa: ARG002 - of the base class
        incomplete: str,
    ) -> list[CompletionItem]:
        # Only a shell that completes a word needs this module.
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


class _Member(click.Choice[str]):
    """A member of an enumeration, written as its value."""

    def __init__(self, members: type[enum.Enum]) -> None:
        super().__init__([str(each.value) for each in members])
        self._members = {str(each.value): each for each in members}

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if isinstance(value, enum.Enum):
            return value
        return self._members[super().convert(value, param, ctx)]
