"""The public names: ``__all__`` is complete, and agrees with ``cryptography``."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.x509 import ocsp as original

import ocsp
from tests.compiled import is_compiled, properties_of, source_of

SOURCES = Path(ocsp.__file__).parent
NAMES = [
    ".".join(("ocsp", *path.relative_to(SOURCES).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for path in sorted(SOURCES.rglob("*.py"))
    if path.stem != "__main__"
]
DOCUMENTED = (
    "OCSPCertStatus",
    "OCSPRequest",
    "OCSPRequestBuilder",
    "OCSPResponderEncoding",
    "OCSPResponse",
    "OCSPResponseBuilder",
    "OCSPResponseStatus",
    "OCSPSingleResponse",
    "load_der_ocsp_request",
    "load_der_ocsp_response",
)
CLASSES = [name for name in DOCUMENTED if inspect.isclass(getattr(original, name))]
MESSAGES = ("OCSPRequest", "OCSPResponse", "OCSPSingleResponse")


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.mark.parametrize("name", NAMES)
def test_all_is_complete(name: str) -> None:
    """Each name exists and is listed once, and no public definition is missing."""
    module = _module(name)
    exported = list(module.__all__)
    assert len(set(exported)) == len(exported)
    assert [each for each in exported if not hasattr(module, each)] == []
    tree = ast.parse(source_of(module).read_text())
    public = {
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
    }
    imported_by_others = _imported_from(name)
    assert (public & imported_by_others) - set(exported) == set()


def _imported_from(name: str) -> set[str]:
    """Return what other modules of the package import from *name*."""
    return {imported for module, imported in _all_imports() if module == name}


@cache
def _all_imports() -> list[tuple[str | None, str]]:
    return [
        (node.module, alias.name)
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_module_imports_private_names(name: str) -> None:
    """Names that begin with an underscore stay in their module."""
    private = [each for each in _imported_from(name) if each.startswith("_")]
    assert [
        each for each in private if each != "__version__" and not _is_module(name, each)
    ] == []


def _is_module(package: str, name: str) -> bool:
    return f"{package}.{name}" in NAMES


def test_every_name_of_cryptography_is_here() -> None:
    """Also those that newer releases of ``cryptography`` have added."""
    theirs = {name for name in dir(original) if name.startswith(("OCSP", "load"))}
    assert set(DOCUMENTED) <= theirs
    assert [name for name in sorted(theirs) if not hasattr(ocsp, name)] == []
    assert [name for name in DOCUMENTED if name not in ocsp.__all__] == []


@pytest.mark.parametrize("name", CLASSES)
def test_every_attribute_of_cryptography_is_here(name: str) -> None:
    """Methods, properties and members of all classes."""
    theirs = {each for each in dir(getattr(original, name)) if not each.startswith("_")}
    ours = set(dir(getattr(ocsp, name)))
    assert theirs - ours == set()


def _parameters(function: Any) -> list[tuple[str, Any]]:
    signature = inspect.signature(function)
    return [
        (parameter.name, parameter.default)
        for parameter in signature.parameters.values()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]


@pytest.mark.parametrize(
    ("owner", "method"),
    [
        (owner, method)
        for owner in ("OCSPRequestBuilder", "OCSPResponseBuilder")
        for method in sorted(vars(getattr(original, owner)))
        if not method.startswith("_")
    ],
)
def test_builder_parameters_are_those_of_cryptography(owner: str, method: str) -> None:
    """Names, order and defaults agree; additional parameters are keyword-only."""
    theirs = _parameters(getattr(getattr(original, owner), method))
    assert _parameters(getattr(getattr(ocsp, owner), method)) == theirs


def test_loaders_take_one_positional_argument() -> None:
    """``data``, as in ``cryptography``; additional parameters are keyword-only."""
    if ocsp.compiled:
        pytest.skip("mypyc gives no signature if a default is not a literal")
    assert _parameters(ocsp.load_der_ocsp_request) == [
        ("data", inspect.Parameter.empty)
    ]
    assert _parameters(ocsp.load_der_ocsp_response) == [
        ("data", inspect.Parameter.empty)
    ]


@pytest.mark.parametrize("name", MESSAGES)
def test_message_classes_cannot_be_instantiated_or_subclassed(name: str) -> None:
    """``isinstance`` works, but only loaders and builders make instances."""
    kind = getattr(ocsp, name)
    assert inspect.isclass(kind)
    with pytest.raises(TypeError, match=name):
        kind()
    # The mark is lost if the class is compiled.
    assert getattr(kind, "__final__", False) or is_compiled(_module(kind.__module__))


@pytest.mark.parametrize("name", MESSAGES)
def test_attributes_cannot_be_set(name: str) -> None:
    """Every property is read-only, and no attribute can be added."""
    kind = getattr(ocsp, name)
    instance = kind.__new__(kind)
    properties = properties_of(kind)
    assert len(properties) > 3
    for each in (*properties, "something_new"):
        with pytest.raises(AttributeError):
            setattr(instance, each, 1)


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name in module.__all__:
        value = getattr(module, name)
        if getattr(value, "__module__", "").startswith("ocsp") and (
            inspect.isclass(value) or inspect.isfunction(value)
        ):
            yield name, value
            if inspect.isclass(value):
                for member, what in vars(value).items():
                    if not member.startswith("_") and (
                        isinstance(what, (property, classmethod, staticmethod))
                        or inspect.isfunction(what)
                    ):
                        yield f"{name}.{member}", what


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_documented(name: str) -> None:
    """Modules, classes, functions, methods and properties."""
    if ocsp.compiled:
        pytest.skip("mypyc leaves docstrings out: the sources have them")
    module = _module(name)
    assert module.__doc__
    assert [each for each, value in _public(module) if not value.__doc__] == []
