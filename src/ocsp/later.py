"""
Public names of a package that are imported at their first use (PEP 562).

A program pays only for the modules that it uses. The package lists the names a second
time under ``TYPE_CHECKING``, for type checkers and editors; a test compares the lists.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, whose import takes longer than this one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["imported_later"]


def imported_later(
    package: str, modules: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """
    Return the functions ``__getattr__`` and ``__dir__`` of *package*.

    Args:
        package: The name of the package.

        modules: The names in each module. A name is the module itself if it has the
            name of the module: ``{"ocsp.errors": ("errors",)}``.
    """
    module_of = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> object:
        """
        Import *name* at its first use, and return it.

        Raises:
            AttributeError: If there is no such name.
        """
        import sys
        from importlib import import_module

        source = module_of.get(name)
        if source is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(source)
        is_module = source == f"{package}.{name}"
        found: object = module if is_module else getattr(module, name)
        setattr(sys.modules[package], name, found)
        return found

    def listed() -> list[str]:
        import sys

        return sorted({*vars(sys.modules[package]), *module_of})

    return find, listed
