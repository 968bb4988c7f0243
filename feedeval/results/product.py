"""One product of an audit, for a person: its questions, the verdicts, and the words of the feed that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from pydantic import TypeAdapter

from feedeval.errors import InputError
from feedeval.formatting import clip, columns, plain
from feedeval.html import Markup, bar, definitions, escape, foreign, link, section, table
from feedeval.records import Judgement, Verdict
from feedeval.results.frames.results import RowStatus
from feedeval.results.naming import engine_words
from feedeval.results.stored import StoredSession
from feedeval.run.telling.words import error_in_words

_TITLE_CHARS = 160
_QUOTE_CHARS = 240
_NOT_THERE = "the words that were quoted are not in the feed"
_JUDGEMENTS = TypeAdapter(tuple[Judgement, ...])


@dataclass(frozen=True, slots=True)
class ProductEvaluation:
    """One product of an audit, as text (`str(evaluation)`) and as static HTML."""

    key: str
    """The record's key: the product id, or `id#2` where an id repeats."""
    product_id: str
    product_url: str
    title: str
    category: str
    coverage_pct: float | None
    """None where the product failed, nothing of it was judged, or less than half of what applies."""
    judgements: tuple[Judgement, ...]
    """In the order in which the questions were asked."""
    missing_core_fields: str
    context: str
    """The text of the feed that was judged."""
    engine: str
    note: str
    """What has to be said of the engine; empty for a language model."""
    error: str
    """Why it failed; empty where it is done."""

    @property
    def name(self) -> str:
        """What a person calls it: its title, else its id."""
        return clip(" ".join((self.title or self.product_id or "(no title)").split()), _TITLE_CHARS)

    def facts(self) -> dict[str, str]:
        """Return what there is to say beside the verdicts, by name."""
        facts = {"Product": self.product_id, "Category": self.category or "(no category)"}
        facts |= (
            {"Failed": error_in_words(self.error)}
            if self.error
            else {"Answers": self._counts(), "Judged by": engine_words(self.engine)}
        )
        return facts | ({"Missing required fields": self.missing_core_fields} if self.missing_core_fields else {})

    def text(self, width: int = 100) -> str:
        """Return the evaluation for a terminal of `width` cells."""
        coverage = f": {self.covered}" if self.covered else ""
        facts = [f"  {name + ':':<26}{plain(value)}" for name, value in self.facts().items()]
        parts = ["\n".join([f"{plain(self.name)}{coverage}", *facts])]
        rows = [(j.verdict.shown, _question(j), _answer(j)) for j in self.judgements]
        parts.append(columns(rows, ("Answer", "Question", "What the feed says"), width=width, indent="  "))
        parts.append(plain(self.note))
        return "\n\n".join(part for part in parts if part)

    __str__ = text

    def _repr_html_(self) -> str:
        return product_html(self)

    @property
    def covered(self) -> str:
        """The coverage with how much of what applies was judged; empty where the product failed."""
        return "" if self.error else covered_in_words(self.coverage_pct, [j.verdict for j in self.judgements])

    def _counts(self) -> str:
        verdicts = [judgement.verdict for judgement in self.judgements]
        words = [f"{verdicts.count(v)} {v.words}" for v in Verdict if v.counts or v in verdicts]
        needed = sum(j.required and j.verdict is Verdict.NO for j in self.judgements)
        return ", ".join(words) + (f", {needed} of them needed before buying" if needed else "")


def product_evaluation(session: StoredSession, product: str) -> ProductEvaluation:
    """Return one product of an audit.

    Args:
        session: The audit.
        product: The product's id, or its key where several products have that id.

    Raises:
        InputError: The session is no audit, or it has no such product (yet).
    """
    if not session.is_audit:
        raise InputError(f"session {session.id} is no audit of products: its rows stand in session.results")
    rows = session.keys.index[session.keys == product]
    if not len(rows):
        known = ", ".join(plain(key) for key in session.keys.head(3))
        raise InputError(
            f"session {session.id} has no product {plain(product)!r} that is done; there are {known}, …"
            if known
            else f"session {session.id} has no product that is done yet"
        )
    return of_row(session.results.loc[rows[0]], key=product, note=session.note)


def of_row(row: pd.Series, *, key: str, note: str = "") -> ProductEvaluation:
    """Return the product of one row of `Session.results`; where texts stay on disk, only its own are read.

    Args:
        row: The row.
        key: The record's key.
        note: What has to be said of the engine.
    """
    done = row["status"] == RowStatus.DONE.value
    names = ("product_id", "product_url", "title", "category", "missing_core_fields", "engine")
    words = {name: _text(row[name]) for name in names}
    return ProductEvaluation(
        key=key,
        **words,
        coverage_pct=float(row["coverage_pct"]) if done and pd.notna(row["coverage_pct"]) else None,
        judgements=_JUDGEMENTS.validate_json(row["judgements_json"]) if done else (),
        context=_text(row["name_plus_context"]),
        note=note,
        error=_text(row["error"]),
    )


def product_html(evaluation: ProductEvaluation) -> Markup:
    """Return a product's evaluation as static HTML: facts, then a row a question, then the text that was judged."""
    title = Markup(f"<bdi>{link(evaluation.product_url, evaluation.name)}</bdi>")
    facts = {name: foreign(clip(value, _QUOTE_CHARS)) for name, value in evaluation.facts().items()}
    parts = [Markup(f"<p><em>{escape(evaluation.note)}</em></p>")] if evaluation.note else []
    if evaluation.coverage_pct is not None:
        parts.append(bar(evaluation.coverage_pct / 100, evaluation.covered))
    elif evaluation.covered:
        parts.append(Markup(f"<p><b>{escape(evaluation.covered)}</b></p>"))
    parts.append(definitions(facts))
    if evaluation.judgements:
        parts.append(_judgements_html(evaluation.judgements))
    if evaluation.context:
        lines = Markup("<br>".join(foreign(line) for line in evaluation.context.splitlines()))
        parts.append(Markup(f"<details><summary>The text that was judged</summary><p>{lines}</p></details>"))
    return section(title, *parts)


def covered_in_words(coverage_pct: float | None, verdicts: Sequence[str]) -> str:
    """Return the coverage of a product with how much of what applies was judged.

    Args:
        coverage_pct: None where it has none.
        verdicts: On all of its questions.
    """
    judged = sum(Verdict(verdict).counts for verdict in verdicts)
    applies = judged + list(verdicts).count(Verdict.NOT_JUDGED)
    if not applies:
        return "no question applies" if verdicts else ""
    of_what = f"{judged} of {applies} questions judged"
    if coverage_pct is None:
        return f"no coverage: {of_what}" if judged else "no coverage: no question was judged"
    return f"{coverage_pct:.1f} % covered{'' if judged == applies else f', {of_what}'}"


def verdict_mark(verdict: str) -> Markup:
    """Return a verdict as glyph and word on one line."""
    return Markup(Verdict(verdict).shown.replace(" ", "&nbsp;"))


def _judgements_html(judgements: tuple[Judgement, ...]) -> Markup:
    rows = [
        (
            verdict_mark(judgement.verdict),
            Markup(f"{foreign(judgement.question)}{' <b>(required)</b>' if judgement.required else ''}"),
            foreign(_answer(judgement)),
        )
        for judgement in judgements
    ]
    return table(rows, ("Answer", "Question", "What the feed says (→ where an answer would go)"))


def _question(judgement: Judgement) -> str:
    return f"{judgement.question} (required)" if judgement.required else judgement.question


def _answer(judgement: Judgement) -> str:
    """Return the words of the feed, and where there are none or not all, where an answer would go."""
    quote = f"“{clip(judgement.evidence, _QUOTE_CHARS)}”" if judgement.evidence else ""
    said = quote if judgement.verified else _NOT_THERE
    if not judgement.verdict.counts:
        return said or judgement.reason
    where = "" if judgement.verdict is Verdict.YES or not judgement.attribute else f"→ {judgement.attribute}"
    return " ".join(part for part in (said, where) if part)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
