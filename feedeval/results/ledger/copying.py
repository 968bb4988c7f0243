"""What of a page's words can be copied into the feed, and into which attribute.

A value is words of the page, in one piece and as they are written: what its structured data states for the attribute,
or what its quote names beside it. Where the quote is a sentence that is no value, it is the answer to its question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from feedeval.feed.checks.check_feed import Severity, check_feed
from feedeval.jobs.evidence import is_quoted
from feedeval.jobs.landing_pages import PageSource
from feedeval.results.gaps.answer_places import ANYWHERE, AnswerPlace
from feedeval.results.gaps.fixfile import LONGEST_QUESTION, has_column
from feedeval.results.ledger.differing import lone_measure
from feedeval.results.ledger.page_answers import PageAnswers, Said

LONGEST_VALUE = 100
"""Characters of what may be a value; longer words are a text."""
LONGEST_DETAIL = 200
_FEWEST_OF_A_SENTENCE = 7
"""Words from which on a quote that names nothing is taken for a sentence."""
OF_VARIANTS = frozenset({"color", "size", "pattern", "material", "size_type", "size_system", "age_group", "gender"})
"""What variants differ in: a page about several of them may speak of another."""
_NAMED = re.compile(r"^\s*(?P<name>[^:：=\n]{1,40}?)\s*[:：=]\s*(?P<value>\S[^\n]*)$")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2})(?!\d)")
_VALUE_ENDS = " \t.;,"
_MEASURED = re.compile(r"(?:weight|length|width|height|depth|measure)$")


class Copy(NamedTuple):
    """Words of a page that can be copied."""

    product_id: str
    name: str
    """The attribute, an entry such as `product_detail (power)`, or the question that they answer."""
    value: str
    quote: str
    source: PageSource
    url: str

    @property
    def where(self) -> str:
        """Where they were found, for a list of proposals."""
        return f"page, {self.source.value}: {self.url}"


def values_for(place: AnswerPlace, said: Said, answers: PageAnswers) -> dict[str, str]:
    """Return what can be copied into the place where an answer belongs, by attribute; empty where nothing can."""
    if place.fields == (ANYWHERE,):
        return {}
    if place.label.startswith("product_detail ("):
        value = _detail(said.quote)
        return {place.label: value} if value else {}
    if not all(map(has_column, place.fields)):
        return {}
    if elsewhere := _stated_elsewhere(place, said, answers):
        return elsewhere
    if all(_of_data(name, answers.stated) for name in place.fields):
        return {name: _of_data(name, answers.stated) for name in place.fields}
    name = place.fields[0]
    if len(place.fields) > 1:
        return {}
    value = _value(said.quote, measured=_MEASURED.search(name) is not None)
    return {name: value} if value else {}


def _stated_elsewhere(place: AnswerPlace, said: Said, answers: PageAnswers) -> dict[str, str]:
    """Return what a page's data states under another attribute than the one that was named: it belongs there."""
    if said.source is not PageSource.DATA or any(name in answers.stated for name in place.fields):
        return {}
    found = {
        name: _of_data(name, answers.stated) for name, text in answers.stated.items() if is_quoted(said.quote, text)
    }
    return {name: value for name, value in found.items() if value and has_column(name)}


def quote_of(name: str, value: str, said: Said, answers: PageAnswers) -> tuple[str, PageSource]:
    """Return the words that a value rests on, and where they stand: those of the data where it states the value."""
    if _of_data(name, answers.stated) == value and not is_quoted(value, said.quote):
        return value, PageSource.DATA
    return said.quote, said.source or PageSource.TEXT


def may_be_anothers(said: Said, place: AnswerPlace, answers: PageAnswers) -> bool:
    """Say whether words may be said of another variant: the page shows several, and they differ in just this."""
    in_data = said.source is PageSource.DATA
    return answers.variants > 1 and not in_data and not OF_VARIANTS.isdisjoint(place.fields)


def answer_for(said: Said) -> str:
    """Return the words that answer the question itself; empty where they are too long for an answer."""
    words = " ".join(said.quote.split())
    return words if len(words) <= LONGEST_QUESTION else ""


def _of_data(name: str, stated: Mapping[str, str]) -> str:
    value = stated.get(name, "").strip()
    return value if len(value) <= LONGEST_VALUE and "\n" not in value else ""


def _detail(quote: str) -> str:
    """Return the value of a detail: what the quote names, or else all of it, as a detail may be a sentence."""
    text = " ".join(quote.split())
    named = _NAMED.match(text)
    value = (named["value"] if named else text).rstrip(_VALUE_ENDS)
    return value if len(value) <= LONGEST_DETAIL and is_quoted(value, quote) else ""


def _value(quote: str, *, measured: bool) -> str:
    """Return the value that a quote states; empty where it is a sentence."""
    text = " ".join(quote.split())
    named = _NAMED.match(text)
    value = named["value"].rstrip(_VALUE_ENDS) if named else text.rstrip(_VALUE_ENDS)
    if measured and (measure := lone_measure(value)):
        return _with_point(measure) if is_quoted(measure, quote) else ""
    if not named and (len(value.split()) >= _FEWEST_OF_A_SENTENCE or re.search(r"[.!?]\s", value)):
        return ""
    return value if value and len(value) <= LONGEST_VALUE and is_quoted(value, quote) else ""


def _with_point(measure: str) -> str:
    """Return a measure with the decimal sign that destinations read; what may be a thousand's stays as it is."""
    return _DECIMAL_COMMA.sub(r"\1.\2", measure)


def refused(copies: Sequence[Copy]) -> set[tuple[str, str]]:
    """Return those of the copies, by product and attribute, that the destination would refuse there."""
    rows: dict[str, dict[str, str]] = {}
    for copy in copies:
        if has_column(copy.name):
            rows.setdefault(copy.product_id, {"id": copy.product_id})[copy.name] = copy.value
    if not rows:
        return set()
    findings = check_feed(list(rows.values()), supplemental=True)
    errors = findings[(findings["severity"] == Severity.ERROR.value) & (findings["field"] != "id")]
    return set(zip(errors["product_id"], errors["field"].str.split(".").str[0], strict=True))
