"""
The table of all commands: the only list of them, with the summary that the help shows.

A command is imported when it runs or when its own help is shown. The help of a group
shows the summaries of this table, and imports no command; a test compares them with the
help texts of the commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["COMMANDS", "CommandEntry", "GroupEntry"]


class CommandEntry(NamedTuple):
    """A command."""

    module: str
    """The module with its function, below ``ocsp.cli``."""

    function: str
    summary: str
    """The first paragraph of its help."""


class GroupEntry(NamedTuple):
    """A group of commands."""

    summary: str
    """The whole help of the group."""

    commands: Mapping[str, CommandEntry]


_CONFIG = {
    "init": CommandEntry(
        "commands.config",
        "init",
        "Write a commented configuration file for the CAs in the files.",
    ),
    "check": CommandEntry(
        "commands.config",
        "check",
        "Check a configuration file: load its keys, open its "
        "database, test its signers.",
    ),
    "show": CommandEntry(
        "commands.config",
        "show",
        "Print all settings as JSON: those in the file, and the "
        "defaults of the others.",
    ),
    "schema": CommandEntry(
        "commands.config", "schema", "Print the JSON schema of the configuration file."
    ),
}

_SIGNER = {
    "request": CommandEntry(
        "commands.signer.enrol",
        "request",
        "Make a key and a certificate request, for a CA to sign.",
    ),
    "issue": CommandEntry(
        "commands.signer.enrol",
        "issue",
        "Issue the certificate of a delegated responder with the key of the CA.",
    ),
    "renew": CommandEntry(
        "commands.signer.renew",
        "renew",
        "Renew the certificate of a responder by a command, and replace the files.",
    ),
    "check": CommandEntry(
        "commands.signer.check",
        "check",
        "Test a signer as the responder does when it starts, and every day.",
    ),
}

_STATUS = {
    "add": CommandEntry(
        "commands.status.change",
        "add",
        "Add issued certificates. Creates the file if it does not exist.",
    ),
    "revoke": CommandEntry(
        "commands.status.change",
        "revoke",
        "Revoke certificates, permanently unless the reason is certificateHold.",
    ),
    "release": CommandEntry(
        "commands.status.change",
        "release",
        "Set certificates on hold (reason certificateHold) back to good: all, or none.",
    ),
    "import": CommandEntry(
        "commands.status.importing",
        "import_all",
        "Import certificates and their status. Creates the database "
        "if it does not exist.",
    ),
    "show": CommandEntry(
        "commands.status.reading.show",
        "show",
        "Show the status of one certificate, its history and its stored answers.",
    ),
    "list": CommandEntry(
        "commands.status.reading.listing",
        "list_all",
        "List the certificates in the file, by issuer and serial number.",
    ),
    "log": CommandEntry(
        "commands.status.reading.log",
        "log",
        "Show what was done to certificates, the oldest first: the audit log.",
    ),
    "export": CommandEntry(
        "commands.status.reading.exporting",
        "export",
        "Write certificates to standard output, in a format that can be imported.",
    ),
    "prune": CommandEntry(
        "commands.status.prune",
        "prune",
        "Delete expired certificates, and old events of the audit log.",
    ),
    "backup": CommandEntry(
        "commands.status.copies",
        "backup",
        "Copy the file with all that is complete at one moment.",
    ),
    "restore": CommandEntry(
        "commands.status.copies", "restore", "Put a backup in the place of the file."
    ),
    "restored": CommandEntry(
        "commands.status.copies",
        "restored",
        "Give a PostgreSQL database a new identity, after it was restored from a dump.",
    ),
    "partition": CommandEntry(
        "commands.status.partition",
        "partition",
        "Give a large issuer partitions of its own in a PostgreSQL database.",
    ),
    "upgrade": CommandEntry(
        "commands.status.copies",
        "upgrade",
        "Convert a database of an older release, or make the tables in PostgreSQL.",
    ),
}

COMMANDS: Mapping[str, CommandEntry | GroupEntry] = {
    "check": CommandEntry(
        "commands.check", "check", "Check whether certificates are revoked."
    ),
    "conformance": CommandEntry(
        "commands.monitoring.conformance",
        "conformance",
        "Find out whether a responder does what the standards require.",
    ),
    "demo": CommandEntry(
        "demo.command",
        "demo",
        "Run a CA, a responder and its clients on this machine, and show the answers.",
    ),
    "exporter": CommandEntry(
        "commands.monitoring.exporter",
        "exporter",
        "Probe responders in the background, and serve the results to Prometheus.",
    ),
    "inspect": CommandEntry(
        "commands.inspect",
        "inspect",
        "Show what an OCSP request or response contains, without verifying it.",
    ),
    "lint": CommandEntry(
        "commands.lint", "lint", "Report where a response deviates from the standards."
    ),
    "migrate": CommandEntry(
        "commands.migrate",
        "migrate",
        "Copy the status of all certificates from one database into another.",
    ),
    "presign": CommandEntry(
        "commands.presign",
        "presign",
        "Sign all answers that are due, ahead of the requests.",
    ),
    "probe": CommandEntry(
        "commands.monitoring.probe",
        "probe",
        "Ask a responder in every way that clients do, and report its answers.",
    ),
    "publish": CommandEntry(
        "commands.publish",
        "publish",
        "Publish the stored answers for a web server or a CDN.",
    ),
    "request": CommandEntry(
        "commands.request",
        "request",
        "Write a request for the status of certificates. Nothing is sent.",
    ),
    "serve": CommandEntry(
        "commands.serve",
        "serve",
        "Run an OCSP responder over HTTP, with GET and POST, until Ctrl-C or SIGTERM.",
    ),
    "staple": CommandEntry(
        "commands.staple", "staple", "Keep the OCSP staple files of a TLS server fresh."
    ),
    "verify": CommandEntry(
        "commands.verify",
        "verify_response",
        "Verify a response, and show the status of a certificate.",
    ),
    "config": GroupEntry(
        "Write, check and show a configuration file, for [cyan]ocsp serve[/cyan].",
        _CONFIG,
    ),
    "signer": GroupEntry(
        "Get, renew and check the key and certificate that sign for "
        "[cyan]ocsp serve[/cyan].",
        _SIGNER,
    ),
    "status": GroupEntry(
        "Manage the file with the status of certificates, for [cyan]ocsp serve[/cyan].",
        _STATUS,
    ),
}
"""All commands, in the order of the help."""
