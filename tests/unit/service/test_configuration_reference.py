"""The reference of all settings in ``docs/configuration.md``."""

from __future__ import annotations

import tomllib

import pytest

from ocsp.service import configuration_of
from tests.docs.examples import blocks
from tests.unit.service.configuration_reference import DOCUMENT, document


def test_the_reference_is_that_of_the_settings() -> None:
    """If not: ``python -m tests.unit.service.configuration_reference``."""
    assert DOCUMENT.read_text() == document()


@pytest.mark.parametrize(
    "block",
    [*blocks("docs/configuration.md", "toml"), *blocks("docs/sources.md", "toml")],
)
def test_the_examples_are_accepted(block: object) -> None:
    """Each is a complete configuration."""
    configuration_of(tomllib.loads(block.text))  # type: ignore[attr-defined]
