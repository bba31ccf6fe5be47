"""
Decide which fault applies to which request.

The faults are tried in the order in which they were set, and the first that matches a
request applies to it. One thread sets the faults, another one uses them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.messages.certid import CertID
from ocsp.testing.faults import Fault
from ocsp.testing.requests import ReceivedRequest

__all__ = ["FaultSchedule"]


@dataclass(slots=True, kw_only=True)
class _Planned:
    """A fault, the number of uses left (``None``: no limit), and its conditions."""

    fault: Fault
    left: int | None
    serial_number: int | None
    method: str | None

    def matches(self, received: ReceivedRequest) -> bool:
        cert_ids = received.cert_ids
        if self.left == 0 or self.method not in {None, received.method}:
            return False
        if self.fault is Fault.UNAUTHORIZED_FOR_SHA256 and not any(
            _has_sha256(cert_id) for cert_id in cert_ids
        ):
            return False
        serials = {cert_id.serial_number for cert_id in cert_ids}
        return self.serial_number is None or self.serial_number in serials


def _has_sha256(cert_id: CertID) -> bool:
    try:
        return cert_id.hash_algorithm.name == "sha256"
    except UnsupportedAlgorithm:
        return False


class FaultSchedule:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []

    def add(
        self,
        fault: Fault,
        times: int | None,
        serial_number: int | None,
        method: str | None,
    ) -> None:
        """Apply *fault* to the requests that match, at most *times* times."""
        planned = _Planned(
            fault=fault, left=times, serial_number=serial_number, method=method
        )
        with self._lock:
            self._planned.append(planned)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._planned.clear()

    def take(self, received: ReceivedRequest) -> Fault | None:
        """Return the fault for this request, and count its use; ``None`` if none."""
        with self._lock:
            for planned in self._planned:
                if planned.matches(received):
                    if planned.left is not None:
                        planned.left -= 1
                    return planned.fault
        return None
