"""A batch writes the same octets as the builder, for any contents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given

from tests.interop.plans import ResponsePlan
from tests.property.strategies import response_plans


@dataclass
class _Repeatable:
    """A signer whose signature is a hash, with a length that depends on the hash."""

    certificate: x509.Certificate
    algorithm_identifier = bytes.fromhex("300a06082a8648ce3d040302")

    def sign(self, data: bytes) -> bytes:
        """Return as many octets as an ECDSA signature can have."""
        seed = hashlib.sha512(data).digest()
        return (seed + seed)[: 70 + seed[0] % 3]


@given(response_plans())
def test_a_batch_and_the_builder_write_the_same(plan: ResponsePlan) -> None:
    """Each entry of a plan in a response of its own, from one batch."""
    signer = _Repeatable(plan.signing.certificate)
    batch = replace(plan, entries=[]).builder().batch(signer)
    for entry in plan.entries:
        alone = replace(plan, entries=[entry]).builder().sign_with(signer)
        assert alone.public_bytes(Encoding.DER) == batch.sign(
            entry.target.cert_id,
            entry.status,
            entry.this_update,
            entry.next_update,
            entry.revocation_time,
            entry.reason,
            single_extensions=[each.listed for each in entry.extensions],
        )
