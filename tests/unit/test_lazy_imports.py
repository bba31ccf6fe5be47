"""What the package shows and imports only when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ocsp

LATER = sorted(ocsp._LAZY_IMPORTS)


def test_every_such_name_is_shown_and_found_where_it_is_said_to_be() -> None:
    """In ``__all__`` and ``dir``; the same object as in its module."""
    from importlib import import_module

    assert set(LATER) <= set(ocsp.__all__) & set(dir(ocsp))
    for name, module in ocsp._LAZY_IMPORTS.items():
        assert getattr(ocsp, name) is getattr(import_module(module), name)


@pytest.mark.parametrize("name", LATER)
def test_the_first_use_imports_and_keeps_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is an ordinary attribute."""
    found = getattr(ocsp, name)
    monkeypatch.delitem(vars(ocsp), name)
    assert getattr(ocsp, name) is found
    assert vars(ocsp)[name] is found


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    """In the words of Python itself."""
    with pytest.raises(AttributeError, match="module 'ocsp' has no attribute 'verifi'"):
        _ = ocsp.verifi  # type: ignore[attr-defined]


def test_all_of_it_can_be_imported_at_once() -> None:
    """``from ocsp import *`` and the documented way, in a fresh process."""
    code = (
        "import sys, ocsp; assert 'ocsp.verification' not in sys.modules\n"
        "from ocsp import *; assert verify is ocsp.verify\n"
        "assert 'ocsp.verification' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
