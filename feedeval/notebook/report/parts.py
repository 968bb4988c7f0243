"""What the parts of a report share: what the session holds, tables, and text of a feed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from feedeval import html
from feedeval.formatting import clip
from feedeval.html import Markup, escape
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.records import COUNTED, Verdict
from feedeval.results.basis import Standing
from feedeval.results.certify.certified import Certified
from feedeval.results.frames.judgements import count_judgements
from feedeval.results.frames.results import RowStatus
from feedeval.results.gaps.actions import Actions
from feedeval.results.large.reader import NAMES
from feedeval.results.large.rows import JUDGED
from feedeval.results.session import Session
from feedeval.results.stored import LargeResultsWarning
from feedeval.results.summary import summarise

ADD = 10
"""Questions that are shown with the field where an answer would go."""
_QUOTE_CHARS = 240


def figures_of(session: Session) -> pd.DataFrame:
    """Return the results that figures and plots are made of; too large to be held, without names and texts."""
    large = session.large
    return session.results if large is None else large.figures.assign(category=large.table.values("category"))


@dataclass(frozen=True)
class Material:
    """What a session holds, read once for all parts."""

    session: Session
    results: pd.DataFrame
    """A row a product; of a session too large to be held, without what identifies it (`named`)."""
    notes: tuple[str, ...]
    """What has to be said of the engine, and of how it read the feed."""
    certified: Certified | None = None
    """What people's labels say of it."""

    @classmethod
    def of(cls, session: Session, certified: Certified | None = None) -> Material:
        """Read a session."""
        with warnings.catch_warnings():
            # The long texts of a large session stay on disk.
            warnings.simplefilter("ignore", LargeResultsWarning)
            return cls(session, figures_of(session), summarise(session, top=1).notes, certified)

    @cached_property
    def done(self) -> pd.DataFrame:
        """The rows of the products that were evaluated."""
        return self.results[self.results["status"] == RowStatus.DONE.value]

    @cached_property
    def actions(self) -> Actions:
        """What to do first."""
        return self.session.action_cards

    @cached_property
    def standing(self) -> Standing:
        """The coverage with what it stands on."""
        return self.session.standing

    @cached_property
    def asked(self) -> pd.DataFrame:
        """How often each verdict was given: question, taxonomy, required, verdict, attribute, and count."""
        if self.session.large is not None:
            return self.session.large.asked()
        return count_judgements(self.session.judgements)

    @property
    def questions_asked(self) -> int:
        """Questions that were asked, over all products."""
        return int(self.asked["count"].sum())

    def keys_of(self, rows: pd.DataFrame) -> pd.Series:
        """Return the keys of a few rows of the results."""
        large = self.session.large
        return (
            self.session.keys.loc[rows.index]
            if large is None
            else large.table.rows(rows.index.to_numpy(), ["key"])["key"]
        )

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return a few rows of the results with what identifies their products."""
        large = self.session.large
        return rows if large is None else rows.join(large.table.rows(rows.index.to_numpy(), NAMES))

    @property
    def addresses(self) -> Iterator[pd.Series]:
        """The addresses of all products, some at a time."""
        large = self.session.large
        frames = iter([self.results]) if large is None else large.products_by_shard(["product_url"])
        return (frame["product_url"].dropna() for frame in frames)

    def judgements_of(self, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return the judgements of a few rows of the results, by key."""
        large = self.session.large
        if large is not None:
            chosen = large.judgements_of(large.table.rows(rows.index.to_numpy(), JUDGED))
        else:
            judgements = self.session.judgements
            chosen = judgements[judgements["key"].isin(list(self.keys_of(rows)))]
        return {str(key): found for key, found in chosen.groupby("key", sort=False)}

    @cached_property
    def open(self) -> pd.DataFrame:
        """The questions that most products leave open, a row each, over all categories.

        Columns: question, required (products that leave it open though a buyer needs the answer), asked, products (that
        leave it open or answer it in part), partial, attribute.
        """
        judged = self.asked[self.asked["verdict"].isin(list(COUNTED))]
        verdicts, count = judged["verdict"], judged["count"]
        products, partial = verdicts.ne(Verdict.YES.value), verdicts.eq(Verdict.PARTIAL.value)
        weights = judged["required"].map({True: REQUIRED_WEIGHT, False: 1}).astype(float)
        counted = judged[["question"]].assign(
            required=count * (judged["required"].astype(bool) & products),
            asked=count,
            products=count * products,
            partial=count * partial,
            rank=count * weights * (products.astype(float) - partial / 2),
        )
        frame = counted.groupby("question").sum().query("products > 0")
        top = frame.sort_values("rank", ascending=False, kind="stable").head(ADD).reset_index()
        if top.empty:
            return top.assign(attribute=pd.Series(dtype=object))
        # Of these few only: where each product has its own questions, there are as many as judgements.
        rest = judged[products & judged["question"].isin(top["question"])]
        attributes = rest.groupby("question")[["attribute", "count"]].apply(_most_frequent).rename("attribute")
        return top.join(attributes, on="question")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table that scrolls by itself on a narrow screen; columns of numbers are right-aligned."""
    cells = [list(row) for row in rows]
    numeric = [all(isinstance(row[n], int | float) for row in cells) for n in range(len(header))]
    kinds = [' class="figure"' if is_number else "" for is_number in numeric]
    head = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(header, kinds, strict=True))
    lines = "".join(
        "<tr>"
        + "".join(
            f'<td{kind} data-label="{escape(name)}">{_cell(value)}</td>'
            for value, kind, name in zip(row, kinds, header, strict=True)
        )
        + "</tr>"
        for row in cells
    )
    return Markup(f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>')


def foreign(text: object, max_chars: int = _QUOTE_CHARS) -> Markup:
    """Return text of a feed, cut to a length and kept from turning the text around it."""
    return html.foreign(clip(text_of(text), max_chars))


def question_html(text: object, required: object) -> Markup:
    """Return a question, and whether a buyer needs the answer before buying."""
    return Markup(f"{foreign(text)}{' <b>(required)</b>' if required else ''}")


def text_of(value: object) -> str:
    """Return a cell's text, empty where it holds none."""
    return value if isinstance(value, str) else ""


def _cell(value: object) -> Markup:
    return escape(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value)


def _most_frequent(named: pd.DataFrame) -> str:
    counts = named[named["attribute"] != ""].groupby("attribute")["count"].sum()
    # The first of equal ones in the alphabet.
    return str(counts.idxmax()) if len(counts) else ""
