"""Public names that packages import at their first use."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import ocsp
import ocsp.client
import ocsp.verification
from ocsp.later import imported_later, module_later, x509

PACKAGES = (ocsp, ocsp.client, ocsp.verification)
LATER = [
    (package, name)
    for package in PACKAGES
    for name in package.__all__
    if name != "__version__"
]


def _for_type_checkers(package: ModuleType) -> dict[str, str]:
    """Return the names that *package* imports for type checkers, and their modules."""
    tree = ast.parse(Path(str(package.__file__)).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            module = str(node.module)
            found[alias.name] = f"ocsp.{alias.name}" if module == "ocsp" else module
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_type_checkers_and_python_see_the_same_names(package: ModuleType) -> None:
    """In ``__all__`` and ``dir``; the same object as in its module."""
    listed = _for_type_checkers(package)
    assert {*listed, "__version__"} >= set(package.__all__) >= set(listed)
    assert set(package.__all__) <= set(dir(package))
    for name, source in listed.items():
        module = import_module(source)
        expected = module if source == f"ocsp.{name}" else getattr(module, name)
        assert getattr(package, name) is expected


@pytest.mark.parametrize(("package", "name"), LATER)
def test_the_first_use_imports_the_name(
    package: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After that, it is an ordinary attribute."""
    found = getattr(package, name)
    monkeypatch.delitem(vars(package), name)
    assert getattr(package, name) is found
    assert vars(package)[name] is found


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


def test_the_import_of_the_package_imports_nothing_else() -> None:
    """Neither ``cryptography`` nor ``typing``: only what ``--version`` needs."""
    code = (
        "import sys; before = set(sys.modules); import ocsp\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys\nsys.path.insert(0, {str(Path(ocsp.__file__).parents[1])!r})\n{code}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["__future__", "ocsp", "ocsp._version", "ocsp.later"]


def test_values_are_pickled_by_the_modules_of_their_classes() -> None:
    """Where a name is imported does not matter."""
    status = ocsp.OCSPCertStatus.GOOD
    assert pickle.loads(pickle.dumps(status)) is status
    policy = ocsp.Policy()
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_a_name_can_be_a_module() -> None:
    """A package lists one of its modules like any other name."""
    find, listed = imported_later("ocsp", {"ocsp.errors": ("errors", "OCSPError")})
    assert find("errors") is ocsp.errors
    assert find("OCSPError") is ocsp.errors.OCSPError
    assert {"errors", "OCSPError"} <= set(listed())


def test_a_module_is_imported_when_one_of_its_names_is_used() -> None:
    """It then has the same objects, and the repeated use of a name costs nothing."""
    code = (
        "import sys; from ocsp.later import x509\n"
        "assert 'cryptography.x509' not in sys.modules\n"
        "kind = x509.Certificate\n"
        "assert kind is sys.modules['cryptography.x509'].Certificate\n"
        "assert vars(x509)['Certificate'] is kind"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_of_a_module_is_an_attribute_error() -> None:
    """With the text of the module itself."""
    with pytest.raises(AttributeError, match=r"module 'cryptography.x509' has no attr"):
        _ = x509.Certificates  # type: ignore[attr-defined]
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        _ = module_later("no_such_module").anything
