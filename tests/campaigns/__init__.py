"""
Campaigns: correct material, mutated and signed again, against every entrance.

A case follows from a seed, a target and a number, so each can be repeated alone.
``CONTRIBUTING.md`` tells how to run, to repeat and to add.
"""
