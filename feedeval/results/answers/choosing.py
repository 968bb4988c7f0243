"""Which pairs a product gets, the best first, as far as the destination takes them.

First the required questions, then those that most products leave open: what few shops say is what an answer is worth
most for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from feedeval.errors import InputError
from feedeval.records import Context, Verdict
from feedeval.results.answers.ledger_rows import Ledger, LedgerRows
from feedeval.results.answers.pairs import Answered, Pair, Source, Tally, question_key
from feedeval.results.answers.wording import PAIRS_FIELD, answer_in
from feedeval.results.cases import StoredEvaluation, context_in, stored_results
from feedeval.results.gaps.fixfile import LONGEST_QUESTION, MOST_PAIRS
from feedeval.results.stored import StoredSession

LONGEST_ANSWER = 1_000
LONGEST_OF_PRODUCT = 10_000
"""Characters of all pairs of a product that Google reads."""
_MARKS = len("Q: \nA: \n")
_ASKED = re.compile(r"^Q:\s*(.+)$", re.MULTILINE)
_OPEN = (Verdict.NO.value, Verdict.PARTIAL.value)
_SAID_ALREADY = "the feed has the pair already"


def answered_products(session: StoredSession, ledger: Ledger | None, tally: Tally) -> Iterator[Answered]:
    """Yield what each product gets, those that get something, in the order of the feed; one batch is held at a time.

    Args:
        session: An audit.
        ledger: What feed and pages say to the same questions, as `session.ledger()` returns it.
        tally: Learns what was left out, and why.

    Raises:
        InputError: The session is no audit, or the ledger lacks a column.
    """
    if not session.is_audit:
        raise InputError(f"session {session.id} is of kind {session.progress.kind}: only an audit answers questions")
    rows, open_products = LedgerRows(ledger), _open_products(session)
    seen: set[str] = set()
    for result in stored_results(session):
        product_id = str(result.meta.get("product_id") or "")
        if not product_id or product_id in seen:
            tally.left_out["the product has no id of its own"] += 1
            continue
        seen.add(product_id)
        context = context_in(result.value)
        found = _ranked(_candidates(product_id, result.value, context, rows, tally), open_products)
        pairs = _fitting(found, context, tally)
        if pairs:
            there = bool(context.get(PAIRS_FIELD))
            tally.products += 1
            tally.pairs += len(pairs)
            tally.from_pages += sum(pair.source is Source.PAGE for pair in pairs)
            tally.beside += there
            yield Answered(product_id, str(result.meta.get("title") or ""), tuple(pairs), there)


def _open_products(session: StoredSession) -> Counter[str]:
    """Return how many products leave each question open."""
    counts: Counter[str] = Counter()
    for result in stored_results(session):
        counts.update(question_key(one.question) for one in result.value.judgements if one.verdict in _OPEN)
    return counts


def _candidates(
    product_id: str, value: StoredEvaluation, context: Context, rows: LedgerRows, tally: Tally
) -> Iterator[Pair]:
    """Yield the answered questions of a product, those of the feed first."""
    required = {question_key(one.question): one.required for one in value.judgements}
    for judged in value.judgements:
        if judged.verdict != Verdict.YES:
            continue
        question = " ".join(judged.question.split())
        if not judged.verified or not judged.evidence.strip():
            tally.left_out["no verified words"] += 1
        elif rows.is_contradicted(product_id, question):
            tally.left_out["the page contradicts it"] += 1
        elif found := answer_in(judged.evidence, context, named=judged.attribute, longest=LONGEST_ANSWER):
            yield Pair(question, found[0], Source.FEED, found[1], judged.evidence, required=judged.required)
        else:
            there = answer_in(judged.evidence, context, longest=len(context.text)) is None
            tally.left_out[_SAID_ALREADY if there else "it is too long"] += 1
    for told in rows.on_page(product_id):
        answer = " ".join(told.quote.split()).lstrip(" :")
        if answer and not rows.is_contradicted(product_id, told.question):
            needed = required.get(question_key(told.question), False)
            yield Pair(told.question, answer, Source.PAGE, told.attribute, told.quote, told.page_url, needed)
        else:
            tally.left_out["no verified words"] += 1


def _ranked(pairs: Iterable[Pair], open_products: Counter[str]) -> list[Pair]:
    counted = [pair._replace(open_products=open_products[pair.key]) for pair in pairs]
    return sorted(counted, key=lambda pair: (not pair.required, -pair.open_products))


def _fitting(pairs: Iterable[Pair], context: Context, tally: Tally) -> list[Pair]:
    """Return the pairs for which there is room beside those that the feed has."""
    there = context.get(PAIRS_FIELD)
    asked = {question_key(question) for question in _ASKED.findall(there)}
    most, room = MOST_PAIRS - len(asked), LONGEST_OF_PRODUCT - len(there)
    kept: dict[str, Pair] = {}
    for pair in pairs:
        size = len(pair.question) + len(pair.answer) + _MARKS
        if pair.key in asked or pair.key in kept:
            tally.left_out[_SAID_ALREADY if pair.key in asked else "the question was asked twice"] += 1
        elif not pair.key or len(pair.question) > LONGEST_QUESTION or len(pair.answer) > LONGEST_ANSWER:
            tally.left_out["it is too long"] += 1
        elif len(kept) >= most or size > room:
            tally.left_out["there is no room for more"] += 1
        else:
            kept[pair.key] = pair
            room -= size
    return list(kept.values())
