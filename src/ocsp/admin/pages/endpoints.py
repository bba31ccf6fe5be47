"""The pages for people: overview, issuer, signer, certificate, inspector, log."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ocsp import limits
from ocsp.admin.access import COOKIE, SESSION_SECONDS, Access
from ocsp.admin.history import History
from ocsp.admin.pages.inspector import inspect_text
from ocsp.admin.pages.plot import draw_plot
from ocsp.admin.pages.rendering import render
from ocsp.admin.readiness import CheckResult, Level, Readiness
from ocsp.admin.snapshot import SnapshotReader
from ocsp.admin.state import IssuerView
from ocsp.errors import OCSPError
from ocsp.inspection.vocabulary import serial_from
from ocsp.linting import Profile, Severity
from ocsp.metrics import Totals
from ocsp.metrics.table import RESPONSES

__all__ = ["Pages"]

FIELDS = 8
"""Fields of a form; the largest here has three."""


class Pages:
    """The endpoints that return HTML."""

    def __init__(
        self,
        reader: SnapshotReader,
        totals: Totals,
        readiness: Readiness,
        history: History,
        access: Access,
    ) -> None:
        """Show what the arguments hold."""
        self._reader = reader
        self._totals = totals
        self._readiness = readiness
        self._history = history
        self._access = access

    # --- pages -------------------------------------------------------------------

    async def overview(self, request: Request) -> Response:
        """Show whether the responder works, and what it has done."""
        snapshot = await self._reader.read()
        checks = await self._readiness.results()
        minutes = self._history.minutes(time.time())
        return self._page(
            "overview.html",
            request,
            **snapshot._asdict(),
            checks=checks,
            level=max((check.level for check in checks), default=Level.OK),
            plot=draw_plot(minutes),
            recent=minutes[-16:-1],
            processes=self._totals.processes(),
            silent=self._totals.silent_processes(),
        )

    async def issuer(self, request: Request) -> Response:
        """Show one issuer."""
        snapshot = await self._reader.read()
        view = _named(snapshot.issuers, request.path_params["name"])
        responses = [
            (status, cause, int(number))
            for (name, status, cause), number in sorted(
                self._totals.counters(RESPONSES).items()
            )
            if name == view.name
        ]
        return self._page(
            "issuer.html",
            request,
            issuer=view,
            check=_check_named(view.check, await self._readiness.results()),
            signers=[each for each in snapshot.signers if each.name in view.signers],
            responses=responses,
        )

    async def signer(self, request: Request) -> Response:
        """Show one signer."""
        snapshot = await self._reader.read()
        view = _named(snapshot.signers, request.path_params["name"])
        return self._page(
            "signer.html",
            request,
            signer=view,
            check=_check_named(f"signer {view.name}", await self._readiness.results()),
        )

    async def certificate(self, request: Request) -> Response:
        """Look up a serial number."""
        snapshot = await self._reader.read()
        name = request.query_params.get("issuer", "")
        text = request.query_params.get("serial", "")
        values: dict[str, Any] = {
            "issuers": snapshot.issuers,
            "name": name,
            "serial": text[: limits.MAX_SHOWN_CHARACTERS],
            "number": None,
            "found": None,
            "problem": "",
        }
        if text:
            values |= await self._look_up(snapshot.issuers, name, text)
        return self._page("certificate.html", request, **values)

    async def _look_up(
        self, issuers: Sequence[IssuerView], name: str, text: str
    ) -> Mapping[str, object]:
        view = next((each for each in issuers if each.name == name), None)
        number = serial_from(text)
        if view is None:
            return {"problem": "Select an issuer."}
        if number is None:
            return {"problem": "This is not a serial number."}
        try:
            found = await self._reader.find(view.key, number)
        except OCSPError as error:
            return {"problem": f"The source cannot answer: {error}"}
        return {"number": f"{number:x}", "found": found, "issuer": view}

    async def inspector(self, request: Request) -> Response:
        """Show the form for a message; with a message, what it contains."""
        form = await _form(request) if request.method == "POST" else {}
        text, profile = form.get("message", ""), form.get("profile", "rfc6960")
        values: dict[str, Any] = {
            "text": text,
            "profile": profile,
            "profiles": [each.value for each in Profile],
            "inspection": None,
            "problem": "",
        }
        if request.method == "POST":
            values |= await self._inspect(text, profile)
        code = 422 if values["problem"] else 200
        return self._page("inspector.html", request, code=code, **values)

    async def _inspect(self, text: str, profile: str) -> Mapping[str, object]:
        issuers = (await self._reader.read()).issuers
        try:
            inspection = await asyncio.to_thread(
                inspect_text,
                text,
                profile=Profile(profile),
                issuers=[(each.name, each.certificate) for each in issuers],
                now=_now(),
            )
        except OCSPError as error:
            return {"problem": f"The text cannot be read: it {_reason(error)}."}
        except ValueError:
            return {"problem": "Select a profile.", "profile": "rfc6960"}
        findings = [] if inspection.report is None else inspection.report.findings
        order = sorted(findings, key=lambda each: -each.severity)
        return {"inspection": inspection, "findings": order, "Severity": Severity}

    async def log(self, request: Request) -> Response:
        """Show the last lines of the log, newest first."""
        lines = tuple(reversed(self._totals.lines()))
        return self._page("log.html", request, lines=lines)

    # --- sessions ----------------------------------------------------------------

    async def login(self, request: Request) -> Response:
        """Ask for the token, and start a session for it."""
        if not self._access.needs_token:
            return RedirectResponse("/", 303)
        if request.method != "POST":
            return self._page("login.html", request, problem="")
        form = await _form(request)
        if not self._access.is_token(form.get("token", "")):
            problem = "This is not the token."
            return self._page("login.html", request, code=403, problem=problem)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            self._access.new_session(),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    async def logout(self, _: Request) -> Response:
        """End the session of this browser."""
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    # --- errors ------------------------------------------------------------------

    def problem(self, request: Request, code: int, title: str, text: str) -> Response:
        """Return a page that says what is wrong."""
        return self._page("problem.html", request, code=code, title=title, text=text)

    # --- parts -------------------------------------------------------------------

    def _page(
        self, template: str, request: Request, *, code: int = 200, **values: object
    ) -> Response:
        shown = {
            "now": _now(),
            "path": request.url.path,
            "has_session": self._access.needs_token,
            "Level": Level,
            **values,
        }
        return HTMLResponse(render(template, **shown), code)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def _named(views: Sequence[Any], name: str) -> Any:
    """Return the view with this name, or raise a 404."""
    for view in views:
        if view.name == name:
            return view
    raise HTTPException(404)


def _check_named(name: str, checks: Sequence[CheckResult]) -> CheckResult | None:
    return next((each for each in checks if each.name == name), None)


def _reason(error: OCSPError) -> str:
    return str(getattr(error, "reason", "") or error)


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form; a field that occurs twice has its last value."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            max_num_fields=FIELDS,
            errors="replace",
        )
    except ValueError as error:
        raise HTTPException(400) from error
    return dict(pairs)
