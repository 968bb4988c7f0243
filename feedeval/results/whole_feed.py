"""What an audit of a sample says about the whole feed.

The estimators of stratified random sampling (W. G. Cochran, Sampling Techniques, 3rd ed., 1977, sections 5.3 to 5.5):
the mean of each group counts as its share of the feed, the variance carries the finite population correction, and the
interval is Student's t with the effective degrees of freedom of formula 5.16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from feedeval.results.frames.decoding import AuditCoverage, SampledMeta, readable_batches
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.stats import UNKNOWN, Floats, Interval, group_sizes, t95
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.paths import StoredFile


@dataclass(frozen=True, eq=False)
class WholeFeed:
    """Totals of a whole feed, estimated from a sample of its products; intervals hold 95 %.

    A product that failed counts as if it were like the others of its group; so does, in the coverage, one of which too
    little was judged.
    """

    products: int
    """In the feed."""
    audited: int
    """Products of the sample that are done."""
    coverage_pct: Interval
    """NaN where no product has one."""
    required_open: Interval
    """Products that leave a question open which a buyer needs answered before buying."""
    _lacking: Mapping[str, Interval]

    @cached_property
    def missing_fields(self) -> pd.DataFrame:
        """A row a core field that is missing somewhere: field (str), products, low, high (float64), most first."""
        rows = [(name, *found) for name, found in self._lacking.items()]
        frame = pd.DataFrame(rows, columns=["field", "products", "low", "high"])
        kinds: dict[str, Any] = {"field": TEXT, **dict.fromkeys(("products", "low", "high"), "float64")}
        return frame.astype(kinds).sort_values(["products", "field"], ascending=[False, True], ignore_index=True)

    @property
    def note(self) -> str:
        """What has to be said wherever these figures are shown."""
        return (
            f"A sample of {self.audited:,} of {self.products:,} products was audited: figures with an interval "
            "(95 %) are estimates for the whole feed, lists speak of the sample."
        )


def whole_feed(files: Sequence[StoredFile], drawn: Mapping[str, Any]) -> WholeFeed | None:
    """Return what a sample says about its feed, None where no product of it is done.

    Args:
        files: The batch files of the audit.
        drawn: How the sample was drawn, as `feed.sample` notes it.
    """
    batches = readable_batches(files, ResultOf[AuditCoverage, SampledMeta], Unread)
    done = [result for batch in batches for result in batch.results]
    if not done:
        return None
    groups = [result.meta.stratum for result in done]
    sizes = drawn["strata"]
    products = sum(sizes.values())

    def mean(values: Sequence[float]) -> Interval:
        return stratified_mean(np.array(values, dtype=np.float64), groups, sizes)

    def total(values: Sequence[bool]) -> Interval:
        share = mean([float(value) for value in values])
        seen = float(sum(values))
        # What was seen is there, and what was seen otherwise is not.
        least, most = seen, products - (len(values) - seen)
        return Interval(*(min(max(end * products, least), most) for end in share))

    lacking = {name for result in done for name in result.meta.missing_core_fields}
    covered = [(r.value.coverage_pct, r.meta.stratum) for r in done if r.value.coverage_pct is not None]
    coverage = stratified_mean(np.array([c for c, _ in covered]), [group for _, group in covered], sizes)
    return WholeFeed(
        products=products,
        audited=len(done),
        coverage_pct=Interval(*(end if end != end else min(max(end, 0.0), 100.0) for end in coverage)),
        required_open=total([result.value.unanswered_required_count > 0 for result in done]),
        _lacking={name: total([name in result.meta.missing_core_fields for result in done]) for name in lacking},
    )


def stratified_mean(values: Floats, groups: Sequence[str], sizes: Mapping[str, int]) -> Interval:
    """Return the mean over a whole population from values drawn at random within its groups, with its 95 % interval.

    A group of which nothing was drawn counts as the others do; one of which a single value was drawn is taken to
    differ within as the others do.

    Args:
        values: What was drawn.
        groups: The group of each value.
        sizes: All there are of each group.
    """
    codes, drawn, there = group_sizes(groups, sizes)
    if not len(drawn):
        return UNKNOWN
    means = np.bincount(codes, values) / drawn
    squares = np.bincount(codes, (values - means[codes]) ** 2)
    freedom = drawn - 1
    pooled = squares.sum() / freedom.sum() if freedom.sum() else np.nan
    variances = np.where(freedom > 0, squares / np.maximum(freedom, 1), pooled)
    shares = there / there.sum()
    estimate = float((shares * means).sum())
    unseen = there * (there - drawn) / drawn
    parts = np.where(unseen > 0, unseen * variances, 0.0)
    if np.isnan(parts).any():
        return Interval(estimate, float("nan"), float("nan"))
    spread = float(np.sqrt(parts.sum())) / there.sum()
    if not spread:
        return Interval(estimate, estimate, estimate)
    effective = parts.sum() ** 2 / (parts**2 / np.maximum(freedom, 1)).sum()
    reach = t95(max(int(effective), 1)) * spread
    return Interval(estimate, estimate - reach, estimate + reach)
