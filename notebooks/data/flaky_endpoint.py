"""A small model endpoint that misbehaves, to practise on.

    python flaky_endpoint.py

It speaks as much of the chat completions interface as an audit needs, on loopback only: it needs no key, no network and
nothing but Python. It prints its address, then listens to its standard input: `calm` takes its moods away, and when the
input ends, so does the endpoint. It judges by looking for words; what it says of a product is not worth reading.

What goes wrong depends on the text of a request, so that it goes wrong again when the same is asked again:

- every fortieth product or so trips its content filter, and as many it declines to judge: these stay as they are;
- others get a server error, a reply that is cut off, or one of another shape, as long as it is moody;
- one request in ten is told that the server is busy, once;
- for a while in the middle it answers nonsense to every third request;
- at more than `PER_SECOND` requests a second it says 429.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PER_SECOND = 20
LATENCY_S = 0.1
NONSENSE = range(70, 130)
"""Requests that come while it is at its worst, by number."""

QUESTIONS = (
    ("How much does it weigh?", "Specs", True, r"\b\d[\d.,]* ?(?:k?g|lb|oz)\b"),
    ("What are its dimensions?", "Specs", True, r"\b\d[\d.,]*(?: ?[x\xd7] ?\d[\d.,]*)+ ?(?:mm|cm|m|in)\b"),
    ("What is it made of?", "Materials", True, r"\b(?:cotton|steel|polyester|nylon|leather|wood|aluminium|plastic)\b"),
    ("What colour is it?", "Specs", False, r"\b(?:black|white|blue|red|green|grey|silver|lime)\b"),
    ("Is it waterproof?", "Use", False, r"\b(?:water(?:proof|-resistant)|IPX?\d+|hydrostatic head)\b"),
    ("How is it cleaned?", "Care", False, r"\b(?:dishwasher|wash|wipe|clean)\w*"),
    ("How long is the warranty?", "Warranty", False, r"\b\d+[ -]years?[ -](?:warranty|guarantee)\b"),
    ("What is in the box?", "InBox", False, r"\b(?:includes?|comes with|in the box)\b[^.\n]{0,60}"),
    ("How much power does it use?", "Specs", False, r"\b\d[\d.,]* ?k?W\b"),
    ("How long does the battery last?", "Use", False, r"\b\d[\d.,]* ?(?:h|hours?)\b"),
    ("What size is it?", "Fit", True, r"\b(?:UK|EU|US|size) ?\d+\w*|\b\d[\d.,]* ?l(?:itres?)?\b"),
    ("Where is it made?", "Sustainability", False, r"\bmade in \w+"),
)
ERRORS = {
    400: ("The prompt was stopped by the content filter.", "invalid_request_error", "content_filter"),
    429: ("Rate limit reached: slow down.", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request.", "server_error", None),
    503: ("The server is busy.", "service_unavailable", None),
}


class State:
    """What the endpoint remembers from request to request."""

    def __init__(self) -> None:
        self.moody = True
        self._lock = threading.Lock()
        self._asked: Counter[str] = Counter()
        self._left = float(PER_SECOND)
        self._filled_s = time.monotonic()

    def admitted(self) -> bool:
        """Take one request out of the bucket that fills at `PER_SECOND`; False where it is empty."""
        with self._lock:
            now_s = time.monotonic()
            self._left = min(float(PER_SECOND), self._left + (now_s - self._filled_s) * PER_SECOND)
            self._filled_s = now_s
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def count(self, text: str) -> tuple[int, int]:
        """Return the number of this request, and how often the same was asked."""
        with self._lock:
            self._asked[text] += 1
            return self._asked.total(), self._asked[text]


STATE = State()


class Endpoint(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Name the one model there is."""
        self.send(200, {"object": "list", "data": [{"id": "moody-1", "object": "model"}]})

    def do_POST(self) -> None:
        """Answer a chat completion, or do not."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = "\n".join(str(message["content"]) for message in body["messages"] if message["role"] == "user")
        if not STATE.admitted():
            return self.refuse(429, retry_after_s=0.3)
        number, times = STATE.count(text)
        time.sleep(LATENCY_S * (1 + draw(text, "latency") + draw(text, number)))
        if not (product := re.search(r"<<<PRODUCT (\w+)\n(.*?)\n\1 PRODUCT>>>", text, re.DOTALL)):
            return self.reply({"questions": questions(text)})
        mood = draw(product[2], "mood")
        if mood < 0.025:
            return self.refuse(400)
        if mood < 0.05:
            return self.reply(None, refusal="I would rather not judge this one.")
        if STATE.moody:
            if mood < 0.075:
                return self.refuse(500)
            if mood < 0.1:
                return self.reply({"verdict": "lovely"})
            if mood < 0.12:
                return self.reply({"judgements": []}, finish_reason="length")
            if times == 1 and draw(product[2], "busy") < 0.1:
                return self.refuse(503)
            if number in NONSENSE and draw(product[2], "nonsense") < 0.35:
                return self.reply({"verdict": "lovely"})
        return self.reply({"judgements": judgements(text, product[2])})

    def reply(self, value: object, *, refusal: str | None = None, finish_reason: str = "stop") -> None:
        """Send a completion whose text is `value` as JSON."""
        message = {"role": "assistant", "content": None if refusal else json.dumps(value), "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        usage = {"prompt_tokens": 900, "completion_tokens": 300, "total_tokens": 1200}
        self.send(200, {"object": "chat.completion", "model": "moody-1", "choices": [choice], "usage": usage})

    def refuse(self, status: int, *, retry_after_s: float | None = None) -> None:
        """Send an error."""
        message, kind, code = ERRORS[status]
        headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
        self.send(status, {"error": {"message": message, "type": kind, "code": code, "param": None}}, headers)

    def send(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        """Send `value` as JSON."""
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-type": "application/json", "content-length": str(len(data))}.items():
            self.send_header(name, text)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: whoever started the endpoint reads its output."""


def draw(*parts: object) -> float:
    """Return a number from 0 to 1 that depends on the parts alone."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def questions(text: str) -> list[dict[str, object]]:
    """Return as many questions as were asked for, as far as there are."""
    wanted = re.search(r"exactly (\d+) questions", text)
    names = ("text", "taxonomy", "required")
    return [dict(zip(names, question, strict=False)) for question in QUESTIONS[: int(wanted[1]) if wanted else 1]]


def judgements(text: str, product: str) -> list[dict[str, object]]:
    """Return a verdict on each numbered question: yes where the product has words of the kind that would answer it."""
    patterns = {question: pattern for question, _, _, pattern in QUESTIONS}
    found: list[dict[str, object]] = []
    # The questions stand beside the product; what looks like some inside it is its text.
    for number, question in re.findall(r"^(\d+)\. (.+)$", text.replace(product, ""), re.MULTILINE):
        words = re.search(patterns.get(question, r"(?!)"), product, re.IGNORECASE)
        found.append(
            {
                "number": int(number),
                "evidence": words[0] if words else "",
                "attribute": "description",
                "verdict": "yes" if words else "no",
                "reason": "",
            }
        )
    return found


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    for line in sys.stdin:
        STATE.moody = line.strip() != "calm"
