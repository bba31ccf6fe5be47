"""The processes of a responder: a supervisor, workers and an updater."""

from __future__ import annotations

from ocsp.service.processes.one_process import serve_in_thread
from ocsp.service.processes.serving import serve

__all__ = ["serve", "serve_in_thread"]
