"""
Measure responders: the CPU time of their processes for one request, side by side.

``python -m bench.responder.store`` measures the store, and ``python -m
bench.responder.status`` the commands that fill and list it.
"""
