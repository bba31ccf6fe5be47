"""
Cases of verification, after the method of x509-limbo.

A case is a documented function that takes a builder with valid defaults and makes one
deviation. All of them are compiled to ``docs/vectors/ocsp-cases.json``, which any
implementation can run.
"""
