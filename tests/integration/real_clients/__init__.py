"""Clients of other projects ask a responder of this package, and verify what it says."""
