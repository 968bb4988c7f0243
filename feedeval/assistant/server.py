"""The desk as tools of an MCP server on standard input and output."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from feedeval.assistant.answers import NOTICE, refusal
from feedeval.assistant.desk import TOOLS, Desk
from feedeval.errors import FeedevalError
from feedeval.version import __version__

INSTRUCTIONS = (
    "feedeval looks at shops' product feeds: what a destination such as Google would refuse, which of a buyer's "
    "questions the feed answers, and what to add first. It reads files of a few folders, writes nothing and asks "
    f"nobody. {NOTICE}"
)
_READS_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def serve(desk: Desk) -> None:
    """Answer on standard input and output until that ends."""
    server_of(desk).run("stdio")


def server_of(desk: Desk) -> MCPServer:
    """Return the server of a desk."""
    server: MCPServer = MCPServer("feedeval", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    one_at_a_time = threading.Lock()
    for name in TOOLS:
        method = getattr(desk, name)
        server.add_tool(
            _careful(method, one_at_a_time),
            name=name,
            description=(method.__doc__ or "").strip(),
            annotations=_READS_ONLY,
            structured_output=False,
        )
    return server


def _careful(method: Callable[..., str], one_at_a_time: threading.Lock) -> Callable[..., str]:
    """Return a tool that says why it did nothing, in words that are marked where others had a part in them."""

    @functools.wraps(method)
    def tool(*given: object, **named: object) -> str:
        try:
            # Tools run on threads of their own, and a feed is held in memory once.
            with one_at_a_time:
                return method(*given, **named)
        except FeedevalError as exc:
            raise ToolError(refusal(exc)) from exc

    return tool
