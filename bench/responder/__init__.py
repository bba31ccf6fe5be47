"""Measure responders: the CPU time of their processes for one request, side by side."""
