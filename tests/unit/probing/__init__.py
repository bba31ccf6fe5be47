"""Tests of `ocsp.probing`."""
