"""
Choose which answers are signed ahead: their rows are there before a client asks.

A trigger adds the rows of new certificates; this module adds those of certificates that
are in the database already, and removes those of a form that is no longer wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from cryptography import x509

from ocsp.responder.stored_answer import CertIDForm
from ocsp.store.postgresql.database.pool import Connection
from ocsp.store.postgresql.issuers import add_issuer

__all__ = ["choose_forms"]

PAGE = 5000
"""Rows that one transaction adds or removes."""

# Transactions that add certificates have a weaker lock on the row of the issuer. So
# this one waits for their end: later ones see the new form, and this one sees theirs.
_AFTER_ADDING = "SELECT FROM issuer WHERE id = %s FOR UPDATE"
# The trigger that deletes the answers of a certificate waits for the same lock.
_BETWEEN_DELETING = "SELECT FROM issuer WHERE id = %s FOR NO KEY UPDATE"
_FORMS = "SELECT form, complete FROM issuer_form WHERE issuer_id = %s"
_ADD_FORM = """
INSERT INTO issuer_form (issuer_id, form)
SELECT %s, unnest(%s::smallint[]) ON CONFLICT DO NOTHING
"""
_COMPLETE = "UPDATE issuer_form SET complete = true WHERE issuer_id = %s AND form = %s"
_REMOVE_FORM = "DELETE FROM issuer_form WHERE issuer_id = %s AND form = %s"
_END_OF_PAGE = """
SELECT serial FROM certificate WHERE issuer_id = %s AND serial > %s
ORDER BY serial OFFSET %s LIMIT 1
"""
_LAST = b"\xff" * 128  # after every serial number, which has up to 127 octets
_ADD = """
INSERT INTO answer (issuer_id, serial, form)
SELECT issuer_id, serial, %s FROM certificate
WHERE issuer_id = %s AND serial > %s AND serial <= %s ON CONFLICT DO NOTHING
"""
_REMOVE = """
DELETE FROM answer WHERE form = %s
    AND issuer_id = %s AND serial > %s AND serial <= %s
"""

Transaction = Callable[[], AbstractContextManager[Connection]]


def choose_forms(
    transaction: Transaction, issuer: x509.Certificate, forms: Collection[CertIDForm]
) -> None:
    """Let the answers of *issuer* in *forms*, and in no other form, be due."""
    with transaction() as connection:
        number = add_issuer(connection, issuer)
        present: dict[int, bool] = dict(
            connection.execute(_FORMS, (number,)).fetchall()
        )
        if set(forms) - present.keys():
            connection.execute(_AFTER_ADDING, (number,))
            connection.execute(_ADD_FORM, (number, [int(form) for form in forms]))
    for form in forms:
        if not present.get(form):  # missing, or the process was stopped before the end
            _page_by_page(transaction, number, form, _ADD)
            with transaction() as connection:
                connection.execute(_COMPLETE, (number, form))
    for old in present.keys() - set(forms):
        with transaction() as connection:
            connection.execute(_REMOVE_FORM, (number, old))
        _page_by_page(transaction, number, old, _REMOVE)


def _page_by_page(
    transaction: Transaction, number: int, form: int, statement: str
) -> None:
    """Run *statement* on one page of certificates after the other."""
    after = b""
    while after != _LAST:
        with transaction() as connection:
            connection.execute(_BETWEEN_DELETING, (number,))
            row = connection.execute(_END_OF_PAGE, (number, after, PAGE - 1)).fetchone()
            last = row[0] if row else _LAST
            connection.execute(statement, (form, number, after, last))
        after = last
