"""What can be asked: scan a feed, check it, open a product, what to add first, compare. Each answer is a short text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from feedeval.assistant import product_answers
from feedeval.assistant.answers import Answer
from feedeval.assistant.audits import Audits
from feedeval.assistant.places import MOST_LISTED, Places
from feedeval.errors import FeedError, InputError, SessionNotFound
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.checks.findings import Severity
from feedeval.feed.checks.findings_frame import by_check, destinations
from feedeval.feed.reader import read_feed

MOST_PRODUCTS = 50_000
"""Of a feed that are read."""
MOST_KINDS = 12
MOST_ROWS = 20
MOST_FIELDS = 25

FeedName = Annotated[str, Field(description="a feed: a path in the folders that were named at start")]
SessionName = Annotated[str | None, Field(description="an audit: id, its beginning, or name; the latest by default")]


class Desk:
    """Answers what is asked of feeds and audits, from files alone.

    Args:
        places: Where feeds may be read from.
        output_dir: The folder of the sessions, which may be read as well.
    """

    def __init__(self, places: Places, output_dir: Path) -> None:
        self.places = places
        self.audits = Audits(output_dir)
        self._latest: tuple[tuple[object, ...], pd.DataFrame] | None = None

    def list_feeds_and_audits(self) -> str:
        """List the files that may be feeds, and the latest audits."""
        answer = Answer()
        feeds = list(self.places.feeds())
        answer.say(f"Files that may be feeds, by their name: {len(feeds):,}.")
        for path in feeds[:MOST_LISTED]:
            answer.quote(self.places.short(path))
        sids = self.audits.ids[::-1]
        answer.say(f"Audits and other sessions: {len(sids):,}{', the latest first' if sids else ''}.")
        for sid in sids[:MOST_ROWS]:
            answer.quote(self.audits.one_line(sid))
        answer.whole(_command("list", "--output-dir", str(self.audits.folder)))
        return answer.text()

    def scan_feed(self, feed: FeedName) -> str:
        """Say what a feed is: its form, its products, the fields that they fill, and how many findings there are."""
        path, frame = self._feed(feed)
        known = frame.attrs["feedeval"]
        answer = Answer()
        answer.quote(self.places.short(path))
        answer.say(f"Format {known['format']}; {len(frame):,} products{_cut(frame)}.")
        for warning in known["warnings"][:MOST_ROWS]:
            answer.quote(f"warning of the reader: {warning}")
        filled = frame.notna().mean().sort_values(ascending=False, kind="stable")
        answer.say(f"Fields: {len(filled)}, with the share of products that fill each:")
        shares = [f"{name} {100 * share:.0f} %" for name, share in filled.head(MOST_FIELDS).items()]
        answer.quote(", ".join(shares) + (", …" if len(filled) > MOST_FIELDS else ""))
        findings = check_feed(frame)
        _kinds(answer, findings, most=5)
        answer.whole(_command("check", str(path), "--csv", "findings.csv"))
        return answer.text()

    def check_feed(
        self,
        feed: FeedName,
        target: Annotated[str, Field(description="the destination, such as google, openai, meta")] = "google",
        country: Annotated[str | None, Field(description="where the feed is meant for, such as DE")] = None,
        check: Annotated[str | None, Field(description="list the findings of this check one by one")] = None,
    ) -> str:
        """Say what a destination would refuse, by kind of finding, or one check's findings one by one."""
        path, frame = self._feed(feed)
        findings = check_feed(frame, target=target, country=country)
        answer = Answer()
        answer.say(f"{len(frame):,} products{_cut(frame)} checked.")
        if check is None:
            _kinds(answer, findings, most=MOST_KINDS)
        else:
            _one_by_one(answer, findings[findings["check"] == check])
        where = ("--country", country) if country else ()
        answer.whole(_command("check", str(path), "--target", target, *where, "--csv", "findings.csv"))
        return answer.text()

    def open_product(
        self,
        product: Annotated[str, Field(description="the id of a product")],
        feed: Annotated[str | None, Field(description="a feed that has it; without one, the audit speaks")] = None,
        session: SessionName = None,
    ) -> str:
        """Show one product: its fields and findings, and its questions and verdicts where there is an audit."""
        answer = Answer()
        answer.quote(product)
        known = False
        if feed is not None:
            path, frame = self._feed(feed)
            rows = frame[frame["id"] == product] if "id" in frame.columns else frame.head(0)
            known = len(rows) > 0
            if known:
                product_answers.fields(answer, {str(name): value for name, value in rows.iloc[0].items()})
                findings = check_feed(frame)
                product_answers.findings(answer, findings[findings["product_id"] == product])
            else:
                answer.say("The feed has no product of this id.")
            answer.whole(_command("check", str(path), "--csv", "findings.csv"))
        known |= self._verdicts(answer, product, session, with_text=feed is None)
        if not known:
            raise InputError(f"no product {product!r} was found, in the feed or in the audit")
        return answer.text()

    def what_to_add_first(
        self,
        session: SessionName = None,
        n: Annotated[int, Field(ge=1, le=20, description="how many actions")] = 5,
    ) -> str:
        """Say what to add to the feed first: one action an attribute, the one that gains most first."""
        audit = self.audits.session(session)
        actions = audit.action_cards
        answer = Answer()
        answer.quote(f"session {audit.id}, {audit.title}")
        answer.say(audit.standing.sentence)
        for number, action in enumerate(actions[:n], 1):
            answer.quote(f"{number}. {action}")
            examples = "; ".join(f"{example.product_id}: {example.title}" for example in action.examples)
            if examples:
                answer.quote(f"   for example {examples}")
        if not len(actions):
            answer.say(actions.nothing)
        for note in (actions.together, *actions.notes):
            if note:
                answer.quote(note)
        folder = ("--output-dir", str(self.audits.folder))
        answer.whole(_command("gaps", audit.id, "--fix-file", "fixes.tsv", *folder))
        return answer.text()

    def compare_audits(
        self,
        before: Annotated[str | None, Field(description="the earlier audit; the one before `after` by default")] = None,
        after: Annotated[str | None, Field(description="the later audit; the latest by default")] = None,
    ) -> str:
        """Say what changed between two audits of the same products: better, worse, and how sure that is."""
        from feedeval.results.compare.compare import compare

        later = self.audits.session(after)
        earlier = self.audits.session(before) if before is not None else self.audits.before(later)
        found = compare(earlier, later)
        answer = Answer()
        answer.quote(f"{earlier.id}, {earlier.title} → {later.id}, {later.title}")
        answer.say(found.headline)
        answer.say(f"Questions answered: {found.gained:,} more, {found.lost:,} fewer.")
        for note in found.notes:
            answer.quote(note)
        for title, frame in (("better", found.better), ("worse", found.worse)):
            answer.say(f"Products that got {title}: {len(frame):,}.")
            rows = frame.head(5)[["product_id", "title", "coverage_before_pct", "coverage_after_pct"]]
            for product, name, was, now in rows.itertuples(index=False):
                answer.quote(f"{product}: {name}: {was:.1f} → {now:.1f} %")
        worse = found.questions[found.questions["worse"] > 0].sort_values("worse", ascending=False, kind="stable")
        answer.say(f"Questions with worse verdicts: {len(worse):,}.")
        for question, count in worse.head(5)[["question", "worse"]].itertuples(index=False):
            answer.quote(f"{question}: worse for {count:,} products")
        folder = ("--output-dir", str(self.audits.folder))
        answer.whole(_command("compare", earlier.id, later.id, "--to", "changes.html", *folder))
        return answer.text()

    def _feed(self, name: str) -> tuple[Path, pd.DataFrame]:
        """Return a feed, read anew only where its file has changed."""
        path = self.places.file(name)
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size)
        if self._latest is None or self._latest[0] != key:
            frame = read_feed(path, limit=MOST_PRODUCTS)
            if not len(frame):
                raise FeedError(f"{self.places.short(path)} has no products")
            self._latest = (key, frame)
        return path, self._latest[1]

    def _verdicts(self, answer: Answer, product: str, name: str | None, *, with_text: bool) -> bool:
        """Add what an audit says of a product, and return whether it knows it."""
        try:
            session = self.audits.session(name)
            evaluation = session.evaluation(product)
        except (SessionNotFound, InputError) as exc:
            if name is not None:
                raise
            answer.say("No audit speaks of this product; `feedeval run FEED` makes one:")
            answer.quote(exc)
            return False
        if with_text:
            answer.say("The text of the feed that was judged:")
            for line in evaluation.context.splitlines()[: product_answers.MOST_FIELDS]:
                answer.quote(line)
        product_answers.verdicts(answer, session.id, evaluation)
        answer.whole(_command("info", session.id, "--output-dir", str(self.audits.folder)))
        return True


def _cut(frame: pd.DataFrame) -> str:
    return f" (the first {MOST_PRODUCTS:,}: the rest was not read)" if len(frame) == MOST_PRODUCTS else ""


def _kinds(answer: Answer, findings: pd.DataFrame, *, most: int) -> None:
    """Add findings by kind, the gravest first."""
    counts = findings["severity"].value_counts()
    said = ", ".join(f"{counts.get(severity.value, 0):,} {severity.value}" for severity in Severity)
    answer.say(f"Findings by the rules of {destinations(findings.attrs['feedeval'])}: {len(findings):,} ({said}).")
    if findings.empty:
        return
    kinds = by_check(findings)
    for check, row in kinds.head(most).iterrows():
        answer.say(f"{row['severity']}, {check}: {row['findings']:,}. {row['fix']}")
        answer.quote(f"for example {row['product_id']}: {row['message']}")
    if len(kinds) > most:
        answer.say(f"… and {len(kinds) - most:,} more kinds")


def _one_by_one(answer: Answer, findings: pd.DataFrame) -> None:
    answer.say(f"Findings of this check: {len(findings):,}.")
    for product, message in findings[["product_id", "message"]].head(MOST_ROWS).itertuples(index=False):
        answer.quote(f"{product}: {message}" if product else message)
    if len(findings) > MOST_ROWS:
        answer.say(f"… and {len(findings) - MOST_ROWS:,} more")


def _command(*words: str) -> str:
    return shlex.join(("feedeval", *words))


TOOLS: Sequence[str] = (
    "list_feeds_and_audits",
    "scan_feed",
    "check_feed",
    "open_product",
    "what_to_add_first",
    "compare_audits",
)
"""Methods of `Desk` that an assistant may call, by their names."""
