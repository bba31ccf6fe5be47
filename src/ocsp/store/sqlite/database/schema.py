"""
The tables of a status file, and the triggers that protect them.

The database itself keeps the promises of this package, so that they also hold for
other programs that write to the file:

- A certificate that is revoked for good stays revoked. It can be deleted only after it
  has expired.
- Each change of a status gets a version and an event, in the same transaction. Each
  certificate that is added or deleted gets an event too, unless the transaction says
  that it writes one for all of them (``writer.bulk``), as an import does.
- An answer is stored only if it was made from the present status, and never outlives
  the certificate of its signer. With each new version of a status its answers count as
  not signed, so a signed answer is about the present status.

SQLite 3.34, which RHEL 9 has, can run everything here.
"""

from __future__ import annotations

__all__ = [
    "APPLICATION_ID",
    "CHANGED",
    "DATABASE_ID",
    "HOLD",
    "LAST_EVENT",
    "LATEST_SECOND",
    "SCHEMA",
    "VERSION",
]

APPLICATION_ID = 0x4F435350
"""``OCSP`` in the header of the SQLite file: identifies it as a status file."""

VERSION = 2
"""The version of the schema."""

LATEST_SECOND = 253_402_300_799
"""The end of the year 9999, in seconds since 1970: the latest GeneralizedTime."""

EARLIEST_SECOND = -62_135_596_800
"""The begin of the year 1, in seconds since 1970."""

HOLD = 6
"""certificateHold (RFC 5280 §5.3.1): the only revocation that can end."""

CHANGED = -1
"""The time *due* of an answer whose status has changed: before all others."""

LAST_EVENT = "SELECT seq FROM sqlite_sequence WHERE name = 'event'"
"""The query for the largest number that an event has had; no row means none."""

DATABASE_ID = "SELECT value FROM setting WHERE name = 'database_id'"
"""The query for the identity of the database."""

_NOW = "CAST(strftime('%s','now') AS INTEGER)"
_MOMENT = f"BETWEEN {EARLIEST_SECOND} AND {LATEST_SECOND}"
_STATUS = "revoked, reason, invalid"
_SIGNED = "version, signer_id, this_update, next_update, tbs, signature, says_revoked"


def _second(column: str) -> str:
    """Return the check that *column* is NULL, or a time in whole seconds."""
    return (
        f"CHECK ({column} IS NULL"
        f" OR (typeof({column}) = 'integer' AND {column} {_MOMENT}))"
    )


TABLES = (
    # database_id: a new one after each restore; oldest_reader: the oldest version of
    # the schema whose programs may open the file.
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """
    CREATE TABLE issuer (
        id INTEGER PRIMARY KEY,
        name_hash BLOB NOT NULL,      -- SHA-256 of the name
        key_hash BLOB NOT NULL,       -- SHA-256 of the public key
        subject TEXT NOT NULL,        -- for people
        certificate BLOB,             -- DER
        UNIQUE (name_hash, key_hash)
    )
    """,
    # The forms of answers that are signed ahead for all certificates of an issuer.
    """
    CREATE TABLE issuer_form (
        issuer_id INTEGER NOT NULL,
        form INTEGER NOT NULL,        -- 1 SHA-1, 2 SHA-256, 3 both in one response
        complete INTEGER NOT NULL DEFAULT 0, -- 1: every certificate has its row
        PRIMARY KEY (issuer_id, form),
        CHECK (form IN (1, 2, 3))
    ) WITHOUT ROWID
    """,
    f"""
    CREATE TABLE certificate (
        issuer_id INTEGER NOT NULL REFERENCES issuer (id),
        serial BLOB NOT NULL,         -- content octets of the DER INTEGER
        subject TEXT NOT NULL DEFAULT '',
        expires INTEGER,              -- seconds since 1970, if known
        cert_hash BLOB,               -- SHA-256 of the certificate, if known
        revoked INTEGER,              -- seconds since 1970, if revoked
        reason INTEGER,               -- CRLReason (RFC 5280 section 5.3.1)
        invalid INTEGER,              -- invalidityDate, seconds since 1970
        version INTEGER NOT NULL DEFAULT 1, -- counts the changes of the status
        PRIMARY KEY (issuer_id, serial),
        CHECK (typeof(issuer_id) = 'integer'),
        CHECK (typeof(serial) = 'blob' AND length(serial) BETWEEN 1 AND 127),
        CHECK (typeof(subject) = 'text'),
        CHECK (cert_hash IS NULL
            OR (typeof(cert_hash) = 'blob' AND length(cert_hash) = 32)),
        CHECK (typeof(version) = 'integer' AND version > 0),
        {_second("expires")},
        {_second("revoked")},
        {_second("invalid")},
        CHECK (invalid IS NULL OR revoked IS NOT NULL),
        CHECK (reason IS NULL OR (revoked IS NOT NULL AND typeof(reason) = 'integer'
            AND reason IN (0, 1, 2, 3, 4, 5, 6, 9, 10)))
    ) WITHOUT ROWID
    """,
    # Who changes the status in the present transaction; empty between transactions.
    """
    CREATE TABLE writer (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        who TEXT NOT NULL, host TEXT NOT NULL, program TEXT NOT NULL,
        bulk INTEGER NOT NULL DEFAULT 0 -- 1: it writes one event for many certificates
    )
    """,
    # The history: what was done to one certificate (added, changed, deleted) or to many
    # (imported, pruned). Responders poll for the changes of a status.
    f"""
    CREATE TABLE event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL DEFAULT ({_NOW}),
        action TEXT NOT NULL DEFAULT 'changed',
        issuer_id INTEGER, serial BLOB, version INTEGER,
        old_revoked INTEGER, old_reason INTEGER, old_invalid INTEGER,
        revoked INTEGER, reason INTEGER, invalid INTEGER,
        detail TEXT,                  -- JSON: which file, how many, before when
        who TEXT, host TEXT, program TEXT,
        CHECK (action IN ('added', 'changed', 'deleted', 'imported', 'pruned')),
        CHECK (issuer_id IS NOT NULL OR action = 'pruned'),
        CHECK ((detail IS NOT NULL) = (action IN ('imported', 'pruned'))),
        CHECK ((serial IS NULL) = (detail IS NOT NULL)),
        CHECK ((version IS NULL) = (detail IS NOT NULL))
    )
    """,
    "CREATE INDEX event_changed ON event (id) WHERE action = 'changed'",
    "CREATE INDEX event_certificate ON event (issuer_id, serial)",
    # The public halves of signers.
    """
    CREATE TABLE signer (
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,  -- SHA-256 of the certificate
        certificate BLOB NOT NULL,    -- DER
        not_after INTEGER NOT NULL    -- seconds since 1970
    )
    """,
    # What has to be signed, and what was signed.
    """
    CREATE TABLE answer (
        issuer_id INTEGER NOT NULL,
        serial BLOB NOT NULL,
        form INTEGER NOT NULL,
        version INTEGER NOT NULL DEFAULT 0, -- of the status; 0: not signed yet
        due INTEGER NOT NULL DEFAULT 0,     -- sign (again) from then on
        signer_id INTEGER REFERENCES signer (id),
        this_update INTEGER, next_update INTEGER,
        tbs BLOB, signature BLOB,
        says_revoked INTEGER,               -- 1: revoked, 0: good
        PRIMARY KEY (issuer_id, serial, form),
        CHECK (form IN (1, 2, 3)),
        CHECK (typeof(due) = 'integer'),
        CHECK (version = 0 OR (signer_id IS NOT NULL AND tbs IS NOT NULL
            AND signature IS NOT NULL AND this_update < next_update))
    ) WITHOUT ROWID
    """,
    "CREATE INDEX answer_due ON answer (issuer_id, due)",
    # What was signed since a moment: for programs that publish answers elsewhere.
    """
    CREATE INDEX answer_signed ON answer (issuer_id, this_update)
    WHERE this_update IS NOT NULL
    """,
    # One row for each imported file: where to go on after an interruption.
    f"""
    CREATE TABLE import (
        digest BLOB NOT NULL, issuer_id INTEGER NOT NULL, name TEXT NOT NULL,
        done INTEGER NOT NULL, at INTEGER NOT NULL DEFAULT ({_NOW}),
        PRIMARY KEY (digest, issuer_id)
    ) WITHOUT ROWID
    """,
)


def _refuse(name: str, on: str, condition: str, message: str) -> str:
    """Return a trigger that aborts the statement *on* if *condition* is true."""
    when = f" WHEN {condition}" if condition else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {on}{when}"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _keep(name: str, table: str, same: str) -> str:
    """Return a trigger that omits an INSERT, also ``OR REPLACE``, of a known row."""
    known = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - our names
    return (
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {known}"
        " BEGIN SELECT RAISE(IGNORE); END"
    )


_SAME_CERTIFICATE = "issuer_id = NEW.issuer_id AND serial = NEW.serial"
_AUTHOR = """(SELECT who FROM writer), (SELECT host FROM writer),
            (SELECT program FROM writer)"""
_ONE_BY_ONE = "NOT EXISTS (SELECT 1 FROM writer WHERE bulk)"
_FOR_GOOD = f"OLD.revoked IS NOT NULL AND OLD.reason IS NOT {HOLD}"

TRIGGERS = (
    # --- issuers and signers ---
    _keep(
        "issuer_kept",
        "issuer",
        "id = NEW.id OR (name_hash = NEW.name_hash AND key_hash = NEW.key_hash)",
    ),
    _refuse(
        "issuer_key",
        "UPDATE OF id, name_hash, key_hash ON issuer",
        "",
        "an issuer keeps its name and its key",
    ),
    _refuse(
        "issuer_stays",
        "DELETE ON issuer",
        "EXISTS (SELECT 1 FROM certificate WHERE issuer_id = OLD.id)",
        "the issuer has certificates",
    ),
    _keep("signer_kept", "signer", "id = NEW.id OR digest = NEW.digest"),
    _refuse("signer_same", "UPDATE ON signer", "", "a signer never changes"),
    # --- certificates ---
    _keep("certificate_kept", "certificate", _SAME_CERTIFICATE),
    _refuse(
        "certificate_key",
        "UPDATE OF issuer_id, serial ON certificate",
        "",
        "a certificate keeps its issuer and its serial number",
    ),
    _refuse(
        "certificate_expires",
        "UPDATE OF expires ON certificate",
        "OLD.expires IS NOT NULL AND NEW.expires IS NOT OLD.expires",
        "the expiry of a certificate never changes",
    ),
    _refuse(
        "certificate_hash",
        "UPDATE OF cert_hash ON certificate",
        "OLD.cert_hash IS NOT NULL AND NEW.cert_hash IS NOT OLD.cert_hash",
        "the hash of a certificate never changes",
    ),
    _refuse(
        "certificate_for_good",
        "UPDATE OF revoked, reason ON certificate",
        f"{_FOR_GOOD} AND (NEW.revoked IS NULL OR NEW.reason IS {HOLD})",
        "the certificate is revoked for good",
    ),
    _refuse(
        "certificate_since",
        "UPDATE OF revoked ON certificate",
        f"{_FOR_GOOD} AND NEW.revoked > OLD.revoked",
        "a revocation cannot begin later",
    ),
    _refuse(
        "certificate_stays",
        "DELETE ON certificate",
        f"OLD.revoked IS NOT NULL AND (OLD.expires IS NULL OR OLD.expires > {_NOW})",
        "the certificate is revoked and has not expired",
    ),
    _refuse(
        "certificate_version",
        "UPDATE OF version ON certificate",
        "NEW.version <> OLD.version + 1",
        "the database keeps the version of a status",
    ),
    f"""
    CREATE TRIGGER certificate_changed AFTER UPDATE OF {_STATUS} ON certificate
    WHEN NEW.revoked IS NOT OLD.revoked OR NEW.reason IS NOT OLD.reason
        OR NEW.invalid IS NOT OLD.invalid
    BEGIN
        UPDATE certificate SET version = OLD.version + 1 WHERE {_SAME_CERTIFICATE};
        INSERT INTO event (issuer_id, serial, version, old_revoked, old_reason,
            old_invalid, revoked, reason, invalid, who, host, program)
        SELECT NEW.issuer_id, NEW.serial, OLD.version + 1, OLD.revoked, OLD.reason,
            OLD.invalid, NEW.revoked, NEW.reason, NEW.invalid, {_AUTHOR};
    END
    """,  # noqa: S608 - only names of this module
    f"""
    CREATE TRIGGER certificate_answers AFTER UPDATE OF version ON certificate
    BEGIN
        UPDATE answer SET version = 0, due = {CHANGED} WHERE {_SAME_CERTIFICATE};
    END
    """,  # noqa: S608 - only names of this module
    """
    CREATE TRIGGER certificate_added AFTER INSERT ON certificate
    BEGIN
        INSERT INTO answer (issuer_id, serial, form)
        SELECT NEW.issuer_id, NEW.serial, form FROM issuer_form
        WHERE issuer_id = NEW.issuer_id;
    END
    """,
    """
    CREATE TRIGGER certificate_removed AFTER DELETE ON certificate
    BEGIN
        DELETE FROM answer WHERE issuer_id = OLD.issuer_id AND serial = OLD.serial;
    END
    """,
    f"""
    CREATE TRIGGER certificate_added_event AFTER INSERT ON certificate
    WHEN {_ONE_BY_ONE}
    BEGIN
        INSERT INTO event (action, issuer_id, serial, version, revoked, reason, invalid,
            who, host, program)
        SELECT 'added', NEW.issuer_id, NEW.serial, NEW.version, NEW.revoked, NEW.reason,
            NEW.invalid, {_AUTHOR};
    END
    """,
    f"""
    CREATE TRIGGER certificate_removed_event AFTER DELETE ON certificate
    WHEN {_ONE_BY_ONE}
    BEGIN
        INSERT INTO event (action, issuer_id, serial, version, old_revoked, old_reason,
            old_invalid, who, host, program)
        SELECT 'deleted', OLD.issuer_id, OLD.serial, OLD.version, OLD.revoked,
            OLD.reason, OLD.invalid, {_AUTHOR};
    END
    """,
    # --- events ---
    _keep("event_once", "event", "id = NEW.id"),
    _refuse("event_same", "UPDATE ON event", "", "the history is not rewritten"),
    _refuse(
        "event_stays",
        "DELETE ON event",
        f"OLD.at > {_NOW} - 86400",
        "the events of the last day stay",
    ),
    # --- answers ---
    _keep("answer_kept", "answer", f"{_SAME_CERTIFICATE} AND form = NEW.form"),
    _refuse(
        "answer_unsigned",
        "INSERT ON answer",
        "NEW.version <> 0",
        "an answer is inserted unsigned, and then signed",
    ),
    _refuse(
        "answer_key",
        "UPDATE OF issuer_id, serial, form ON answer",
        "",
        "an answer keeps its certificate and its form",
    ),
    f"""
    CREATE TRIGGER answer_current BEFORE UPDATE OF {_SIGNED} ON answer
    WHEN NEW.version <> 0 AND NOT EXISTS (
        SELECT 1 FROM certificate WHERE {_SAME_CERTIFICATE}
            AND version = NEW.version AND (revoked IS NOT NULL) IS NEW.says_revoked)
    BEGIN SELECT RAISE(IGNORE); END
    """,  # noqa: S608 - only names of this module
    _refuse(
        "answer_in_time",
        f"UPDATE OF {_SIGNED} ON answer",
        "NEW.version <> 0 AND NEW.due >= NEW.next_update",
        "an answer is due before it ends",
    ),
    _refuse(
        "answer_outlives",
        f"UPDATE OF {_SIGNED} ON answer",
        "NEW.next_update > (SELECT not_after FROM signer WHERE id = NEW.signer_id)",
        "an answer does not outlive the certificate of its signer",
    ),
)

SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
    *TABLES,
    *TRIGGERS,
)
"""The statements that make an empty database a status file."""
