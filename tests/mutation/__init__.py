"""
Mutation testing of ``ocsp.verification``: whether a test fails if a rule is changed.

Each mutant is the package with one small change. A test that fails kills the mutant. A
mutant that survives shows a gap in the tests, unless ``survivors.toml`` has a reason.
"""
