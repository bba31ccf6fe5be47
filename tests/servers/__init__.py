"""Servers of other projects, which tests start: one module for each program."""
