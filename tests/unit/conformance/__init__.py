"""Tests of `ocsp.conformance`."""
