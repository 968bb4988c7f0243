"""Pages that are not the product's, though they answer as if they were.

A page counts as the product's until it says otherwise: what is taken for another in error hides a contradiction, and
what is compared in error invents one.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from feedeval.feed.pages.amounts import phrases, prices_in

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

    from feedeval.feed.pages.structured import Offered

_WALL_CHARS = 1_500
"""A page that says more than this is no wall."""
_LINE_CHARS = 160
_LINES = 40
_ASIDE = "[class*=cookie i],[id*=cookie i],[class*=consent i],[id*=consent i],dialog,[role=dialog],[role=alertdialog]"
_CHALLENGES = (
    "#challenge-form,#challenge-running,#challenge-stage,#cf-challenge-running,#px-captcha,.cf-turnstile,"
    "iframe[src*=_Incapsula_Resource],iframe[src*=captcha-delivery],script[src*=captcha-delivery],.g-recaptcha,.h-captcha"
)
_NOTHING_CHARS = 120
"""So little beside what is to be agreed to is no page."""


class Turned(StrEnum):
    """What a page is instead of a product's."""

    GONE = "gone"
    """It says that there is no such product, or no such page."""
    CHALLENGE = "challenge"
    """It asks whether a person is there."""
    CONSENT = "consent"
    """It shows nothing before something is agreed to."""


class Shown(NamedTuple):
    """What a page shows first, before anything is taken out of it."""

    heads: tuple[str, ...]
    """Its title and its headings of the first order."""
    is_headed: bool
    """It has such a heading."""
    aside: str
    """Its dialogs and notices."""
    is_challenge: bool


def shown_first(tree: LexborHTMLParser) -> Shown:
    """Return what a page shows first; asked before its text, which takes things out of the tree."""
    heads = [" ".join((node.text(deep=True) or "")[:500].split()) for node in tree.css("head > title,h1")[:5]]
    aside = " ".join(" ".join((node.text(deep=True) or "")[:3000].split()) for node in tree.css(_ASIDE)[:10])
    headed = any((node.text(deep=True) or "").strip() for node in tree.css("h1")[:5])
    return Shown(tuple(filter(None, heads)), headed, aside[:6000], tree.css_first(_CHALLENGES) is not None)


def turned_away(shown: Shown, text: str, offered: Iterable[Offered]) -> tuple[Turned, str] | None:
    """Return what a page is instead of a product's, and a sentence that says so; None where it may be one."""
    about = [str(one.fields.get("title") or "").casefold() for one in offered if not one.listed]
    if about:
        # What such a page recommends is not what it is headed by.
        head = _gone_head(shown)
        named = any(title and title in head.casefold() for title in about)
        return (Turned.GONE, _not_there(head)) if head and not named else None
    is_short = len(text) <= _WALL_CHARS
    if is_short and ((shown.is_challenge and not prices_in(text)) or _begins(shown.heads, "challenge")):
        return Turned.CHALLENGE, "the shop asks whether a person is there, and shows no page before that"
    if said := _gone(shown, text):
        return Turned.GONE, _not_there(said)
    if is_short and not prices_in(text) and _agrees(shown, text):
        return Turned.CONSENT, "the shop asks for consent first, and shows no page before that"
    return None


def _begins(said: Iterable[str], meaning: str) -> bool:
    return any(one.casefold().startswith(phrases(meaning)) for one in said)


def _agrees(shown: Shown, text: str) -> bool:
    """Whether a page is headed by what is to be agreed to, or nothing but that stands on it."""
    asked = phrases("consent")
    if shown.is_headed or _begins(shown.heads, "consent"):
        return _begins(shown.heads, "consent")
    about = [line for line in text.split("\n") if not any(phrase in line.casefold() for phrase in asked)]
    said = f"{text}\n{shown.aside}".casefold()
    return any(phrase in said for phrase in asked) and sum(map(len, about)) < _NOTHING_CHARS


def _gone(shown: Shown, text: str) -> str:
    """Return the words that say that there is no such product, if any do."""
    if head := _gone_head(shown):
        return head
    if prices_in(text):
        return ""
    for line in text.split("\n")[:_LINES]:
        bare = line.casefold().strip(" .!:\u2026\u3002")
        if len(line) <= _LINE_CHARS and bare.startswith((*phrases("gone"), *phrases("removed"))):
            return line
    return ""


def _gone_head(shown: Shown) -> str:
    for head in shown.heads:
        said = head.casefold().strip(" .!")
        # A number may be that of a model.
        told = (phrase in said if phrase[0].isalpha() else said.startswith(phrase) for phrase in phrases("gone"))
        if said == "404" or any(told):
            return head[:_LINE_CHARS]
    return ""


def _not_there(said: str) -> str:
    return f"the page is not this product\u2019s: it says \u201c{said}\u201d"
