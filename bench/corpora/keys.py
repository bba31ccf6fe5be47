"""Make private keys from seeds, so that each run signs with the same keys."""

from __future__ import annotations

import random
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

__all__ = ["PrivateKey", "ec_key", "rsa_key", "sign"]

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


_EXPONENT = 65537
_PRIME_BITS = 1024
_WITNESSES = 8
"""Rounds of Miller and Rabin. Far more than enough for random numbers of this size."""

_ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def ec_key(seed: str) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of *seed*."""
    number = random.Random(seed).getrandbits(255) | 1
    return ec.derive_private_key(number, ec.SECP256R1())


@cache
def rsa_key(seed: str) -> rsa.RSAPrivateKey:
    """Return the RSA key of *seed*, with 2,048 bits."""
    chosen = random.Random(seed)
    p, q = _prime(chosen), _prime(chosen)
    d = rsa.rsa_recover_private_exponent(_EXPONENT, p, q)
    return rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(_EXPONENT, p * q),
    ).private_key()


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Return the signature of *data* with SHA-256; the same in each run."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data, _ECDSA)


def _prime(chosen: random.Random) -> int:
    while True:
        number = chosen.getrandbits(_PRIME_BITS) | 3 << (_PRIME_BITS - 2) | 1
        if number % _EXPONENT != 1 and _is_prime(number, chosen):
            return number


def _is_prime(number: int, chosen: random.Random) -> bool:
    if any(number % small == 0 for small in range(3, 2000, 2)):
        return False
    shift = (number - 1 & 1 - number).bit_length() - 1
    odd = number - 1 >> shift
    for _ in range(_WITNESSES):
        power = pow(chosen.randrange(2, number - 1), odd, number)
        if power in {1, number - 1}:
            continue
        for _ in range(shift - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
