"""A comparison of two audits, in words: for a terminal, and as static HTML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from feedeval.formatting import plain, wrapped
from feedeval.html import Markup, definitions, escape, section
from feedeval.records import Verdict
from feedeval.records.audit import topic_words
from feedeval.results.blocks import TOP, Block
from feedeval.results.finding import session_labels

if TYPE_CHECKING:
    from feedeval.results.session import Session
    from feedeval.results.stats import Interval


@dataclass(frozen=True, eq=False)
class Comparison:
    """What changed between two audits that asked the same questions of the same products.

    Coverage is the mean of the products' `coverage_pct`; intervals hold 95 % and draw whole products, because a
    product's judgements hang together. A judgement counts as answered where its verdict is yes. What one of the two did
    not judge, or called not applicable, is neither better nor worse: it is counted apart. Coverage and its change are
    NaN where more than 30 % of the questions were not judged in one of the two.
    """

    before: Session
    after: Session
    compared: int
    """Products that were done in both and asked the same questions."""
    failed: int
    """Products in both that failed in one of them, and so are left out."""
    other_questions: int
    """Products done in both that were asked other questions, and so are left out."""
    coverage_before_pct: float
    coverage_after_pct: float
    change: Interval
    """Of the coverage, in percentage points."""
    answered: Interval
    """Change of the share of questions that are answered, in percentage points."""
    gained: int
    """Judgements that became answered."""
    lost: int
    """Judgements that were answered and are open, or so in part."""
    apart: int
    """Judgements whose verdict changed from or to *not judged* or *does not apply*."""
    not_judged_before: float
    """Share of the compared questions that apply which were not judged, 0 to 1."""
    not_judged_after: float
    p_value: float
    """Of McNemar's test, exact: how likely so uneven a split of gained and lost is where nothing changed. It takes the
    judgements for independent, which those of one product are not: the interval is the safer guide."""
    products: pd.DataFrame
    """A row a compared product, in the later feed's order: key, product_id, title, product_url, category (str);
    coverage_before_pct, coverage_after_pct, change (float64, of the questions that count in both; NaN where too little
    was judged); gained, lost (Int64)."""
    questions: pd.DataFrame
    """A row a question: question, taxonomy (str); required (bool); products (Int64); answered_before_pct,
    answered_after_pct (float64, of the products of which it was judged); gained, lost, better, worse (Int64: verdicts
    that changed, yes being better than partial and partial than no); apart (Int64: from or to not judged or not
    applicable)."""
    categories: pd.DataFrame
    """A row a category: category (str, as it is now), products (Int64); coverage_before_pct, coverage_after_pct,
    change, low, high (float64)."""
    taxonomies: pd.DataFrame
    """A row a topic, as `categories`, with taxonomy and judgements in place of category and products; coverage is that
    of the topic's questions."""
    changes: pd.DataFrame
    """A row a judgement whose verdict changed: key, product_id, title, category, question, taxonomy (str); required
    (bool); before, after (str, verdicts)."""
    new: pd.DataFrame
    """A row a product that only the later audit has: key, product_id, title, category (str, missing where it failed);
    coverage_pct (float64, missing where it failed or too little was judged). Empty where a sample was audited earlier:
    what it has not may be in its feed."""
    gone: pd.DataFrame
    """A row a product that only the earlier audit has, as `new`; empty where a sample was audited later."""
    notes: tuple[str, ...]
    """What has to be known to read the figures."""

    @cached_property
    def better(self) -> pd.DataFrame:
        """The products whose coverage rose, the largest gain first."""
        rows = self.products[self.products["change"] > 0]
        return rows.sort_values("change", ascending=False, kind="stable", ignore_index=True)

    @cached_property
    def worse(self) -> pd.DataFrame:
        """The products whose coverage fell, the largest loss first."""
        rows = self.products[self.products["change"] < 0]
        return rows.sort_values("change", kind="stable", ignore_index=True)

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        return headline(self)

    def text(self, width: int = 100) -> str:
        """Return the comparison for a terminal of `width` cells."""
        return text(self, width)

    def __repr__(self) -> str:
        return self.text()

    __str__ = __repr__

    def _repr_html_(self) -> Markup:
        return section(title(self), body_html(self))


def title(comparison: Comparison) -> str:
    """Return what is compared."""
    before, after = session_labels((comparison.before, comparison.after))
    return f"Comparison of {before} with {after}"


def headline(comparison: Comparison) -> str:
    """Return the result in one sentence."""
    found = comparison.change
    products = f"{comparison.compared:,} product{'s' * (comparison.compared != 1)}"
    if comparison.coverage_after_pct != comparison.coverage_after_pct:
        return f"No coverage is compared: {_not_judged(comparison)}."
    if comparison.changes.empty:
        return f"Nothing changed: {products} got the same verdicts at {comparison.coverage_after_pct:.1f} % coverage."
    span = f"coverage {comparison.coverage_before_pct:.1f} → {comparison.coverage_after_pct:.1f} % over {products}"
    if found.low > 0 or found.high < 0:
        return f"The feed answers {'more' if found.estimate > 0 else 'less'}: {span}, {points(found)}."
    return f"No clear change: {span}, {points(found)}."


def _not_judged(comparison: Comparison) -> str:
    """Return why there is no coverage, with the way to one."""
    shares = (comparison.not_judged_before, comparison.not_judged_after)
    if not any(shares):
        return "no question of these products was judged in both audits"
    was, now = (f"{100 * share:.0f} %" for share in shares)
    way = "audit both with model=" if comparison.before.note or comparison.after.note else "another model may tell"
    return f"of the questions {was} were not judged before and {now} after; {way}"


def points(change: Interval) -> str:
    """Return a change in percentage points with its bounds."""
    if change.estimate != change.estimate:
        return "not known"
    bounds = between(change.low, change.high)
    return f"{signed(change.estimate)} points{f' (95 %: {bounds})' if bounds else ''}"


def between(low: float, high: float) -> str:
    """Return bounds of a change, empty where they are not known."""
    return "" if low != low else f"{signed(low)} to {signed(high)}"


def signed(value: float) -> str:
    """Return a change with its sign; what rounds to nothing has a plus."""
    return f"{round(value, 1) + 0.0:+.1f}"


def text(comparison: Comparison, width: int) -> str:
    """Return the comparison for a terminal."""
    parts = [f"{title(comparison)}\n{wrapped(headline(comparison), width)}"]
    parts += [wrapped(note, width) for note in comparison.notes]
    room = max(map(len, facts(comparison)))
    parts.append("\n".join(f"{name:<{room}}  {plain(value)}" for name, value in facts(comparison).items()))
    parts += [block.text(width) for block in blocks(comparison)]
    return "\n\n".join(parts)


def body_html(comparison: Comparison) -> Markup:
    """Return the comparison as static HTML, without its title."""
    notes = [Markup(f"<p><em>{escape(note)}</em></p>") for note in comparison.notes]
    lead = Markup(f"<p><b>{escape(headline(comparison))}</b></p>")
    lists = [block.html() for block in blocks(comparison)]
    return Markup("".join([lead, *notes, definitions(facts(comparison)), *lists]))


def facts(comparison: Comparison) -> dict[str, str]:
    """Return the figures by name."""
    chance = "p < 0.001" if comparison.p_value < 0.001 else f"p = {comparison.p_value:.3f}"
    known = comparison.coverage_after_pct == comparison.coverage_after_pct
    span = f"{comparison.coverage_before_pct:.1f} → {comparison.coverage_after_pct:.1f} %, {points(comparison.change)}"
    found = {
        "Coverage": span if known else "not known: too little was judged",
        "Answered": f"{points(comparison.answered)}: {comparison.gained:,} questions more, {comparison.lost:,} fewer "
        f"({chance}, McNemar)",
        "Products": f"{comparison.compared:,} compared: {len(comparison.better):,} better, "
        f"{len(comparison.worse):,} worse",
        "New, gone": f"{_count(comparison.new, comparison.before)} new, "
        f"{_count(comparison.gone, comparison.after)} gone",
    }
    if comparison.apart:
        found["Counted apart"] = (
            f"{comparison.apart:,} verdicts changed from or to “{Verdict.NOT_JUDGED.words}” or "
            f"“{Verdict.NOT_APPLICABLE.words}”: neither better nor worse"
        )
    return found


def _count(alone: pd.DataFrame, other: Session) -> str:
    """Return how many products the other audit has not; a sample does not tell."""
    return f"{len(alone):,}" if other.sample is None else "unknown"


def blocks(comparison: Comparison, *, top: int = TOP) -> list[Block]:
    """Return the lists of what changed; empty ones are left out."""
    found = [
        _groups("By category", "Category", "category", comparison.categories, top),
        _groups("By topic", "Topic", "taxonomy", comparison.taxonomies, top),
        _products("Products that got better", comparison.better, top),
        _products("Products that got worse", comparison.worse, top),
        questions_block("Questions with better verdicts", comparison.questions, "better", top),
        questions_block("Questions with worse verdicts", comparison.questions, "worse", top),
        questions_block("Questions judged or applying in one audit only", comparison.questions, "apart", top),
        _alone("New products", comparison.new, top),
        _alone("Products that are gone", comparison.gone, top),
    ]
    return [block for block in found if block.rows]


def _groups(title: str, head: str, what: str, frame: pd.DataFrame, top: int) -> Block:
    changed = frame[frame["change"] != 0]
    order = changed["change"].abs().sort_values(ascending=False, kind="stable").index[:top]
    names = [what, "coverage_before_pct", "coverage_after_pct", "change", "low", "high"]
    rows = tuple(
        (topic_words(name) or "(not stated)", f"{was:.1f} %", f"{now:.1f} %", signed(change), between(low, high))
        for name, was, now, change, low, high in changed.loc[order, names].itertuples(index=False, name=None)
    )
    left = len(changed) - len(rows)
    told = f"The {len(rows)} that changed most; {left:,} more changed." if left else ""
    return Block(title, (head, "Before", "After", "Points", "95 %"), rows, told)


def _products(title: str, frame: pd.DataFrame, top: int) -> Block:
    names = ["coverage_before_pct", "coverage_after_pct", "change", "product_id", "title"]
    rows = tuple(
        (f"{was:.1f} %", f"{now:.1f} %", signed(change), _shown(product_id), _shown(name))
        for was, now, change, product_id, name in frame[names].head(top).itertuples(index=False, name=None)
    )
    links = tuple(_shown(url) for url in frame["product_url"].head(top))
    return Block(
        _of(title, len(rows), len(frame)), ("Before", "After", "Points", "Product", "Title"), rows, links=links
    )


def questions_block(title: str, frame: pd.DataFrame, direction: str, top: int = TOP) -> Block:
    """Return the questions whose verdicts changed most often in one way: `better`, `worse` or `apart`."""
    changed = frame[frame[direction] > 0].sort_values(direction, ascending=False, kind="stable")
    names = ["question", "taxonomy", "required", "answered_before_pct", "answered_after_pct", direction, "products"]
    shown = changed[names].head(top).itertuples(index=False, name=None)
    rows = tuple(
        (
            question,
            topic_words(topic),
            "required" if needed else "",
            share_of(was),
            share_of(now),
            int(count),
            f"{asked:,}",
        )
        for question, topic, needed, was, now, count, asked in shown
    )
    header = ("Question", "About", "", "Answered before", "After", direction.capitalize(), "Asked of")
    return Block(_of(title, len(rows), len(changed)), header, rows)


def _alone(title: str, frame: pd.DataFrame, top: int) -> Block:
    names = ["coverage_pct", "product_id", "title", "category"]
    rows = tuple(
        (alone_coverage(coverage, category), _shown(product_id), _shown(name), _shown(category))
        for coverage, product_id, name, category in frame[names].head(top).itertuples(index=False, name=None)
    )
    return Block(_of(title, len(rows), len(frame)), ("Coverage", "Product", "Title", "Category"), rows)


def alone_coverage(coverage_pct: float, category: object) -> str:
    """Return the coverage of a product that one audit has alone; one that failed has no category."""
    if not isinstance(category, str):
        return "failed"
    return share_of(coverage_pct, 1) if coverage_pct == coverage_pct else Verdict.NOT_JUDGED.words


def share_of(pct: float, digits: int = 0) -> str:
    """Return a share in per cent; a dash where nothing of it was judged."""
    return "–" if pct != pct else f"{pct:.{digits}f} %"


def _of(title: str, shown: int, there: int) -> str:
    return title if shown == there else f"{title}: {shown:,} of {there:,}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else ""
