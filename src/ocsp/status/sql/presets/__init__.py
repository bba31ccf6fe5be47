"""The tables of known programs, for :class:`ocsp.status.SQLSource`."""

from __future__ import annotations

from ocsp.errors import ConfigError
from ocsp.status.sql.presets.cfssl import CFSSL, CFSSL_POSTGRESQL
from ocsp.status.sql.presets.django_ca import DJANGO_CA
from ocsp.status.sql.presets.ejbca import EJBCA
from ocsp.status.sql.presets.step_ca import STEP_CA
from ocsp.status.sql.presets.xca import XCA
from ocsp.status.sql.table import Schema

__all__ = [
    "CFSSL",
    "CFSSL_POSTGRESQL",
    "DJANGO_CA",
    "EJBCA",
    "PRESETS",
    "STEP_CA",
    "XCA",
    "preset",
]

PRESETS: dict[str, Schema] = {
    "cfssl": CFSSL,
    "cfssl-postgresql": CFSSL_POSTGRESQL,
    "django-ca": DJANGO_CA,
    "ejbca": EJBCA,
    "step-ca": STEP_CA,
    "xca": XCA,
}
"""The presets, by the names of the programs."""


def preset(name: str) -> Schema:
    """
    Return the preset with *name*.

    Raises:
        ConfigError: If there is none.
    """
    try:
        return PRESETS[name]
    except KeyError as error:
        known = ", ".join(PRESETS)
        raise ConfigError("preset", f"is {name!r}, not one of {known}") from error
