"""
The checks of an examination, by what they are about.

Each module has a tuple CHECKS; :mod:`ocsp.conformance.table` joins them.
"""
