"""Public names that the package imports at their first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ocsp

LATER = sorted(ocsp._LAZY_IMPORTS)


def test_every_lazy_name_is_listed_and_is_the_object_of_its_module() -> None:
    """In ``__all__`` and ``dir``; the same object as in its module."""
    from importlib import import_module

    assert set(LATER) <= set(ocsp.__all__) & set(dir(ocsp))
    for name, module in ocsp._LAZY_IMPORTS.items():
        assert getattr(ocsp, name) is getattr(import_module(module), name)


@pytest.mark.parametrize("name", LATER)
def test_the_first_use_imports_the_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After that, it is an ordinary attribute."""
    found = getattr(ocsp, name)
    monkeypatch.delitem(vars(ocsp), name)
    assert getattr(ocsp, name) is found
    assert vars(ocsp)[name] is found


def test_an_unknown_name_is_an_attribute_error() -> None:
    """With the text that Python itself uses."""
    with pytest.raises(AttributeError, match="module 'ocsp' has no attribute 'verifi'"):
        _ = ocsp.verifi  # type: ignore[attr-defined]


def test_star_import() -> None:
    """``from ocsp import *``, and the imports of the docs, in a new process."""
    code = (
        "import sys, ocsp; assert 'ocsp.verification' not in sys.modules\n"
        "from ocsp import *; assert verify is ocsp.verify\n"
        "assert 'ocsp.verification' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
