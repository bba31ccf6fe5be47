"""
Run the tests on mutants, in one forked process for each mutant.

The parent process collects the tests and never changes. For a mutant inside a function,
the child replaces the code of the function and runs the tests that execute its line,
the fastest ones first. For every other mutant the child imports the package again.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import mmap
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

from ocsp.asn1.bounded_cache import BoundedCache
from tests.mutation.mutants import Mutant

__all__ = ["PACKAGE", "TESTS", "Outcome", "Session"]

PACKAGE = "ocsp"
TESTS = (
    "tests/unit/verification",
    "tests/unit/asn1/test_ber.py",
    "tests/unit/asn1/test_name_comparison.py",
    "tests/unit/messages/test_tolerant_reader.py",
    "tests/unit/signing/test_issued.py",
    "tests/cases/test_cases.py",
)
"""Tests of the package that are fast and need no other process."""

QUIET = (
    *("-x", "--capture=no", "--override-ini=addopts="),
    *("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:terminal"),
)
SECONDS = 30
"""The limit of processor time for one mutant; all tests together take a few seconds."""


class Outcome(Enum):
    """The outcome of the tests on a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMEOUT = "timeout"


def _in_child(work: Callable[[], bool]) -> Outcome:
    """Run *work* in a forked process; it returns whether a test failed."""
    child = os.fork()
    if child == 0:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        failed = True
        try:
            failed = work()
        finally:
            os._exit(failed)  # An exception is a failure too.
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        is_late = os.WTERMSIG(status) == signal.SIGPROF
        return Outcome.TIMEOUT if is_late else Outcome.KILLED
    return Outcome.KILLED if os.WEXITSTATUS(status) else Outcome.SURVIVED


class Session:
    """A pytest plugin that runs the collected tests on mutants."""

    def __init__(
        self, mutants: Sequence[Mutant], report: Callable[[Mutant, Outcome], None]
    ) -> None:
        self._mutants = mutants
        self._report = report
        self._failed = False
        self._passes: dict[tuple[str, int], list[pytest.Item]] = {}
        self._seconds: dict[str, float] = {}
        self._kills: Counter[tuple[str, str]] = Counter()
        self._refused: list[Mutant] = []

    def run(self) -> None:
        """
        Run the session.

        Raises:
            RuntimeError: If a test fails without any change.
        """
        code = pytest.main([*QUIET, *TESTS], plugins=[self])
        if code != pytest.ExitCode.OK:
            raise RuntimeError(f"the tests cannot be run: {code!r}")
        for mutant in self._refused[:1]:
            _require_survival(_run_anew(mutant.unchanged(), self._seconds))
        for mutant in self._refused:
            self._report(mutant, _run_anew(mutant, self._seconds))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a failure."""
        self._failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Replace the usual loop of pytest."""
        caches = list(_caches())
        self._map(session.items, caches)
        gc.collect()
        gc.freeze()  # Forked memory stays shared.
        swaps = [(mutant, _swap(mutant)) for mutant in self._mutants]
        self._refused = [mutant for mutant, swap in swaps if swap is None]
        for mutant, _ in swaps[:1]:
            _require_survival(self._judge(mutant, lambda: None, session.items, caches))
        for mutant, swap in swaps:
            if swap is not None:
                items = self._passes.get((mutant.module, mutant.line), [])
                self._report(mutant, self._judge(mutant, swap, items, caches))
        return True

    def _map(self, items: list[pytest.Item], caches: list[Any]) -> None:
        """Record which tests execute which lines, and how long each takes."""
        folder = str(Path(_module("").__file__ or "").parent) + "/"
        modules = {mutant.module for mutant in self._mutants}
        found: list[tuple[float, pytest.Item, set[tuple[str, int]]]] = []
        for item in items:
            _forget(caches)
            lines: set[tuple[str, int]] = set()
            start = time.process_time()
            sys.settrace(_tracer(folder, modules, lines))
            try:
                _run(item, None)
            finally:
                sys.settrace(None)
            seconds = self._seconds[item.nodeid] = time.process_time() - start
            found.append((seconds, item, lines))
            if self._failed:
                raise RuntimeError(f"{item.nodeid} fails without any change")
        for _, item, lines in sorted(found, key=lambda each: each[0]):
            for line in lines:
                self._passes.setdefault(line, []).append(item)

    def _judge(
        self,
        mutant: Mutant,
        swap: Callable[[], None],
        items: list[pytest.Item],
        caches: list[Any],
    ) -> Outcome:
        """Run the tests: first those that killed most mutants, then the fastest."""
        scope = mutant.module + mutant.scope
        items = sorted(items, key=lambda item: -self._kills[scope, item.nodeid])
        killer = mmap.mmap(-1, 8)  # Shared with the child.

        def work() -> bool:
            swap()
            _forget(caches)
            for index, item in enumerate(items):
                _run(item, items[index + 1] if index + 1 < len(items) else None)
                if self._failed:
                    killer.write(index.to_bytes(8))
                    return True
            return False

        outcome = _in_child(work)
        if outcome is Outcome.KILLED:
            self._kills[scope, items[int.from_bytes(killer[:])].nodeid] += 1
        return outcome


def _require_survival(outcome: Outcome) -> None:
    """Check that the tests pass without a change in a child process."""
    if outcome is not Outcome.SURVIVED:
        raise RuntimeError("a test fails in a child without any change")


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _tracer(
    folder: str, modules: set[str], lines: set[tuple[str, int]]
) -> Callable[..., Any]:
    def enter(frame: FrameType, event: str, _: object) -> Any:
        path = frame.f_code.co_filename
        if not path.startswith(folder):
            return None
        name = path[len(folder) :].removesuffix(".py").replace("/", ".")
        if name not in modules:
            return None
        lines.add((name, frame.f_lineno))

        def within(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                lines.add((name, frame.f_lineno))
            return within

        return within

    return enter


def _caches() -> Iterator[Any]:
    """Return the caches of the package that keep results between tests."""
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper):
            module = getattr(each, "__module__", "")
            if module.startswith("ocsp.") or module == "tests.cases.test_cases":
                yield each
        elif isinstance(each, BoundedCache):
            yield each


def _forget(caches: list[Any]) -> None:
    for each in caches:
        each.clear() if isinstance(each, BoundedCache) else each.cache_clear()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}".removesuffix("."))


def _swap(mutant: Mutant) -> Callable[[], None] | None:
    """Return a function that installs the mutant, or ``None`` if that is impossible."""
    module = _module(mutant.module)
    function = _function(module, mutant.scope)
    if function is None or not mutant.is_inside:
        return None
    new = _code(mutant.compiled(module.__file__ or ""), mutant.scope)
    if new is None or new.co_freevars != function.__code__.co_freevars:
        return None
    code = new

    def swap() -> None:
        function.__code__ = code

    return swap


def _function(module: ModuleType, scope: str) -> FunctionType | None:
    held: Any = module
    for name in scope.split("."):
        try:
            held = inspect.getattr_static(held, name)
        except AttributeError:
            return None
    while not isinstance(held, FunctionType) or hasattr(held, "__wrapped__"):
        for name in ("fget", "__func__", "__wrapped__"):
            if hasattr(held, name):
                held = getattr(held, name)
                break
        else:
            return None
    return held if held.__qualname__ == scope else None


def _code(code: CodeType, scope: str) -> CodeType | None:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == scope:
                return each
            if scope.startswith(f"{each.co_qualname}."):
                return _code(each, scope)
    return None


def _run_anew(mutant: Mutant, seconds: dict[str, float]) -> Outcome:
    """Import the package again with the mutant, and run all tests."""
    module = _module(mutant.module)
    path = module.__file__ or ""

    def work() -> bool:
        for name in list(sys.modules):
            first = name.partition(".")[0]
            if first in {"ocsp", "pytest_ocsp", "tests", "conftest"}:
                del sys.modules[name]
        code = mutant.compiled(path)
        sys.meta_path.insert(0, _Finder(module.__name__, path, code))
        order = _FastestFirst(seconds)
        return pytest.main([*QUIET, *TESTS], plugins=[order]) != pytest.ExitCode.OK

    return _in_child(work)


class _FastestFirst:
    """A pytest plugin that sorts the tests by duration."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests, the fastest first."""
        items.sort(key=lambda item: self._seconds.get(item.nodeid, 0))


class _Finder(importlib.abc.MetaPathFinder):
    """An import hook that loads the mutant instead of its module."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        self._name, self._path, self._code = name, path, code

    def find_spec(
        self, fullname: str, *_: object
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of the mutant if *fullname* is its module."""
        if fullname != self._name:
            return None
        loader = _Loader(fullname, self._path)
        loader.code = self._code
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=loader
        )


class _Loader(importlib.machinery.SourceFileLoader):
    code: CodeType

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the mutant."""
        return self.code
