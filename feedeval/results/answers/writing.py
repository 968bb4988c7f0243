"""Pairs as a frame, and as a supplemental feed in Google's form."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.spreadsheet import text_form
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.results.answers.answers_file import AnswersFile
from feedeval.results.answers.choosing import answered_products
from feedeval.results.answers.ledger_rows import Ledger
from feedeval.results.answers.pairs import Tally, Wording
from feedeval.results.answers.wording import PAIRS_FIELD
from feedeval.results.gaps.fixfile import table_path, write_table
from feedeval.results.stored import StoredSession

_TEXTS = (
    *("product_id", "title", "question", "answer", "source", "field", "quote", "page_url"),
    *("question_digital_source_type", "answer_digital_source_type"),
)
COLUMNS = (*_TEXTS, "required", "open_products")


def questions_and_answers(session: StoredSession, ledger: Ledger | None = None) -> pd.DataFrame:
    """Return the pairs of `write_questions_and_answers` as a frame, as `Session.questions_and_answers` says."""
    tally = Tally()
    frame = pd.DataFrame(list(_rows(session, ledger, tally)), columns=list(COLUMNS))
    kinds: dict[str, Any] = {**dict.fromkeys(_TEXTS, "str"), "required": "bool", "open_products": "Int64"}
    frame = frame.astype(kinds)
    frame.attrs["feedeval"] = {
        "engine": session.progress.engine,
        "products": tally.products,
        "from_pages": tally.from_pages,
        "beside": tally.beside,
        "left_out": dict(tally.left_out.most_common()),
    }
    return frame


def write_questions_and_answers(session: StoredSession, path: str | Path, ledger: Ledger | None = None) -> AnswersFile:
    """Write the questions that were answered, with the words that answer them, as a supplemental feed; return the file.

    A row a product with `id` and `question_and_answer`, in Google's form: at most 30 pairs, 1,000 characters a question
    and an answer, 10,000 a product; required questions first, then those that most products leave open. An answer is
    what feed or page says, word for word: the sentence around the verified quote. Nothing is written without a quote,
    where the page contradicts it, or where the feed has the pair already.

    Google marks generated text in `structured_title` and `structured_description` alone, and gives pairs no such part.
    So a second file, `<name>.sources.tsv`, lists each pair with its quote and where that stands, and with the
    `digital_source_type` of both: `trained_algorithmic_media` for a question that a model worded, `default` for one of
    the embedded engine, and for all answers, which nobody but the shop worded.

    The file passes `check_feed` with `supplemental=True`, and `apply_fixes` lays it over the feed. A supplement takes
    the place of what the feed has: where products have pairs already, upload what `write_supplement` makes of both.

    Args:
        session: An audit, by a model or by the embedded engine.
        path: Ends in `.tsv` or `.txt`.
        ledger: What feed and pages say to the same questions, for answers that stand on the page alone, and to leave
            out those that the page contradicts: a row a product and question, with `product_id, question, standing`
            (`page` and `contradicted` count), `page_quote, page_url, attribute`.

    Raises:
        InputError: The session is no audit, no question was answered in verified words, the ledger lacks a column, or
            `path` cannot be used.
        StorageError: The file cannot be written.
    """
    target = table_path(path)
    tally = Tally()
    rows = (
        [one.product_id, text_form(PAIRS_FIELD, [{"question": p.question, "answer": p.answer} for p in one.pairs])]
        for one in answered_products(session, ledger, tally)
    )
    first = next(rows, None)
    if first is None:
        said = "; ".join(f"{count:,}: {reason}" for reason, count in tally.left_out.most_common())
        raise InputError(f"session {session.id} answers no question in verified words ({said or 'none is answered'})")
    write_table(target, ["id", PAIRS_FIELD], chain([first], rows))
    sources = target.with_name(f"{target.stem}.sources{target.suffix}")
    write_table(sources, COLUMNS, (list(map(_cell, row)) for row in _rows(session, ledger, Tally())))
    return AnswersFile(
        path=target,
        sources_path=sources,
        products=tally.products,
        pairs=tally.pairs,
        from_pages=tally.from_pages,
        questions_by=_wording(session),
        beside=tally.beside,
        left_out=dict(tally.left_out.most_common()),
    )


def _rows(session: StoredSession, ledger: Ledger | None, tally: Tally) -> Iterator[tuple[Any, ...]]:
    by = _wording(session)
    for one in answered_products(session, ledger, tally):
        for pair in one.pairs:
            yield (
                *(one.product_id, one.title, pair.question, pair.answer, pair.source.value, pair.field, pair.quote),
                *(pair.page_url, by.value, Wording.WRITTEN.value, pair.required, pair.open_products),
            )


def _wording(session: StoredSession) -> Wording:
    return Wording.WRITTEN if session.progress.engine == OfflineEngine.name else Wording.GENERATED


def _cell(value: object) -> str:
    return " ".join(str(value).split())
