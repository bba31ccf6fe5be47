"""
``ocsp inspect``: show what a message contains.

The command verifies nothing, and its output says so.
"""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated, Any

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog, helped_by
from ocsp.cli.input.loading import place, read_message, require_kind
from ocsp.cli.parameters import Argument, Option
from ocsp.errors import DecodeError
from ocsp.guarded.certificates import load_certificate
from ocsp.inspection.documents import message_document
from ocsp.inspection.raw_message import Kind, RawMessage

__all__ = ["MessageType", "inspect"]

HELP = """Show what an OCSP request or response contains, without verifying it.

Reads DER, PEM, base64, hexadecimal, or the URL of a GET request."""

EPILOG = epilog(
    {
        "ocsp inspect response.der": "read a file in any of these forms",
        "ocsp inspect response.der --json | jq .responses": "write JSON",
        "curl -s http://ocsp.example/MFQw... | ocsp inspect": "read from a pipe",
    }
)


class MessageType(StrEnum):
    """The type that the user says a message has."""

    REQUEST = "request"
    RESPONSE = "response"


@helped_by(EPILOG, HELP)
def inspect(
    source: Annotated[
        str, Argument(metavar="FILE", help="The message; - for standard input.")
    ] = "-",
    kind: Annotated[
        MessageType | None,
        Option(
            "--type",
            metavar="request|response",
            help="Read the message as this type. Default: detected.",
        ),
    ] = None,
    as_json: Annotated[
        bool, Option("--json", help="Write JSON; its keys are stable.")
    ] = False,
) -> None:
    """Read the message in *source* and show it; only one form is imported."""
    message = read_message(source)
    if kind is not None:
        require_kind(message, kind.value, source)
    document = _document(
        message, message.kind if kind is None else kind.value, place(source)
    )
    if as_json:
        from ocsp.cli.render.json_output import write_json

        write_json(document | {"encoding": message.wrapping})
        return
    from ocsp.cli.render.console import output
    from ocsp.cli.render.tree import draw

    now = datetime.datetime.now(datetime.UTC)
    output().print(draw(document, wrapping=message.wrapping, now=now))


def _document(message: RawMessage, kind: Kind | None, where: str) -> dict[str, Any]:
    try:
        return message_document(message.der, kind)
    except DecodeError as error:
        what = str(error) if kind else f"is not an OCSP message: {error}"
        raise CommandError(where, what, _certificate_hint(message.der)) from error


def _certificate_hint(der: bytes) -> str:
    """Return a hint if *der* is a certificate, a common mistake; else nothing."""
    try:
        load_certificate(der)
    except DecodeError:
        return ""
    return "this is a certificate, not an OCSP message"
