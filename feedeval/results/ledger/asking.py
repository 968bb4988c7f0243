"""The pages of an audit's products, and what each is asked: what the feed leaves open, or all of it where that is free.

A page belongs to the product whose place in the feed it has, so that variants with one id are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.pages import Pages
from feedeval.feed.parsing.product import Product
from feedeval.jobs.landing_pages import page_case
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.rejudge import Case
from feedeval.records import Question, Verdict
from feedeval.results.cases import StoredResult, context_in, question_of, stored_results
from feedeval.results.ledger.page_answers import PageAnswers, answers_in
from feedeval.results.stored import StoredSession

Products = Callable[[], Iterable[Product]]
"""Called for each pass; gives the feed's products in its order."""
_NO_PAGE = "there is no page for it"


def page_cases(
    audit: StoredSession, pages: Pages, products: Products | None = None, *, everything: bool
) -> Iterator[Case]:
    """Yield each product's page with what it is asked, in the order of the feed.

    Args:
        audit: The audit.
        pages: The pages of its feed.
        products: The feed; None: as far as the audit's own files tell.
        everything: Ask all questions that apply, and not only those that the feed leaves open.
    """
    for result, product in _beside(stored_results(audit), products):
        url = _text(product, "link") or str(result.meta.get("product_url") or "")
        page = pages.of(str(result.meta.get("product_id") or ""), url) or Page(url, problem=_NO_PAGE)
        meta = {**result.meta, "category": result.value.category}
        yield page_case(result.key, meta, page, product, list(_asked(result, everything=everything)))


def stored_product(result: StoredResult) -> Product:
    """Return a product as far as an audit's files tell: what its judge saw, and what identifies it."""
    seen = {one.name: one.text for one in context_in(result.value).fields}
    meta = result.meta
    known = {"id": meta.get("product_id"), "link": meta.get("product_url"), "title": meta.get("title")}
    looks = {name: meta.get(name) for name in ("image_link", "item_group_id")}
    return {**seen, **{name: str(value) for name, value in {**known, **looks}.items() if value}}


def answered_here(audit: StoredSession, pages: Pages) -> Iterator[PageAnswers]:
    """Yield what pages say by the embedded engine, which costs nothing and needs no session.

    Raises:
        InputError: A model audited: its questions are put to pages by an evaluator.
    """
    if audit.progress.engine != OfflineEngine.name:
        raise InputError(
            f"session {audit.id} was judged by {audit.progress.engine}: give evaluator=, a ProductFeedEvaluator with a "
            "model, which asks the pages what the feed leaves open"
        )
    locale = str(audit.progress.fingerprint.get("locale", "en-GB"))
    engine = OfflineEngine(locale)
    for case in page_cases(audit, pages, everything=True):
        yield answers_in(case.key, case.meta, case.context, engine.judge(case.context, case.questions))


def given_pages(pages: object) -> Pages:
    """Return pages that were read.

    Raises:
        InputError: They are still to be read, which is an evaluator's work.
    """
    if isinstance(pages, Pages):
        return pages
    raise InputError(f"pages={pages!r}: give what read_pages returned, or evaluator=, which reads them")


def _asked(result: StoredResult, *, everything: bool) -> Iterator[Question]:
    for judged in result.value.judgements:
        verdict = Verdict(judged.verdict)
        answered = verdict is Verdict.YES and not everything
        if verdict is not Verdict.NOT_APPLICABLE and not answered:
            yield question_of(judged.question, judged.taxonomy, judged.required)


def _beside(results: Iterable[StoredResult], products: Products | None) -> Iterator[tuple[StoredResult, Product]]:
    """Yield each result with its product; both are in the order of the feed, and some products have no result."""
    stream = enumerate(products() if products is not None else ())
    at, product = -1, None
    for result in results:
        while at < result.index and (following := next(stream, None)) is not None:
            at, product = following
        yield result, product if product is not None and at == result.index else stored_product(result)


def _text(product: Mapping[str, Any], name: str) -> str:
    value = product.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return value.strip() if isinstance(value, str) else ""
