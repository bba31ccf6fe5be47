"""
Test cases of verification, with the method of x509-limbo.

A case is a function with a docstring. It takes a builder with valid defaults and makes
one deviation. All cases are compiled to ``docs/vectors/ocsp-cases.json``, which any
implementation can run.
"""
