"""Actions as cards: the same on every page and in the report, as static HTML."""

from __future__ import annotations

from collections.abc import Sequence

from feedeval.formatting import clip, counted
from feedeval.html import Markup, escape, foreign
from feedeval.results.gaps.actions import ASSUMES, Action, Actions, OpenQuestion, Share
from feedeval.results.gaps.entry_examples import entry_example
from feedeval.results.gaps.next_steps import marked, required_words

MOST = 6
"""Cards that are shown before the rest is folded, beside those that the destination requires."""
UNFOLDED = 200
"""Products of an action that are named one by one."""
_TITLE_CHARS = 160
_VALUE_CHARS = 80
_CATEGORIES = 30
_EDGE = "border:1px solid var(--line,var(--jp-border-color2,#8886));border-radius:6px;padding:8px 12px;margin:8px 0"
_QUIET = "opacity:.75;font-size:.9em"


def cards_html(actions: Actions, *, most: int = MOST, known: Sequence[str] = (), unfolds: bool = False) -> Markup:
    """Return the actions as cards, those beyond `most` behind a fold.

    Args:
        actions: What to do.
        most: Cards that are open, beside those that the destination requires.
        known: Notes that stand on the page already.
        unfolds: Whether each card names all its products behind a fold, where nothing else on the page shows them.
    """
    if not len(actions):
        return Markup(f"<p>{escape(actions.nothing)}</p>{notes_html(actions, known)}")
    cards = {
        number: card_html(action, number, more=_products(action, actions) if unfolds else "")
        for number, action in enumerate(actions, 1)
    }
    open_ones = [cards.pop(number) for number in open_numbers(actions, most)]
    rest = ""
    if left := len(cards):
        noun = "action, which gains" if left == 1 else "actions, which gain"
        rest = f"<details><summary>{left:,} more {noun} less</summary>{''.join(cards.values())}</details>"
    return Markup(f"{required_html(actions)}{''.join(open_ones)}{rest}{notes_html(actions, known)}")


def open_numbers(actions: Actions, most: int = MOST) -> list[int]:
    """Return the numbers, from 1, of the cards that are seen at once: the first, and what the destination requires."""
    return [number for number, action in enumerate(actions, 1) if number <= most or action.missing_core]


def together_html(actions: Actions) -> Markup:
    """Return what the first actions gain all in all, in one line; empty where there is nothing to put together."""
    return Markup(f'<p class="fe-together"><b>{escape(actions.together)}</b></p>' if actions.together else "")


def notes_html(actions: Actions, known: Sequence[str] = ()) -> Markup:
    """Return what has to be known to read the cards, without what stands on the page already."""
    assumed = [ASSUMES] if any(action.gain_pct > 0 for action in actions) else []
    left = [actions.left_out_words] if actions.left_out else []
    notes = [note for note in [*left, *assumed, *actions.notes] if note not in known]
    return Markup("".join(f'<p style="{_QUIET}">{escape(note)}</p>' for note in notes))


def required_html(actions: Actions) -> Markup:
    """Return which fields lack that the destination requires, in one line; empty where none does."""
    lacking = [action for action in actions if action.missing_core]
    if not lacking:
        return Markup("")
    told = [f"{marked(required_words(each.attribute))} ({_many(each.missing_core)})" for each in lacking]
    return Markup(
        f"<p>Required by the destination, and missing: {'; '.join(told)}. "
        "A product without them may be shown less often, or not at all.</p>"
    )


def card_html(action: Action, number: int, *, more: str = "") -> Markup:
    """Return one action: what to do and for which products, its gain, the questions that it answers, and examples.

    Args:
        action: The action.
        number: Its place in the list, from 1.
        more: HTML that ends the card.
    """
    body = f"{head_html(action, number)}{rest_html(action)}{more}"
    return Markup(
        f'<div class="fe-card" data-action="{number - 1}" style="{_EDGE};overflow-wrap:anywhere">{body}</div>'
    )


def head_html(action: Action, number: int) -> Markup:
    """Return what to do, for which products, and what it gains: the first lines of a card."""
    what = f'<div class="fe-card-what" style="font-weight:600;font-size:1.05em">{number}. {marked(action.what)}</div>'
    return Markup(f"{what}{_for_which(action)}{_present(action)}{_on_page(action)}{_gain(action)}")


def rest_html(action: Action) -> Markup:
    """Return what follows the first lines: the questions that it answers, an entry, examples, and its categories."""
    return Markup("".join([_questions(action), _entry(action), _examples(action), _categories(action.categories)]))


def _for_which(action: Action) -> str:
    return f"<div>For {foreign(action.for_which)}</div>" if action.for_which else ""


def _present(action: Action) -> str:
    said = [
        f"“{foreign(clip(value, _VALUE_CHARS))}”{f' ({_many(count)})' if count > 1 else ''}"
        for value, count in action.present
    ]
    return f"<div>The feed says now, for instance: {', '.join(said)}</div>" if said else ""


def _on_page(action: Action) -> str:
    copying = action.copying
    words = "; ".join(f"{foreign(clip(pid, 60))}: “{foreign(clip(quote, 200))}”" for pid, quote in action.page_words)
    said = f' <span style="{_QUIET}">{words}</span>' if words else ""
    return f"<div><b>{escape(copying[:1].upper() + copying[1:])}.</b>{said}</div>" if copying else ""


def _entry(action: Action) -> str:
    entry = entry_example(action.attribute)
    if not entry:
        return ""
    form = (
        f' <span style="{_QUIET}">(section:name:value)</span>' if action.attribute.startswith("product_detail") else ""
    )
    return f'<div style="margin-top:4px">Type, for instance: <code>{escape(entry)}</code>{form}</div>'


def _many(count: int) -> str:
    return counted(count, "product")


def _gain(action: Action) -> str:
    lacking = action.missing_core
    required = f"The destination requires it, and {_many(lacking)} lack{'s' * (lacking == 1)} it." if lacking else ""
    if not action.gain_pct > 0:
        return f"<div>{escape(required or 'No gain in coverage is known.')}</div>"
    if action.before_pct != action.before_pct:
        said = f"Gains <b>{escape(action.gain)}</b> points of coverage in the products that could be judged"
        return f"<div>{said}. {escape(required)}</div>"
    low, high = (min(action.before_pct + bound, 100.0) for bound in (action.gain_low_pct, action.gain_high_pct))
    likely = _likely(low, high)
    bounds = f' <span style="{_QUIET}">{likely}</span>' if likely else ""
    gain = f"<b>+{action.gain_pct:.1f} points</b>: coverage {escape(action.coverage)}"
    said = f"{gain}{_bar(action.before_pct, action.after_pct)}{bounds}"
    return f"<div>{said}{'. ' if required else ''}{escape(required)}</div>"


def _likely(low: float, high: float) -> str:
    """Return the bounds of a coverage in %; empty where there are none, or they are one figure."""
    for digits in (0, 1):
        first, last = f"{low:.{digits}f}", f"{high:.{digits}f}"
        if first != last and low == low:
            return f"likely between {first} and {last} %, as not every filled field answers"
    return ""


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
    asked = [
        f"{foreign(clip(q.text, 300))}{required_mark(q.required_products, q.products)}"
        f' <span style="{_QUIET}">{escape(_left(q))}</span>'
        for q in action.questions
    ]
    if len(asked) == 1:
        return f'<div style="margin-top:4px">Answers: {asked[0]}</div>'
    items = "".join(f"<li>{each}</li>" for each in asked)
    more = f'<li style="{_QUIET}">and {action.more_questions:,} more</li>' if action.more_questions else ""
    return f'<div style="margin-top:4px">Answers:</div><ul style="margin:0;padding-left:1.4em">{items}{more}</ul>'


def required_mark(required: int, asked: int) -> Markup:
    """Return whether buyers need an answer before buying: of all products, of some of them, or of none."""
    if not required:
        return Markup("")
    return Markup(" <b>(required)</b>" if required >= asked else f" <b>(required for {required:,} of {asked:,})</b>")


def _left(question: OpenQuestion) -> str:
    nothing = question.products - question.partial
    said = [f"{nothing:,} open"] if nothing or not question.partial else []
    return ", ".join([*said, *([f"{question.partial:,} in part"] if question.partial else [])])


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
        f"<li>{foreign(clip(share.category or '(no category)', 120))}: {_many(share.products)}, "
        f"+{share.gain_pct:.2f} points</li>"
        for share in found[:_CATEGORIES]
    )
    left = len(found) - _CATEGORIES
    more = f"<li>and {left:,} more</li>" if left > 0 else ""
    return (
        f'<details style="margin-top:4px"><summary>In {len(found):,} categories</summary>'
        f'<ul style="margin:0;padding-left:1.4em">{items}{more}</ul></details>'
    )


def _products(action: Action, actions: Actions) -> str:
    """Return all products of an action behind a fold, as far as a page can bear it."""
    positions = action.positions.tolist()
    if len(positions) <= len(action.examples):
        return ""
    together: dict[str, list[str]] = {}
    for at in positions[:UNFOLDED]:
        together.setdefault(actions.titles[at] or "(no title)", []).append(actions.ids[at])
    items = "".join(
        f"<li>{foreign(clip(title, _TITLE_CHARS))} "
        f'<span style="{_QUIET}">{", ".join(foreign(clip(each, 60)) for each in ids)}</span></li>'
        for title, ids in together.items()
    )
    left = len(positions) - UNFOLDED
    more = f"<li>and {left:,} more</li>" if left > 0 else ""
    return (
        f'<details style="margin-top:4px"><summary>All {_many(len(positions))}</summary>'
        f'<ul style="margin:0;padding-left:1.4em">{items}{more}</ul></details>'
    )
