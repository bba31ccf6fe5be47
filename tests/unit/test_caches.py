"""Every cache of the package is bounded: this walks the sources for each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocsp

PACKAGE = Path(ocsp.__file__).parent

BOUNDED = {
    "client/memory/crl_memory.py:_kept": "limits.MAX_KEPT_CRL_BYTES",
    "client/memory/sized_map.py:_entries": "the limit that its caller names",
    "messages/shapes.py:_by_size": "limits.MAX_CACHE_BYTES",
    "messages/shapes.py:_older": "limits.MAX_CACHE_BYTES",
    "asn1/bounded_cache.py:_older": "the limit that its caller names",
    "asn1/bounded_cache.py:_sizes": "as many entries as the cache",
}
"""Caches that count octets, and what limits them. A ``BoundedCache`` is one too."""

SMALL = {
    "asn1/certificates.py:_latest": "MAX_LATEST, each of _MOST_KEPT_OCTETS",
    "asn1/der.py:_sequence_headers": "numbers below MAX_KEPT_HEADER; headers",
    "asn1/der.py:oid_text": "at most MAX_OID_OCTETS: others raise, which is not cached",
    "asn1/oids.py:identifier": "a text of at most MAX_OID_OCTETS in DER",
    "asn1/times.py:_encode_utc": "a datetime",
    "asn1/times.py:_hours": "at most MAX_HOURS; ten octets: others raise",
    "asn1/times.py:_offsets": "3,600; five octets: others raise",
    "asn1/times.py:_older": "at most MAX_MOMENTS; fifteen octets",
    "asn1/times.py:moments": "at most MAX_MOMENTS; fifteen octets: others raise",
    "client/cache/newest_crls.py:_newest": "a hash, a time and a number",
    "client/checking/urls.py:_kept_check": "_MOST_KEPT_OCTETS; nothing",
    "client/checking/urls.py:_kept_origin": "_MOST_KEPT_OCTETS; a part of them",
    "client/checking/urls.py:_kept_urls_in": "_MOST_KEPT_OCTETS; URLs among them",
    "client/default.py:_clients": "one client for each process",
    "client/memory/sizes.py:_inside": "the classes of what a client keeps",
    "client/transport/exchange.py:_kept_origin": "300 characters; a part of them",
    "client/transport/tasks.py:_loops": "one pool for each event loop that lives",
    "http.py:_date_of_second": "a number; a date",
    "http.py:_day": "a number; a date",
    "messages/certid.py:_cert_id_prefix": "hashes of a fixed size, and a number",
    "messages/responses/batch.py:__init__": "a number; what the signer gave",
    "messages/responses/encoding.py:_headers": "two numbers; headers",
    "messages/responses/encoding.py:_tbs_headers": "two numbers; headers",
    "messages/responses/pieces.py:_outer_headers": "a number; headers",
    "messages/responses/response_builder.py:_encode_second": "a number",
    "pkcs11/token.py:_modules": "the PKCS#11 modules that the caller names",
    "responder/schedule.py:_cycle": "a number; two numbers",
    "responder/schedule.py:second_of": "a datetime; a number",
    "responder/schedule.py:time_of": "a number; a datetime",
    "responder/signed_response.py:_before_nonce": "a boolean and a number; headers",
    "server/native/known_heads.py:_gets": "MAX_HEADS, each of MAX_HEAD_OCTETS",
    "server/native/known_heads.py:_posts": "MAX_HEADS, each of MAX_HEAD_OCTETS",
    "server/shared_fallback.py:_known": "MAX_CHANGED queries; two numbers",
    "sharing/nodes.py:_clients": "a client for each node of a cluster",
    "sharing/nodes.py:_looks": "the nodes of a cluster",
    "sharing/nodes.py:_resting": "the nodes of a cluster",
    "sharing/reader.py:_key_of": "MAX_SIGNERS certificates; hashes",
    "sharing/reader.py:_signers": "MAX_SIGNERS certificates",
    "signing/signer.py:_scheme_of": "two classes",
    "store/postgresql/partitions.py:_issuers": "the issuers in the database",
    "store/postgresql/partitions.py:_turns": "the issuers in the database",
    "store/sqlite/database/reader.py:_issuers": "the issuers in the file",
    "store/sqlite/database/reader.py:_signers": "the signers in the file",
    "stapling/pyopenssl.py:_found": "one response for each TLS connection that lives",
}
"""Caches whose entries are few, or have a small and fixed size, and what they are of."""

NO_CACHE = {
    "asn1/ber.py:_found": "one message, while it is read",
    "admin/checks.py:_seen": "the issuers of one responder",
    "admin/readiness.py:_running": "the checks of one responder",
    "asn1/extensions.py:_values": "one certificate or CRL",
    "cli/render/staple_report.py:_states": "the sites of one command",
    "client/asynchronous.py:_outcomes": "one call of check_many",
    "client/background.py:_running": "limits.MAX_BACKGROUND_CHECKS, and the threads",
    "client/checking/scheduler.py:_waiting": "one call of check_many",
    "client/engine/tasks.py:_results": "one race",
    "client/memory/crl_memory.py:_running": "the downloads that run now",
    "client/sync.py:_outcomes": "one call of check_many",
    "client/transport/resolver.py:_open": "the look-ups that run now",
    "client/transport/proxy.py:_named": "the proxies of the environment",
    "service/exporter/rounds.py:_results": "the configured targets",
    "service/signer_following.py:_sets": "the configured issuers",
    "status/foreign.py:last": "the configured issuers",
    "service/copies/edge.py:_running": "the look-ups that run now",
    "sharing/tally.py:_written": "a number for each node of a cluster",
    "sharing/reader.py:_waiting": "the look-ups that wait now",
    "store/postgresql/following.py:_since": "the processes that one wait is for",
    "store/postgresql/serving/line.py:_failures": "the connections of one line",
    "store/postgresql/serving/following.py:_changed": "MAX_CHANGES queries",
    "store/postgresql/serving/line.py:_waiting": "MAX_WAITING look-ups",
    "responder/answer_signer.py:_parts": "the answers of one batch: forms and lengths",
    "responder/answer_signer.py:batches": "the authorities, within one second",
    "responder/answer_signer.py:good": "MAX_PREPARED, within one second",
    "responder/answer_signer.py:times": "the signers, within one second",
    "metrics/counting.py:_counters": "counters with labels from bounded sets",
    "metrics/counting.py:_gauges": "gauges with labels from bounded sets",
    "metrics/counting.py:_histograms": "histograms with labels from bounded sets",
    "metrics/counting.py:_issuers": "the configured issuers",
    "metrics/counting.py:_outcomes": "causes and statuses, for each configured issuer",
    "metrics/counting.py:_signers": "the configured signers",
    "metrics/totals.py:_gauges": "the gauges of the processes of one responder",
    "metrics/totals.py:_heard": "the processes of one responder",
    "metrics/totals.py:_histograms": "the histograms of one responder",
    "metrics/totals.py:_sums": "the counters of one responder",
    "pyhanko/fetched.py:_issuers": "the issuers of one validation: limits.MAX_FETCHES",
    "pyhanko/fetched.py:certificates": "one validation: limits.MAX_FETCHES",
    "pyhanko/fetched.py:crl_signers": "one validation: limits.MAX_FETCHES",
    "pyhanko/fetched.py:_crls": "one validation: limits.MAX_FETCHES",
    "pyhanko/fetched.py:_responses": "one validation: limits.MAX_FETCHES",
    "pkcs11/token.py:tokens": "the slots of one module",
    "server/counting.py:_good": "methods, codes, hashes and configured issuers",
    "server/counting.py:_in_memory": "the configured issuers, by form",
    "server/counting.py:_signatures": "the configured signers",
    "server/event_log.py:_kinds": "the kinds of lines about clients",
    "server/native/connections.py:_all": "the connections that are open: MAX_CONNECTIONS",
    "server/plain_requests.py:_layouts": "the sizes and layouts of templates",
    "server/plain_requests.py:templates": "MAX_TEMPLATES, for the configured issuers",
    "server/memory/response_cache.py:bodies": "one generation, which the cache bounds in octets",
    "server/memory/response_cache.py:certificates": "one generation, which the cache bounds",
    "server/memory/response_cache.py:targets": "one generation, which the cache bounds",
    "service/logs.py:_windows": "the places of the program that write to the log",
    "signers/signer_set.py:_updates": "the signers of one set",
    "signers/slots.py:_begun": "the threads of one signer",
    "signers/slots.py:_lanes": "the signers whose threads run now",
    "responder/canned.py:_newest_first": "the answers of one authority",
    "responder/requests/issuers.py:_by_key": "the authorities of one responder",
    "responder/requests/issuers.py:_by_octets": "the authorities of one responder",
    "responder/requests/issuers.py:_elsewhere": "the authorities of one responder",
    "signing/ml_dsa.py:PRIVATE_KEYS": "a table",
    "signing/ml_dsa.py:PUBLIC_KEYS": "a table",
    "status/foreign.py:_running": "the exchanges that run now",
    "testing/loopback.py:_published": "the documents that a test publishes",
    "testing/pki.py:_records": "the certificates that a test makes",
    "testing/pki.py:_signers": "the CAs that a test makes",
    "verification/crl/reader.py:extensions": "one CRL",
    "status/files/issued.py:_files": "the files of one directory",
    "status/sql/source.py:_errors": "one batch of look-ups",
    "status/sql/source.py:_records": "one batch of look-ups",
    "status/wrappers/chain.py:_found": "one look-up",
}
"""Mappings that grow with their object, and what that object is."""

FUNCTIONS = {"lru_cache", "cache"}
MAPPINGS = {
    "dict", "Moments", "OrderedDict", "defaultdict", "WeakKeyDictionary",
    "WeakValueDictionary",
}  # fmt: skip


def _name(node: ast.expr) -> str:
    """Return the last part of the name of what *node* calls or refers to."""
    if isinstance(node, (ast.Call, ast.Subscript)):
        return _name(node.func if isinstance(node, ast.Call) else node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _empty(value: ast.expr | None) -> bool:
    """Return whether *value* is an empty mapping, which something fills later."""
    if isinstance(value, ast.Dict):
        return not value.keys
    return (
        isinstance(value, ast.Call)
        and _name(value) in MAPPINGS
        and not value.keywords
        and not value.args
    )


def _caches(tree: ast.Module) -> Iterator[str]:
    """Return the names of caches in a module: functions, and mappings that stay."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            decorators = {_name(each) for each in node.decorator_list}
            inside = {
                _name(each) for each in ast.walk(node) if isinstance(each, ast.Call)
            }
            if (decorators | inside) & FUNCTIONS:
                yield node.name
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _empty(node.value):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            yield _name(target)
    for node in ast.walk(tree):  # mappings of objects that live long
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _empty(node.value):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Attribute):
                yield target.attr


def _found() -> set[str]:
    return {
        f"{path.relative_to(PACKAGE).as_posix()}:{name}"
        for path in PACKAGE.rglob("*.py")
        for name in _caches(ast.parse(path.read_text()))
    }


def test_every_cache_is_bounded() -> None:
    """Each is in one of the tables above, and the tables have no others."""
    assert _found() == {*BOUNDED, *SMALL, *NO_CACHE}


@pytest.mark.parametrize(
    "source",
    [
        "@lru_cache(maxsize=8)\ndef kept(octets): ...",
        "@functools.cache\ndef kept(octets): ...",
        "kept: dict[bytes, int] = {}",
        "kept = OrderedDict()",
        "class Memory:\n    def __init__(self):\n        self.kept: Kept = {}",
        "def kept(self):\n    return lru_cache(8)(partial(read, self))",
    ],
)
def test_every_kind_of_cache_is_found(source: str) -> None:
    """A function, a mapping of a module, a mapping of an object."""
    assert list(_caches(ast.parse(source))) == ["kept"]
