"""Tests of the messages between charging stations and their management systems."""
