"""
Read a TOML file into a class of settings, and say on which line it is wrong.

The class is a model of pydantic. Errors are in the words of this package, and list all
problems.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ocsp import limits
from ocsp.errors import ConfigurationError, ConfigurationProblem, UnreadableFile
from ocsp.guarded.files import read_file
from ocsp.service.configuration.positions import line_of

__all__ = ["located", "read_toml", "validated"]

Model = TypeVar("Model", bound=BaseModel)

_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
"""The end of the messages of ``tomllib``."""

_DEEP_KEY = re.compile(r"""(?:^|[\[{,])(?:[\w"'\t -]{0,100}\.){33}""", re.MULTILINE)
"""A key with more than 33 parts. The time of ``tomllib`` grows with their square."""

_DEEP_ARRAY = re.compile(r"\[(?:\s{0,100}\[){33}")
"""More than 33 arrays that begin in each other: ``tomllib`` reads them by recursion."""


def read_toml(path: Path, *, advice: str = "") -> tuple[str, dict[str, Any]]:
    """
    Return the text of the file *path*, and its tables.

    Args:
        path: The file.

        advice: What to do if there is no such file.

    Raises:
        ConfigurationError: If the file cannot be read, or is not TOML (1.0).
    """
    text = _read_text(path, advice)
    return text, _read_document(path, text)


def _read_text(path: Path, advice: str) -> str:
    try:
        return read_file(path, limits.MAX_CONFIGURATION_BYTES).decode("utf-8-sig")
    except UnreadableFile as error:
        is_missing = isinstance(error.__cause__, FileNotFoundError)
        hint = f"; {advice}" if advice and is_missing else ""
        raise _file_error(path, error.reason + hint) from error
    except UnicodeDecodeError as error:
        raise _file_error(path, f"is not text in UTF-8: {error.reason}") from error


def _read_document(path: Path, text: str) -> dict[str, Any]:
    if _DEEP_KEY.search(text):
        raise _file_error(path, "has a key with more than 33 parts")
    if _DEEP_ARRAY.search(text):
        raise _file_error(path, "has arrays that are nested too deep")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from error
    except ValueError as error:  # of int(), which limits the digits
        raise _file_error(path, _LONG_NUMBER) from error
    except RecursionError as error:
        raise _file_error(path, "has arrays that are nested too deep") from error
    if _has_long_number(document):
        raise _file_error(path, _LONG_NUMBER)
    return document


_LONG_NUMBER = "has a number with too many digits"


def _has_long_number(value: object) -> bool:
    """
    Return whether *value*, or one inside of it, is an integer of more than 64 bits.

    TOML allows no others. ``tomllib`` reads them in hexadecimal, and Python does not
    write the longest in decimal.
    """
    match value:
        case dict():
            return any(map(_has_long_number, value.values()))
        case list():
            return any(map(_has_long_number, value))
        case int():
            return not -(1 << 63) <= value < 1 << 63
    return False


def validated(
    model: type[Model], document: Mapping[str, Any], context: Mapping[str, Any]
) -> Model:
    """
    Return the settings in *document*.

    Args:
        model: Their class.

        document: The tables of a file.

        context: What validators need: ``folder``, to which paths are relative.

    Raises:
        ConfigurationError: If there are unknown keys or wrong values. It lists all
            problems, without lines.
    """
    try:
        return model.model_validate(document, context=dict(context))
    except ValidationError as error:
        raise ConfigurationError("", _problems(model, error)) from error


def _file_error(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(path, [ConfigurationProblem((), reason)])


def _syntax_error(path: Path, text: str, message: str) -> ConfigurationError:
    found = _POSITION.search(message)
    line = int(found[1]) if found and found[1] else text.rstrip("\n").count("\n") + 1
    reason = f"is not TOML: {_POSITION.sub('', message)}"
    return ConfigurationError(path, [ConfigurationProblem((), reason, line)])


def located(
    path: Path, text: str, problems: Iterable[ConfigurationProblem]
) -> ConfigurationError:
    """Return an error with the lines of *problems* in the file *path*."""
    located = [each._replace(line=line_of(text, each.path)) for each in problems]
    return ConfigurationError(path, sorted(located, key=lambda each: each.line or 0))


# --- the words of pydantic ----------------------------------------------------------


def _problems(
    model: type[BaseModel], error: ValidationError
) -> list[ConfigurationProblem]:
    """Return what pydantic found, in the words of this package."""
    found = error.errors()
    # pydantic also calls an array empty if all its items are wrong.
    inner = {each["loc"][:end] for each in found for end in range(len(each["loc"]))}
    return [
        ConfigurationProblem(each["loc"], _reason(model, each, each["loc"]))
        for each in found
        if each["type"] != "too_short" or each["loc"] not in inner
    ]


def _reason(model: type[BaseModel], error: Any, path: tuple[str | int, ...]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(model, path)
        case "missing":
            return "is missing; add it"
        case "value_error":
            return str(context["error"])
        case "enum":
            return f"is {error['input']!r}; write one of {context['expected']}"
        case "too_short":
            return "is empty; give at least one"
        case "model_type":
            return "must be a table of settings"
        case "tuple_type":
            return "must be an array: write it in [ ]"
        case "int_type":
            return f"must be a whole number, and is {_shown(error['input'])}"
    words = str(error["msg"]).replace("Input should be ", "must be ")
    return f"{words[0].lower()}{words[1:]}, and is {_shown(error['input'])}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


_MAX_SHOWN = 60
"""Characters of a wrong value that an error repeats."""


def _unknown_key(model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    known = _keys_at(model, path[:-1])
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    if close:
        return f"is not a setting; did you mean {close[0]}?"
    return f"is not a setting; the settings here are {', '.join(known)}"


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the names of the settings in the table at *path* of *model*."""
    for step in path:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation)
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel]:
    """Return the class of settings in *annotation*: itself, optional, or in a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = getattr(annotation, "__args__", ())
    return next(
        _model_in(each) for each in arguments if each not in {type(None), Ellipsis}
    )
