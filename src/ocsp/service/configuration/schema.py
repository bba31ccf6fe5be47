"""The JSON schema of the configuration file, for editors and for the documentation."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from ocsp.quantities import duration_text, size_text
from ocsp.service.configuration.model import Configuration
from ocsp.service.configuration.values import Octets, TCPAddress, UnixAddress

__all__ = ["configuration_schema"]


def configuration_schema() -> dict[str, Any]:
    """Return the JSON schema; it has the defaults as the file writes them."""
    return Configuration.model_json_schema(schema_generator=_Schema)


class _Schema(GenerateJsonSchema):
    """Writes defaults as the values in the file."""

    def encode_default(self, dft: Any) -> Any:
        """Return the default *dft* in JSON."""
        match dft:
            case Octets():
                return size_text(dft)
            case datetime.timedelta():
                return duration_text(dft)
            case TCPAddress() | UnixAddress():
                return str(dft)
            case Path():
                return f"sqlite:{dft}"
            case tuple():
                return [self.encode_default(each) for each in dft]
        return super().encode_default(dft)
