"""A client's connection: answers leave it promptly, and it does not keep the server waiting."""

from __future__ import annotations

import asyncio
import math
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 20
"""By then a request has to be there but for its body, or the rest of a body that is not wanted."""
MOST_CONNECTIONS = 400
"""Fewer than half the files that a process may have open on most systems. Uvicorn's own
limit_concurrency would answer 503 to whoever comes then, /api/health included."""


class Connection(H11Protocol):
    """HTTP that sends every packet at once, and closes what idles.

    asyncio sees to the first for sockets of its own, but not for the one that Uvicorn's workers
    share: there each answer's body waits 40 ms for the receipt of its headers. Uvicorn sees to the
    second, but only between an answer and the next byte.
    """

    waiting_since = math.inf
    """For the client, by the loop's clock."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is being received or answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        self._close_in_time()
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._close_in_time()

    def on_response_complete(self) -> None:
        self.waiting_since = self.loop.time()
        super().on_response_complete()

    def _close_in_time(self) -> None:
        """Start Uvicorn's timer, which each byte and each request ends."""
        if self.is_idle and self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_at(
                self.waiting_since + REQUEST_SECONDS, self.timeout_keep_alive_handler
            )

    def _make_room(self) -> None:
        """Break off the connection whose client has kept the server waiting longest."""
        waiting = [
            each
            for each in self.connections
            if isinstance(each, Connection) and (each.is_idle or each.cycle.more_body)
        ]
        oldest = min(waiting, key=lambda each: each.waiting_since)
        oldest.waiting_since = math.inf  # it is among the connections for a moment yet
        oldest.transport.abort()
