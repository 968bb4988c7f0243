"""The answer ledger: a row a question and product, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from feedeval.formatting import clip, columns, plain, wrapped
from feedeval.html import Markup, escape, foreign, link, section, table
from feedeval.jobs.suggest import Proposal
from feedeval.results.cases import stored_results
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.gaps.actions import Actions
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.ledger.copying import Copy
from feedeval.results.ledger.digest import SHOWN, Digest
from feedeval.results.ledger.page_answers import PageAnswers, failed_pages, pages_session, stored_answers
from feedeval.results.ledger.rows import COLUMNS, Booked, PagesInTurn, book
from feedeval.results.ledger.standing import Standing
from feedeval.results.naming import engine_note
from feedeval.results.stored import StoredSession

QUOTED_CELLS = 60
_HEADS = ("Product", "Question", "Where", "The feed", "The page", "Copy", "Into")


class PageJudge(Protocol):
    """Who can put questions to pages: `ProductFeedEvaluator`."""

    def judge_pages(self, pages: Any, *, session: StoredSession, budget_usd: float | None = None) -> StoredSession:
        """Ask the page of each product once, in a session of its own, and return that session."""


@dataclass(frozen=True, eq=False)
class AnswerLedger:
    """Where the answer to each question of an audit stands: in the feed, on the page, or nowhere.

    Printed it says how many there are of each and what to copy; a notebook shows the same as a table.
    """

    session: str
    """The audit."""
    pages_session: str
    """The session in which the pages were asked; empty where none was."""
    frame: pd.DataFrame
    """A row a question and product, in the order of the audit: product_id, title, question, taxonomy (str); required
    (bool); weight (Int64: 2 where required, else 1); standing (`feed`: answered there; `page`: answered on the page
    alone; `contradicted`: feed and page answer differently; `nowhere`: neither answers it whole; `unread`: the page was
    not read, or not judged); attribute (where the answer stands in the feed, or belongs); feed_verdict, feed_quote,
    page_verdict, page_quote (words that stand there), page_source (`structured data`, `visible text`, `title`),
    page_url, read_at (ISO 8601, UTC; empty for saved pages), proposal (words of the page that can be copied),
    proposal_for (the attribute that takes them, or `question_and_answer`), why (for `unread` and `contradicted`) (str).
    What is not there is an empty text. Questions that do not apply to a product have no row."""
    products: int
    pages: int
    """Products whose page was read."""
    unread: Mapping[str, int] = field(default_factory=dict)
    """Products whose page was asked for and not read, by the reason."""
    note: str = ""
    """What has to be said of the engine that judged the pages."""
    copies: Sequence[Copy] = ()
    """What can be copied from a page into the feed."""
    on_page: frozenset[tuple[int, str]] = frozenset()
    """Products, by their position among those that are done, and questions that their page alone answers."""

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def digest(self) -> Digest:
        """What the rows come to."""
        found = Digest()
        found.add(self.frame, np.arange(len(self.frame)))
        return found

    def parts(self) -> Iterator[pd.DataFrame]:
        """Yield the frame part by part: of an audit too large to be held each shard is one, else there is one."""
        yield self.frame

    @property
    def counts(self) -> dict[str, int]:
        """How many questions there are of each standing."""
        return self.digest.counts

    @property
    def headline(self) -> str:
        """What it comes to, in a sentence without its full stop."""
        if not self.pages_session:
            return "no page was read for this audit, so nobody knows what the pages answer"
        counts = self.counts
        copied = self.digest.copied
        said = [
            f"{_many(counts['page'], 'question')} of {_many(copied, 'product')} "
            f"{'is' if counts['page'] == 1 else 'are'} answered on the page alone",
            f"{counts['contradicted']:,} contradicted",
            f"{counts['nowhere']:,} answered nowhere",
        ]
        return f"of {self.products:,} products {self.pages:,} have a page that was read: {', '.join(said)}"

    def proposals(self) -> dict[str, list[Proposal]]:
        """Return what can be copied, by product id, as proposals for a file to fill in."""
        return proposals_of(self.copies)

    def proposals_by_part(self) -> Iterator[Mapping[str, Sequence[Proposal]]]:
        """Yield the same part by part; the ledger is one."""
        yield self.proposals()

    def text(self, width: int = 100, *, standing: str | None = None) -> str:
        """Return the counts, then what is contradicted or can be copied, a line each.

        Args:
            width: Cells a line.
            standing: Show the questions of this standing instead.
        """
        parts = [wrapped(f"{self.headline[:1].upper()}{self.headline[1:]}.", width)]
        chosen, count = self.digest.first(standing)
        if rows := list(_lines(chosen)):
            parts.append(columns(rows, _HEADS, width=width))
        if count > SHOWN:
            parts.append(f"And {count - SHOWN:,} more: the frame holds them all.")
        parts += [wrapped(f"- {count:,} without a page: {plain(why)}", width) for why, count in self.unread.items()]
        if self.note:
            parts.append(wrapped(self.note, width))
        return "\n\n".join(parts)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> Markup:
        chosen, count = self.digest.first()
        rows: list[tuple[Any, ...]] = [
            (
                foreign(clip(row["product_id"], QUOTED_CELLS)),
                foreign(row["question"]),
                Standing(row["standing"]).words,
                foreign(clip(row["feed_quote"], 200)),
                Markup(f"{foreign(clip(row['page_quote'], 200))} {link(row['page_url'], 'page')}"),
                foreign(clip(row["proposal"], 200)),
                foreign(row["proposal_for"]),
            )
            for row in chosen.to_dict("records")
        ]
        left_out = count - SHOWN
        counts = [(standing.words, f"{self.counts[standing.value]:,}") for standing in Standing]
        more = f"<p>And {left_out:,} more: <code>frame</code> holds them all.</p>" if left_out > 0 else ""
        why = "".join(f"<li>{count:,} without a page: {escape(reason)}</li>" for reason, count in self.unread.items())
        body = (
            table(counts, ("Where the answer stands", "Questions")),
            table(rows, _HEADS) if rows else "",
            more,
            f"<ul>{why}</ul>" if why else "",
            f"<p><em>{escape(self.note)}</em></p>" if self.note else "",
        )
        title = f"{self.headline[:1].upper()}{self.headline[1:]}"
        return section(title, Markup("".join(body)))


def proposals_of(copies: Iterable[Copy]) -> dict[str, list[Proposal]]:
    """Return what can be copied, by product id, as proposals for a file to fill in."""
    found: dict[str, dict[str, Proposal]] = {}
    for copy in copies:
        of_product = found.setdefault(copy.product_id, {})
        of_product.setdefault(copy.name, Proposal(name=copy.name, value=copy.value, quote=copy.quote, field=copy.where))
    return {product_id: list(each.values()) for product_id, each in found.items()}


def _lines(frame: pd.DataFrame) -> Iterable[tuple[str, ...]]:
    """Yield rows as they stand in a terminal."""
    for row in frame.to_dict("records"):
        quotes = (clip(plain(row[name]), QUOTED_CELLS) for name in ("feed_quote", "page_quote", "proposal"))
        asked = clip(plain(row["question"]), QUOTED_CELLS)
        yield (plain(row["product_id"]), asked, row["standing"], *quotes, plain(row["proposal_for"]))


def stored_ledger(session: StoredSession, found: OpenQuestions) -> AnswerLedger:
    """Return the ledger of an audit, with what its pages said in the latest session in which they were asked."""
    asked = pages_session(session)
    if asked is None:
        return _ledger(session, None, book(stored_results(session), None, found, positions=_positions(session)))
    pages = PagesInTurn(stored_answers(asked))
    booked = book(stored_results(session), pages, found, failed=failed_pages(asked), positions=_positions(session))
    return _ledger(session, asked, booked)


def ledger_of(session: StoredSession, found: OpenQuestions, answers: Iterable[PageAnswers]) -> AnswerLedger:
    """Return the ledger of an audit with what pages said that were asked here and now, in the order of the audit."""
    booked = book(stored_results(session), PagesInTurn(answers), found, positions=_positions(session))
    return _ledger(session, session, booked)


def _positions(session: StoredSession) -> dict[int, int] | None:
    """Return the position of each product by its place in the feed, of a session whose files are not in its order."""
    if session.shards is None:
        return None
    return {place: at for at, place in enumerate(sorted({result.index for result in stored_results(session)}))}


def _ledger(session: StoredSession, asked: StoredSession | None, booked: Booked) -> AnswerLedger:
    frame = ledger_frame(booked)
    order = np.argsort(np.array(booked.places, dtype=np.int64), kind="stable")
    frame = frame.iloc[order].reset_index(drop=True)
    frame.attrs["feedeval"] = origin(session, asked)
    engine = "" if asked is None else asked.progress.engine
    return AnswerLedger(
        session=session.id,
        pages_session="" if asked is None else asked.id,
        frame=frame,
        products=booked.products,
        pages=booked.pages,
        unread=dict(sorted(booked.unread.items(), key=lambda item: -item[1])),
        note=engine_note(engine) if engine else "",
        copies=tuple(booked.copies),
        on_page=frozenset(booked.on_page),
    )


def ledger_frame(booked: Booked) -> pd.DataFrame:
    """Return the rows as a frame."""
    frame = pd.DataFrame(booked.rows, columns=list(COLUMNS))
    texts = [name for name in COLUMNS if name not in ("required", "weight")]
    kinds: dict[str, Any] = {**dict.fromkeys(texts, TEXT), "required": "bool", "weight": "Int64"}
    return frame.astype(kinds)


def origin(session: StoredSession, asked: StoredSession | None) -> dict[str, str]:
    """Return what a frame says of where it is from."""
    return {
        "session": session.id,
        "pages_session": "" if asked is None else asked.id,
        "engine": "" if asked is None else asked.progress.engine,
    }


def marked(found: OpenQuestions, on_page: frozenset[tuple[int, str]]) -> OpenQuestions:
    """Return open questions that know which of them a page answers."""
    texts = [question.text for question in found.judged.questions]
    pairs = zip(found.product.tolist(), found.question.tolist(), strict=True)
    there = np.array([(product, texts[code]) in on_page for product, code in pairs], dtype=bool)
    return replace(found, on_page=there)


def with_words(actions: Actions, ledger: AnswerLedger) -> Actions:
    """Return actions that show, for example, what the pages say of them."""
    words = ledger.digest.words
    made = tuple(replace(action, page_words=words.get(action.attribute, ())) for action in actions)
    return replace(actions, actions=made)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
