"""What people's labels say of an audit, as text for a terminal and as static HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from feedeval.formatting import columns, plain
from feedeval.html import Markup, definitions, escape, section, table
from feedeval.results.stats import Interval


@dataclass(frozen=True, eq=False)
class Certified:
    """Coverage as people would have judged it; shown as text by `print` and as tables in a notebook.

    Intervals hold 95 %.
    """

    session: str
    engine: str
    """Who judged."""
    coverage_pct: Interval
    """0 to 100."""
    judge_pct: float
    """The same as the judge has it."""
    labels: int
    """Verdicts that people checked."""
    cases: int
    """Verdicts that these were drawn from."""
    products: int
    """Products that labels are of."""
    kappa: Interval
    """Cohen's kappa of the judge on this feed; NaN where only one verdict occurs."""
    alone_pct: Interval
    """Coverage from the labels alone."""
    gain: float
    """How many times as many labels it would take without the judge."""
    tuning: float
    """λ: how far the judge is relied on, about 0 to 1."""
    more_labels: int | None
    """Further labels that would halve the interval; None where no number would."""
    shares: pd.DataFrame
    """A row a verdict: verdict (str), judge, people, low, high (float64, shares of the verdicts in [0, 1])."""
    left_out: Mapping[str, int]
    """Labels that could not be used, by why."""
    notes: tuple[str, ...]
    """What a reader has to know of the figures."""

    @property
    def estimate(self) -> float:
        """Coverage as people would have judged it, 0 to 100."""
        return self.coverage_pct.estimate

    @property
    def low(self) -> float:
        """Lower bound of the 95 % interval, 0 to 100."""
        return self.coverage_pct.low

    @property
    def high(self) -> float:
        """Upper bound of the 95 % interval, 0 to 100."""
        return self.coverage_pct.high

    @property
    def sentence(self) -> str:
        """The figure in one line, such as `61 ± 3 %, 100 verdicts checked by people`."""
        return f"{plus_minus(self.coverage_pct)} %, {self.labels:,} verdicts checked by people"

    def __str__(self) -> str:
        facts = self.facts()
        room = max(map(len, facts))
        head = "\n".join([f"Coverage of session {plain(self.session)}: {self.sentence}", *map(plain, self.notes)])
        lines = "\n".join(f"{name:<{room}}  {plain(value)}" for name, value in facts.items())
        return f"{head}\n\n{lines}\n\nVerdicts\n{columns(self._rows(), _HEADER, indent='  ')}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        notes = [Markup(f"<p><em>{escape(note)}</em></p>") for note in self.notes]
        shares = section("Verdicts", table(self._rows(), _HEADER))
        title = f"Coverage of session {self.session}: {self.sentence}"
        return section(title, *notes, definitions(self.facts()), shares)

    def facts(self) -> dict[str, str]:
        """Return the figures by name, for display."""
        lost = "".join(f"; {count:,} labels {why}" for why, count in self.left_out.items())
        facts = {
            "People": f"{self.coverage_pct:.1f} % of what buyers would ask is answered",
            "The judge": f"{self.judge_pct:.1f} %, by {self.engine}",
            "Checked": f"{self.labels:,} of {self.cases:,} verdicts, of {self.products:,} products{lost}",
            "Kappa of the judge": f"{self.kappa:.2f}",
            "Labels alone": f"{self.alone_pct:.1f} %; with the judge as good as {self.gain:.1f} times the labels",
        }
        if self.more_labels is None:
            facts["To halve the interval"] = "no number of labels would: audit more of the feed"
        else:
            facts["To halve the interval"] = f"{self.more_labels:,} more labels"
        return facts

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (verdict.replace("_", " "), f"{100 * judge:.1f} %", f"{Interval(*people).scaled(100):.1f} %")
            for verdict, judge, *people in self.shares.itertuples(index=False, name=None)
        ]


_HEADER = ("Verdict", "The judge", "People")


def plus_minus(interval: Interval) -> str:
    """Return an interval as `61 ± 3`; one that is cut off at 0 or 100 reaches as far as its longer side does."""
    if interval.low != interval.low:
        return f"{interval.estimate:.0f}"
    reach = max(interval.estimate - interval.low, interval.high - interval.estimate)
    places = 0 if reach >= 1 else 1
    return f"{interval.estimate:.{places}f} ± {reach:.{places}f}"
