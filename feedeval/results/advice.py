"""What a session advises to do: gaps, steps, and a file to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pandas as pd

from feedeval.errors import InputError

if TYPE_CHECKING:
    from feedeval.results.fixfile import FixFile
    from feedeval.results.proposals import Suggester
    from feedeval.results.session import Session
    from feedeval.results.steps import NextSteps


class Advice:
    """The part of a `Session` that advises, which it is made with."""

    @property
    def _session(self) -> Session:
        return cast("Session", self)

    def gaps(self, by: str = "attribute", within: str | None = None) -> pd.DataFrame:
        """Return what the feed leaves open, and what it would gain by filling it; the most useful first.

        An open question is one that is answered by half or not at all. It is counted for the attribute that should
        hold the answer, named as feeds are read here; a name that is no attribute of Google's data is an entry of
        `product_detail`. `action` is `add` where products lack the attribute and `extend` where they fill it and the
        answer is not in it. An attribute that the judge did not see counts as lacking.

        The gain is what coverage is expected to rise by. How often filling an attribute answers its questions is
        learnt from products that fill it (`answer_rate`, from `learnt_from` products of the same categories; where
        there are none, from all attributes). The interval (95 %) counts both that and how products differ.

        Args:
            by: `attribute`, `taxonomy` or `question`.
            within: `category` for a row a gap and category; None for the whole feed.

        Returns:
            The column named by `by`, with action (by attribute) and category (within it), all str; of_products (of the
            group), products (with open questions in the gap), open_questions, required_open (required ones without any
            answer), missing_core (by attribute: products that lack it though the destination requires it), learnt_from
            (Int64); coverage_pct and coverage_if_filled_pct (0 to 100, of the group); gain, gain_low, gain_high
            (points of the group's coverage); gain_per_product (points of each product to be edited);
            answers_per_product; gain_of_feed (points of the whole feed's coverage, which rows are ranked by);
            answer_rate (0 to 1) (float64); examples (str: three products with their open questions, a line each).
            There are at most 10,000 rows. `attrs["feedeval"]` holds `left_out` (how many more there would be),
            `products` (that the figures rest on) and `estimated` (bool: a sample was audited, so that counts and
            points are estimates for its whole feed; `learnt_from` and examples are of the sample).

        Raises:
            InputError: The session is no audit, or an argument is none of those there are.
        """
        from feedeval.results.gaps import gap_table

        return gap_table(self._session._openings, by, within)

    def next_steps(self, n: int = 10, within: str | None = "category") -> NextSteps:
        """Return the `n` most useful things to do, as sentences; the figures are those of `gaps`.

        Args:
            n: Most steps.
            within: `category` for steps of one category each; None for steps of the whole feed.

        Raises:
            InputError: The session is no audit, or `n` is below 1.
        """
        from feedeval.results.gaps import gap_table
        from feedeval.results.steps import steps_of

        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InputError(f"n={n!r}: give a whole number from 1")
        return steps_of(gap_table(self._session._openings, within=within), n, notes=advice_notes(self._session))

    def fix_file(
        self,
        path: str | Path,
        *,
        limit: int | None = None,
        suggest: bool = False,
        evaluator: Suggester | None = None,
        budget_usd: float | None = None,
    ) -> FixFile:
        """Write a file that the shop fills in: a supplemental feed in Google's form, tab-separated.

        A row a product with something to add, those that gain most first. Columns are `id`, the attributes of Google's
        data that products lack or that say too little, the one that gains most first, and `question_and_answer` with
        the product's open questions, required ones first, at most 30, each with an empty answer. What the judge called
        by a name that is no such attribute is asked for by its question. An empty cell changes nothing.

        Filled, it is laid over the feed by `apply_fixes`, which leaves out questions without an answer; `check_feed`
        reads it with `supplemental=True`. What is uploaded is made of it by `write_supplement`, because a supplement
        takes the place of what the feed has: without questions that wait for their answer, and with the values that
        stand beside a new one.

        Args:
            path: Ends in `.tsv` or `.txt`.
            limit: Most products.
            suggest: Ask a model for values that another field of the same product states. Only values whose quote
                stands in the product, and which stand in the quote word by word, get into the file; the others are
                dropped and counted. A second file, `<name>.proposals.tsv`, lists each value with its quote. Whatever
                a fresh file holds in a cell is such a proposal, to be looked at before it is used.
            evaluator: Who is asked: a `ProductFeedEvaluator` with a model, one call a product. What it answered is not
                paid for twice.
            budget_usd: Hard cap on what asking may cost; None sets no cap.

        Raises:
            InputError: The session is no audit, nothing is left to fill in, `path` or `limit` cannot be used, or
                `suggest` without a model.
            RunFault: Asking had to pause for something that a person has to mend; the same call goes on.
            StorageError: The file cannot be written.
        """
        from feedeval.results.proposals import Asking, make_fix_file

        if suggest and evaluator is None:
            raise InputError("suggest=True needs somebody to ask: give evaluator=, a ProductFeedEvaluator with a model")
        session = self._session
        asking = None if evaluator is None or not suggest else Asking(evaluator, budget_usd)
        return make_fix_file(session, session._openings, path, limit=limit, asking=asking)


def advice_notes(session: Session) -> Iterator[str]:
    """Yield what has to be known to read the advice: who judged, and which products it does not rest on."""
    counts = session.progress.counts
    if session.note:
        yield session.note
    if drawn := session.sample:
        yield (
            f"A sample of {drawn['drawn']:,} of {drawn['of']:,} products was audited: counts and points are estimates "
            "for the whole feed, examples are of the sample."
        )
    if counts.left:
        yield f"The audit is not finished: {counts.left:,} of {counts.total:,} products are left and not counted."
    if counts.failed:
        yield f"{counts.failed:,} product{'s' * (counts.failed != 1)} failed and could not be judged."
