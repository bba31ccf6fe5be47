"""
Compare the speed of this package with its peers, as ratios measured in one process.

Run ``make bench``, or ``python -m bench --help``. The groups are:

* ``reading``: load a message and read its fields.
* ``signing``: build and sign a response, compared with the signature alone.
* ``verifying``: verify a response, compared with the signatures that it has.
* ``attacking``: hostile messages, compared with ordinary ones of the same size.
* ``asking``: check certificates with the client, compared with httpx alone.
* ``importing``: import the package, in new processes.

Two actions alternate in small batches. Each pair of batches gives a *ratio*, and the
median of the ratios is the result. CPU time is measured, not wall-clock time: machines
differ and are shared, so absolute numbers mean little.
"""

from __future__ import annotations

__all__: list[str] = []
