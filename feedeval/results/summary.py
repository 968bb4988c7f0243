"""What a merchandiser wants to know first: coverage, worst products, most-missed questions, where the files are."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from feedeval.formatting import clip, plain, wrapped
from feedeval.html import Markup, bar, definitions, escape, section
from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.records import COUNTED, Status, Verdict
from feedeval.records.audit import topic_words
from feedeval.records.kinds import JobKind, kind_words
from feedeval.results.basis import standing_of
from feedeval.results.blocks import TOP, Block
from feedeval.results.frames.decoding import AuditAsked, readable_batches
from feedeval.results.frames.results import RowStatus, units_of
from feedeval.results.gaps.actions import Action, Actions
from feedeval.run.telling.words import fault_in_words
from feedeval.storage.addresses import shown
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.paths import StoredFile

if TYPE_CHECKING:
    from feedeval.results.stored import StoredSession
    from feedeval.results.whole_feed import WholeFeed


@dataclass(frozen=True)
class Summary:
    """The summary of one session, as text (`str(summary)`) and as HTML."""

    title: str
    notes: tuple[str, ...]
    """What has to be said of the engine and of how it read the feed."""
    facts: dict[str, str]
    coverage_pct: float | None
    """Mean over the products that have one; None where none has, or more than 30 % of the questions were not judged."""
    blocks: tuple[Block, ...]
    next_steps: dict[str, str] = field(default_factory=dict)
    """Where the files are and what to type next."""
    headline: str = ""
    """Of an audit: the result in one line, failures first, with what the figure stands on."""
    failed: int = 0

    def text(self, width: int = 100) -> str:
        """Return the summary for a terminal of `width` cells."""
        lead = [self.headline] if self.failed else []
        parts = ["\n".join([plain(self.title), *(wrapped(said, width) for said in (*lead, *self.notes))])]
        parts.append(_pairs(self.facts, width))
        parts += [block.text(width) for block in self.blocks]
        parts.append(_pairs(self.next_steps))
        return "\n\n".join(part for part in parts if part)

    __str__ = text

    def body_html(self) -> Markup:
        """Return the summary without its title."""
        notes = [Markup(f"<p><em>{escape(note)}</em></p>") for note in self.notes]
        lead = [Markup(f"<p><b>{escape(self.headline)}</b></p>")] if self.failed else []
        cover = (
            bar(self.coverage_pct / 100, f"coverage {self.coverage_pct:.1f} %") if self.coverage_pct is not None else ""
        )
        lists = [block.html() for block in self.blocks]
        return Markup("".join([*lead, *notes, cover, definitions(self.facts), *lists, definitions(self.next_steps)]))

    def html(self) -> Markup:
        """Return the summary as static HTML."""
        return section(self.title, self.body_html())

    _repr_html_ = html


def summarise(session: StoredSession, *, top: int = TOP, actions: Sequence[Action] = ()) -> Summary:
    """Return the summary of a session.

    Args:
        session: What to summarise.
        top: Longest length of each list.
        actions: What to do first, where that is known.
    """
    results = session.figures
    done = results[results["status"] == RowStatus.DONE.value]
    blocks: list[Block] = []
    facts: dict[str, str] = {}
    notes = [session.note] if session.note else []
    standing = None
    if session.is_audit and len(results):
        whole = session.whole_feed if len(done) else None
        standing = standing_of(results, whole)
    if standing is not None and len(done):
        tallies = _tallies(session)
        notes += _notes(tallies.notes, len(done), known=session.note)
        notes += [] if whole is None else [whole.note]
        facts["Coverage"] = standing.sentence
        if standing.basis.judged:
            facts["Required"] = _required_in_words(done) if whole is None else _required_in_feed(whole)
        facts |= session.score_quality.sentences if standing.coverage_pct is not None else {}
        blocks = [
            what_to_do(actions, top),
            worst_products(session, done, top),
            most_missed(tallies.questions, top),
            by_topic(tallies.questions),
            missing_fields(done, top) if whole is None else missing_in_feed(whole, top),
        ]
    if session.progress.kind == JobKind.SHADOW:
        # Imported here: it is made of this module's blocks.
        from feedeval.results.shadow_summary import shadow_blocks, shadow_facts

        facts, blocks = shadow_facts(session), shadow_blocks(session)
    else:
        blocks.append(failures_by_type(session.failures, top))
    facts |= {name: str(value) for name, value in session.facts().items() if name not in ("Session", "Files", "Note")}
    return Summary(
        title=f"{kind_words(session.progress.kind).title} {_called(session)}",
        notes=tuple(notes),
        facts=facts,
        coverage_pct=None if standing is None else standing.coverage_pct,
        blocks=tuple(block for block in blocks if block.rows),
        next_steps=next_steps(session),
        headline="" if standing is None else standing.headline(session.status.words),
        failed=0 if standing is None else standing.basis.failed,
    )


def _called(session: StoredSession) -> str:
    """Return the name of a session with its id, which is what is typed."""
    return session.id if session.title == session.id else f"“{session.title}”, session {session.id}"


def _notes(counts: Counter[str], products: int, *, known: str) -> list[str]:
    """Return what the engine noted with its results, and for how many products where not for all."""
    fresh = [(note, count) for note, count in counts.most_common() if note != known]
    return [note if count == products else f"{note} ({count:,} of {products:,} products)" for note, count in fresh]


def _required_in_words(done: pd.DataFrame) -> str:
    lacking = int((done["unanswered_required_count"] > 0).sum())
    if not lacking and done["not_judged_count"].sum():
        return "of the questions that a buyer needs answered before buying, none that was judged is open"
    if not lacking:
        return "every product answers all questions that a buyer needs answered before buying"
    which = f"all {lacking:,}" if lacking == len(done) > 1 else f"{lacking:,} of {len(done):,}"
    return f"{which} products leave a question open that a buyer needs answered before buying"


def _required_in_feed(whole: WholeFeed) -> str:
    lacking = f"{whole.required_open:,.0f} of {whole.products:,} products"
    return f"{lacking} leave a question open that a buyer needs answered before buying"


def what_to_do(actions: Sequence[Action], top: int = TOP) -> Block:
    """Return what to do first, an action an attribute, the one that gains most first, and what these gain together."""
    rows = tuple((action.what.replace("`", ""), action.gain, action.coverage) for action in actions[:top])
    together = f"{actions.together}." if isinstance(actions, Actions) and actions.together else ""
    return Block("What to do first", ("What to do", "Gain, in points", "Coverage"), rows, together)


def worst_products(session: StoredSession, done: pd.DataFrame, top: int = TOP) -> Block:
    """Return the products with the lowest coverage, those that leave more required questions open first."""
    worst = (
        done[done["coverage_pct"].notna()]
        .sort_values(["coverage_pct", "unanswered_required_count"], ascending=[True, False], kind="stable")
        .head(top)
    )
    if session.large is not None:
        worst = session.large.named(worst)
    rows = tuple(
        (_percent(coverage), int(open_), _text(product_id), _text(title))
        for coverage, open_, product_id, title in zip(
            *(worst[name] for name in ("coverage_pct", "unanswered_required_count", "product_id", "title")), strict=True
        )
    )
    links = tuple(_text(url) for url in worst["product_url"])
    return Block("Products to work on first", ("Coverage", "Required open", "Product", "Title"), rows, links=links)


@dataclass
class QuestionTally:
    """What became of one question over all products that it was asked of."""

    yes: int = 0
    partial: int = 0
    no: int = 0
    not_applicable: int = 0
    not_judged: int = 0

    @property
    def asked(self) -> int:
        """Products that it was asked of, that it applies to, and of which it was judged."""
        return self.yes + self.partial + self.no

    @property
    def missed(self) -> float:
        """Products that do not answer it; a partial answer counts half."""
        return self.no + self.partial / 2

    def add(self, other: QuestionTally) -> None:
        """Count `other` in."""
        for verdict in Verdict:
            setattr(self, verdict.value, getattr(self, verdict.value) + getattr(other, verdict.value))


QuestionKey = tuple[str, str, bool]


@dataclass(frozen=True)
class QuestionTallies:
    """What one pass over the judgements counts."""

    questions: dict[QuestionKey, QuestionTally]
    """By question, taxonomy and whether it is required."""
    notes: Counter[str]
    """Products by what the engine noted with them."""


def tally_questions(files: Iterable[StoredFile]) -> QuestionTallies:
    """Count verdicts by question, without holding the judgements in memory."""
    notes: Counter[str] = Counter()
    counts: defaultdict[tuple[str, str, bool, str], int] = defaultdict(int)
    with collector_paused():
        for batch in readable_batches(files, ResultOf[AuditAsked, Unread], Unread):
            for result in batch.results:
                notes.update(result.value.notes)
                for asked in result.value.judgements:
                    counts[asked.question, asked.taxonomy, asked.required, asked.verdict] += 1
    return QuestionTallies(_by_question(counts), notes)


def _by_question(counts: Mapping[tuple[str, str, bool, str], int]) -> dict[QuestionKey, QuestionTally]:
    tallies: defaultdict[QuestionKey, QuestionTally] = defaultdict(QuestionTally)
    for (question, taxonomy, required, verdict), count in counts.items():
        if verdict in tuple(Verdict):
            setattr(tallies[question, taxonomy, required], verdict, count)
    return dict(tallies)


def _tallies(session: StoredSession) -> QuestionTallies:
    if session.large is None:
        return tally_questions(session.batch_files)
    counts, notes = session.large.verdicts()
    return QuestionTallies(_by_question(counts), notes)


def most_missed(tallies: dict[QuestionKey, QuestionTally], top: int = TOP) -> Block:
    """Return the questions that most products leave open, required ones counted twice.

    What does not apply or was not judged is neither asked nor open.
    """
    ranked = sorted(
        ((key, tally) for key, tally in tallies.items() if tally.missed),
        key=lambda item: (-item[1].missed * (REQUIRED_WEIGHT if item[0][2] else 1), item[0]),
    )
    rows = tuple(
        (question, topic_words(taxonomy), "required" if required else "", tally.no, tally.partial, f"{tally.asked:,}")
        for (question, taxonomy, required), tally in ranked[:top]
    )
    return Block(
        "Questions the feed leaves open most", ("Question", "About", "", "No answer", "In part", "Asked of"), rows
    )


def by_topic(tallies: dict[QuestionKey, QuestionTally]) -> Block:
    """Return for each taxonomy what share of its questions is answered, of those that were judged; lowest first."""
    topics: defaultdict[str, QuestionTally] = defaultdict(QuestionTally)
    for (_, taxonomy, _), tally in tallies.items():
        topics[taxonomy].add(tally)
    judged = ((topic, tally) for topic, tally in topics.items() if tally.asked)
    ranked = sorted(judged, key=lambda item: (item[1].yes / item[1].asked, item[0]))
    rows = tuple(
        (
            topic_words(topic),
            _percent(100 * t.yes / t.asked),
            _percent(100 * t.partial / t.asked),
            _percent(100 * t.no / t.asked),
        )
        for topic, t in ranked
    )
    return Block("By topic", ("Topic", *(verdict.words.capitalize() for verdict in COUNTED)), rows)


def missing_fields(done: pd.DataFrame, top: int = TOP) -> Block:
    """Return the core fields that most products lack."""
    lacking = done["missing_core_fields"].fillna("").value_counts()
    counts: defaultdict[str, int] = defaultdict(int)
    for names, products in lacking.items():
        for name in str(names).split(", "):
            counts[name] += int(products)
    ranked = sorted(((name, count) for name, count in counts.items() if name), key=lambda item: (-item[1], item[0]))
    rows = tuple((name, count, _percent(100 * count / len(done))) for name, count in ranked[:top])
    return Block("Fields missing most", ("Field", "Products", "Share"), rows)


def missing_in_feed(whole: WholeFeed, top: int = TOP) -> Block:
    """Return the core fields that most products of the whole feed lack, estimated from a sample."""
    rows = tuple(
        (name, f"{products:,.0f}", f"{low:,.0f} to {high:,.0f}", _percent(100 * products / whole.products))
        for name, products, low, high in whole.missing_fields.head(top).itertuples(index=False, name=None)
    )
    return Block("Fields missing most", ("Field", "Products", "95 %", "Share"), rows, "Estimated for the whole feed.")


def failures_by_type(failures: pd.DataFrame, top: int = TOP) -> Block:
    """Return the kinds of failure, the most frequent first, with an example of each."""
    groups = failures.groupby("error_type", sort=False)["message"].agg(["size", "first"])
    ranked = groups.sort_values("size", ascending=False, kind="stable").head(top)
    rows = tuple(
        (fault_in_words(str(kind)), int(row["size"]), clip(plain(row["first"]), 200)) for kind, row in ranked.iterrows()
    )
    return Block("Failures", ("Cause", units_of(failures)[1].capitalize(), "For example"), rows)


def next_steps(session: StoredSession) -> dict[str, str]:
    """Return where the files of a session are and what to type next."""
    folder = "" if str(session.output_dir) == "output" else f" --output-dir {shlex.quote(shown(session.output_dir))}"
    steps = {"Files": f"{shown(session.output_dir)}: {len(session.files):,} files of session {session.id}"}
    if session.status in (Status.FINISHED, Status.RUNNING):
        progress = session.progress
        if session.status is Status.FINISHED and progress.counts.failed > progress.unreadable:
            steps["Try again"] = f"feedeval resume {session.id}{folder}"
        if session.status is Status.FINISHED and progress.unreadable:
            # Mended rows are other rows, which this session cannot go on with.
            steps["Correct"] = "the rows that could not be read, and run the same again: what is done is taken over"
        steps["As a table"] = f"feedeval consolidate {session.id} --to results.csv{folder}"
    else:
        steps["Go on"] = f"feedeval resume {session.id}{folder}"
    return steps


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _pairs(pairs: dict[str, str], width: int | None = None) -> str:
    """Return names and values, a line each; with a width, what is longer goes on below itself."""
    room = max(map(len, pairs), default=0)
    indent = "\n" + " " * (room + 2)
    lines = (
        (name, plain(value) if width is None else wrapped(value, width - room - 2)) for name, value in pairs.items()
    )
    return "\n".join(f"{name:<{room}}  {value.replace(chr(10), indent)}" for name, value in lines)
