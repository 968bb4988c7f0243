"""`files` and `batches`: what is uploaded, what batches are made of it, and how they end."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from tests.server.app import ModelApp

ROUTE = re.compile(r"/(files|batches)(?:/([\w-]+))?(?:/(content|cancel))?$")
JSON = "application/json"
DAY_S = 86_400
BAD_LINE = 2
"""The line that a batch of the end `failed` is refused for."""


class BatchEnd(StrEnum):
    """How a batch ends."""

    COMPLETED = "completed"
    FAILED = "failed"
    """Refused for one of its lines."""
    FAILED_WHOLE = "failed_whole"
    """Refused for no line in particular."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """By somebody else."""
    NO_ROOM = "no_room"
    """Refused because too many tokens wait."""
    OUTPUT_GONE = "output_gone"
    FORGOTTEN = "forgotten"
    """The server does not know it any more."""
    CREATE_BREAKS = "create_breaks"
    """It is made, and the connection breaks before that is said; it is completed later."""


@dataclass
class Batch:
    """A batch as the desk knows it."""

    id: str
    file_id: str
    metadata: dict[str, str]
    end: BatchEnd
    lines: list[dict[str, Any]]
    tokens: int
    made_s: float = field(default_factory=time.monotonic)
    created_at: int = field(default_factory=lambda: int(time.time()))
    status: str = "validating"
    output_id: str | None = None
    errors_id: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    completed: int = 0
    failed: int = 0
    usage: dict[str, int] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.status in ("validating", "in_progress", "finalizing", "cancelling")


class Desk:
    """Takes files and batches in. Batches move when they are looked at.

    Args:
        app: Who answers their lines and keeps the counts.
    """

    def __init__(self, app: ModelApp) -> None:
        self._app = app
        self.files: dict[str, tuple[str, bytes]] = {}
        self.batches: list[Batch] = []
        self._number = 0

    async def handle(self, request: web.BaseRequest, route: re.Match[str]) -> web.StreamResponse:
        what, name, action = route.groups()
        if what == "files":
            return await self._files(request, name, action)
        return await self._batches(request, name, action)

    async def _files(self, request: web.BaseRequest, name: str | None, action: str | None) -> web.StreamResponse:
        if name is None and request.method == "POST":
            return await self._upload(request)
        if name is None:
            return _said({"object": "list", "data": [self._file(each) for each in self.files], "has_more": False})
        if name not in self.files:
            return _error(404, "No such File object.")
        if request.method == "DELETE":
            del self.files[name]
            return _said({"id": name, "object": "file", "deleted": True})
        if action == "content":
            return web.Response(body=self.files[name][1], content_type="application/octet-stream")
        return _said(self._file(name))

    async def _upload(self, request: web.BaseRequest) -> web.StreamResponse:
        content, filename, purpose = b"", "", ""
        async for part in await request.multipart():
            if part.name == "file":
                filename, content = part.filename or "", bytes(await part.read())
            elif part.name == "purpose":
                purpose = await part.text()
        if purpose != "batch":
            return _error(400, "Unknown purpose.")
        longest = self._app.config.batch_file_bytes
        if longest is not None and len(content) > longest:
            return _error(413, "The file is too large.")
        self._app.stats.uploads += 1
        return _said(self._file(self._keep(filename, content)))

    def _keep(self, filename: str, content: bytes) -> str:
        self._number += 1
        self.files[f"file-{self._number}"] = (filename, content)
        return f"file-{self._number}"

    def _file(self, name: str) -> dict[str, Any]:
        filename, content = self.files[name]
        return {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": filename,
            "purpose": "batch",
            "status": "processed",
        }

    async def _batches(self, request: web.BaseRequest, name: str | None, action: str | None) -> web.StreamResponse:
        if name is None and request.method == "POST":
            return self._create(request, orjson.loads(await request.read()))
        if name is None:
            return self._page(request)
        batch = next((each for each in self.batches if each.id == name), None)
        if batch is None or (batch.end is BatchEnd.FORGOTTEN and not self._app.config.batch_hold):
            return _error(404, "No such Batch object.")
        if action == "cancel":
            if batch.is_open:
                self._finish(batch, BatchEnd.CANCELLED)
            return _said(self._told(batch))
        self._move(batch)
        return _said(self._told(batch))

    def _page(self, request: web.BaseRequest) -> web.StreamResponse:
        newest = self.batches[::-1]
        after, limit = request.query.get("after"), int(request.query.get("limit", "20"))
        if after is not None:
            at = next(n for n, each in enumerate(newest) if each.id == after)
            newest = newest[at + 1 :]
        data = [self._told(each) for each in newest[:limit]]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
        return _said({"object": "list", "data": data, "has_more": len(newest) > limit, **ends})

    def _create(self, request: web.BaseRequest, wanted: dict[str, Any]) -> web.StreamResponse:
        config, stats = self._app.config, self._app.stats
        file_id = wanted["input_file_id"]
        if file_id not in self.files:
            return _error(400, "No such file.", param="input_file_id")
        if wanted["endpoint"] != "/v1/chat/completions" or wanted["completion_window"] != "24h":
            return _error(400, "Not such a batch.")
        content = self.files[file_id][1]
        lines = [orjson.loads(line) for line in content.splitlines()]
        end = BatchEnd(config.batch_ends.pop(0)) if config.batch_ends else BatchEnd.COMPLETED
        tokens = len(content) // 4
        waiting = sum(each.tokens for each in self.batches if each.is_open)
        if config.batch_tokens is not None and waiting + tokens > config.batch_tokens:
            end = BatchEnd.NO_ROOM
        self._number += 1
        metadata = wanted.get("metadata") or {}
        batch = Batch(f"batch-{self._number}", file_id, metadata, end, lines, tokens)
        self.batches.append(batch)
        if end in (BatchEnd.FAILED, BatchEnd.FAILED_WHOLE, BatchEnd.NO_ROOM):
            batch.tokens = 0
        else:
            stats.batches += 1
            stats.batch_requests += len(lines)
            stats.twice += self._asked_before(batch)
        if end is BatchEnd.CREATE_BREAKS and request.transport is not None:
            request.transport.abort()
            return web.Response()
        return _said(self._told(batch))

    def _asked_before(self, batch: Batch) -> int:
        others = (each for each in self.batches if each is not batch and each.is_open and each.tokens)
        open_ids = {line["custom_id"] for each in others for line in each.lines}
        return sum(line["custom_id"] in open_ids or self._app.was_accepted(line["body"]) for line in batch.lines)

    def _move(self, batch: Batch) -> None:
        config = self._app.config
        passed_s = time.monotonic() - batch.made_s
        if not batch.is_open or passed_s < config.batch_s / 3:
            return
        if batch.end in (BatchEnd.FAILED, BatchEnd.FAILED_WHOLE, BatchEnd.NO_ROOM):
            self._refuse(batch)
            return
        batch.status = "in_progress"
        if passed_s >= config.batch_s and not config.batch_hold:
            self._finish(batch, batch.end)

    def _refuse(self, batch: Batch) -> None:
        batch.status = "failed"
        if batch.end is BatchEnd.NO_ROOM:
            batch.errors = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached.", "line": None}]
        elif batch.end is BatchEnd.FAILED:
            batch.errors = [{"code": "invalid_json_line", "message": "This line is not one.", "line": BAD_LINE}]
        else:
            batch.errors = [{"code": "invalid_request", "message": "Not this file.", "line": None}]

    def _finish(self, batch: Batch, end: BatchEnd) -> None:
        partial = end in (BatchEnd.EXPIRED, BatchEnd.CANCELLED)
        done = int(len(batch.lines) * self._app.config.batch_share) if partial else len(batch.lines)
        output, errors = [], []
        for number, line in enumerate(batch.lines):
            told = {"id": f"{batch.id}-{number}", "custom_id": line["custom_id"], "response": None, "error": None}
            if number >= done:
                code = "batch_expired" if end is BatchEnd.EXPIRED else "batch_cancelled"
                errors.append({**told, "error": {"code": code, "message": "This request was not executed."}})
                continue
            status, body = self._app.answer_line(line["body"])
            told["response"] = {"status_code": status, "request_id": told["id"], "body": body}
            (output if status == 200 else errors).append(told)
            for name, count in body.get("usage", {}).items() if status == 200 else ():
                if isinstance(count, int):
                    batch.usage[name] = batch.usage.get(name, 0) + count
        batch.completed, batch.failed = len(output), len(errors)
        # Answers come in any order.
        batch.output_id = self._keep("output.jsonl", _lines(output[::-1])) if output else None
        batch.errors_id = self._keep("errors.jsonl", _lines(errors)) if errors else None
        batch.status = end.value if partial else "completed"
        if end is BatchEnd.OUTPUT_GONE and batch.output_id:
            del self.files[batch.output_id]

    def _told(self, batch: Batch) -> dict[str, Any]:
        usage = {
            "input_tokens": batch.usage.get("prompt_tokens", 0),
            "output_tokens": batch.usage.get("completion_tokens", 0),
            "total_tokens": batch.usage.get("total_tokens", 0),
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "errors": {"object": "list", "data": batch.errors} if batch.errors else None,
            "input_file_id": batch.file_id,
            "completion_window": "24h",
            "status": batch.status,
            "output_file_id": batch.output_id,
            "error_file_id": batch.errors_id,
            "created_at": batch.created_at,
            "expires_at": batch.created_at + DAY_S,
            "request_counts": {"total": len(batch.lines), "completed": batch.completed, "failed": batch.failed},
            "metadata": batch.metadata,
            "usage": usage,
        }


def _lines(told: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(each) + b"\n" for each in told)


def _said(body: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type=JSON)


def _error(status: int, message: str, *, param: str | None = None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return web.Response(status=status, body=orjson.dumps({"error": error}), content_type=JSON)
