"""The HTTP protocol of the local service: uvicorn's, with the connection at hand for faults."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class TransportProtocol(H11Protocol):
    """Puts the transport into the state of each request, where faults find it to cut or reset the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the transport of a new connection."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)
