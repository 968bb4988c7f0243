"""What the panel of a run shows and how it is laid out, as HTML and text: live, in saved notebooks and in previews.

The HTML leans on colour and layout but not for meaning: without styles every figure still stands beside its name.
Colours come from JupyterLab's theme where there is one; the fallbacks are readable on white and on black.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedeval.formatting import clip, moment_words, plain
from feedeval.html import Markup, escape
from feedeval.notebook.panel.facts import facts, rate
from feedeval.notebook.panel.folds import folds
from feedeval.notebook.panel.parts_view import parts_block, parts_lines
from feedeval.notebook.panel.workers_view import workers_block, workers_lines
from feedeval.records import Failure, Health, HealthStatus, Status
from feedeval.records.kinds import kind_words
from feedeval.results.naming import engine_note, engine_words
from feedeval.run.progress import Snapshot
from feedeval.run.telling.words import (
    BY_HAND,
    counted,
    failures_in_words,
    fault_in_words,
    headline,
    reason_in_words,
    stands_on,
    what_is_left,
)

LATEST_SHOWN = 4
"""Failures that are shown with what they said."""
RUN_AGAIN = "run this cell again"
"""What starts a run again where it was started by a cell."""
_CLIP_CHARS = 240
_REASONS_SHOWN = 3

# Dingbats of the Unicode blocks that every text font carries; the selector keeps phones from drawing them as emoji.
_GLYPHS = {
    Status.PENDING: "○",
    Status.RUNNING: "▶\ufe0e",
    Status.PAUSED: "❚❚",
    Status.STOPPED: "■",
    Status.FINISHED: "✔\ufe0e",
    Status.INTERRUPTED: "✖\ufe0e",
}
_HEALTH_GLYPHS = {HealthStatus.HEALTHY: "✔\ufe0e", HealthStatus.DEGRADED: "▲", HealthStatus.CRITICAL: "✖\ufe0e"}

_BRAND = "var(--jp-brand-color1,#1976d2)"
_GOOD = "var(--jp-success-color1,#388e3c)"
_WARN = "var(--jp-warn-color0,#b26a00)"
_BAD = "var(--jp-error-color1,#d32f2f)"
_QUIET = "opacity:.72"
_COLOURS = {
    Status.RUNNING: _BRAND,
    Status.PAUSED: _WARN,
    Status.FINISHED: _GOOD,
    Status.INTERRUPTED: _BAD,
}
_HEALTH_COLOURS = {HealthStatus.HEALTHY: _GOOD, HealthStatus.DEGRADED: _WARN, HealthStatus.CRITICAL: _BAD}
_NONE = Markup("")
BORDER = "1px solid var(--jp-border-color1,#8888)"
_FONT = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.5;"
    "font-variant-numeric:tabular-nums;overflow-wrap:anywhere"
)


@dataclass(frozen=True, slots=True)
class PanelParts:
    """The panel from top to bottom, split by how often each part changes."""

    head: Markup
    """State, what runs, and why it waits."""
    body: Markup
    """Bars and figures."""
    tail: Markup
    """Health, errors, sentences: newest first."""


def parts(snapshot: Snapshot, messages: Sequence[str] = (), *, fault: str = "") -> PanelParts:
    """Return the panel's parts.

    Args:
        snapshot: What to show.
        messages: Sentences of the run, oldest first.
        fault: What went wrong when a button was pressed.
    """
    return PanelParts(
        head=styled(_headline(snapshot), _why(snapshot)),
        body=styled(
            _bars(snapshot), parts_block(snapshot.parts), figures(facts(snapshot)), workers_block(snapshot.workers)
        ),
        tail=styled(fault_line(fault), _health(snapshot), _errors(snapshot), _messages(messages)),
    )


def footer(updated: str, *, advice: str = "") -> Markup:
    """Return the line that says how fresh the panel is; `advice` is what to do if the time stands still."""
    more = f" · {escape(advice)}" if advice else ""
    return styled(Markup(f'<div style="{_QUIET};font-size:12px;margin-top:4px">updated {escape(updated)}{more}</div>'))


def run_html(
    snapshot: Snapshot, messages: Sequence[str] = (), *, updated: str = "", fault: str = "", behind: str = ""
) -> Markup:
    """Return a run as static HTML: what a saved notebook, nbconvert and a preview show.

    Args:
        snapshot: What to show.
        messages: Sentences of the run, oldest first.
        updated: When it was like that; by default what the snapshot says.
        fault: What went wrong when a button was pressed.
        behind: CSS class of a live panel; while the page shows one, the static form stays hidden.
    """
    foot = footer(updated or moment_words(snapshot.updated, seconds=True), advice=standing_advice(snapshot))
    return framed(parts(snapshot, messages, fault=fault), foot, behind=behind, live=live(snapshot))


def live(snapshot: Snapshot) -> Markup:
    """Return what can be folded away, as static HTML."""
    return styled(folds(snapshot, rate(snapshot.rate_per_s)))


def framed(shown: PanelParts, foot: Markup, *, behind: str = "", live: Markup = _NONE) -> Markup:
    """Return the parts of a run with a frame around them; `behind` as in `run_html`, `live` as `live` makes it."""
    hide = f"<style>body:has(.{behind}) .behind-{behind}{{display:none}}</style>" if behind else ""
    # MathJax would set what stands between two dollar signs as a formula: amounts, and whatever a feed says.
    return Markup(
        f'{hide}<div class="feedeval-run mathjax_ignore tex2jax_ignore{f" behind-{behind}" if behind else ""}" '
        f'style="border:{BORDER};border-radius:3px;padding:8px 12px;max-width:800px;box-sizing:border-box">'
        f"{shown.head}{shown.body}{live}{shown.tail}{foot}</div>"
    )


def run_text(snapshot: Snapshot, messages: Sequence[str] = ()) -> str:
    """Return a run as a few lines of text."""
    glyph, word = _state(snapshot)
    told = " · ".join(f"{name.lower()} {value}" for name, value in facts(snapshot))
    health = snapshot.health
    advice = standing_advice(snapshot)
    session = f" · session {snapshot.session}" if snapshot.session else ""
    first = f"{glyph} {word} · {_title(snapshot)} · {_engine(snapshot)}{session}"
    more = (
        _reason(snapshot),
        f"{_through(snapshot)} · {told}" if snapshot.status is not Status.PENDING else told,
        *(parts_lines(snapshot.parts) if snapshot.parts_out else ()),
        *workers_lines(snapshot.workers),
        f"{health.overall_status.value}: {'; '.join(health.reasons)}" if health.reasons else "",
        f"failed: {failures_in_words(snapshot.errors_by_type)}" if snapshot.errors_by_type else "",
        *messages[-1:],
        f"as of {moment_words(snapshot.updated, seconds=True)} · {advice}" if advice else "",
        engine_note(snapshot.engine, snapshot.kind),
    )
    return "\n".join([plain(_short(first)), *(f"  {plain(_short(line, 2 * _CLIP_CHARS))}" for line in more if line)])


def standing_advice(snapshot: Snapshot, again: str = RUN_AGAIN) -> str:
    """Return what to do about a run that is shown as it stood some time ago; empty where all is done.

    Args:
        snapshot: What is shown.
        again: What starts the run again there.
    """
    if snapshot.status is not Status.FINISHED:
        return f"{again} to go on"
    return f"{again} to retry what failed" if snapshot.counts.failed else ""


def state_mark(status: Status) -> Markup:
    """Return the glyph and the word of a state."""
    return _mark(_GLYPHS[status], _COLOURS.get(status, "inherit"), status.words)


def _mark(glyph: str, colour: str, word: str) -> Markup:
    return Markup(f'<span aria-hidden="true" style="color:{colour}">{glyph}</span> {escape(word)}')


def styled(*body: Markup) -> Markup:
    """Return parts of a panel in its type."""
    return Markup(f'<div style="{_FONT}">{"".join(body)}</div>')


def _title(snapshot: Snapshot) -> str:
    return kind_words(snapshot.kind).title


def _engine(snapshot: Snapshot) -> str:
    return engine_words(snapshot.engine, snapshot.kind)


def _unit(snapshot: Snapshot) -> str:
    return kind_words(snapshot.kind).units


def _state(snapshot: Snapshot) -> tuple[str, str]:
    glyph = _GLYPHS[snapshot.status]
    if snapshot.leaving:
        glyph = _GLYPHS[Status.STOPPED if snapshot.leaving == "stopping" else Status.PAUSED]
        return glyph, f"{snapshot.leaving.capitalize()}…"
    if snapshot.status is Status.FINISHED:
        return "▲" if snapshot.counts.failed else glyph, headline(snapshot).partition(". ")[0]
    return glyph, snapshot.status.words


def _reason(snapshot: Snapshot) -> str:
    if snapshot.leaving:
        be = "is" if snapshot.in_hand == 1 else "are"
        return f"{counted(snapshot.in_hand, snapshot.kind)} under way {be} finished first; no new ones start."
    if snapshot.status_reason:
        return _short(reason_in_words(snapshot.status_reason))
    if snapshot.status is Status.FINISHED:
        return stands_on(snapshot)
    waits = snapshot.waits_for or what_is_left(snapshot)
    return _short(f"{waits[:1].upper()}{waits[1:]}.") if waits else ""


def _headline(snapshot: Snapshot) -> Markup:
    glyph, word = _state(snapshot)
    uneasy = snapshot.leaving or (snapshot.status is Status.FINISHED and snapshot.counts.failed)
    colour = _WARN if uneasy else _COLOURS.get(snapshot.status, "inherit")
    note = engine_note(snapshot.engine, snapshot.kind)
    return Markup(
        '<div style="display:flex;flex-wrap:wrap;column-gap:1em;align-items:baseline">'
        f'<span role="status" style="font-size:16px;font-weight:600">'
        f"{_mark(glyph, colour, word)}</span> "
        f"<span><b>{escape(_title(snapshot))}</b> by {escape(_short(_engine(snapshot)))}</span> "
        f'<span style="{_QUIET}">{f"session {escape(snapshot.session)} " if snapshot.session else ""}'
        f"in {escape(_short(snapshot.output_dir))}</span>"
        "</div>" + (f'<div style="{_QUIET};font-size:12px">{escape(note)}</div>' if note else "")
    )


def _why(snapshot: Snapshot) -> Markup:
    reason = _reason(snapshot)
    if not reason:
        return Markup("")
    by_hand = snapshot.status_reason in BY_HAND
    whose = "<b>Waiting for you:</b> " if snapshot.needs_person and not snapshot.leaving and not by_hand else ""
    if by_hand and snapshot.needs_person:
        reason += " Press Resume to go on."
    edge = _BAD if snapshot.health.overall_status is HealthStatus.CRITICAL else _WARN
    return Markup(
        f'<div style="border-left:3px solid {edge};padding-left:.6em;margin:4px 0">{whose}{escape(reason)}</div>'
    )


def _bars(snapshot: Snapshot) -> Markup:
    counts, batch = snapshot.counts, snapshot.batch
    if snapshot.status is Status.PENDING:
        if counts.total <= snapshot.planned:
            return _NONE  # how many there are shows at the end
        planned = snapshot.planned / counts.total
        return bar_row("Feed", (planned, 0.0), f"{snapshot.planned:,} of {counts.total:,} {_unit(snapshot)}")
    total = counts.total or 1
    shares = (counts.done / total, counts.failed / total) if counts.total else (1.0, 0.0)
    rows = [bar_row("All", shares, _through(snapshot))]
    if batch is not None and not snapshot.done:
        text = f"{batch.through:,} of {batch.size:,}"
        rows.append(
            bar_row(f"Batch {batch.number:,} of {snapshot.total_batches:,}", (batch.through / batch.size, 0), text)
        )
    return Markup("".join(rows))


def _through(snapshot: Snapshot) -> str:
    counts = snapshot.counts
    through = counts.done + counts.failed
    # A run that is nearly through must not read as one that is.
    percent = 100 if through >= counts.total else min(int(100 * snapshot.share), 99)
    return f"{through:,} of {counts.total:,} {_unit(snapshot)} · {percent} %"


def bar_row(name: str, shares: tuple[float, float], text: str) -> Markup:
    """Return a bar with its name and figures; `shares` are those that were done and that failed, in [0, 1]."""
    widths = [f"{100 * min(max(share, 0.0), 1.0):.2f}%" for share in shares]
    # Failures are hatched: the two parts of the bar differ without colour, too.
    hatch = f"repeating-linear-gradient(135deg,{_BAD} 0 4px,transparent 4px 7px)"
    aria = f'aria-label="{escape(name)}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{100 * sum(shares):.0f}"'
    return Markup(
        '<div style="display:flex;flex-wrap:wrap;align-items:center;column-gap:.8em;margin:3px 0">'
        f'<span style="flex:0 0 8.5em">{escape(name)}</span> '
        f'<span style="flex:0 0 17em">{escape(text)}</span> '
        f'<span role="progressbar" {aria} '
        f'style="flex:1 1 16em;display:flex;height:10px;border:{BORDER};border-radius:5px;overflow:hidden">'
        f'<span style="width:{widths[0]};background:{_BRAND}"></span>'
        f'<span style="width:{widths[1]};background:{hatch}"></span></span></div>'
    )


def figures(named: Sequence[tuple[str, str]]) -> Markup:
    """Return figures under their names, side by side as far as there is room."""
    cells = "".join(
        f'<div><span style="{_QUIET};font-size:12px">{escape(name)}</span> '
        f'<span style="display:block;font-weight:600">{escape(value)}</span></div>'
        for name, value in named
    )
    return Markup(
        '<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5em,1fr));gap:4px 1em;margin:6px 0">'
        f"{cells}</div>"
    )


def fault_line(fault: str) -> Markup:
    """Return what went wrong when a button was pressed; nothing where nothing did."""
    if not fault:
        return Markup("")
    return Markup(
        f'<div role="alert" style="border-left:3px solid {_BAD};padding-left:.6em;margin:4px 0">'
        f"<b>That did not work:</b> {escape(_short(fault))}</div>"
    )


def _health(snapshot: Snapshot) -> Markup:
    """Return the health of a run; one that is over has none, and its failures are no sign of any."""
    healthy = snapshot.health.overall_status is HealthStatus.HEALTHY
    return _NONE if snapshot.status in (Status.PENDING, Status.FINISHED) and healthy else health_lines(snapshot.health)


def health_lines(health: Health) -> Markup:
    """Return the state of health, and where it is not good its reasons and what to do."""
    status = health.overall_status
    mark = _mark(_HEALTH_GLYPHS[status], _HEALTH_COLOURS[status], "")
    line = f"<div>Health: {mark}<b>{status.value}</b></div>"
    if status is HealthStatus.HEALTHY:
        return Markup(line)
    told = [_short(text) for text in (*health.reasons[:_REASONS_SHOWN], *health.recommendations[:_REASONS_SHOWN])]
    return Markup(line + _list(told))


def _errors(snapshot: Snapshot) -> Markup:
    if not snapshot.errors_by_type:
        return Markup("")
    said = escape(_short(failures_in_words(snapshot.errors_by_type)))
    head = f'<div style="margin-top:4px">Failed: <b>{said}</b></div>'
    return Markup(head + _log("Latest failures", _latest(snapshot)))


def _latest(snapshot: Snapshot) -> list[str]:
    """Return the latest failures, newest first; those that say the same make one line."""
    alike: dict[tuple[str, str], list[Failure]] = {}
    for failure in snapshot.latest_failures:
        alike.setdefault((failure.error_type, failure.message), []).append(failure)
    lines = []
    for (error_type, message), failures in list(alike.items())[:LATEST_SHOWN]:
        first = failures[0]
        more = f" and {len(failures) - 1:,} more" if len(failures) > 1 else ""
        what = f"{_short(fault_in_words(error_type), 60)}: {_short(message)}"
        lines.append(f"{clock(first.timestamp)} {_short(first.key, 60)}{more}: {what}".strip())
    return lines


def _log(title: str, lines: Sequence[str]) -> Markup:
    if not lines:
        return Markup("")
    return Markup(
        f'<div style="{_QUIET};font-size:12px;margin-top:4px">{escape(title)}, newest first</div>{_list(lines)}'
    )


def _messages(messages: Sequence[str]) -> Markup:
    return _log("Notes", [_short(text) for text in reversed(messages)])


def _list(lines: Sequence[str]) -> Markup:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return Markup(f'<ul style="margin:2px 0;padding-left:1.4em">{items}</ul>')


def clock(timestamp: str) -> str:
    """Return `hh:mm:ss` of an ISO 8601 time; empty where there is none."""
    return timestamp.partition("T")[2][:8]


def _short(text: str, width: int = _CLIP_CHARS) -> str:
    # A message may quote a whole reply: what is not shown is not measured either.
    return clip(" ".join(text[: 4 * width].split()), width)
