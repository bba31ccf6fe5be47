"""
A directive that documents the public names of a module, as ``__all__`` lists them.

::

    .. public-names:: ocsp.client

documents each name of ``ocsp.client.__all__``, and

::

    .. public-names:: ocsp
       :group: messages

each name of ``ocsp.__all__`` that belongs to a group. An object that several modules
export is documented once, under the first of :data:`MODULES` that has it; the other
modules link to it.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import sys
from types import ModuleType
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

MODULES = (
    "ocsp",
    "ocsp.errors",
    "ocsp.limits",
    "ocsp.verification",
    "ocsp.client.cache",
    "ocsp.client",
    "ocsp.client.adapters.aiohttp",
    "ocsp.client.adapters.httpx",
    "ocsp.client.adapters.requests",
    "ocsp.client.adapters.urllib3",
    "ocsp.linting",
    "ocsp.probing",
    "ocsp.conformance",
    "ocsp.responder",
    "ocsp.status",
    "ocsp.status.sql",
    "ocsp.status.sql.presets",
    "ocsp.store",
    "ocsp.store.postgresql",
    "ocsp.sharing",
    "ocsp.publishing",
    "ocsp.updater",
    "ocsp.server",
    "ocsp.server.frameworks",
    "ocsp.server.frameworks.django",
    "ocsp.server.frameworks.flask",
    "ocsp.signers",
    "ocsp.metrics",
    "ocsp.admin",
    "ocsp.signers.enrolment",
    "ocsp.service",
    "ocsp.http",
    "ocsp.pkcs11",
    "ocsp.stapling",
    "ocsp.stapling.pyopenssl",
    "ocsp.tls",
    "ocsp.tls.middleware",
    "ocsp.tls.httpx",
    "ocsp.pyhanko",
    "ocsp.charging",
    "ocsp.charging.v201",
    "ocsp.charging.v21",
    "ocsp.testing",
)
"""The modules with public names."""

GROUPS = {
    "errors": ("ocsp.errors.",),
    "signing": ("ocsp.signing.",),
    "verification": ("ocsp.verification.",),
    "linting": ("ocsp.linting.",),
    "client": ("ocsp.client.",),
    "messages": ("ocsp.",),
}
"""The groups of ``ocsp.__all__``, each with the modules that define its names."""


def group_of(name: str) -> str | None:
    """Return the group of a name of ``ocsp``, or ``None`` for a module."""
    value = getattr(importlib.import_module("ocsp"), name)
    if isinstance(value, ModuleType):
        return None
    if isinstance(value, type) and issubclass(value, Exception):
        return "errors"
    defined_in = f"{getattr(value, '__module__', 'ocsp')}."
    return next(
        group for group, prefixes in GROUPS.items() if defined_in.startswith(prefixes)
    )


def home_of(module: str, name: str) -> str:
    """Return the module under which an object is documented."""
    value = getattr(importlib.import_module(module), name)
    for each in MODULES:
        candidate = importlib.import_module(each)
        if name in candidate.__all__ and getattr(candidate, name) is value:
            return each
    raise LookupError(f"{module}.{name} is in no module of MODULES")


def qualified_names() -> list[str]:
    """Return the name under which each public object is documented."""
    return sorted(
        {
            f"{home_of(module, name)}.{name}"
            for module in MODULES
            for name in importlib.import_module(module).__all__
            if f"{module}.{name}" not in MODULES
        }
    )


class PublicNames(SphinxDirective):
    """Documents the names of one module, or one group of the names of ``ocsp``."""

    required_arguments = 1
    option_spec: ClassVar = {"group": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the documentation of the names."""
        module, group = self.arguments[0], self.options.get("group")
        names = [
            name
            for name in importlib.import_module(module).__all__
            if f"{module}.{name}" not in MODULES
            and (group is None or group_of(name) == group)
        ]
        here = [name for name in names if home_of(module, name) == module]
        lines: list[str] = []
        if elsewhere := [name for name in names if name not in here]:
            lines += _links(module, elsewhere)
        for name in here if module == "ocsp" else sorted(here, key=_order):
            lines += _entry(module, name)
        return self.parse_text_to_nodes("\n".join(lines))


def _order(name: str) -> tuple[bool, str]:
    """Functions first, then everything else by name."""
    return (not name.islower(), name.lower())


def _links(module: str, names: list[str]) -> list[str]:
    links = ", ".join(
        f":py:obj:`{module}.{name} <{home_of(module, name)}.{name}>`"
        for name in sorted(names, key=_order)
    )
    return [f"Also exported here: {links}.", ""]


def _entry(module: str, name: str) -> list[str]:
    value = getattr(importlib.import_module(module), name)
    if isinstance(value, type):
        return _class(module, name, value)
    if inspect.isfunction(value):
        return [f".. autofunction:: {module}.{name}", ""]
    return _constant(module, name)


def _class(module: str, name: str, value: type) -> list[str]:
    kind = "autoexception" if issubclass(value, Exception) else "autoclass"
    lines = [f".. {kind}:: {module}.{name}", "   :members:"]
    if issubclass(value, enum.Enum):
        lines.append("   :undoc-members:")
    if issubclass(value, tuple):  # a named tuple: its docstring describes the fields
        fields: tuple[str, ...] = getattr(value, "_fields", ())
        lines.append(f"   :exclude-members: {', '.join(fields)}")
    elif value.__bases__ != (object,):
        lines.append("   :show-inheritance:")
    return [*lines, ""]


def _constant(module: str, name: str) -> list[str]:
    """Document a constant with the text below its definition."""
    value = getattr(importlib.import_module(module), name)
    lines = [f".. py:data:: {name}", f"   :module: {module}"]
    if isinstance(value, (int, float, str)):
        lines.append(f"   :value: {value!r}")
    lines.append("")
    lines += [f"   {line}" for line in _text_below(name, value)]
    return [*lines, ""]


def _text_below(name: str, value: object) -> list[str]:
    """Return the docstring of a constant, from the module that defines it."""
    for path in sorted(sys.modules):
        if path == "ocsp" or path.startswith("ocsp."):
            if getattr(sys.modules[path], name, None) is not value:
                continue
            texts = ModuleAnalyzer.for_module(path).find_attr_docs()
            if ("", name) in texts:
                return texts["", name]
    return []


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("public-names", PublicNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
