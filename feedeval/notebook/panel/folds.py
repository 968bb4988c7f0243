"""What can be folded away in a panel that is no longer live: the latest products, and rate and cost over time."""

from __future__ import annotations

from feedeval.html import Markup, escape
from feedeval.notebook.panel.latest import latest, latest_title
from feedeval.notebook.panel.trace import trace
from feedeval.run.progress import Snapshot

TRACE_TITLE = "Rate and cost over time"


def folds(snapshot: Snapshot, rate: str) -> Markup:
    """Return both parts, folded; nothing where there is nothing in them. `rate` is the speed now, in words."""
    shown = []
    if snapshot.latest_results:
        shown.append((latest_title(snapshot), latest(snapshot)))
    if len(snapshot.trace) > 2:
        shown.append((TRACE_TITLE, trace(snapshot, rate)))
    return Markup("".join(_folded(title, body) for title, body in shown))


def _folded(title: str, body: Markup) -> Markup:
    return Markup(f'<details style="margin:4px 0"><summary>{escape(title)}</summary>{body}</details>')
