"""What a feed answers and what it leaves open, as plots: one callable a question, frame in, Axes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.notebook.plots import axes as draw
from feedeval.notebook.plots.axes import PlotWords
from feedeval.notebook.plots.colours import BAR, NO, PARTIAL, YES, Fill, ink
from feedeval.notebook.plots.text import elide, label, wrap
from feedeval.records import Verdict
from feedeval.records.audit import topic_words
from feedeval.results.basis import Basis
from feedeval.results.frames.results import RowStatus
from feedeval.results.summary import missing_fields as fields_missing_most

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 12
"""Rows of a ranking, unless the caller wants more."""
TOP_CATEGORIES = 40
RESULTS = "results, such as `session.results`"
JUDGEMENTS = "judgements, such as `session.judgements`"

_NONE_DONE = "No product has been evaluated yet: there is nothing to show."
_NONE_OPEN_OF_JUDGED = "No question that was judged is open; others were not judged."
_NONE_JUDGED = "No question has been judged yet: there is nothing to show."
_FILLS: dict[Verdict, Fill] = {Verdict.YES: YES, Verdict.PARTIAL: PARTIAL, Verdict.NO: NO}
_LEGEND = tuple((fill, verdict.words) for verdict, fill in _FILLS.items())
_SHOWN_FROM_PCT = 7.0
"""A share is written into its part of a bar where it is at least so wide."""


def coverage(results: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot how many products have which coverage, in steps of ten points.

    Where more than 30 % of the questions were not judged, the title says so in place of a mean.

    Args:
        results: A row a product; columns coverage_pct, and status and engine where they are known.
        ax: Where to draw; None makes a figure that a notebook shows.

    Returns:
        The axes: coverage in % against products.

    Raises:
        InputError: A column is missing.
    """
    done, basis = _scored(results), Basis.of(results)
    if done.empty:
        return draw.sentence(ax, basis.no_figure if basis.products else _NONE_DONE)
    ax = draw.canvas(ax)
    values = done["coverage_pct"].to_numpy(dtype=float)
    counts, edges = np.histogram(values, bins=np.arange(0, 101, 10))
    draw.columns(ax, BAR, edges=edges, heights=counts)
    tops = [(left + 5, count) for left, count in zip(edges, counts, strict=False) if count]
    draw.counts_above(ax, tops)
    if basis.has_figure:
        ax.axvline(values.mean(), color=ink(ax), linestyle="--", linewidth=1.4)
    ax.set_xlim(0, 100)
    ax.set_xticks(edges if draw.room(ax) > 24 else edges[::5])
    ax.set_ylim(0, counts.max() * 1.12)
    draw.whole_numbers(ax, "y")
    mean = basis.words(f"{values.mean():.1f} % on average (dashed line)")
    title = f"Coverage of {_many(len(done), 'product')}: {mean}" if basis.has_figure else basis.no_figure
    draw.dress(ax, PlotWords(title, "Coverage: share of buyers’ questions answered (%)", "Products"))
    draw.engine_footnote(ax, done)
    return ax


def coverage_by_category(results: pd.DataFrame, ax: Axes | None = None, *, top: int = TOP_CATEGORIES) -> Axes:
    """Plot the mean coverage of each category, the lowest first.

    Args:
        results: A row a product; columns category and coverage_pct, and status and engine where they are known.
        ax: Where to draw; None makes a figure as high as its rows need.
        top: Most categories shown.

    Returns:
        The axes: mean coverage in %, a row a category.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(results, ["category"], RESULTS)
    done, left_out = _enough_by_category(_scored(results))
    if done.empty:
        basis = Basis.of(results)
        return draw.sentence(ax, basis.no_figure if basis.products else _NONE_DONE)
    names = done["category"].astype(object).where(done["category"].notna(), "")
    means = done["coverage_pct"].groupby(names.to_numpy(dtype=object)).agg(["mean", "size"])
    ranked = means.sort_values(["mean", "size"], ascending=[True, False], kind="stable")
    shown = ranked.head(draw.most_rows(ax, top))
    ax = draw.canvas(ax, rows=len(shown))
    draw.bars(ax, BAR, places=range(len(shown)), lengths=shown["mean"])
    width = draw.room(ax)
    draw.label_rows(ax, [elide(label(name), width) if name else "(no category)" for name in shown.index])
    texts = [f"{mean:.1f} % · {_many(size, 'product')}" for mean, size in shown.itertuples(index=False)]
    draw.value_texts(ax, list(shown["mean"]), texts)
    ax.set_xlim(0, max(100.0, shown["mean"].max() * 1.3))
    ax.set_xticks(range(0, 101, 20))
    title = _of("Coverage by category", len(shown), len(ranked), "lowest")
    title += f"; {left_out:,} of which too little was judged left out" if left_out else ""
    draw.dress(ax, PlotWords(title, "Mean coverage (%)"))
    draw.engine_footnote(ax, done)
    return ax


def verdicts_by_taxonomy(judgements: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot what share of the questions on each topic is answered, those a buyer needs answered apart.

    Args:
        judgements: A row a judgement; columns taxonomy, required and verdict.
        ax: Where to draw; None makes a figure as high as its rows need.

    Returns:
        The axes: share of judgements in %, a row a topic, the least answered first.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(judgements, ["taxonomy", "required", "verdict"], JUDGEMENTS)
    if judgements.empty:
        return draw.sentence(ax, _NONE_JUDGED)
    counts = _verdict_counts(judgements, ["required", "taxonomy"])
    counts, not_judged = counts[list(_FILLS)], int(counts[Verdict.NOT_JUDGED].sum())
    counts = counts[counts.sum(axis=1) > 0]
    if counts.empty:
        return draw.sentence(ax, _NONE_JUDGED)
    shares = counts.div(counts.sum(axis=1), axis=0) * 100
    shares["asked"] = counts.sum(axis=1)
    ordered = shares.sort_values([Verdict.YES, Verdict.PARTIAL], kind="stable")
    is_required = ordered.index.get_level_values("required").to_numpy(dtype=bool)
    blocks = [(words, ordered[is_required == flag]) for flag, words in _BLOCKS if (is_required == flag).any()]
    rows = pd.concat([block for _, block in blocks])
    ax = draw.canvas(ax, rows=len(rows) + 2 * len(blocks))
    places: list[float] = []
    headings: list[tuple[float, str]] = []
    for words, block in blocks:
        first = places[-1] + 2.2 if places else 0.9
        headings.append((first - 0.9, words))
        places += [first + n for n in range(len(block))]
    size = draw.label_rows(ax, [label(topic_words(name)) for name in rows.index.get_level_values(1)], places)
    _stack(ax, rows, places, size)
    draw.value_texts(ax, [100.0] * len(rows), [f"{asked:,.0f}" for asked in rows["asked"]], places)
    for place, words in headings:
        ax.text(0, place, words, fontsize=size, fontweight="bold", va="center", color=ink(ax), usetex=False)
    ax.set_ylim(places[-1] + 0.6, -0.5)
    ax.set_xlim(0, 112)
    ax.set_xticks(range(0, 101, 20))
    title = f"What {_many(int(counts.to_numpy().sum()), 'judgement')} say, by topic"
    title += f"; {_many(not_judged, 'question')} not judged" if not_judged else ""
    draw.dress(ax, PlotWords(title, "Share of judgements (%); behind each bar their number", legend=_LEGEND))
    draw.engine_footnote(ax, judgements)
    return ax


_BLOCKS = ((True, "Needed before buying"), (False, "Other questions"))


def most_missed(judgements: pd.DataFrame, ax: Axes | None = None, *, top: int = TOP) -> Axes:
    """Plot the questions that most products leave open, required ones weighing twice.

    Args:
        judgements: A row a judgement; columns question, required and verdict.
        ax: Where to draw; None makes a figure as high as its rows need.
        top: Most questions shown.

    Returns:
        The axes: products, a row a question.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(judgements, ["question", "required", "verdict"], JUDGEMENTS)
    if judgements.empty:
        return draw.sentence(ax, _NONE_JUDGED)
    counts = _verdict_counts(judgements, ["question", "required"])
    missed = counts[Verdict.NO] + counts[Verdict.PARTIAL] / 2
    weights = np.where(counts.index.get_level_values("required"), REQUIRED_WEIGHT, 1)
    ranked = counts.assign(rank=-missed * weights)[missed > 0].sort_values("rank", kind="stable")
    if ranked.empty:
        left = counts[Verdict.NOT_JUDGED].sum()
        return draw.sentence(ax, _NONE_OPEN_OF_JUDGED if left else "Every product answers all of its questions.")
    shown = ranked.head(draw.most_rows(ax, top, lines=2))
    ax = draw.canvas(ax, rows=len(shown), lines=2)
    starts = np.zeros(len(shown))
    for verdict in (Verdict.NO, Verdict.PARTIAL):
        lengths = shown[verdict].to_numpy(dtype=float)
        draw.bars(ax, _FILLS[verdict], places=range(len(shown)), lengths=lengths, starts=starts)
        starts = starts + lengths
    width = draw.room(ax)
    questions = [label(f"Required: {text}" if required else text) for text, required in shown.index]
    draw.label_rows(ax, [wrap(text, width) for text in questions])
    asked = shown[list(_FILLS)].sum(axis=1)
    draw.value_texts(ax, list(starts), [f"{n:,.0f} of {all_:,.0f}" for n, all_ in zip(starts, asked, strict=True)])
    ax.set_xlim(0, starts.max() * 1.22)
    draw.whole_numbers(ax, "x")
    legend = tuple((_FILLS[v], v.words) for v in (Verdict.NO, Verdict.PARTIAL))
    title = _of("Questions left open most", len(shown), len(ranked), "worst")
    draw.dress(
        ax,
        PlotWords(title, "Products, of those that were asked; ranked with double weight where required", legend=legend),
    )
    draw.engine_footnote(ax, judgements)
    return ax


def missing_fields(results: pd.DataFrame, ax: Axes | None = None, *, top: int = TOP) -> Axes:
    """Plot which core fields most products lack, whatever the engine says.

    Args:
        results: A row a product; columns missing_core_fields (names joined by ", ") and status.
        ax: Where to draw; None makes a figure as high as its rows need.
        top: Most fields shown.

    Returns:
        The axes: products, a row a field.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(results, ["missing_core_fields"], RESULTS)
    done = _done(results)
    if done.empty:
        return draw.sentence(ax, _NONE_DONE)
    ranked = fields_missing_most(done, len(results.columns) + 1000).rows
    if not ranked:
        return draw.sentence(ax, f"No required field is missing in {_many(len(done), 'product')}.")
    shown = ranked[: draw.most_rows(ax, top)]
    ax = draw.canvas(ax, rows=len(shown))
    counts = [float(str(count)) for _, count, _ in shown]
    draw.bars(ax, BAR, places=range(len(shown)), lengths=counts)
    draw.label_rows(ax, [elide(label(name), draw.room(ax)) for name, _, _ in shown])
    draw.value_texts(
        ax, counts, [f"{count:,.0f} ({share})" for count, (_, _, share) in zip(counts, shown, strict=True)]
    )
    ax.set_xlim(0, max(counts) * 1.25)
    draw.whole_numbers(ax, "x")
    title = _of(f"Required fields missing in {_many(len(done), 'product')}", len(shown), len(ranked), "most frequent")
    draw.dress(ax, PlotWords(title, "Products without the field"))
    return ax


def _scored(results: pd.DataFrame) -> pd.DataFrame:
    draw.needs(results, ["coverage_pct"], RESULTS)
    done = _done(results)
    return done[done["coverage_pct"].notna()]


def _enough_by_category(done: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the products of the categories of which enough was judged, and how many categories are left out."""
    if "not_judged_count" not in done.columns or not done["not_judged_count"].sum():
        return done, 0
    parts = [part for _, part in done.groupby("category", sort=False, dropna=False)]
    kept = [part for part in parts if Basis.of(part).has_figure]
    return pd.concat(kept) if kept else done.iloc[:0], len(parts) - len(kept)


def _done(results: pd.DataFrame) -> pd.DataFrame:
    # Columns that are not looked at may be texts on disk: they are left where they are.
    counts = [f"{verdict}_count" for verdict in Verdict]
    wanted = ["category", "coverage_pct", "missing_core_fields", "engine", "status", *counts]
    frame = results[[name for name in wanted if name in results.columns]]
    return frame[frame["status"] == RowStatus.DONE.value] if "status" in frame.columns else frame


def _verdict_counts(judgements: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return how many judgements have each verdict, a row a group."""
    counts = judgements.groupby([*by, "verdict"], observed=True, sort=True).size().unstack("verdict", fill_value=0)
    counts.columns = counts.columns.astype(str)
    return counts.reindex(columns=[verdict.value for verdict in Verdict], fill_value=0)


def _stack(ax: Axes, shares: pd.DataFrame, places: list[float], size_pt: float) -> None:
    starts = np.zeros(len(shares))
    pad = 1.8 if size_pt > 8 else 0.3
    for verdict, fill in _FILLS.items():
        lengths = shares[verdict].to_numpy(dtype=float)
        draw.bars(ax, fill, places=places, lengths=lengths, starts=starts)
        for start, length, place in zip(starts, lengths, places, strict=True):
            if length >= _SHOWN_FROM_PCT:
                ax.text(
                    *(start + length / 2, place, f"{length:.0f}"), ha="center", va="center", fontsize=size_pt - 1,
                    color=fill.contrast, bbox={"facecolor": fill.colour, "edgecolor": "none", "pad": pad},
                )  # fmt: skip
        starts = starts + lengths


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _of(title: str, shown: int, there: int, which: str) -> str:
    return title if shown == there else f"{title}: the {shown:,} {which} of {there:,}"
