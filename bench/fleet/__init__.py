"""
A fleet of responders as arithmetic and as a simulation, from measured costs.

* ``parameters.toml``: what was measured, each with its command, and what is assumed.
* ``capacity``: how many nodes, signatures, octets a fleet needs.
* ``simulation``: requests, caches, nodes, stores, signers and failures, event by event.
* ``measured``: three real nodes behind nginx, to compare the simulation with.
* ``workers``: a real node with one worker and with two.

``python -m bench.fleet`` prints the tables of docs/scaling.md, and ``--write`` writes
them there; ``python -m bench.fleet.measured`` compares simulation and reality.
"""

from __future__ import annotations

__all__: list[str] = []
