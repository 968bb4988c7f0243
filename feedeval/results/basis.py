"""What a coverage stands on: how much was judged, and the sentence in place of a figure where that is too little."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from feedeval.formatting import counted
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import is_enough
from feedeval.results.frames.decoding import AuditCoverage
from feedeval.results.frames.results import RowStatus

if TYPE_CHECKING:
    from feedeval.results.whole_feed import WholeFeed

_COUNTS = ("yes_count", "partial_count", "no_count", "not_applicable_count", "not_judged_count")


@dataclass(frozen=True, slots=True)
class Basis:
    """What the coverage of an audit stands on.

    Questions that do not apply are asked in vain and said nowhere. Those that were not judged are: above a share of
    `MOST_NOT_JUDGED` (30 %) of what applies, there is no figure for the whole.
    """

    products: int
    """Products that are done."""
    covered: int
    """Those of them with a coverage: of the others nothing was judged, or less than half."""
    failed: int
    judged: int
    """Questions with the verdict yes, partial or no, over all products."""
    not_judged: int
    not_applicable: int
    offline: bool = False
    """Whether the embedded engine judged."""

    @classmethod
    def of(cls, results: pd.DataFrame) -> Basis:
        """Return what the coverage of a frame of results stands on; columns that it lacks count as nothing."""
        names = results.columns
        is_done = results["status"].eq(RowStatus.DONE.value).to_numpy() if "status" in names else np.ones(len(results))
        done = results.loc[is_done.astype(bool), [n for n in (*_COUNTS, "coverage_pct", "engine") if n in names]]
        sums = {name: int(done[name].sum()) if name in done.columns else 0 for name in _COUNTS}
        engines = done["engine"].dropna() if "engine" in done.columns else pd.Series(dtype=object)
        return cls(
            products=len(done),
            covered=int(done["coverage_pct"].notna().sum()),
            failed=len(results) - len(done),
            judged=sums["yes_count"] + sums["partial_count"] + sums["no_count"],
            not_judged=sums["not_judged_count"],
            not_applicable=sums["not_applicable_count"],
            offline=bool(len(engines)) and bool(engines.eq(OfflineEngine.name).all()),
        )

    @classmethod
    def of_values(cls, values: Iterable[AuditCoverage]) -> Basis:
        """Return the same from evaluations as they are read from batch files."""
        found = list(values)
        return cls(
            products=len(found),
            covered=sum(value.coverage_pct is not None for value in found),
            failed=0,
            judged=sum(value.yes_count + value.partial_count + value.no_count for value in found),
            not_judged=sum(value.not_judged_count for value in found),
            not_applicable=sum(value.not_applicable_count for value in found),
        )

    @property
    def share(self) -> float:
        """Share of the questions that apply which were judged, 0 to 1; NaN where none applies."""
        applies = self.judged + self.not_judged
        return self.judged / applies if applies else float("nan")

    @property
    def has_figure(self) -> bool:
        """Whether enough was judged for a figure of the whole."""
        # A frame that counts no verdicts says nothing against its coverages.
        return self.covered > 0 and (is_enough(self.judged, self.not_judged) or not self.not_judged)

    @property
    def of_what(self) -> str:
        """What a figure is of, to follow it after a comma; empty where everything that applies was judged."""
        if not self.not_judged:
            return ""
        left = self.products - self.covered
        without = f" ({counted(left, 'product')} left out, of which too little was judged)" if left else ""
        return f"of the {_percent(self.share)} of questions that were judged{without}"

    @property
    def no_figure(self) -> str:
        """The sentence in place of a figure, with the way to one."""
        if not self.judged + self.not_judged:
            return "No coverage: no question was asked that applies to these products."
        said = f"No coverage: {_percent(1 - self.share)} of the questions were not judged"
        if self.offline:
            return (
                f"{said}, because the embedded engine does not read the language of the text. A language model does: "
                "choose one under “Who judges” in the app, or give model=."
            )
        return f"{said}, because the model could not tell. Another one may: name it in the app, or give model=."

    def words(self, figure: str) -> str:
        """Return a figure with what it is of, or the sentence in its place."""
        return ", ".join(filter(None, (figure, self.of_what))) if self.has_figure else self.no_figure


@dataclass(frozen=True, slots=True)
class Standing:
    """The coverage of an audit, with what it stands on."""

    basis: Basis
    coverage_pct: float | None
    """Mean over the products that have one, or of a sample the estimate for its feed; None where too little was
    judged."""
    figure: str
    """The same as it is shown, with its interval where it is an estimate; empty where there is none."""

    @property
    def sentence(self) -> str:
        """The coverage in one sentence, or the sentence in its place."""
        done = f" over the {self.basis.products:,} products that are done" if self.basis.failed else ""
        return self.basis.words(f"{self.figure} % of what buyers would ask is answered by the feed{done}")

    @property
    def short(self) -> str:
        """The coverage in a few words, or the sentence in its place."""
        return self.basis.words(f"{self.figure} %")

    def headline(self, state: str) -> str:
        """Return the result in one line, failures first: a figure is that of the products that are done."""
        basis = self.basis
        if basis.failed:
            total = basis.products + basis.failed
            said = f"{state}, {basis.failed:,} of {total:,} products failed"
            if self.coverage_pct is None:
                return f"{said}. {basis.no_figure}" if basis.products else f"{said}."
            return f"{said}; coverage of the other {basis.products:,}: {self.short}."
        return f"{state}: coverage {self.short}." if self.coverage_pct is not None else f"{state}. {basis.no_figure}"


def standing_of(results: pd.DataFrame, whole: WholeFeed | None = None) -> Standing:
    """Return the coverage of an audit.

    Args:
        results: `session.results`.
        whole: What a sample says about its feed, where one was audited.
    """
    basis = Basis.of(results)
    if not basis.has_figure:
        return Standing(basis, None, "")
    if whole is not None:
        return Standing(basis, whole.coverage_pct.estimate, f"{whole.coverage_pct:.1f}")
    # Products that failed or of which too little was judged have none.
    mean = float(results["coverage_pct"].mean())
    return Standing(basis, mean, f"{mean:.1f}")


def _percent(share: float) -> str:
    """Return a share in whole per cent; one that is neither nothing nor all is not rounded to either."""
    if 0 < share < 0.01:
        return "less than 1 %"
    return "more than 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"
