"""One session, as people use it: read back as frames, summed up, and asked what to do next. It only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from feedeval.errors import InputError, SessionError
from feedeval.formatting import plain
from feedeval.html import bar, definitions, escape, section
from feedeval.records.kinds import JobKind
from feedeval.results.export import sliced, write_chunks, write_frame
from feedeval.results.finding import find_session
from feedeval.results.product import ProductEvaluation, product_evaluation
from feedeval.results.session_with_pages import SessionWithPages
from feedeval.storage.paths import AnyFolder, SessionFolder

if TYPE_CHECKING:
    from feedeval.results.certify.certified import Certified
    from feedeval.results.columnar import Where
    from feedeval.results.gaps.actions import Actions
    from feedeval.results.gaps.fixfile import FixFile
    from feedeval.results.gaps.next_steps import NextSteps
    from feedeval.results.gaps.proposals import Suggester
    from feedeval.results.ledger.ledger import AnswerLedger
    from feedeval.results.summary import Summary
    from feedeval.results.workbook.workbook import Workbook


def load_session(session_id: str | None = None, *, output_dir: AnyFolder = "output") -> Session:
    """Return a session, the latest by default.

    Args:
        session_id: The session's id, the beginning of one if no other begins so, or its name if no other is called so.
        output_dir: The folder that the session was written to; a `SessionFolder` names its file system as well.

    Raises:
        SessionNotFound: There is no such session, or several begin so; the message lists what is there.
    """
    folder = SessionFolder.of(output_dir)
    return Session(find_session(session_id, folder), folder)


class Session(SessionWithPages):
    """A session as people use it: its frames, its summary, and what it advises to do.

    Frames are read when they are first asked for and kept; `reload()` reads them again, for a run that is still going
    on. Changing a frame changes neither the session nor what is asked for next.

    Attributes:
        id: What its files are called by, `YYYYMMDD_HHMMSS_xxxxxx`; one of an earlier version has no suffix.
        output_dir: The folder of its files.
    """

    def evaluation(self, product: str) -> ProductEvaluation:
        """Return one product's questions, verdicts and quotes, to be displayed or printed.

        Args:
            product: The product's id, or `id#2` for the second product of that id.

        Raises:
            InputError: The session is no audit, or it has no such product that is through.
        """
        return product_evaluation(self, product)

    def summary(self) -> Summary:
        """Return what a merchandiser wants to know first: coverage, worst products, most-missed questions, files."""
        from feedeval.results.summary import summarise

        has_actions = self.is_audit and self.is_small and bool(self.progress.counts.done)
        return summarise(self, actions=self.action_cards if has_actions else ())

    def certify(self, labels: pd.DataFrame | str | Path) -> Certified:
        """Return coverage as people would have judged it, with its interval, as `feedeval.certify` does.

        Args:
            labels: A frame or a CSV with product_id, question, label and perhaps probability.

        Raises:
            InputError: The session is no audit, or the labels cannot be used.
        """
        from feedeval.results.certify.certify import certify

        return certify(self, labels)

    def gaps(self, by: str = "attribute", within: str | None = None) -> pd.DataFrame:
        """Return what the feed leaves open, and what it would gain by filling it; the most useful first.

        An open question is one that is answered by half or not at all; one that does not apply or was not judged is
        none. It is counted for the attribute that should
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
            answers_per_product; gain_of_feed (points of the whole feed's coverage, which rows are ranked by, after what
            can be copied from pages: on_page, Int64, counts the products whose page answers);
            answer_rate (0 to 1) (float64); examples (str: three products with their open questions, a line each).
            There are at most 10,000 rows. `attrs["feedeval"]` holds `left_out` (how many more there would be),
            `products` (that the figures rest on) and `estimated` (bool: a sample was audited, so that counts and
            points are estimates for its whole feed; `learnt_from` and examples are of the sample).

        Raises:
            InputError: The session is no audit, or an argument is none of those there are.
        """
        from feedeval.results.gaps.gaps import gap_table

        return gap_table(self._open_feed, by, within)

    def next_steps(self, n: int = 10, within: str | None = "category") -> NextSteps:
        """Return the `n` most useful things to do, as sentences; the figures are those of `gaps`.

        Args:
            n: Most steps.
            within: `category` for steps of one category each; None for steps of the whole feed.

        Raises:
            InputError: The session is no audit, or `n` is below 1.
        """
        from feedeval.results.gaps.gaps import gap_table
        from feedeval.results.gaps.next_steps import steps_of

        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InputError(f"n={n!r}: give a whole number from 1")
        return steps_of(
            gap_table(self._open_feed, within=within),
            n,
            notes=self._advice_notes(),
        )

    @cached_property
    def action_cards(self) -> Actions:
        """What to do first: one action an attribute, the one that gains most first; `actions` as objects.

        Kept until `reload()`.

        Raises:
            InputError: The session is no audit.
        """
        from feedeval.results.gaps.making import actions_of
        from feedeval.results.gaps.present_values import with_present
        from feedeval.results.ledger.ledger import with_words

        made = actions_of(self._open_feed, self.standing.coverage_pct, self._advice_notes())
        if self.is_small:
            made = with_present(made, self.results)
        return made if self._asked_pages is None else with_words(made, self._asked_pages)

    def _advice_notes(self) -> Iterator[str]:
        from feedeval.results.gaps.advice_notes import advice_notes

        large = self.large
        not_judged = self._open_questions.judged.not_judged if large is None else large.not_judged
        yield from advice_notes(self, not_judged)
        if (ledger := self._asked_pages) is not None:
            yield f"Pages beside the feed: {ledger.headline}. No answer on a page counts in the coverage."

    def actions(self) -> pd.DataFrame:
        """Return what to do first: a row an attribute, over all categories, the one that gains most first.

        An action covers the products that lack the attribute and those whose value says too little. The gain is that of
        `gaps`: what the coverage of the whole feed is expected to rise by. Its interval (95 %) counts how products
        differ and how sure it is that filling the attribute answers the question; it takes what is filled in to answer
        as often as what other products of the feed have there already.

        Returns:
            attribute, action (add, extend, or both), what (the action in words) (str); products (Int64); questions
            (str, the five that lose most, a line each); open_questions, required_open (required ones without any
            answer), missing_core (products that lack it though the destination requires it) (Int64); gain_pct,
            gain_low_pct, gain_high_pct (points of coverage), before_pct, after_pct (coverage of the feed, 0 to 100)
            (float64); examples (str, three products that are not nearly the same, `id: title`, a line each); on_page
            (Int64, products whose page answers: what can be copied comes first).
            Actions that gain less than 0.1 point are left out, unless the destination requires the attribute or they
            are among the first three. `attrs["feedeval"]` holds `products`, `covered` and `estimated`, as those of
            `gaps`, and how many actions are `left_out`.

        Raises:
            InputError: The session is no audit.
        """
        return self.action_cards.frame()

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
        by a name that is no such attribute is asked for by its question. An empty cell changes nothing. Where pages
        were asked (`ledger`), what can be copied from them comes first and stands in the cells, as proposals do.

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
        from feedeval.results.gaps.proposals import Asking, ToFill, make_fix_file

        if suggest and evaluator is None:
            raise InputError("suggest=True needs somebody to ask: give evaluator=, a ProductFeedEvaluator with a model")
        asking = None if evaluator is None or not suggest else Asking(evaluator, budget_usd)

        def to_fill() -> ToFill:
            if self.large is not None:
                from feedeval.results.large.filling import to_fill_in_parts

                return to_fill_in_parts(self._in_parts, limit)
            ledger = self._asked_pages
            return ToFill.of(self._open_questions, limit, {} if ledger is None else ledger.proposals())

        return make_fix_file(self, to_fill, path, limit=limit, asking=asking)

    def questions_and_answers(self, ledger: AnswerLedger | pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the questions that were answered, with the words that answer them, as pairs for the feed.

        Args:
            ledger: What feed and pages say to the same questions; None takes the answers of the feed alone.

        Returns:
            A row a pair, by product in the order of the feed and the best first: product_id, title, question, answer,
            source (feed, page), field (that holds the words, or where those of the page belong), quote, page_url,
            question_digital_source_type, answer_digital_source_type (trained_algorithmic_media where a model worded
            it, else default) (str); required (bool); open_products (Int64: that leave the question open).
            `attrs["feedeval"]` holds `products`, `from_pages`, `beside` (products that have pairs in the feed) and
            `left_out` (answers by the reason).

        Raises:
            InputError: The session is no audit, or the ledger lacks a column.
        """
        from feedeval.results.answers.writing import questions_and_answers

        return questions_and_answers(self, ledger)

    def workbook(self, path: str | Path, *, target: str = "google", limit: int | None = None) -> Workbook:
        """Write a workbook of what was found and what to do, with a sheet to fill in.

        Its sheets are *Summary*, *Actions*, *Products* (the worst first), *Answers* (a row a question) and *To fill
        in*: a row a product with something to add, those that gain most first, with `id`, `title`, `link`, `current
        value` and an empty column for each action, the one that gains most first. An entry of `product_detail` and the
        answer to a question that belongs to no attribute have columns of their own. Where the destination takes one of
        a few values, the cell offers them.

        Filled in, it is given to `apply_fixes`, or uploaded in the app. An empty cell changes nothing. Where pages were
        asked (`ledger`), what can be copied from them comes first: the words stand in green cells, to be looked at, and
        their quote and address in `current value`.

        Args:
            path: Ends in `.xlsx`.
            target: The destination whose values are offered, as `check_feed` calls it.
            limit: Most products to fill in.

        Returns:
            What is in the file; it stands for its path wherever a path is taken.

        Raises:
            InputError: The session is no audit, no product is done, or an argument cannot be used.
            StorageError: The file cannot be written.
        """
        from feedeval.results.workbook.workbook import write_workbook

        return write_workbook(self, lambda: self._in_parts, path, target=target, limit=limit)

    def read(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """Return some columns and rows of the results, without reading the rest; for sessions that are too large.

        Args:
            columns: Names of columns of `results`, and `key`; None: those of `results`.
            where: Conditions that must all hold, such as `[("coverage_pct", "<", 50), ("category", "in", ["Boots"])]`.

        Returns:
            The rows that fit, in the order of the feed. A session in shards is read from the tables that its shards
            leave when they are through.

        Raises:
            InputError: There is no such column, a condition cannot be used, pyarrow is missing, or it is no audit.
        """
        from feedeval.results.columnar import read_columns

        return read_columns(self, columns, where)

    def consolidate(self, path: str | Path, *, rows: str = "products") -> Path:
        """Write the results as one table and return its path.

        Args:
            path: `.csv` for spreadsheets, `.xlsx`, `.jsonl`, or `.parquet`.
            rows: What a row is: `products`, as `results`; `table`, a product for people, without JSON and with its open
                questions in words; or `judgements`, as `judgements`.

        Raises:
            InputError: Another suffix, a package that is missing, or more rows than a worksheet takes.
            StorageError: The file cannot be written.
        """
        from feedeval.results.merging import RowKind, for_people, row_kind, rows_of

        kind = row_kind(rows, [self])
        if (parts := rows_of(self, kind)) is not None:
            return write_chunks(parts[0], path, rows=parts[1])
        if kind is RowKind.TABLE:
            results = self.results
            return write_chunks(map(for_people, sliced(results)), path, rows=len(results))
        return write_frame(self.results if kind is RowKind.PRODUCTS else self.judgements, path)

    def __repr__(self) -> str:
        try:
            facts = self.facts()
            if self.is_audit and self.progress.counts.done:
                facts |= self._coverage_facts()
        except SessionError as exc:
            return f"Session {self.id}: {plain(exc)}"
        room = max(11, *(len(name) + 1 for name in facts))
        return "\n".join(f"{name:<{room}}{plain(value)}" for name, value in facts.items())

    def _repr_html_(self) -> str:
        try:
            facts, counts = self.facts(), self.progress.counts
        except SessionError as exc:
            return section(f"Session {self.id}", escape(exc))
        title = self.title if self.title != self.id else f"Session {self.id}"
        share = (counts.done + counts.failed) / counts.total if counts.total else 0.0
        # The summary says what the facts say, and more.
        summed_up = self.progress.kind in (JobKind.AUDIT, JobKind.SHADOW) and self.is_small and counts.done
        return section(title, bar(share), self.summary().body_html() if summed_up else definitions(facts))
