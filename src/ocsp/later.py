"""
What is imported at its first use (PEP 562): public names of a package, and modules.

A program pays only for the modules that it uses. A package lists its names a second
time under ``TYPE_CHECKING``, for type checkers and editors; a test compares the lists.

:data:`x509` is ``cryptography.x509``. Its import takes as long as that of all modules
that read messages, and most messages contain nothing that needs it. The modules that
read messages take it from here, and use it only in functions.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, whose import takes longer than this one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    from cryptography import x509

__all__ = ["imported_later", "module_later", "x509"]


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


def module_later(name: str) -> ModuleType:
    """
    Return a module that stands for the module *name*, and imports it at its first use.

    It has the public names of that module. Its ``dir`` lists those that were used.
    """
    import sys

    stand_in = type(sys)(name)

    def find(attribute: str) -> object:
        """Import the module, and return its *attribute*."""
        from importlib import import_module

        found: object = getattr(import_module(name), attribute)
        setattr(stand_in, attribute, found)
        return found

    vars(stand_in)["__getattr__"] = find
    return stand_in


if not TYPE_CHECKING:
    x509 = module_later("cryptography.x509")
