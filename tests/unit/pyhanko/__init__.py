"""Tests of the fetchers for pyHanko."""
