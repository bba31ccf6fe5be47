"""
``ocsp inspect``: show what a message says.

Rules of this file: it reads and shows. Whether any of it is true is another question,
and the output says so.
"""

from __future__ import annotations

import datetime
import json
from enum import StrEnum
from typing import Annotated, Any

import typer
from cryptography import x509

from ocsp.cli.exit_codes import CommandError
from ocsp.cli.help_text import epilog
from ocsp.cli.input.loading import RawMessage, place, read_message
from ocsp.cli.render.console import output
from ocsp.cli.render.describe import request_document, response_document
from ocsp.cli.render.tree import draw
from ocsp.errors import DecodeError
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.responses.response import load_der_ocsp_response

__all__ = ["EPILOG", "HELP", "MessageType", "inspect"]

HELP = """Show what an OCSP request or response says. Nothing is verified.

The message may be DER, PEM, base64, hexadecimal, or the URL of a GET request."""

EPILOG = epilog(
    {
        "ocsp inspect response.der": "a file, whatever it is",
        "ocsp inspect response.der --json | jq .responses": "for other programs",
        "curl -s http://ocsp.example/MFQw... | ocsp inspect": "from a pipe",
    }
)


class MessageType(StrEnum):
    """What to read a message as."""

    REQUEST = "request"
    RESPONSE = "response"


def inspect(
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="The message; - is standard input.")
    ] = "-",
    kind: Annotated[
        MessageType | None,
        typer.Option(
            "--type",
            metavar="request|response",
            help="Read it as this, whatever it looks like.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON; the keys are stable.")
    ] = False,
) -> None:
    """Read the message in *source* and show it."""
    message = read_message(source)
    document = _document(message, kind or message.kind, place(source))
    if as_json:
        typer.echo(json.dumps(document | {"encoding": message.wrapping}, indent=2))
        return
    now = datetime.datetime.now(datetime.UTC)
    output().print(draw(document, wrapping=message.wrapping, now=now))


def _document(message: RawMessage, kind: str | None, where: str) -> dict[str, Any]:
    try:
        if kind == MessageType.REQUEST:
            request = load_der_ocsp_request(message.der, allow_multiple=True)
            return request_document(request)
        return response_document(load_der_ocsp_response(message.der))
    except DecodeError as error:
        what = str(error) if kind else f"is no OCSP message: {error}"
        raise CommandError(where, what, _instead(message.der)) from error


def _instead(der: bytes) -> str:
    """Return a hint where *der* is something else that people have at hand."""
    try:
        x509.load_der_x509_certificate(der)
    except ValueError:
        return ""
    return "this is a certificate, not an OCSP message"
