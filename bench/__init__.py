"""
Benchmarks: this package beside its peers, in one process, as ratios.

Run ``make bench``, or ``python -m bench --help``. What is measured:

* ``reading``: load a message and read its fields.
* ``signing``: build and sign, beside the bare signature.
* ``importing``: what ``import`` costs, in processes of its own.

Rules of this package: two actions alternate in small batches, and the *ratio* of each
pair of batches is kept; the median of the ratios is the result. CPU time is counted,
not time on the wall. Machines differ and are shared: absolute numbers say little.
"""

from __future__ import annotations

__all__: list[str] = []
