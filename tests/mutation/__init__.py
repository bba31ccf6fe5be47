"""
Mutation testing of ``ocsp.verification``: does a test see it when a rule is changed.

Each mutant is the package with one small change. It is killed when a test fails; one
that survives shows what no test proves, or has a written reason in ``survivors.toml``.
"""
