"""Each request counted, and logged in one line: neither its query nor any of a picture is in it."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigits.web.metrics import Metrics

LOG = logging.getLogger(__name__)

JSON_LOG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "inkdigits.web.observed.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"uvicorn": {"level": "INFO"}, __name__: {"level": "INFO"}},
}
"""For logging.config: all that is logged as lines of JSON on standard error, requests included."""


class JsonLines(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "request", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


class Observed:
    """The app, with each request counted in `metrics` and logged where somebody wants to know."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500  # is what is sent from outside, if nothing is from here

        async def send_and_see(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_see)
        finally:
            seconds = time.perf_counter() - start
            # Only addresses that there are: anybody may ask for any other.
            path = getattr(scope.get("route"), "path", "other")
            self._metrics.count_request(path, status, seconds)
            if LOG.isEnabledFor(logging.INFO):
                LOG.info("request", extra={"request": _seen(scope, status, seconds)})


def _seen(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
    host, _ = scope.get("client") or ("", 0)
    return {
        "client": host,
        "method": scope["method"],
        "path": scope["path"][:200],
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
    }
