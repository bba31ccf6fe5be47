"""
Make the tables, and the triggers that protect them.

The database itself keeps the promises of this package, so that they also hold for other
programs that write to it:

- A certificate that is revoked for good stays revoked. It can be deleted only after it
  has expired.
- Each change of a status gets a version and an event, in the same transaction. Each
  certificate that is added or deleted gets an event too, unless the transaction says
  that it writes one for all of them (``ocsp.bulk``), as an import does; it then also
  adds the rows of their answers.
- An answer is stored only if it was made from the present status, and never outlives
  the certificate of its signer.

Times are seconds since 1970, as in a SQLite file: ``to_timestamp(revoked)`` shows them.
A change of a status writes no row of the table ``answer``: no signer, which may have
locked it, delays a revocation. The row of ``event`` says that there is something to
sign.
"""

from __future__ import annotations

from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision: str | None = None

_EARLIEST = -62_135_596_800  # the begin of the year 1
_LATEST = 253_402_300_799  # the end of the year 9999: the latest GeneralizedTime
_HOLD = 6  # certificateHold (RFC 5280 section 5.3.1): the only revocation that can end

_NOW = "floor(extract(epoch FROM clock_timestamp()))::bigint"
_MOMENT = f"BETWEEN {_EARLIEST} AND {_LATEST}"

_TABLES = (
    # database_id: a new one after each restore; oldest_reader: the oldest version of
    # the schema whose programs may use the database.
    "CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL)",
    """
    CREATE TABLE issuer (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name_hash bytea NOT NULL,     -- SHA-256 of the name
        key_hash bytea NOT NULL,      -- SHA-256 of the public key
        subject text NOT NULL,        -- for people
        certificate bytea,            -- DER
        UNIQUE (name_hash, key_hash)
    )
    """,
    # The forms of answers that are signed ahead for all certificates of an issuer.
    """
    CREATE TABLE issuer_form (
        issuer_id integer NOT NULL REFERENCES issuer (id),
        form smallint NOT NULL,       -- 1 SHA-1, 2 SHA-256, 3 both in one response
        complete boolean NOT NULL DEFAULT false, -- every certificate has its row
        PRIMARY KEY (issuer_id, form),
        CHECK (form IN (1, 2, 3))
    )
    """,
    f"""
    CREATE TABLE certificate (
        issuer_id integer NOT NULL REFERENCES issuer (id),
        serial bytea NOT NULL,        -- content octets of the DER INTEGER
        subject text NOT NULL DEFAULT '',
        expires bigint,               -- seconds since 1970, if known
        cert_hash bytea,              -- SHA-256 of the certificate, if known
        revoked bigint,               -- seconds since 1970, if revoked
        reason smallint,              -- CRLReason (RFC 5280 section 5.3.1)
        invalid bigint,               -- invalidityDate, seconds since 1970
        version integer NOT NULL DEFAULT 1, -- counts the changes of the status
        PRIMARY KEY (issuer_id, serial),
        CHECK (length(serial) BETWEEN 1 AND 127),
        CHECK (length(cert_hash) = 32),
        CHECK (version > 0),
        CHECK (expires {_MOMENT}),
        CHECK (revoked {_MOMENT}),
        CHECK (invalid {_MOMENT}),
        CHECK (invalid IS NULL OR revoked IS NOT NULL),
        CHECK (reason IS NULL OR revoked IS NOT NULL),
        CHECK (reason IN (0, 1, 2, 3, 4, 5, 6, 9, 10))
    ) PARTITION BY LIST (issuer_id)
    """,
    "CREATE TABLE certificate_rest PARTITION OF certificate DEFAULT",
    # The history: what was done to one certificate (added, changed, deleted) or to many
    # (imported, pruned). Responders follow the changes of a status.
    f"""
    CREATE TABLE event (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tx xid8 NOT NULL DEFAULT pg_current_xact_id(), -- the cursor of responders
        due bigint,                   -- sign from then on; NULL: the answers say so
        at bigint NOT NULL DEFAULT ({_NOW}),
        action text NOT NULL DEFAULT 'changed',
        issuer_id integer, serial bytea, version integer,
        old_revoked bigint, old_reason smallint, old_invalid bigint,
        revoked bigint, reason smallint, invalid bigint,
        detail text,                  -- JSON: which file, how many, before when
        who text, host text, program text,
        CHECK (action IN ('added', 'changed', 'deleted', 'imported', 'pruned')),
        CHECK (issuer_id IS NOT NULL OR action = 'pruned'),
        CHECK ((detail IS NOT NULL) = (action IN ('imported', 'pruned'))),
        CHECK ((serial IS NULL) = (detail IS NOT NULL)),
        CHECK ((version IS NULL) = (detail IS NOT NULL))
    )
    """,
    "CREATE INDEX event_tx ON event (tx) WHERE action = 'changed'",
    "CREATE INDEX event_changed ON event (id) WHERE action = 'changed'",
    "CREATE INDEX event_open ON event (issuer_id, due, id) WHERE due IS NOT NULL",
    "CREATE INDEX event_certificate ON event (issuer_id, serial, id)",
    # The public halves of signers.
    """
    CREATE TABLE signer (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        digest bytea NOT NULL UNIQUE, -- SHA-256 of the certificate
        certificate bytea NOT NULL,   -- DER
        not_after bigint NOT NULL     -- seconds since 1970
    )
    """,
    # A token bucket for each signer with a rate, for all machines together.
    """
    CREATE TABLE signer_rate (
        signer_id integer PRIMARY KEY REFERENCES signer (id),
        burst double precision NOT NULL,     -- signatures that fit into the bucket
        allowance double precision NOT NULL, -- those in it at the time counted
        granted double precision NOT NULL,   -- those that were taken last
        counted timestamptz NOT NULL
    ) WITH (fillfactor = 50)
    """,
    # What has to be signed, and what was signed.
    """
    CREATE TABLE answer (
        issuer_id integer NOT NULL,
        serial bytea NOT NULL,
        form smallint NOT NULL,
        version integer NOT NULL DEFAULT 0, -- of the status; 0: not signed yet
        due bigint NOT NULL DEFAULT 0,      -- sign (again) from then on
        signer_id integer,
        this_update bigint, next_update bigint,
        tbs bytea, signature bytea,
        PRIMARY KEY (issuer_id, serial, form),
        CHECK (form IN (1, 2, 3)),
        CHECK (version = 0 OR (signer_id IS NOT NULL AND tbs IS NOT NULL
            AND signature IS NOT NULL AND this_update IS NOT NULL
            AND next_update IS NOT NULL AND this_update < next_update))
    ) PARTITION BY LIST (issuer_id)
    """,
    # Every row is written again in each period: room for it in the same page.
    """
    CREATE TABLE answer_rest PARTITION OF answer DEFAULT WITH (fillfactor = 80)
    """,
    "CREATE INDEX answer_due ON answer (issuer_id, due)",
    # What was signed since a moment: for programs that publish answers elsewhere.
    """
    CREATE INDEX answer_signed ON answer (issuer_id, this_update, serial, form)
    WHERE this_update IS NOT NULL
    """,
    # One row for each imported file: where to go on after an interruption.
    f"""
    CREATE TABLE import (
        digest bytea NOT NULL, issuer_id integer NOT NULL, name text NOT NULL,
        done bigint NOT NULL, at bigint NOT NULL DEFAULT ({_NOW}),
        PRIMARY KEY (digest, issuer_id)
    )
    """,
    # The processes that keep answers in memory, and which changes they have seen.
    """
    CREATE TABLE node (
        id uuid PRIMARY KEY,
        host text NOT NULL,
        process integer NOT NULL,
        backend integer,              -- of the connection that ends with the process
        seen pg_snapshot NOT NULL,    -- they have seen what was committed in it
        at timestamptz NOT NULL DEFAULT clock_timestamp()
    ) WITH (fillfactor = 50)
    """,
)

_AUTHOR = """
nullif(current_setting('ocsp.who', true), ''),
                nullif(current_setting('ocsp.host', true), ''),
                nullif(current_setting('ocsp.program', true), '')
""".strip()
_ONE_BY_ONE = "current_setting('ocsp.bulk', true) IS DISTINCT FROM 'on'"

_FUNCTIONS = {
    "refuse": """
        BEGIN RAISE check_violation USING MESSAGE = TG_ARGV[0]; END
    """,
    "certificate_change": f"""
        DECLARE
            for_good boolean := OLD.revoked IS NOT NULL
                AND OLD.reason IS DISTINCT FROM {_HOLD};
        BEGIN
            IF (NEW.issuer_id, NEW.serial) IS DISTINCT FROM
                (OLD.issuer_id, OLD.serial)
            THEN RAISE check_violation USING MESSAGE =
                'a certificate keeps its issuer and its serial number';
            END IF;
            IF OLD.expires IS NOT NULL AND NEW.expires IS DISTINCT FROM OLD.expires
            THEN RAISE check_violation USING MESSAGE =
                'the expiry of a certificate never changes';
            END IF;
            IF OLD.cert_hash IS NOT NULL
                AND NEW.cert_hash IS DISTINCT FROM OLD.cert_hash
            THEN RAISE check_violation USING MESSAGE =
                'the hash of a certificate never changes';
            END IF;
            IF NEW.version <> OLD.version
            THEN RAISE check_violation USING MESSAGE =
                'the database keeps the version of a status';
            END IF;
            IF (NEW.revoked, NEW.reason, NEW.invalid) IS NOT DISTINCT FROM
                (OLD.revoked, OLD.reason, OLD.invalid)
            THEN RETURN NEW;
            END IF;
            IF for_good AND (NEW.revoked IS NULL
                OR NEW.reason IS NOT DISTINCT FROM {_HOLD})
            THEN RAISE check_violation USING MESSAGE =
                'the certificate is revoked for good';
            END IF;
            IF for_good AND NEW.revoked > OLD.revoked
            THEN RAISE check_violation USING MESSAGE =
                'a revocation cannot begin later';
            END IF;
            NEW.version := OLD.version + 1;
            INSERT INTO event (issuer_id, serial, version, old_revoked, old_reason,
                old_invalid, revoked, reason, invalid, who, host, program, due)
            SELECT NEW.issuer_id, NEW.serial, NEW.version, OLD.revoked, OLD.reason,
                OLD.invalid, NEW.revoked, NEW.reason, NEW.invalid, {_AUTHOR},
                CASE WHEN EXISTS (SELECT FROM answer a
                    WHERE a.issuer_id = NEW.issuer_id AND a.serial = NEW.serial)
                THEN 0 END;
            NOTIFY ocsp_status;
            RETURN NEW;
        END
    """,  # noqa: S608 - only names of this module
    "certificate_added": f"""
        BEGIN
            INSERT INTO answer (issuer_id, serial, form)
            SELECT NEW.issuer_id, NEW.serial, form FROM issuer_form
            WHERE issuer_id = NEW.issuer_id;
            INSERT INTO event (action, issuer_id, serial, version, revoked, reason,
                invalid, who, host, program)
            SELECT 'added', NEW.issuer_id, NEW.serial, NEW.version, NEW.revoked,
                NEW.reason, NEW.invalid, {_AUTHOR};
            RETURN NULL;
        END
    """,  # noqa: S608 - only names of this module
    "certificate_removed": f"""
        BEGIN
            -- A transaction that adds answers for all certificates has it too.
            PERFORM FROM issuer WHERE id = OLD.issuer_id FOR NO KEY UPDATE;
            DELETE FROM answer
            WHERE issuer_id = OLD.issuer_id AND serial = OLD.serial;
            IF {_ONE_BY_ONE}
            THEN
                INSERT INTO event (action, issuer_id, serial, version, old_revoked,
                    old_reason, old_invalid, who, host, program)
                SELECT 'deleted', OLD.issuer_id, OLD.serial, OLD.version, OLD.revoked,
                    OLD.reason, OLD.invalid, {_AUTHOR};
            END IF;
            RETURN NULL;
        END
    """,  # noqa: S608 - only names of this module
    "answer_change": """
        BEGIN
            IF (NEW.issuer_id, NEW.serial, NEW.form) IS DISTINCT FROM
                (OLD.issuer_id, OLD.serial, OLD.form)
            THEN RAISE check_violation USING MESSAGE =
                'an answer keeps its certificate and its form';
            END IF;
            IF NEW.version = 0 OR (NEW.version, NEW.signer_id, NEW.this_update,
                NEW.next_update, NEW.tbs, NEW.signature) IS NOT DISTINCT FROM
                (OLD.version, OLD.signer_id, OLD.this_update,
                OLD.next_update, OLD.tbs, OLD.signature)
            THEN RETURN NEW;
            END IF;
            IF NEW.version IS DISTINCT FROM (SELECT version FROM certificate
                WHERE issuer_id = NEW.issuer_id AND serial = NEW.serial)
            THEN RETURN NULL; -- it was made from another status than the present one
            END IF;
            IF NEW.due >= NEW.next_update
            THEN RAISE check_violation USING MESSAGE =
                'an answer is due before it ends';
            END IF;
            IF NEW.next_update <= (SELECT not_after FROM signer
                WHERE id = NEW.signer_id)
            THEN RETURN NEW;
            END IF;
            RAISE check_violation USING MESSAGE =
                'an answer does not outlive the certificate of its signer';
        END
    """,
}

_KEPT_COLUMNS = (
    "id, at, action, issuer_id, serial, version, old_revoked, old_reason, old_invalid,"
    " revoked, reason, invalid, detail, who, host, program"
)

_TRIGGERS = (
    """
    issuer_key BEFORE UPDATE OF id, name_hash, key_hash ON issuer FOR EACH ROW
    EXECUTE FUNCTION refuse('an issuer keeps its name and its key')
    """,
    """
    signer_same BEFORE UPDATE ON signer FOR EACH ROW
    EXECUTE FUNCTION refuse('a signer never changes')
    """,
    """
    certificate_change BEFORE UPDATE ON certificate FOR EACH ROW
    EXECUTE FUNCTION certificate_change()
    """,
    f"""
    certificate_stays BEFORE DELETE ON certificate FOR EACH ROW
    WHEN (OLD.revoked IS NOT NULL AND (OLD.expires IS NULL OR OLD.expires > {_NOW}))
    EXECUTE FUNCTION refuse('the certificate is revoked and has not expired')
    """,
    # An import adds what belongs to many certificates in one statement.
    f"""
    certificate_added AFTER INSERT ON certificate FOR EACH ROW WHEN ({_ONE_BY_ONE})
    EXECUTE FUNCTION certificate_added()
    """,
    """
    certificate_removed AFTER DELETE ON certificate FOR EACH ROW
    EXECUTE FUNCTION certificate_removed()
    """,
    f"""
    event_same BEFORE UPDATE OF {_KEPT_COLUMNS} ON event FOR EACH ROW
    EXECUTE FUNCTION refuse('the history is not rewritten')
    """,
    f"""
    event_stays BEFORE DELETE ON event FOR EACH ROW WHEN (OLD.at > {_NOW} - 86400)
    EXECUTE FUNCTION refuse('the events of the last day stay')
    """,
    """
    answer_unsigned BEFORE INSERT ON answer FOR EACH ROW WHEN (NEW.version <> 0)
    EXECUTE FUNCTION refuse('an answer is inserted unsigned, and then signed')
    """,
    """
    answer_change BEFORE UPDATE ON answer FOR EACH ROW
    EXECUTE FUNCTION answer_change()
    """,
    # TRUNCATE fires no trigger for rows. Each partition needs a trigger of its own.
    *(
        f"""
        {table}_not_truncated BEFORE TRUNCATE ON {table} FOR EACH STATEMENT
        EXECUTE FUNCTION refuse('{reason}')
        """
        for table, reason in (
            ("certificate", "certificates are deleted one by one"),
            ("certificate_rest", "certificates are deleted one by one"),
            ("event", "the events of the last day stay"),
        )
    ),
)


def upgrade() -> None:
    """Make them."""
    for statement in _TABLES:
        op.execute(statement)
    for name, body in _FUNCTIONS.items():
        # A program that writes to the tables may have another search path.
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" SET search_path FROM CURRENT AS $$ {body} $$"
        )
    for trigger in _TRIGGERS:
        op.execute(f"CREATE TRIGGER {trigger}")
    op.execute(
        "INSERT INTO setting (name, value) VALUES"
        " ('database_id', replace(gen_random_uuid()::text, '-', '')),"
        " ('oldest_reader', '1')"
    )
