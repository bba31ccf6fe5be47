"""
Make the messages of the benchmarks from seeds.

The same call gives the same octets in every process and with every implementation of
the package: nothing here uses the package that is measured. An encoder of a few lines
(:mod:`bench.corpora.der`) writes the messages, so that no cache of the package has met
them before.

The corpora of :mod:`~bench.corpora.traffic`, :mod:`~bench.corpora.entries`,
:mod:`~bench.corpora.unmet` and :mod:`~bench.corpora.asked` have random octets of the
right form as signatures: reading does not check them. Those of
:mod:`~bench.corpora.signed` have real signatures.
"""

from __future__ import annotations

from bench.corpora.asked import requests
from bench.corpora.entries import with_entries
from bench.corpora.signed import (
    FIRST_OF_CHAIN,
    Answer,
    Issued,
    Kind,
    about_many,
    chain,
    issued,
    with_decoys,
)
from bench.corpora.traffic import (
    delegates_in_turn,
    few_shapes,
    uniform_mix,
    web_mix,
)
from bench.corpora.unmet import unmet_requests, unmet_responses

__all__ = [
    "FIRST_OF_CHAIN",
    "Answer",
    "Issued",
    "Kind",
    "about_many",
    "chain",
    "delegates_in_turn",
    "few_shapes",
    "issued",
    "requests",
    "uniform_mix",
    "unmet_requests",
    "unmet_responses",
    "web_mix",
    "with_decoys",
    "with_entries",
]
