"""What a session has on disk, as records and frames; `Session`, which people use, adds what is made of it."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from feedeval.errors import SessionError, warn_caller
from feedeval.formatting import counts_in_words, moment_words, money
from feedeval.records import Progress, QuestionSet, Status
from feedeval.records.delivery import PartState
from feedeval.records.kinds import KINDS_OF_JUDGE, JobKind, units
from feedeval.results.frames import results as result_frames
from feedeval.results.frames.judgements import judgement_frame
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.naming import engine_note, engine_words, feed_name, session_name
from feedeval.run.delivery.words import where_parts_stand
from feedeval.run.telling.words import state_in_words
from feedeval.storage.addresses import shown
from feedeval.storage.parts import read_parts
from feedeval.storage.paths import AnyFolder, SessionFolder, SessionPaths, StoredFile, sid_time
from feedeval.storage.readers import read_document, session_files, stand_of, status_of
from feedeval.storage.shards import Shards, files_of

if TYPE_CHECKING:
    from feedeval.results.basis import Standing
    from feedeval.results.large.reader import LargeLoaded, LargeReader
    from feedeval.results.score_quality import ScoreQuality
    from feedeval.results.whole_feed import WholeFeed


MANY_PRODUCTS = 250_000
"""From so many on, reading all results at once is warned of."""


class LargeResultsWarning(UserWarning):
    """All results of a large session are read at once."""


class StoredSession:
    """A session as it stands on disk. Nothing here writes to it.

    Frames are read when they are first asked for and kept; `reload()` reads them again, for a run that is still going
    on. Changing a frame changes neither the session nor what is asked for next.

    Two are the same where folder and id are, whichever way leads to the folder.

    Attributes:
        id: What its files are called by, `YYYYMMDD_HHMMSS_xxxxxx`; one of an earlier version has no suffix.
        output_dir: The folder of its files.
        paths: Where each of its files lies.
    """

    def __init__(self, session_id: str, output_dir: AnyFolder) -> None:
        folder = SessionFolder.of(output_dir)
        self.id = session_id
        self.output_dir = folder.path
        self.paths = SessionPaths(folder.path, session_id, folder.file_system)

    def __eq__(self, other: object) -> bool:
        return self.paths.identity == other.paths.identity if isinstance(other, StoredSession) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.paths.identity)

    def reload(self) -> Self:
        """Forget what was read and return this session, so that the next look reads it again."""
        kept = ("progress", "_loaded", "_judgements", "_all_open", "_asked_pages", "_open_questions", "large")
        for name in (*kept, "action_cards", "score_quality"):
            self.__dict__.pop(name, None)
        return self

    @cached_property
    def progress(self) -> Progress:
        """Settings, counts and totals, as last written by the run; where it was killed, counted anew from its files."""
        return stand_of(self.paths)

    @property
    def age_key(self) -> tuple[datetime, str, str]:
        """What sessions of any folders sort by, the oldest first: the start, then the id, then the folder."""
        named = sid_time(self.id) or datetime.fromtimestamp(0)  # noqa: DTZ006 - of this machine, as the names are
        started = _moment(self.progress.started) or named
        # The name of a session is later than that of all before it in its folder, also where the clock was put back.
        # What carries no offset is a time of this machine.
        started = max(started, named.replace(tzinfo=started.tzinfo))
        return started if started.tzinfo else started.astimezone(), self.id, str(self.paths.identity)

    @property
    def status(self) -> Status:
        """The state now: `interrupted` where the files say running and nobody is."""
        return status_of(self.paths)

    @property
    def files(self) -> list[Path]:
        """All files of the session, those of its shards among them."""
        shards = self.shards
        return [*session_files(self.paths), *(shards.files() if shards is not None else ())]

    @property
    def shards(self) -> Shards | None:
        """What it is made of where it was worked on in shards; None where it is in one piece."""
        try:
            return Shards.of(self.paths, self.progress.settings)
        except SessionError:
            return None

    @property
    def feed_name(self) -> str:
        """What people call the feed, as a stranger may see it: no folders, and no query that may hold a key."""
        source = self.progress.settings.get("source")
        return feed_name(source) if isinstance(source, dict) else ""

    @property
    def title(self) -> str:
        """What people call the session: the name that it was given, else its feed's title or name, else its own id."""
        return session_name(self.progress.settings) or self.id

    @property
    def is_audit(self) -> bool:
        """Whether products were audited, rather than something else done to records."""
        return self.progress.kind == JobKind.AUDIT

    @property
    def has_evaluations(self) -> bool:
        """Whether the results are evaluations: by an audit, of landing pages, or by a judge that is being looked at."""
        return self.progress.kind in (JobKind.AUDIT, JobKind.PAGES) or self.progress.kind in KINDS_OF_JUDGE

    @property
    def stands_aside(self) -> bool:
        """Whether it was made to look at a judge, or as part of that: not what a person means by the latest session."""
        progress = self.progress
        source = progress.settings.get("source")
        return progress.kind in KINDS_OF_JUDGE or (isinstance(source, dict) and bool(source.get("aside")))

    @property
    def note(self) -> str:
        """What has to be said wherever results of this engine are shown; empty for a language model."""
        return engine_note(self.progress.engine, self.progress.kind)

    @property
    def engine_name(self) -> str:
        """Who judged, by the one name that people read everywhere."""
        return engine_words(self.progress.engine, self.progress.kind)

    @cached_property
    def large(self) -> LargeReader | None:
        """Who reads it shard by shard, where it is an audit in shards that is too large to be held."""
        shards = self.shards
        if shards is None or not self.is_audit or self.sample is not None or self.is_small:
            return None
        from feedeval.results.large.reader import LargeReader, can_read

        return LargeReader(shards, engine=self.progress.engine) if can_read() else None

    @cached_property
    def _loaded(self) -> result_frames.Loaded | LargeLoaded:
        if self.large is not None:
            return self.large.loaded
        files = self.batch_files
        if self.progress.kind == JobKind.SHADOW:
            from feedeval.results.frames.shadow import load_shadow

            return load_shadow(files, engine=self.progress.engine)
        if not self.has_evaluations:
            return result_frames.load_any(files, engine=self.progress.engine)
        return result_frames.load_audit(files, engine=self.progress.engine, in_memory=self.is_small)

    @property
    def batch_paths(self) -> list[Path]:
        """The files of complete batches, by number."""
        return [file.path for file in self.batch_files]

    @property
    def batch_files(self) -> list[StoredFile]:
        """The same files, to be read wherever they lie; those of all shards, where there are any."""
        return files_of(self.paths, self.shards)

    @property
    def is_small(self) -> bool:
        """Whether the long texts of all products fit in memory without a thought."""
        return sum(file.size for file in self.batch_files) <= result_frames.IN_MEMORY_BYTES

    @property
    def results(self) -> pd.DataFrame:
        """A row a product that is done or failed, in the order of the feed.

        Columns: product_id, product_url, title, category, name_plus_context, questions_json, judgements_json (str);
        yes_count, partial_count, no_count, unverified_count (Int64); coverage_pct (float64, 0 to 100, of what applies
        and was judged; NaN where less than half of what applies was judged); unanswered_required_count (Int64);
        missing_core_fields, context_fields (str, names joined by ", "); engine (str); cost_usd (float64, NaN where the
        model has no known price); status (str: done, failed); error (str); not_applicable_count, not_judged_count
        (Int64).
        A failed product has no judgements and no scores: they are missing values.

        In a session of more than 64 MB, name_plus_context, questions_json and judgements_json stay on disk until they
        are looked at (dtype `text on disk`); they behave like text, and `.astype(str)` reads them all into memory.

        A shadow run has a row a row of its table, with the columns that `run_shadow` describes. A session of any other
        kind has the columns key, then those of its records and values, then engine, cost_usd, status and error.
        """
        if "_loaded" not in self.__dict__ and self.progress.counts.done >= MANY_PRODUCTS:
            warn_caller(
                f"{self.progress.counts.done:,} products take much memory all at once: "
                "session.read(columns=[...], where=[...]) reads what is needed, and fe.sample audits fewer.",
                LargeResultsWarning,
            )
        return self._loaded.results.copy(deep=False)

    @property
    def figures(self) -> pd.DataFrame:
        """The results for who sums them up: where they are too large to be held, only the columns that sums need."""
        return self.results if self.large is None else self.large.figures.copy(deep=False)

    @property
    def keys(self) -> pd.Series:
        """The records' keys, in the rows of `results`: the product id, or `id#2` where an id repeats."""
        return self._loaded.keys

    @property
    def looks(self) -> pd.DataFrame:
        """What a list shows products by, in the rows of `results`: image_link (https only), item_group_id (str).

        Both are empty in sessions that do not say, in those of more than 64 MB, and in those that are no audits.
        """
        found = self._loaded.looks
        if found is None:
            blank = result_frames.text([""] * len(self._loaded.results))
            return pd.DataFrame(dict.fromkeys(result_frames.LOOKS, blank))
        return found.copy(deep=False)

    @cached_property
    def _judgements(self) -> pd.DataFrame:
        if self.large is not None:
            self.large.refuse_judgements()
        return judgement_frame(self.batch_files if self.has_evaluations else [])

    @property
    def judgements(self) -> pd.DataFrame:
        """A row a judgement, by product in the order of the feed and by question.

        Columns: product_id, key, title, category (str); number (Int64, from 1 in each product); question (str);
        taxonomy (category); required (bool); verdict (category: yes, partial, no, not_applicable, not_judged);
        evidence, attribute, reason (str); verified (bool: False where a yes quoted words that are not in the feed, and
        so counts as partial).
        """
        frame = self._judgements.copy(deep=False)
        # Whatever shows judgements alone has to say who made them.
        frame.attrs["feedeval"] = {"engine": self.progress.engine}
        return frame

    @property
    def failures(self) -> pd.DataFrame:
        """A row a record that could not be done, in the order of the feed.

        Columns: product_id, product_url, title, key, error_type, message (str); batch_number (Int64); timestamp (str,
        ISO 8601); calls, retries, tokens (Int64); cost_usd, elapsed_ms (float64); context (str, JSON); traceback (str).
        In a shadow run the first three are line (Int64), filename, image_url, true_class (str), and unreadable (bool)
        tells rows that could not be read from calls that failed.
        """
        return self._of_kind(self._loaded.failures)

    @property
    def reports(self) -> pd.DataFrame:
        """A row a complete batch: the fields of `BatchReport` (Int64, float64; str for timestamp and health)."""
        return self._of_kind(self._loaded.reports)

    def _of_kind(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a copy that knows what its records are, for whatever shows it alone."""
        frame = frame.copy(deep=False)
        frame.attrs["feedeval"] = {"kind": self.progress.kind}
        return frame

    @property
    def errors(self) -> dict[str, Any]:
        """The error file: counts by type and the latest failures; empty where nothing failed."""
        return read_document(self.paths, "errors") or {}

    @property
    def questions(self) -> pd.DataFrame:
        """The question sets, a row a question.

        Columns: category (str), number (Int64, from 1 in each set), question, taxonomy (str), required (bool), facet
        (str, where the embedded engine asked), engine, locale, notes (str), frozen_from (str: the session whose
        questions these are, where they were asked again).
        """
        rows = [
            (
                *(s.category, number, q.text, q.taxonomy.value, q.required, q.facet, s.engine, s.locale),
                "; ".join(s.notes),
                s.frozen_from,
            )
            for s in self.question_sets()
            for number, q in enumerate(s.questions, 1)
        ]
        names = ["category", "number", "question", "taxonomy", "required", "facet", "engine", "locale"]
        names += ["notes", "frozen_from"]
        kinds: dict[str, Any] = {**dict.fromkeys(names, TEXT), "number": "Int64", "required": "bool"}
        return pd.DataFrame(rows, columns=names).astype(kinds)

    def question_sets(self) -> list[QuestionSet]:
        """Return the question sets that have been made so far, as records."""
        document = read_document(self.paths, "questions") or {"sets": []}
        return [QuestionSet.model_validate(each) for each in document["sets"]]

    @property
    def sample(self) -> dict[str, Any] | None:
        """How the products were drawn from their feed, as `fe.sample` notes it; None where all of it was audited."""
        source = self.progress.settings.get("source")
        return source.get("sample") if isinstance(source, dict) else None

    @property
    def whole_feed(self) -> WholeFeed | None:
        """What an audit of a sample (`fe.sample`) says about the whole feed; None where all of a feed was audited."""
        from feedeval.results.whole_feed import whole_feed

        drawn = self.sample
        return whole_feed(self.batch_files, drawn) if drawn else None

    @property
    def standing(self) -> Standing:
        """The coverage of an audit with what it stands on; no figure where more than 30 % was not judged."""
        from feedeval.results.basis import standing_of

        results = self.figures
        return standing_of(results, self.whole_feed if results["coverage_pct"].notna().any() else None)

    @cached_property
    def score_quality(self) -> ScoreQuality:
        """What the coverages of an audit can carry: ties, questions that tell products apart, reliability.

        Kept until `reload()`. A session that is no audit has no coverages, and so no products in it.
        """
        from feedeval.results.frames.scores import score_frame
        from feedeval.results.score_quality import score_quality

        if self.large is not None:
            return self.large.quality()
        return score_quality(score_frame(self.batch_files if self.is_audit else []))

    def facts(self) -> dict[str, object]:
        """Return the session's state by name, for display; reads small files only."""
        progress = self.progress
        facts: dict[str, object] = {
            **({"Name": self.title} if self.title != self.id else {}),
            "Session": self.id,
            "State": state_in_words(self.status.value, progress.status_reason),
            "Judged by": self.engine_name,
            **self._facts_of_settings(),
            units(progress.kind)[1].capitalize(): counts_in_words(progress.counts),
            "Cost": money(progress.cost_usd),
            "Started": moment_words(progress.started),
            "Files": shown(self.output_dir),
        }
        parts = read_parts(self.paths)
        if any(part.state is not PartState.ENDED for part in parts):
            facts["Parts"] = f"{where_parts_stand(parts)}, when they were last looked at; going on looks again"
        return facts | ({"Note": self.note} if self.note else {})

    def _facts_of_settings(self) -> dict[str, object]:
        settings = self.progress.settings
        facts: dict[str, object] = {}
        if frozen := settings.get("question_set"):
            facts["Questions"] = f"those of session {frozen['session']}"
        if (shards := self.shards) is not None:
            facts["Shards"] = f"{shards.count:,}, in {shards.folder.name}"
        if drawn := self.sample:
            facts["Sample"] = f"{drawn['drawn']:,} of {drawn['of']:,} products, drawn by {drawn['by']}"
        return facts

    def _coverage_facts(self) -> dict[str, object]:
        """Return the coverage with what it stands on; of a session that takes long to read, how to come by it."""
        is_quick = self.is_small or "_loaded" in self.__dict__ or (self.large is not None and self.large.is_quick)
        if not is_quick:
            size_mb = sum(file.size for file in self.batch_files) / 1e6
            return {"Coverage": f"session.standing says it, and reads all {size_mb:,.0f} MB of results for it"}
        standing = self.standing
        known = self.is_small and standing.coverage_pct is not None
        return {"Coverage": standing.sentence, **(self.score_quality.sentences if known else {})}


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
