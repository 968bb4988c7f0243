"""The landing page of a product as something to judge: what it says, by the attributes of a feed, and nothing else.

What a page says is a stranger's text, as a feed's is: it is fenced as data where a model reads it, and a quote counts
only where it stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from feedeval.feed.pages.compare_facts import COMPARISONS
from feedeval.feed.pages.compare_prices import prices
from feedeval.feed.pages.matching import Match, is_open, matched
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.said import Contradiction, Said
from feedeval.feed.parsing.columns import Role, role_of
from feedeval.feed.parsing.product import Product
from feedeval.feed.text import make_context
from feedeval.jobs.audit import Item, evaluation
from feedeval.jobs.engine import Engine
from feedeval.jobs.evidence import is_quoted
from feedeval.jobs.rejudge import Case, RejudgeJob
from feedeval.records import Context, Ledger, Question, Record
from feedeval.records.kinds import JobKind

TEXT_FIELD = "description"
"""The field of a page's context that holds its visible text."""
SAID_FIELD = "short_description"
"""The field that holds the description in its structured data."""
_TITLE = "title"
_NOT_ASKED = frozenset({_TITLE, TEXT_FIELD, SAID_FIELD, "price", "sale_price", "product_type", "category"})
"""Fields of structured data that have a place of their own, or that `check_pages` compares."""
_FACTS = frozenset({"price", "sale_price", "availability", "condition", "gtin", "brand", "color", "size", "mpn"})
_NO_FAULT = frozenset({"page_price_tax"})
"""What `check_pages` mentions although feed and page agree."""


class PageSource(StrEnum):
    """Where on a page words stand."""

    DATA = "structured data"
    TEXT = "visible text"
    TITLE = "title"


def page_context(page: Page, product: Product, category: str) -> Context:
    """Return what a page says of a product, as a judge is to see it; no fields where it was not read.

    Of its structured data only the product or variant is taken that was recognised as the feed's.

    Args:
        page: The page.
        product: The product of the feed.
        category: The category in which its questions were asked.
    """
    if not page.is_read:
        return Context(category=category, fields=())
    match = matched(product, page)
    fields: dict[str, Any] = {_TITLE: page.title, **_stated(match)}
    said = match.fields.get(TEXT_FIELD) if match is not None else None
    if isinstance(said, str) and said.strip() and not is_quoted(said, page.text):
        fields[SAID_FIELD] = said
    fields[TEXT_FIELD] = page.text
    names = [name for name, value in fields.items() if value]
    return Context(category=category, fields=make_context(fields, names).fields)


def _stated(match: Match | None) -> dict[str, Any]:
    """Return what structured data states by attributes that a buyer can read."""
    if match is None:
        return {}
    return {
        name: value
        for name, value in match.fields.items()
        if name not in _NOT_ASKED and not name.startswith("_") and role_of(name) is Role.TEXT
    }


def source_of(quote: str, fields: Mapping[str, str]) -> PageSource | None:
    """Return where on a page a quote stands; None where it stands nowhere.

    Args:
        quote: The words.
        fields: The context of the page, by field.
    """
    # A judge may quote the name of a field with its value.
    if any(is_quoted(quote, f"{name}: {text}") for name, text in fields.items() if name not in (_TITLE, TEXT_FIELD)):
        return PageSource.DATA
    if is_quoted(quote, fields.get(TEXT_FIELD, "")):
        return PageSource.TEXT
    return PageSource.TITLE if is_quoted(quote, fields.get(_TITLE, "")) else None


def stated_values(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that a page's structured data states, of the context of the page."""
    return {name: text for name, text in fields.items() if name not in (_TITLE, TEXT_FIELD, SAID_FIELD)}


def page_case(key: str, meta: Mapping[str, Any], page: Page, product: Product, asked: Sequence[Question]) -> Case:
    """Return a product's page with what it is asked.

    Args:
        key: The product's key in the audit.
        meta: What identifies the product, and `category`.
        page: Its page.
        product: The product of the feed.
        asked: The questions, in the order of the audit.
    """
    context = page_context(page, product, str(meta.get("category") or ""))
    known = {name: meta[name] for name in ("product_id", "product_url", "title") if meta.get(name)}
    found: dict[str, Any] = {
        **known,
        "page_url": page.final_url or page.link,
        "read_at": page.fetched,
        **({"problem": page.problem} if page.problem else {}),
    }
    if page.is_read:
        found["variants"] = _variants(page, product)
        found["contradictions"] = [[each.field, *each.words] for each in contradictions(product, page)]
    # Each product leaves other questions open, so the text stands first in a prompt.
    return Case(key, context, tuple(asked) if context.fields else (), found, shared=False)


def _variants(page: Page, product: Product) -> int:
    """Return how many products or variants the page is about."""
    match = matched(product, page)
    if match is None:
        return sum(not one.listed for one in page.structured) if is_open(product, page) else 1
    return match.several


def contradictions(product: Product, page: Page, moment: datetime | None = None) -> Iterator[Contradiction]:
    """Yield what a page contradicts of a product, of the attributes that a question may ask for."""
    match = matched(product, page)
    if match is None and is_open(product, page):
        return
    said = Said(moment or datetime.now(UTC), "")
    for compare in (prices, *COMPARISONS):
        for found in compare(product, match, page, said):
            if found.field in _FACTS and found.check not in _NO_FAULT:
                yield found


class PagesJob(RejudgeJob):
    """Puts the questions that an audit left open to the landing pages; its results are `Evaluation`s of these.

    A page that could not be read costs no call: its result has no judgement, and its meta says why.

    Args:
        cases: As `RejudgeJob`.
        engine: Whom to ask.
        locale: Language of the reasons that a model gives.
        session: The audit.
    """

    def __init__(self, cases: Callable[[], Iterable[Case]], engine: Engine, *, locale: str, session: str) -> None:
        source = {"aside": True, "session": session}
        super().__init__(cases, engine, locale=locale, source=source, kind=JobKind.PAGES)
        self._session = session

    def records(self) -> Iterator[Record]:
        """Yield a record a page; those of another audit are others, for which the results still hold."""
        for record in super().records():
            yield replace(record, label=self._session)

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Judge one page."""
        case: Case = record.payload
        if not case.questions:
            return evaluation(Item(case.context, case.context.category), [], engine=self.engine).model_dump(mode="json")
        return await super().process(record, ledger)
