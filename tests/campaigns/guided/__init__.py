"""
Coverage-guided fuzzing with atheris: octets that reach new lines are kept and changed.

``attack`` of a module takes octets and raises a :class:`Violation` if a promise is
broken. ``tests/campaigns/corpus`` has the octets to start from, a folder for each
module; ``test_corpus.py`` replays them. The octets of a crash go there.
"""
