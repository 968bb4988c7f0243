"""A session that knows what its audit leaves open, and what the landing pages answer of that."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from feedeval.errors import InputError
from feedeval.results.stored import StoredSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feedeval.feed.pages.pages import Pages
    from feedeval.results.cases import StoredResult
    from feedeval.results.gaps.open_questions import OpenQuestions
    from feedeval.results.gaps.summing import OpenFeed
    from feedeval.results.large.in_parts import AuditInParts
    from feedeval.results.ledger.ledger import AnswerLedger, PageJudge


class SessionWithPages(StoredSession):
    """What is on disk of a session, its open questions, and where pages answer them."""

    @cached_property
    def _all_open(self) -> OpenQuestions:
        from feedeval.results.frames.judgement_arrays import read_judgement_arrays
        from feedeval.results.gaps.open_questions import find_open_questions

        if not self.is_audit:
            raise InputError(f"session {self.id} is of kind {self.progress.kind}: only an audit has gaps")
        return find_open_questions(read_judgement_arrays(self.batch_files, self.sample))

    @cached_property
    def _open_questions(self) -> OpenQuestions:
        """The open questions, which know what the pages answer where any were asked."""
        from feedeval.results.ledger.ledger import marked

        found, ledger = self._all_open, self._asked_pages
        return found if ledger is None else marked(found, ledger.on_page)

    @property
    def _open_feed(self) -> OpenFeed:
        """The same to be summed up: shard by shard where the session is too large to be held."""
        from feedeval.results.gaps.summing import OpenFeed

        if self.large is None:
            return OpenFeed.whole(self._open_questions)
        from feedeval.results.large.ledger import LargeLedger

        feed, ledger = self.large.open_feed, self._asked_pages
        return ledger.marked(feed) if isinstance(ledger, LargeLedger) else feed

    @property
    def _in_parts(self) -> AuditInParts:
        """The audit with what it leaves open and what can be copied: shard by shard where it cannot be held."""
        from feedeval.results.cases import results_in
        from feedeval.results.large.in_parts import AuditInParts

        shards = self.shards if self.large is not None else None
        ledger = self._asked_pages

        def results() -> Iterator[Iterator[StoredResult]]:
            if shards is None:
                yield results_in(self.batch_files)
            else:
                yield from (results_in(shards.batch_files_of(number)) for number in shards.numbers)

        return AuditInParts(self._open_feed, results, None if ledger is None else ledger.proposals_by_part)

    @cached_property
    def _asked_pages(self) -> AnswerLedger | None:
        """The ledger, where pages were asked for this audit."""
        from feedeval.results.ledger.page_answers import pages_session

        return None if pages_session(self) is None else self._stored_ledger()

    def _stored_ledger(self) -> AnswerLedger:
        from feedeval.results.large.ledger import LargeAudit, LargeLedger
        from feedeval.results.ledger.ledger import stored_ledger

        if self.large is not None:
            return LargeLedger(LargeAudit.of(self))
        return stored_ledger(self, self._all_open)

    def ledger(
        self,
        pages: Pages | bool | str | Path | None = None,
        *,
        evaluator: PageJudge | None = None,
        budget_usd: float | None = None,
    ) -> AnswerLedger:
        """Return where the answer to each question stands: in the feed, on the product's page, or nowhere.

        Without `pages` it reads what `ProductFeedEvaluator.start(feed, pages=…)` found. Coverage stays what the feed
        says; `gaps`, `next_steps`, `actions`, `fix_file` and `workbook` begin with what can be copied.

        Args:
            pages: The pages of the audited feed, as `read_pages` returned them; with `evaluator` also True, which
                fetches them, or a folder of saved ones.
            evaluator: Who asks the pages; what it finds is kept in a session of its own, and nothing is paid for twice.
                None: the embedded engine, for an audit of its own; what it finds is kept until `reload()`.
            budget_usd: Hard cap on what that may cost.

        Raises:
            InputError: The session is no audit, or a model audited and `pages` come without an evaluator.
            RunFault: Asking had to pause for something that a person has to mend; the same call goes on.
        """
        from feedeval.results.large.ledger import LargeAudit, LargeLedger
        from feedeval.results.ledger.asking import answered_here, given_pages
        from feedeval.results.ledger.ledger import ledger_of

        if not self.is_audit:
            raise InputError(f"session {self.id} is of kind {self.progress.kind}: only an audit has gaps")
        if pages is None:
            return self._asked_pages or self._stored_ledger()
        if evaluator is not None:
            evaluator.judge_pages(pages, session=self, budget_usd=budget_usd)
            ledger = self._stored_ledger()
        elif self.large is not None:
            there = given_pages(pages)
            ledger = LargeLedger(LargeAudit.of(self, lambda: answered_here(self, there)))
        else:
            ledger = ledger_of(self, self._all_open, answered_here(self, given_pages(pages)))
        self._use(ledger)
        return ledger

    def _use(self, ledger: AnswerLedger) -> None:
        """Let the advice rest on a ledger from now on."""
        for name in ("_open_questions", "action_cards"):
            self.__dict__.pop(name, None)
        self.__dict__["_asked_pages"] = ledger
