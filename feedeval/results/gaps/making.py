"""How actions are put together: figures by attribute, the products of each, and examples from the biggest groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedeval.results.frames.judgement_arrays import Codes, Floats
from feedeval.results.gaps.actions import FIRST, LEAST_GAIN_PCT, Action, Actions, Example, OpenQuestion, Share
from feedeval.results.gaps.gathering import Gathered, gather
from feedeval.results.gaps.groups import Group, short_names
from feedeval.results.gaps.summing import Grouping, OpenFeed, sums
from feedeval.results.near_identical import Families

QUESTIONS = 5
"""Questions that are named with an action."""
EXAMPLES = 3
MOST_ACTIONS = 500
"""Judges that name attributes as they like could make one of each product."""
_TRIED = 400
"""Products that are looked at for examples that are not nearly the same."""


def actions_of(feed: OpenFeed, coverage_pct: float | None, notes: Iterable[str] = ()) -> Actions:
    """Return what to do about the open questions and the required fields that lack.

    Args:
        feed: The open questions.
        coverage_pct: Coverage of the feed, as it is shown elsewhere; None where too little was judged for a figure.
        notes: What has to be known to read them.
    """
    maker = _Maker(feed, float("nan") if coverage_pct is None else coverage_pct)
    ranked = maker.actions()
    # Where all gain next to nothing, the first of them are still what to do first.
    kept = [each for n, each in enumerate(ranked) if n < FIRST or each.missing_core or each.gain_pct >= LEAST_GAIN_PCT]
    return Actions(
        actions=tuple(replace(action, examples=maker.examples(action)) for action in kept[:MOST_ACTIONS]),
        notes=tuple(notes),
        audited=maker.sums.products,
        covered=maker.sums.with_coverage,
        left_out=len(ranked) - len(kept),
        together_pct=maker.together(kept[:FIRST]),
        ids=maker.found.ids,
        titles=maker.found.titles,
    )


class _Maker:
    """Puts the actions together: figures by attribute, and by attribute and category."""

    def __init__(self, feed: OpenFeed, before_pct: float) -> None:
        self.before_pct = before_pct
        self.sums, of_categories = sums(feed, [Grouping(None, each_category=False), Grouping(None, each_category=True)])
        self.figures = self.sums.figures
        self.estimated = self.sums.estimated
        self.shares = _shares(of_categories.cells, of_categories.figures, len(of_categories.names))
        self.found: Gathered = gather(feed)
        self.families = Families()
        self.shown: Counter[int] = Counter()
        """How often each family was an example already."""
        self.gain_of: dict[str, tuple[Codes, Floats]] = {}
        """By attribute, the products with open questions and what each would gain."""
        self.sizes = self._by_category(np.arange(len(self.found.category)))
        self.short = short_names(self.found.categories)

    def actions(self) -> list[Action]:
        lacking: dict[str, float] = {}
        for (_, name), count in self.sums.lacking.items():
            lacking[name] = lacking.get(name, 0.0) + count
        made = [
            self._action(row, int(cell), lacking.pop(self.found.places[int(cell)].label, 0.0))
            for row, cell in enumerate(self.sums.cells.tolist())
        ]
        made += [self._required(name, count) for name, count in lacking.items()]
        # What stands on a page comes first: it costs a copy and no research.
        return sorted(made, key=lambda a: (-a.copy_gain_pct, -a.gain_pct, -a.missing_core, -a.products, a.attribute))

    def together(self, actions: list[Action]) -> float:
        """Return the coverage of the feed when some actions are all done; NaN where that says nothing."""
        gaining = {action.attribute for action in actions if action.gain_pct > 0}
        if len(gaining) < 2 or self.before_pct != self.before_pct:
            return float("nan")
        found = self.found
        gained = sum(float(found.gained[n]) for n, place in enumerate(found.places) if place.label in gaining)
        return min(self.before_pct + gained / float(self.sums.covered.sum()), 100.0)

    def _action(self, row: int, place: int, missing_core: float) -> Action:
        found, figures = self.found, self.figures
        label = found.places[place].label
        opened = found.opened(place)
        positions = opened.positions
        if missing_core:
            positions = np.union1d(positions, self._without(label))
        extended, products = self._count(opened.positions[opened.extends]), self._count(positions)
        questions = self._questions(place)
        self.gain_of[label] = (opened.positions, opened.gains)
        return Action(
            attribute=label,
            adds=max(products - extended, 0),
            extends=extended,
            products=products,
            open_questions=round(float(figures["open_questions"][row])),
            required_open=round(float(figures["required_open"][row])),
            missing_core=round(missing_core),
            questions=tuple(questions[:QUESTIONS]),
            more_questions=max(len(questions) - QUESTIONS, 0),
            gain_pct=float(figures["gain"][row]),
            gain_low_pct=float(figures["gain_low"][row]),
            gain_high_pct=float(figures["gain_high"][row]),
            before_pct=self.before_pct,
            examples=(),
            categories=self.shares.get(place, ()),
            positions=positions,
            groups=self._groups(positions),
            estimated=self.estimated,
            on_page=round(float(figures["on_page"][row])),
            copy_gain_pct=float(figures["copy_gain"][row]),
        )

    def _required(self, name: str, count: float) -> Action:
        """Return the action for a field that the destination alone asks for."""
        positions = self._without(name)
        zero = 0.0 if self.before_pct == self.before_pct else float("nan")
        return Action(
            attribute=name,
            adds=round(count),
            extends=0,
            products=round(count),
            open_questions=0,
            required_open=0,
            missing_core=round(count),
            questions=(),
            more_questions=0,
            gain_pct=0.0,
            gain_low_pct=zero,
            gain_high_pct=zero,
            before_pct=self.before_pct,
            examples=(),
            categories=(),
            positions=positions,
            groups=self._groups(positions),
            estimated=self.estimated,
        )

    def _by_category(self, positions: Codes) -> Floats:
        found = self.found
        counts = np.bincount(found.category[positions], found.stands_for[positions], len(found.categories))
        return counts.astype(float)

    def _groups(self, positions: Codes) -> tuple[Group, ...]:
        own = self._by_category(positions)
        made = [
            Group(self.short[at], round(count), round(of))
            for at, (count, of) in enumerate(zip(own.tolist(), self.sizes.tolist(), strict=True))
            if of
        ]
        return tuple(sorted(made, key=lambda group: (-group.products, group.name)))

    def _count(self, positions: Codes) -> int:
        return round(float(self.found.stands_for[positions].sum()))

    def _without(self, name: str) -> Codes:
        """Return the products that lack a field which the destination requires."""
        found = self.found
        lacks: NDArray[np.bool_] = np.array([name in names for names in found.lacks] or [False])
        return np.flatnonzero(lacks[found.lacking])

    def _questions(self, place: int) -> list[OpenQuestion]:
        """Return the open questions of a place, by their text, those that lose most first."""
        together: dict[str, Floats] = {}
        for question, worth, count, partial in self.found.asked(place):
            figures = np.array([worth, count, partial, count if question.required else 0.0])
            text = question.text
            together[text] = together[text] + figures if text in together else figures
        ranked = sorted(together.items(), key=lambda item: (-item[1][0], item[0]))
        return [OpenQuestion(text, *(round(figure) for figure in figures[1:].tolist())) for text, figures in ranked]

    def examples(self, action: Action) -> tuple[Example, ...]:
        """Return products of the biggest groups that would gain most: no two nearly the same, and others each time."""
        found, positions = self.found, action.positions
        gain = np.zeros(len(positions))
        if action.attribute in self.gain_of:
            products, gains = self.gain_of[action.attribute]
            gain[np.searchsorted(positions, products)] = gains
        ranked = positions[np.argsort(-gain, kind="stable")]
        sizes = self._by_category(positions)
        biggest = [at for at in np.argsort(-sizes, kind="stable")[:EXAMPLES].tolist() if sizes[at] > 0]
        queues = {group: self._queue(ranked[found.category[ranked] == group]) for group in biggest}
        chosen: list[int] = []
        taken: Counter[int] = Counter()
        while len(chosen) < EXAMPLES and any(queues.values()):
            # Each place goes to the group that has most products for those it has got.
            group = max((at for at in queues if queues[at]), key=lambda at: sizes[at] / (taken[at] + 1))
            chosen.append(queues[group].pop(0))
            taken[group] += 1
        self.shown.update(self._family(at) for at in chosen)
        return tuple(Example(found.ids[at], found.titles[at], at) for at in chosen)

    def _queue(self, ranked: Codes) -> list[int]:
        """Return the candidates of a group: those whose like was shown least; variants of one thing come last."""
        tried = [(self._family(at), at) for at in ranked[:_TRIED].tolist()]
        firsts: dict[int, int] = {}
        for family, at in tried:
            firsts.setdefault(family, at)
        best = sorted(firsts, key=lambda family: self.shown[family])[:EXAMPLES]
        own = [firsts[family] for family in best]
        rest = [at for _, at in tried if at not in own]
        return [*own, *rest[:EXAMPLES]]

    def _family(self, at: int) -> int:
        found = self.found
        category = found.categories[int(found.category[at])]
        return self.families.family(found.titles[at] or found.ids[at], category=category)


def _shares(cells: Codes, figures: dict[str, Any], width: int) -> dict[int, tuple[Share, ...]]:
    """Return of each place what falls to each category."""
    shares: dict[int, list[Share]] = {}
    for row, cell in enumerate(cells.tolist()):
        share = Share(
            str(figures["category"][row]),
            round(float(figures["products"][row])),
            float(figures["gain_of_feed"][row]),
        )
        shares.setdefault(cell % max(width, 1), []).append(share)
    return {place: tuple(sorted(found, key=lambda s: (-s.gain_pct, s.category))) for place, found in shares.items()}
