"""
Choose which answers are signed ahead: their rows are there before a client asks.

A trigger adds the rows of new certificates; this module adds those of certificates that
are in the file already, and removes those of a form that is no longer wanted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from cryptography import x509

from ocsp.responder.stored_answer import CertIDForm
from ocsp.store.sqlite.database.writer import issuer_id

__all__ = ["choose_forms"]

PAGE = 5000
"""Rows that one transaction adds or removes."""

_FORMS = "SELECT form, complete FROM issuer_form WHERE issuer_id = ?"
_ADD_FORM = """
INSERT INTO issuer_form (issuer_id, form) VALUES (?, ?) ON CONFLICT DO NOTHING
"""
_COMPLETE = "UPDATE issuer_form SET complete = 1 WHERE issuer_id = ? AND form = ?"
_SERIALS = """
SELECT serial FROM certificate WHERE issuer_id = ? AND serial > ?
ORDER BY serial LIMIT ?
"""
_ADD = """
INSERT INTO answer (issuer_id, serial, form) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
"""
_REMOVE = """
DELETE FROM answer WHERE (issuer_id, serial, form) IN
    (SELECT issuer_id, serial, form FROM answer WHERE issuer_id = ? AND form = ?
    LIMIT ?)
"""

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


def choose_forms(
    transaction: Transaction, issuer: x509.Certificate, forms: Collection[CertIDForm]
) -> None:
    """Let the answers of *issuer* in *forms*, and in no other form, be due."""
    with transaction() as connection:
        number = issuer_id(connection, issuer)
        present = dict(connection.execute(_FORMS, (number,)).fetchall())
        connection.executemany(_ADD_FORM, [(number, form) for form in forms])
    for form in forms:
        if not present.get(form):  # missing, or the process was stopped before the end
            _add_rows(transaction, number, form)
    for form in present.keys() - set(forms):
        _remove_rows(transaction, number, form)


def _add_rows(transaction: Transaction, number: int, form: int) -> None:
    after = b""
    while True:
        with transaction() as connection:
            rows = connection.execute(_SERIALS, (number, after, PAGE)).fetchall()
            connection.executemany(_ADD, [(number, serial, form) for (serial,) in rows])
            if len(rows) < PAGE:
                connection.execute(_COMPLETE, (number, form))
                return
        after = rows[-1][0]


def _remove_rows(transaction: Transaction, number: int, form: int) -> None:
    with transaction() as connection:
        connection.execute(
            "DELETE FROM issuer_form WHERE issuer_id = ? AND form = ?", (number, form)
        )
    while True:
        with transaction() as connection:
            if connection.execute(_REMOVE, (number, form, PAGE)).rowcount < PAGE:
                return
