"""The second step of an audit with pages: what the feed leaves open is put to the products' landing pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedeval.errors import InputError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.launching import OFFLINE, Showing, launch
from feedeval.evaluator.options import PagesLike
from feedeval.evaluator.two_steps import LEAST_USD, READING, Step
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.pages import Pages
from feedeval.feed.pages.read_pages import read_pages
from feedeval.feed.parsing.product import Product
from feedeval.jobs.engine import Engine
from feedeval.jobs.landing_pages import PagesJob
from feedeval.notebook.panel.choose_reporters import reporters_for
from feedeval.notebook.panel.output import kernel_shell
from feedeval.notebook.panel.reporter import PanelReporter
from feedeval.results.cases import stored_results
from feedeval.results.ledger.asking import Products, page_cases, stored_product
from feedeval.results.session import Session, load_session
from feedeval.results.stored import StoredSession
from feedeval.run.settings import RunSettings
from feedeval.storage.paths import SessionFolder

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient

_LINKS = ("id", "item_id", "link", "url", "canonical_link", "item_group_id")
"""What a page is found by."""
_OPTIONS = ("folder", "pages", "cache_dir", "allow_private", "limits", "progress")
_KEPT = ("folder", "cache_dir", "limits")
"""Arguments of `read_pages` that a session writes down. Its files may be somebody else's: on their word alone nothing
inside this network is asked."""


@dataclass(frozen=True, slots=True)
class PageStep:
    """How the pages of an audit are asked."""

    pages: Pages | Mapping[str, Any]
    """Those that were read, or how to read them."""
    open_engine: Callable[[], tuple[Engine, ModelClient | None]]
    running: RunSettings
    products: Products | None = None
    """The feed; None: as far as the audit's own files tell."""

    def launch(self, audit: Session, showing: Showing, stopped: Callable[[], bool] = lambda: False) -> EvaluationRun:
        """Read the pages, and put the questions that the audit left open to them in a session of their own.

        Raises:
            InputError: It was stopped while pages were fetched.
        """
        # A bar that is drawn behind a cell's back would stand in another cell.
        shown = showing.progress != "none" and (showing.blocking or kernel_shell() is None)
        if showing.reporters is None:
            reporters = reporters_for(showing.progress, blocking=showing.blocking)
            showing = showing._replace(reporters=reporters)
            for reporter in reporters:
                reporter.message(READING)
        pages = self._read(audit, {"progress": shown, "stopped": stopped})
        engine, client = self.open_engine()
        cases = partial(page_cases, audit, pages, self.products, everything=engine.name == OFFLINE)
        job = PagesJob(cases, engine, locale=audit.progress.fingerprint["locale"], session=audit.id)
        running = self.running.model_copy(update={"name": f"Pages of {audit.title}"[:200]})
        return launch(job, audit.output_dir, running, client=client, showing=showing)

    def behind(self, showing: Showing) -> Step:
        """Return what starts this step behind an audit, within what its budget left."""

        def begin(audit: Session, panel: PanelReporter | None, stopped: Callable[[], bool]) -> EvaluationRun:
            within = replace(self, running=self._within(audit))
            return within.launch(audit, showing._replace(reporters=(panel,) if panel else None), stopped)

        return begin

    def _read(self, audit: Session, watch: Mapping[str, Any]) -> Pages:
        if isinstance(self.pages, Pages):
            return self.pages
        products = self.products() if self.products is not None else map(stored_product, stored_results(audit))
        options = {"cache_dir": audit.output_dir / "pages", **watch, **self.pages}
        return read_pages(_links(products), **options)

    def _within(self, audit: Session) -> RunSettings:
        """Return the settings of the run: its budget is what the audit left."""
        running = self.running.model_copy(update={"session": None, "also_from": ()})
        if running.budget_usd is None:
            return running
        left = max(running.budget_usd - (audit.progress.cost_usd or 0.0), LEAST_USD)
        return running.model_copy(update={"budget_usd": left})


def judge_pages(
    pages: PagesLike,
    session: StoredSession,
    open_engine: Callable[[], tuple[Engine, ModelClient | None]],
    *,
    budget_usd: float | None,
) -> Session:
    """Put what an audit leaves open to the landing pages, in a session of its own; blocks.

    Raises:
        InputError: `pages` is none of what it may be, or the embedded engine is asked what is not its own.
        RunFault: The run had to pause for something that a person has to mend; the same call goes on.
    """
    how = pages_of(pages)
    if how is None:
        raise InputError("pages: give True to fetch them, a folder of saved ones, or what read_pages returned")
    audit = load_session(session.id, output_dir=SessionFolder(session.paths.folder, session.paths.file_system))
    run = PageStep(how, open_engine, RunSettings(budget_usd=budget_usd)).launch(audit, Showing(None, True))
    run.block()
    return run.session()


def _links(products: Any) -> Iterator[Product]:
    """Yield of each product only what its page is found by: a feed is longer than its links."""
    for product in products:
        yield {name: product[name] for name in _LINKS if name in product}


def pages_of(pages: PagesLike) -> Pages | Mapping[str, Any] | None:
    """Return pages, or how to read them; None where none are asked for.

    Raises:
        InputError: It is neither, or names no folder.
    """
    if pages is None or pages is False:
        return None
    if isinstance(pages, Pages):
        return pages
    if pages is True:
        return {}
    how = {"folder": pages} if isinstance(pages, str | Path) else pages
    if not isinstance(how, Mapping):
        raise InputError(
            f"pages={pages!r}: give True to fetch them, a folder of saved ones, what read_pages returned, or a mapping "
            f"with arguments of read_pages ({', '.join(_OPTIONS)})"
        )
    if unknown := [str(name) for name in how if name not in _OPTIONS]:
        raise InputError(f"pages: {', '.join(unknown)}; read_pages takes {', '.join(_OPTIONS)}")
    if how.get("folder") is not None and not Path(how["folder"]).is_dir():
        raise InputError(f"pages: {str(how['folder'])!r} is no folder of saved pages")
    return _with_limits(how)


def _with_limits(how: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments with their limits as `read_pages` takes them: a session keeps them as numbers by name."""
    limits = how.get("limits")
    return {**how, "limits": PageLimits(**limits)} if isinstance(limits, Mapping) else how


def kept(pages: Pages | Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a session writes down of its pages; None where they were given and cannot be read again by it."""
    if isinstance(pages, Pages) or pages.get("pages") is not None:
        return None
    found = {name: pages[name] for name in _KEPT if pages.get(name) is not None}
    if isinstance(limits := found.get("limits"), PageLimits):
        found["limits"] = asdict(limits)
    return {
        name: str(Path(value).absolute()) if isinstance(value, Path | str) else value for name, value in found.items()
    }
