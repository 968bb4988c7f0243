"""How the rows of the ledger come to be: the audit and its pages side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.jobs.evidence import is_quoted
from feedeval.jobs.landing_pages import PageSource
from feedeval.records import Verdict
from feedeval.results.cases import StoredResult
from feedeval.results.frames.decoding import Judged
from feedeval.results.gaps.answer_places import ANYWHERE, AnswerPlace, answer_place
from feedeval.results.gaps.fixfile import has_column
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.ledger.copying import Copy, answer_for, may_be_anothers, quote_of, refused, values_for
from feedeval.results.ledger.differing import differ, lone_measure
from feedeval.results.ledger.page_answers import Contradicted, PageAnswers, Said, is_order
from feedeval.results.ledger.standing import Standing

COLUMNS = (
    *("product_id", "title", "question", "taxonomy", "required", "weight", "standing", "attribute"),
    *("feed_verdict", "feed_quote", "page_verdict", "page_quote", "page_source", "page_url", "read_at"),
    *("proposal", "proposal_for", "why"),
)

NOT_ASKED = "no page was read for this audit"
_NOT_YET = "its page has not been judged yet"


class Row(NamedTuple):
    """A question and a product, in the order of `COLUMNS`."""

    product_id: str
    title: str
    question: str
    taxonomy: str
    required: bool
    weight: int
    standing: str
    attribute: str
    feed_verdict: str
    feed_quote: str
    page_verdict: str = ""
    page_quote: str = ""
    page_source: str = ""
    page_url: str = ""
    read_at: str = ""
    proposal: str = ""
    proposal_for: str = ""
    why: str = ""


@dataclass
class Booked:
    """What the rows come to, beside themselves."""

    rows: list[Row] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    on_page: set[tuple[int, str]] = field(default_factory=set)
    """Products, by their position among those that are done, and questions that their page alone answers."""
    products: int = 0
    pages: int = 0
    """Products whose page was read."""
    unread: dict[str, int] = field(default_factory=dict)
    """Products without a page, by the reason; of those whose page was asked for."""
    places: list[int] = field(default_factory=list)
    """Of each row, the position of its product."""
    pending: list[tuple[int, list[Copy], list[Copy]]] = field(default_factory=list)
    """Of a row, what can be copied into the attribute, and the answer to the question."""

    def settle(self) -> None:
        """Keep what the destination takes: what it refuses in an attribute still answers the question."""
        no = refused([copy for _, copies, _ in self.pending for copy in copies])
        for at, copies, spare in self.pending:
            kept = copies if all((copy.product_id, copy.name) not in no for copy in copies) else []
            if copies and not kept:
                answer = spare[0].value if spare else ""
                self.rows[at] = self.rows[at]._replace(proposal=answer, proposal_for=ANYWHERE if answer else "")
            # What has no column in a file to fill in, such as an entry of `product_detail`, is the answer there.
            belongs = kept and all(has_column(copy.name) and copy.name in self._fields(at) for copy in kept)
            answers = [] if belongs else spare
            self.copies += [copy for copy in (*kept, *answers) if copy.product_id]
        self.pending.clear()

    def _fields(self, at: int) -> list[str]:
        return self.rows[at].attribute.split(", ")


class PagesInTurn:
    """Pages that are given to their products, both in the same order; not every product has one.

    Args:
        pages: What the pages said.
    """

    def __init__(self, pages: Iterable[PageAnswers]) -> None:
        self._stream = iter(pages)
        self._waiting = next(self._stream, None)

    def of(self, key: str) -> PageAnswers | None:
        """Return the page of the next product; None where it has none."""
        found = self._waiting
        if found is None or found.key != key:
            return None
        self._waiting = next(self._stream, None)
        return found


def book(
    audited: Iterable[StoredResult],
    pages: PagesInTurn | None,
    found: OpenQuestions,
    *,
    failed: Mapping[str, str] | None = None,
    positions: Mapping[int, int] | None = None,
) -> Booked:
    """Return the rows of a ledger.

    Args:
        audited: What an audit judged, or a part of it.
        pages: What the pages said, in the same order; None where none was asked.
        found: The open questions of the same.
        failed: Why pages could not be judged, by key.
        positions: By its place in the feed, the position of each product among these; None: they are in that order.
    """
    booked = Booked()
    places = _places(found)
    for at, result in enumerate(audited):
        position = at if positions is None else positions[result.index]
        answers = None if pages is None else pages.of(result.key)
        booked.products += 1
        why = NOT_ASKED if pages is None else (failed or {}).get(result.key, _NOT_YET)
        if answers is not None:
            why = answers.problem
            booked.pages += not answers.problem
            if answers.problem:
                booked.unread[answers.problem] = booked.unread.get(answers.problem, 0) + 1
        for judged in result.value.judgements:
            if judged.verdict == Verdict.NOT_APPLICABLE:
                continue
            place = places.get((position, judged.question)) or answer_place(
                judged.attribute, frozenset(result.value.context_fields)
            )
            _Line(result, judged, place, answers, why).enter(booked, position)
    booked.settle()
    return booked


def _places(found: OpenQuestions) -> dict[tuple[int, str], AnswerPlace]:
    """Return where the answer to each open question belongs, by the product's position and the question."""
    texts = [question.text for question in found.judged.questions]
    return {
        (product, texts[code]): found.places[at]
        for product, code, at in zip(found.product.tolist(), found.question.tolist(), found.place.tolist(), strict=True)
    }


@dataclass(frozen=True, slots=True)
class _Line:
    """One question of one product, on its way into the ledger."""

    result: StoredResult
    judged: Judged
    place: AnswerPlace
    answers: PageAnswers | None
    why: str
    """Why its page says nothing, where it does not."""

    def enter(self, booked: Booked, position: int) -> None:
        """Enter the question."""
        said = self._said()
        fact = self._fact() or (self._named() if said is None else None)
        standing, why = self._standing(said, fact)
        proposal, where = "", ""
        if standing is Standing.PAGE and said is not None:
            booked.on_page.add((position, self.judged.question))
            proposal, where = self._copy(said, booked)
        row = self._row(standing, why)
        if self.answers is not None:
            row = row._replace(page_url=self.answers.url, read_at=self.answers.read_at)
        if fact is not None and standing is Standing.CONTRADICTED:
            source = PageSource.DATA if fact.data else PageSource.TEXT
            row = row._replace(page_quote=fact.data or fact.text, page_source=source.value)
        elif said is not None:
            source_words = said.source.value if said.source is not None else ""
            row = row._replace(page_verdict=said.verdict.value, page_quote=said.quote, page_source=source_words)
        booked.rows.append(row._replace(proposal=proposal, proposal_for=where))
        booked.places.append(position)

    def _said(self) -> Said | None:
        return None if self.answers is None else self.answers.said.get(self.judged.question)

    def _named(self) -> Contradicted | None:
        """Return another measure that the page names where it was not asked, as the feed answers.

        It counts only where the page names one alone, and is about one product.
        """
        answers, quote = self.answers, self.judged.evidence
        if answers is None or not quote or not lone_measure(quote) or answers.variants > 1:
            return None
        place = answer_place(self.judged.attribute)
        found = answers.named.get(place.label, [])
        if len(found) != 1 or not differ(quote, found[0], about=self.judged.attribute):
            return None
        return Contradicted(place.label, quote, "", found[0])

    def _fact(self) -> Contradicted | None:
        """Return what the page contradicts of the very attribute that the feed's answer was found in."""
        if self.answers is None or not Verdict(self.judged.verdict).score:
            return None
        named = answer_place(self.judged.attribute).fields
        for each in self.answers.contradictions:
            if named == (each.field,) and (each.data or each.text):
                return each
        return None

    def _standing(self, said: Said | None, fact: Contradicted | None) -> tuple[Standing, str]:
        verdict = Verdict(self.judged.verdict)
        answered = said is not None and said.verdict is Verdict.YES and not is_order(said.quote)
        if fact is not None:
            return Standing.CONTRADICTED, f"the feed says {fact.feed}, the page {fact.data or fact.text}"
        if (
            said is not None
            and answered
            and verdict.score
            and differ(self.judged.evidence, said.quote, about=self.judged.attribute)
        ):
            return Standing.CONTRADICTED, "feed and page give different values"
        if verdict is Verdict.YES:
            return Standing.FEED, ""
        if said is not None and answered and is_quoted(said.quote, self.result.value.context):
            return Standing.NOWHERE, "the feed has the words of the page, too, and they did not answer there"
        if said is not None and answered and self.answers and may_be_anothers(said, self.place, self.answers):
            why = f"the page shows {self.answers.variants:,} variants, and its words may be those of another"
            return Standing.NOWHERE, why
        if answered:
            return Standing.PAGE, ""
        if said is None:
            return Standing.UNREAD, self.why or "the page was not asked for it"
        if said.verdict is Verdict.NOT_JUDGED:
            return Standing.UNREAD, said.reason or "its text could not be judged"
        return Standing.NOWHERE, ""

    def _copy(self, said: Said, booked: Booked) -> tuple[str, str]:
        """Take down what can be copied, and return it with where it belongs."""
        answers, product_id = self.answers, self._text("product_id")
        assert answers is not None and said.source is not None  # the page answered, with words that stand on it
        values = values_for(self.place, said, answers)
        answer = answer_for(said)
        question = " ".join(self.judged.question.split())
        copies = [
            Copy(product_id, name, value, *quote_of(name, value, said, answers), answers.url)
            for name, value in values.items()
        ]
        spare = [Copy(product_id, question, answer, said.quote, said.source, answers.url)] if answer else []
        booked.pending.append((len(booked.rows), copies, spare))
        if values:
            return ", ".join(values.values()), ", ".join(values)
        return answer, ANYWHERE if answer else ""

    def _row(self, standing: Standing, why: str) -> Row:
        judged = self.judged
        return Row(
            product_id=self._text("product_id"),
            title=self._text("title"),
            question=judged.question,
            taxonomy=judged.taxonomy,
            required=judged.required,
            weight=REQUIRED_WEIGHT if judged.required else 1,
            standing=standing.value,
            attribute=self.place.label,
            feed_verdict=judged.verdict,
            feed_quote=judged.evidence,
            why=why,
        )

    def _text(self, name: str) -> str:
        meta: Mapping[str, Any] = self.result.meta
        return str(meta.get(name) or "")
