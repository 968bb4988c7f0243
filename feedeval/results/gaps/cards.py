"""Actions as cards: the same on every page and in the report, as static HTML."""

from __future__ import annotations

from collections.abc import Sequence

from feedeval.formatting import clip
from feedeval.html import Markup, escape, foreign
from feedeval.results.gaps.actions import ASSUMES, Action, Actions, Share
from feedeval.results.gaps.next_steps import marked

MOST = 6
"""Cards that are shown before the rest is folded."""
_TITLE_CHARS = 160
_CATEGORIES = 30
_EDGE = "border:1px solid var(--line,var(--jp-border-color2,#8886));border-radius:6px"
_QUIET = "opacity:.75;font-size:.9em"


def cards_html(actions: Actions, *, most: int = MOST, start: int = 0) -> Markup:
    """Return the actions as cards, those beyond `most` behind a fold.

    Args:
        actions: What to do.
        most: Cards that are open.
        start: How many cards stand before these.
    """
    if not len(actions):
        return Markup(f"<p>{escape(actions.nothing)}</p>{notes_html(actions)}")
    shown = [card_html(action, number) for number, action in enumerate(actions, start + 1)]
    rest = ""
    left = len(shown) - most
    if left > 0:
        noun = "action" if left == 1 else "actions"
        rest = f"<details><summary>{left:,} more {noun}, which gain less</summary>{''.join(shown[most:])}</details>"
    return Markup(f"{''.join(shown[:most])}{rest}{notes_html(actions)}")


def notes_html(actions: Actions) -> Markup:
    """Return what has to be known to read the cards."""
    notes = [*([ASSUMES] if any(action.gain_pct > 0 for action in actions) else []), *actions.notes]
    return Markup("".join(f'<p style="{_QUIET}">{escape(note)}</p>' for note in notes))


def card_html(action: Action, number: int) -> Markup:
    """Return one action: what to do, what it gains, which questions it answers, examples, and its categories."""
    parts = [
        f'<div class="fe-card-what" style="font-weight:600;font-size:1.05em">{number}. {marked(action.what)}</div>',
        _gain(action),
        _questions(action),
        _examples(action),
        _categories(action.categories),
    ]
    return Markup(
        f'<div class="fe-card" style="{_EDGE};padding:8px 12px;margin:8px 0;overflow-wrap:anywhere">'
        f"{''.join(parts)}</div>"
    )


def _gain(action: Action) -> str:
    required = (
        f"The destination requires it of {action.missing_core:,} product{'s' * (action.missing_core != 1)}."
        if action.missing_core
        else ""
    )
    if not action.gain_pct > 0:
        return f"<div>{escape(required or 'No gain in coverage is known.')}</div>"
    after = action.after_pct
    low, high = (min(action.before_pct + bound, 100.0) for bound in (action.gain_low_pct, action.gain_high_pct))
    bounds = f" <span>(95 %: {low:.1f} to {high:.1f})</span>" if low == low else ""
    said = f"Coverage <b>{action.before_pct:.1f} → {after:.1f} %</b>{bounds}"
    return f'<div>{said}{_bar(action.before_pct, after)}{" " + escape(required) if required else ""}</div>'


def _bar(before_pct: float, after_pct: float) -> str:
    """Return a small bar: what is answered now, and behind it what would come to it."""
    return (
        ' <span aria-hidden="true" style="display:inline-flex;width:8em;height:.6em;border:1px solid #8888;'
        'border-radius:3px;overflow:hidden;vertical-align:middle">'
        f'<span style="width:{before_pct:.1f}%;background:#2f6db5"></span>'
        f'<span style="width:{max(after_pct - before_pct, 1.0):.1f}%;background:#5aa02c"></span></span>'
    )


def _questions(action: Action) -> str:
    if not action.questions:
        return ""
    items = "".join(
        f"<li>{foreign(clip(q.text, 300))}{' <b>(required)</b>' if q.required else ''}"
        f' <span style="{_QUIET}">open in {q.products:,}</span></li>'
        for q in action.questions
    )
    more = f'<li style="{_QUIET}">and {action.more_questions:,} more</li>' if action.more_questions else ""
    return (
        '<div style="margin-top:4px">Answers:</div>'
        f'<ul style="margin:0;padding-left:1.4em">{items}{more}</ul>'
    )


def _examples(action: Action) -> str:
    if not action.examples:
        return ""
    names = "".join(
        f"<li>{foreign(clip(each.title or each.product_id or '(no title)', _TITLE_CHARS))} "
        f'<span style="{_QUIET}">{foreign(clip(each.product_id, 60))}</span></li>'
        for each in action.examples
    )
    return f'<div style="margin-top:4px">For example:</div><ul style="margin:0;padding-left:1.4em">{names}</ul>'


def _categories(found: Sequence[Share]) -> str:
    if len(found) < 2:
        return ""
    items = "".join(
        f"<li>{foreign(clip(share.category or '(no category)', 120))}: {share.products:,} "
        f"product{'s' * (share.products != 1)}, +{share.gain_pct:.2f} points</li>"
        for share in found[:_CATEGORIES]
    )
    left = len(found) - _CATEGORIES
    more = f"<li>and {left:,} more</li>" if left > 0 else ""
    return (
        f'<details style="margin-top:4px"><summary>In {len(found):,} categories</summary>'
        f'<ul style="margin:0;padding-left:1.4em">{items}{more}</ul></details>'
    )
