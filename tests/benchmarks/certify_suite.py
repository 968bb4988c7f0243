"""Do the intervals of `certify` hold the truth, and how much narrower are they than those of labels alone?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from statistics import fmean

from tests.benchmarks.figures import Figure
from tests.results.judged import Held, judged_feed, try_out

KAPPAS = (0.4, 0.7, 0.9)
FEEDS = 5
"""That draws are spread over: how often an interval holds differs from feed to feed."""


def certified(*, draws: int, labels: int = 100) -> list[Figure]:
    """Draw labels of simulated feeds and compare intervals with the truth."""
    return [
        figure
        for kappa in KAPPAS
        for overlooks in (False, True)
        for likelier in (False, True)
        for figure in _figures(kappa, draws, labels, overlooks=overlooks, likelier=likelier)
    ]


def _figures(kappa: float, draws: int, labels: int, *, overlooks: bool, likelier: bool) -> Iterator[Figure]:
    tries = [
        try_out(judged_feed(kappa, overlooks=overlooks, seed=seed), labels, draws // FEEDS, likelier=likelier)
        for seed in range(FEEDS)
    ]
    found = Held(*(fmean(values) for values in zip(*map(astuple, tries), strict=True)))
    name = f"kappa {kappa}, {'overlooks' if overlooks else 'guesses'}, {'likelier' if likelier else 'as likely'}"
    held = 100 * found.held
    yield Figure(f"{name}: intervals that hold the truth", held, "%", at_least=93.0, note="wanted: 93 to 97 %")
    yield Figure(f"{name}: half width", found.half_width_pct, "pts", note=f"{labels} labels")
    yield Figure(f"{name}: of that of labels alone", found.ratio)
