"""What was sent in parts, in the panel of a run: how each part stands, when the endpoint gives it up, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from feedeval import html
from feedeval.formatting import clip, moment_words, money
from feedeval.html import Markup, escape
from feedeval.records.delivery import Part, PartState
from feedeval.run.delivery.words import where_parts_stand

PARTS_SHOWN = 8
"""Of more, those that are not through come first."""
_CLIP_CHARS = 60


def parts_block(parts: Sequence[Part]) -> Markup:
    """Return a row a part; nothing where nothing was sent in parts."""
    if not parts:
        return Markup("")
    rows = [_row(part) for part in _first(parts)]
    head = ("Part", "State", "Done", "Failed", "Expires", "Cost")
    more = f"<div>and {len(parts) - PARTS_SHOWN:,} more</div>" if len(parts) > PARTS_SHOWN else ""
    standing = escape(f"Parts: {where_parts_stand(parts)}")
    return Markup(f'<div style="margin:6px 0">{html.table(rows, head)}{more}<div>{standing}</div></div>')


def parts_lines(parts: Sequence[Part]) -> list[str]:
    """Return a line a part."""
    names = ("part {}", "{}", "{} done", "{} failed", "expires {}", "{}")
    return [" · ".join(n.format(v) for n, v in zip(names, _row(part), strict=True) if v) for part in _first(parts)]


def _first(parts: Sequence[Part]) -> list[Part]:
    if len(parts) <= PARTS_SHOWN:
        return list(parts)
    chosen = sorted(parts, key=lambda part: part.state is PartState.ENDED)[:PARTS_SHOWN]
    return sorted(chosen, key=lambda part: part.number)


def _row(part: Part) -> tuple[str, ...]:
    expires = "" if part.expires_at is None or not part.is_out else _moment(part.expires_at)
    if part.cost_usd is not None:
        cost = money(part.cost_usd)
    else:
        cost = "price unknown" if part.most_usd is None else f"{money(part.most_usd)} at most"
    state = clip(" ".join(part.text.split()), _CLIP_CHARS)
    return f"{part.number:,}", state, f"{part.completed:,} of {part.requests:,}", f"{part.failed:,}", expires, cost


def _moment(seconds: int) -> str:
    return moment_words(datetime.fromtimestamp(seconds).astimezone().isoformat())
