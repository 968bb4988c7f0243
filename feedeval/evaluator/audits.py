"""ProductFeedEvaluator: the audit of a feed, wired together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd
from pydantic import SecretStr

from feedeval.errors import InputError
from feedeval.evaluator.earlier import latest_audits, settings_then
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.freezing import frozen_questions, said_of, sources
from feedeval.evaluator.launching import OFFLINE, Showing, check_key, default_model, launch, open_client
from feedeval.evaluator.options import AuditOptions, EvaluatorOptions, PagesLike, StartOptions, sorted_options
from feedeval.evaluator.page_step import PageStep, judge_pages, kept, pages_of
from feedeval.evaluator.status import evaluation_status
from feedeval.evaluator.tiers import estimate_of
from feedeval.evaluator.two_steps import TwoSteps
from feedeval.feed.parsing.frames.kinds import is_used_up
from feedeval.feed.parsing.product import BuiltProducts
from feedeval.feed.reader import products
from feedeval.feed.sample import audited_again
from feedeval.feed.source import FeedSource
from feedeval.jobs.audit import AuditJob
from feedeval.jobs.engine import EmbeddedEngine, Engine, ModelEngine
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.prompts import language_name
from feedeval.jobs.suggest import Incomplete, SuggestJob
from feedeval.model.settings import ModelSettings
from feedeval.results.estimate import Estimate
from feedeval.results.session import Session, load_session
from feedeval.results.stored import StoredSession
from feedeval.run.settings import RunSettings
from feedeval.storage.addresses import shown, use_storage
from feedeval.storage.paths import folder_path
from feedeval.storage.shards import SHARDS

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient

Feed = Any
"""A frame of `read_feed`, mappings of field names to values, or anything that `read_feed` takes."""


class ProductFeedEvaluator:
    """Audits product feeds: asks what a buyer would ask, and judges whether the feed answers.

    Args:
        api_key: Key of the endpoint; None: the environment's `OPENAI_API_KEY`. It is kept in memory only.
        model: A model's name, or `offline` for the embedded engine. None: `gpt-4o-mini` where a key or an endpoint is
            given, here or by the environment's `OPENAI_API_KEY` and `OPENAI_BASE_URL`, else `offline`.
        locale: Language and country of the questions, such as `en-GB`.
        output_dir: Folder of the sessions; made when the first one starts. Or the address of one, such as
            `s3://bucket/prefix`, `gs://…`, `az://…`.
        base_url: An OpenAI-compatible endpoint; None: the environment's `OPENAI_BASE_URL`, else OpenAI's own.
        **model_options: Settings of the calls, as `ModelSettings` has them: `timeout_s`, `max_retries`,
            `max_in_flight`, `temperature`, `max_output_tokens`, `delay_s`, `input_price`, `output_price` and
            `cached_price` (dollars for a million tokens at the tier that is asked for, where it is not known),
            `service_tier` (`auto`, `default`, `flex`, `priority`) and `flex_fallback` (what becomes of a flex call
            that is refused for want of capacity: `wait`, or `default` for that tier), `reasoning_effort`, `seed`,
            `extra_headers` (kept in memory only), `extra_body` (further fields of each request), `api_version` and
            `azure_deployment` (Azure's classic form; `base_url` is the resource). And `storage_options`: those of the
            store where `output_dir` is an address, as `use_storage` takes them (kept in memory only).

    Raises:
        InputError: There is no key for the model, or a setting cannot be used.
    """

    def __init__(
        self,
        api_key: str | None = None,
        model: str | None = None,
        locale: str = "en-GB",
        output_dir: str | Path = "output",
        base_url: str | None = None,
        **model_options: Unpack[EvaluatorOptions],
    ) -> None:
        language_name(locale)
        self.locale = locale
        if storage_options := model_options.pop("storage_options", None):
            use_storage(str(output_dir), **storage_options)
        self.output_dir = folder_path(output_dir)
        self.model = model or default_model(api_key, base_url)
        self._base_url = base_url
        self._settings: ModelSettings | None = None
        self._run: EvaluationRun | None = None
        key = SecretStr(api_key) if api_key is not None else None
        # The embedded engine makes no calls; a misspelt setting of them is refused all the same.
        settings = ModelSettings(model=self.model, base_url=base_url, api_key=key, **model_options)
        if self.model != OFFLINE:
            # Said at once, not when the run has started.
            check_key(settings)
            self._settings = settings

    def __repr__(self) -> str:
        endpoint = f", base_url={self._settings.shown_endpoint!r}" if self._settings else ""
        return f"ProductFeedEvaluator(model={self.model!r}, locale={self.locale!r}{endpoint})"

    def start(
        self,
        feed: Feed = None,
        selected_fields: Sequence[str] | None = None,
        *,
        products_df: Feed = None,
        **options: Unpack[StartOptions],
    ) -> EvaluationRun:
        """Start an audit in the background, or go on with one; return at once.

        Going through a large feed takes a while before the audit begins: it is shown, and the run is `pending`. What is
        found wrong by then is raised here where that takes a moment, else by the run's `wait`, `sid` and `results`.

        Args:
            feed: A frame of `read_feed`, an iterable of mappings, or a path, an address, bytes or an open file. A path
                is read as a stream, whatever its length.
            selected_fields: Fields that the judge sees; None: every descriptive field that a product fills.
            products_df: Another name of `feed`.
            **options: `name` (what people call the session; else the feed's title, file or shop), `num_questions` (4
                to 24, default 12), `question_scope` (`category` or `product`), `batch_size` (1 to 1000, default 20, or
                15 for more than 1,000 products), `resume` (go on with the latest session of the same settings and
                products), `reuse` (take over what still holds after the feed has changed), `budget_usd` (hard cap),
                `give_up_after_s` (how long a call that blocks waits for room on the disk, memory, the network or an
                endpoint that asked to wait; default 1800, None for ever), `keep_calls` (keep the raw replies), `cache`
                (keep replies in the output folder's `cache` for all sessions, so that the same request is not paid for
                again; off by default, as they quote the feed) with `cache_limit_mb` (500), `session` (go on with this
                one), `limit` (the first products only),
                `max_in_flight`, `progress` (`widgets`, `html`, `tqdm`, `text`, `none`; else what suits the place),
                `question_set` (an earlier session or its name: its questions are asked again as they are, so that the
                two can be compared; categories that it had not get new ones, and the results say which), `delivery`
                (`batch` sends the judgements by the endpoint's Batch API, for half the price and within a day;
                `leftover`, `part_requests`, `part_mb`, `part_tokens`, `poll_first_s` and `poll_longest_s` as
                `RunSettings` has them), `pages` (when the audit is finished, put what the feed leaves open to the
                landing pages, in a session of its own that `Session.ledger` reads: True fetches them, a path is a
                folder of saved ones, else what `read_pages` returned or a mapping of its arguments; `budget_usd` holds
                for both), `cluster` (a `dask.distributed.Client`, a scheduler's address, or how many processes on
                this machine share the work out; the feed is cut into shards, of `shard_size` products or as many as
                suit, and each is a session beneath this one; where `output_dir` is an address, workers need no folder
                in common).

        Raises:
            InputError: A setting is out of range, a field is in no product, or the feed cannot be read or is empty.
            SessionLocked: Another process or kernel works on the same session.
            StorageError: The output folder cannot be written.
        """
        given = _given(feed, products_df)
        return self._start(given, {**options, "selected_fields": selected_fields}, blocking=False)

    def evaluate_products_batch(
        self,
        feed: Feed = None,
        selected_fields: Sequence[str] | None = None,
        *,
        products_df: Feed = None,
        **options: Unpack[StartOptions],
    ) -> pd.DataFrame:
        """Audit a feed and return a row a product; blocks until it is done, and Ctrl-C stops it cleanly.

        Takes what `start` takes. What is done when it stops is saved, and the same call goes on with it.

        Returns:
            A row a product in the feed's order, as `Session.results` describes it: `product_id`, `product_url`,
            `title`, `category`, `name_plus_context`, `questions_json`, `judgements_json`, `yes_count`,
            `partial_count`, `no_count`, `unverified_count`, `coverage_pct`, `unanswered_required_count`,
            `missing_core_fields`, `context_fields`, `engine`, `cost_usd`, `status`, `error`, `not_applicable_count` and
            `not_judged_count`. A product that failed has its row too, with `status="failed"`.

        Raises:
            RunFault: The run had to pause for something that a person has to mend, such as a wrong key, or waited for
                `give_up_after_s` (`WaitedTooLong`).
            FeedevalError: As `start`.
        """
        given = _given(feed, products_df)
        run = self._start(given, {**options, "selected_fields": selected_fields}, blocking=True)
        run.block()
        return run.results()

    def resume_evaluation(
        self, feed: Feed = None, *, products_df: Feed = None, **options: Unpack[AuditOptions]
    ) -> pd.DataFrame:
        """Go on with the latest audit, on the feed given, and return a row a product; blocks.

        One that is finished gives its results, at no cost, and says that nothing was left to do. Where the latest audit
        was of another feed, or of fewer products, the latest one that is not finished is gone on with.

        Args:
            feed: As `start`.
            products_df: Another name of `feed`.
            **options: As `start`; only those that results do not depend on can differ.

        Raises:
            SessionNotFound: There is no audit.
            InputError: The audit had other settings or products; the message names them.
        """
        given = _given(feed, products_df)
        *others, last = latest_audits(self.output_dir)
        if others and (isinstance(given, Iterator) or hasattr(given, "read") or is_used_up(given)):
            given = BuiltProducts(products(given))  # it may have to be gone through for each of them
        run: EvaluationRun | None = None
        for session in others:
            with contextlib.suppress(InputError):
                run = self._go_on_with(session, given, options, blocking=True)
                break
        if run is None:
            # If not even this one fits, it says why.
            run = self._go_on_with(last, given, options, blocking=True)
        run.block()
        return run.results()

    def resume(self, session: Session | str, *, feed: Feed = None, **options: Unpack[AuditOptions]) -> EvaluationRun:
        """Go on with a session in the background, with the settings that it began with.

        Args:
            session: The session or its name.
            feed: The feed; None: read again from where it came.
            **options: As `start`; only those that results do not depend on can differ.

        Raises:
            InputError: The session had other settings or products, or its feed cannot be read again.
        """
        found = session if isinstance(session, Session) else load_session(session, output_dir=self.output_dir)
        return self._go_on_with(found, feed, options, blocking=False)

    def estimate(
        self,
        feed: Feed = None,
        pilot: int = 5,
        selected_fields: Sequence[str] | None = None,
        *,
        products_df: Feed = None,
        **options: Unpack[AuditOptions],
    ) -> Estimate:
        """Estimate calls, tokens, money and time for a whole feed from a few real products of it.

        It says what both ways cost and take, live calls and `delivery="batch"`; the pilot itself is asked live. The
        pilot is a session of its own; when the feed is audited with the same settings its results are taken over.

        Args:
            feed: As `start`.
            pilot: Products to try, drawn at random over the categories, always the same ones for the same feed.
            selected_fields: As `start`.
            products_df: Another name of `feed`.
            **options: As `start`.

        Raises:
            RunFault: The pilot had to pause for something that a person has to mend.
            InputError: As `start`, or `pilot` is below 2.
        """
        if not isinstance(pilot, int) or pilot < 2:
            raise InputError(f"pilot={pilot!r}: give at least 2 products; a spread needs two values")
        left, frozen = frozen_questions(options, self.output_dir)
        audit, _, rest = sorted_options({**left, "selected_fields": selected_fields}, self.locale)
        engine, client = self.open_engine(rest.get("max_in_flight"))
        source = FeedSource.of(_given(feed, products_df), rest.get("limit"))
        job = AuditJob(source.products, engine, settings=audit, source=source.description, frozen=frozen)
        survey, chosen = job.survey(pilot)
        few = BuiltProducts(p for n, p in enumerate(source.products()) if n in chosen)
        # Who estimates does not want to wait a day for it.
        trial: AuditOptions = {
            **options,
            "delivery": "live",
            "limit": None,
            "pages": None,
            "progress": options.get("progress", "none"),
        }
        run = self.start(few, selected_fields, **trial)
        run.block()
        return estimate_of(run.session(), survey, client, engine=self.model)

    def suggest_values(
        self, products: Callable[[], Iterable[Incomplete]], *, session: StoredSession, budget_usd: float | None = None
    ) -> Session:
        """Ask the model which values the products' own texts state; `Session.fix_file(..., suggest=True)` calls it.

        Args:
            products: Called for each pass; gives the same products in the same order.
            session: The audit that they come from.
            budget_usd: Hard cap.

        Raises:
            InputError: The evaluator asks the embedded engine, which cannot propose values.
            RunFault: The run had to pause for something that a person has to mend; the same call goes on.
        """
        client = open_client(self._settings)
        if client is None:
            raise InputError(
                "the embedded engine judges by rules and cannot propose values: give suggest=True an evaluator with a "
                "model, or leave suggest out and fill in the empty cells"
            )
        # It belongs to an audit, and is not what a person means by the latest session.
        job = SuggestJob(products, client, source={"aside": True, "session": session.id})
        running = RunSettings(budget_usd=budget_usd)
        run = launch(job, session.output_dir, running, client=client, showing=Showing(None, True))
        run.block()
        return run.session()

    def judge_pages(self, pages: PagesLike, *, session: StoredSession, budget_usd: float | None = None) -> Session:
        """Put what an audit leaves open to the landing pages; `Session.ledger(pages, evaluator=…)` calls it.

        Args:
            pages: True, a folder, what `read_pages` returned, or a mapping of its arguments.
            session: The audit.
            budget_usd: Hard cap on what this costs.

        Raises:
            InputError: `pages` is none of these, or the embedded engine is asked questions that are not its own.
            RunFault: The run had to pause for something that a person has to mend; the same call goes on.
        """
        return judge_pages(pages, session, self.open_engine, budget_usd=budget_usd)

    def get_evaluation_status(self) -> dict[str, Any]:
        """Return how the current or the latest evaluation stands.

        Returns:
            `health_status` (`overall_status`, `reasons`, `recommendations`), `memory_info` (`current_mb`, `peak_mb`,
            `available_mb`, `total_mb`), `error_summary` (`total_errors`, `error_types`, `recent_errors`) and
            `batch_info` (session, status, counts, batches, rate, cost, latest report). Without any evaluation the
            figures are zero and `batch_info["status"]` is None.
        """
        return evaluation_status(None if self._run is None else self._run.snapshot(), self.output_dir)

    def _go_on_with(self, found: Session, feed: Feed, options: AuditOptions, *, blocking: bool) -> EvaluationRun:
        then = found.progress
        if not found.is_audit:
            raise InputError(f"session {found.id} is of kind {then.kind}: fe.resume() goes on with any kind")
        if found != Session(found.id, self.output_dir):
            raise InputError(
                f"session {found.id} is in {shown(found.output_dir)}, and this evaluator writes to "
                f"{shown(self.output_dir)}: fe.resume() goes on with a session where it is"
            )
        settings = settings_then(found, options)
        in_shards = SHARDS in then.settings
        fields = then.fingerprint["fields"]
        # The shards hold the whole feed.
        again = audited_again(then.settings["source"]) if feed is None and not in_shards else feed
        selected = None if fields == "descriptive" else fields
        return self._start(again, {**settings, "selected_fields": selected}, blocking=blocking)

    def _start(self, feed: Feed, options: Mapping[str, Any], *, blocking: bool) -> EvaluationRun:
        left, frozen = frozen_questions(options, self.output_dir)
        cluster, shard_size = left.pop("cluster", None), left.pop("shard_size", None)
        if cluster is None and shard_size is not None:
            raise InputError(f"shard_size={shard_size!r}: only an audit on a cluster has shards; give cluster= as well")
        if cluster is not None and options.get("pages") not in (None, False):
            raise InputError(
                "a cluster audits feeds, and pages are asked on one machine: leave pages= out, and put them to the "
                "session when it is finished, with session.ledger(pages, evaluator=evaluator)"
            )
        audit, running, rest = sorted_options(left, self.locale)
        engine, client = self.open_engine(rest.get("max_in_flight"))
        showing = Showing(rest.get("progress"), blocking)
        if cluster is not None:
            # Imported here: nobody else needs it.
            from feedeval.evaluator.cluster.partitions import source_of
            from feedeval.evaluator.cluster.starting import OnCluster, start_on_cluster
            from feedeval.evaluator.cluster.work import AuditWork

            given = None if feed is None else source_of(feed, rest.get("limit"))
            work = AuditWork(given, engine, client, audit, frozen)
            self._run = start_on_cluster(OnCluster(cluster, shard_size, work, self.output_dir), running, showing)
            return self._run
        source = FeedSource.of(feed, rest.get("limit"))
        job = AuditJob(source.products, engine, settings=audit, source=source.description, frozen=frozen)
        job.expected = source.expected
        pages = pages_of(rest.get("pages"))
        if pages is not None:
            job.beside = kept(pages)
        if frozen is not None:
            running = running.model_copy(update={"also_from": sources(job, frozen, self.output_dir)})
        self._run = launch(job, self.output_dir, running, client=client, showing=showing)
        if pages is not None:
            step = PageStep(pages, lambda: self.open_engine(rest.get("max_in_flight")), running, source.products)
            self._run = TwoSteps(self._run, step.behind(showing), blocking=blocking)
        if frozen is not None:
            # Which categories had no questions is known once the feed was gone through.
            self._run.then(lambda run: run.say(said_of(job, frozen)))
        return self._run

    def open_engine(self, max_in_flight: int | None = None) -> tuple[Engine, ModelClient | None]:
        """Return a new engine with these settings, and its client where it makes calls."""
        client = open_client(self._settings, max_in_flight)
        return EmbeddedEngine(OfflineEngine(self.locale)) if client is None else ModelEngine(
            client, self.locale
        ), client


def _given(feed: Feed, products_df: Feed) -> Feed:
    """Return the feed under whichever of its two names it was given."""
    if feed is not None and products_df is not None:
        raise InputError("feed and products_df are two names of the same thing: give one of them")
    if feed is None and products_df is None:
        raise InputError("there is no feed: give a frame of read_feed, a path, an address, or a list of products")
    return products_df if feed is None else feed
