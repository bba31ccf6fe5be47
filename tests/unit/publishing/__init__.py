"""Tests of ``ocsp.publishing``."""
