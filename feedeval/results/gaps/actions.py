"""What to do first: one action an attribute, with what it gains, the questions that it answers and its products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.formatting import plain
from feedeval.results.families import Families
from feedeval.results.frames.judgement_arrays import Codes
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.gaps.gaps import Keys, lacking_fields, sums
from feedeval.results.gaps.next_steps import instruction
from feedeval.results.gaps.open_questions import Action as Deed
from feedeval.results.gaps.open_questions import OpenQuestions

QUESTIONS = 5
"""Questions that are named with an action."""
EXAMPLES = 3
_TRIED = 400
"""Products that are looked at for examples that are not nearly the same."""

COLUMNS = (
    *("attribute", "action", "what", "products", "questions", "open_questions", "required_open", "missing_core"),
    *("gain_pct", "gain_low_pct", "gain_high_pct", "before_pct", "after_pct", "examples"),
)

ASSUMES = (
    "A gain is what the coverage of the whole feed is expected to rise by, with its 95 % interval. It takes what is "
    "filled in to answer as often as what other products of the feed have there already. Gains add up."
)
"""What has to be known to read a gain."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that an action answers."""

    text: str
    required: bool
    products: int
    """Of which it is open."""


@dataclass(frozen=True, slots=True)
class Example:
    """A product of an action."""

    product_id: str
    title: str
    position: int
    """Among the products that are done."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of an action that falls to a category."""

    category: str
    products: int
    gain_pct: float
    """Points of the whole feed's coverage."""


@dataclass(frozen=True, eq=False)
class Action:
    """One thing to do about one attribute, in the whole feed."""

    attribute: str
    adds: int
    """Products that lack it; of a sample, estimated for its feed, as all counts but the positions."""
    extends: int
    """Products that fill it, and the answer is not in it."""
    products: int
    open_questions: int
    required_open: int
    missing_core: int
    """Products that lack it though the destination requires it."""
    questions: tuple[OpenQuestion, ...]
    """Those that lose most, first."""
    more_questions: int
    """How many others there are."""
    gain_pct: float
    gain_low_pct: float
    gain_high_pct: float
    before_pct: float
    """Coverage of the feed; NaN where nothing was judged."""
    examples: tuple[Example, ...]
    categories: tuple[Share, ...]
    positions: Codes
    """Its products, among those that are done."""
    estimated: bool = False
    """Whether a sample of the feed was audited."""

    @property
    def after_pct(self) -> float:
        """Coverage of the feed when it is done."""
        return min(self.before_pct + self.gain_pct, 100.0)

    @property
    def deeds(self) -> str:
        """`add`, `extend`, or both."""
        return ", ".join(word for word, count in ((Deed.ADD, self.adds), (Deed.EXTEND, self.extends)) if count)

    @property
    def what(self) -> str:
        """The thing to do, such as *Add `material` to 312 products*."""
        about = "about " if self.estimated else ""
        if self.adds and self.extends:
            first = instruction(self.attribute, Deed.ADD, f"{about}{_products(self.adds)}")
            return f"{first}, and say more in it for {self.extends:,}"
        return instruction(self.attribute, self.deeds or Deed.ADD, f"{about}{_products(self.products)}")

    @property
    def coverage(self) -> str:
        """Coverage before and after, such as *34.1 → 41.9 %*; empty where nothing is gained."""
        return f"{self.before_pct:.1f} → {self.after_pct:.1f} %" if self.gain_pct > 0 else ""

    @property
    def gain(self) -> str:
        """The gain in points, with its interval; empty where there is none."""
        if self.gain_pct <= 0:
            return ""
        bounds = f" ({self.gain_low_pct:.1f} to {self.gain_high_pct:.1f})" if self.gain_low_pct >= 0 else ""
        return f"+{self.gain_pct:.1f}{bounds}"

    @property
    def why(self) -> str:
        """What it brings, in a sentence without its full stop."""
        if not self.gain_pct > 0:
            return "the destination requires it"
        count = len(self.questions) + self.more_questions
        asked = f"“{plain(self.questions[0].text)}”" if count == 1 else f"{count:,} questions"
        also = f"; the destination requires it of {self.missing_core:,}" if self.missing_core else ""
        return f"answers {asked}, coverage {self.coverage}{also}"

    def __str__(self) -> str:
        return f"{self.what}: {self.why}."


@dataclass(frozen=True, eq=False)
class Actions(Sequence[Action]):
    """What to do, one action an attribute, the one that gains most first."""

    actions: tuple[Action, ...]
    notes: tuple[str, ...] = ()
    """What has to be known to read them."""
    audited: int = 1
    """Products that are done."""
    covered: int = 1
    """Those of them of which enough was judged to say what they leave open."""

    @overload
    def __getitem__(self, at: int) -> Action: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Action, ...]: ...
    def __getitem__(self, at: int | slice) -> Action | tuple[Action, ...]:
        return self.actions[at]

    def __len__(self) -> int:
        return len(self.actions)

    def __iter__(self) -> Iterator[Action]:
        return iter(self.actions)

    @property
    def nothing(self) -> str:
        """What is said where there is no action."""
        if not self.audited:
            return "No product is done yet, so nothing can be said of what to add."
        if 2 * self.covered < self.audited:
            return "Too little was judged to say what to add, and no required field lacks."
        return "No question is left open, and no required field lacks: there is nothing to add."

    def text(self) -> str:
        """Return a numbered line an action."""
        width = len(str(len(self)))
        lines = [f"{number:>{width}}. {action}" for number, action in enumerate(self, 1)]
        return "\n".join([*(lines or [self.nothing]), *self.notes])

    __str__ = __repr__ = text

    def frame(self) -> pd.DataFrame:
        """Return a row an action, as `Session.actions` describes it."""
        rows = [_row(action) for action in self]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        texts = ("attribute", "action", "what", "questions", "examples")
        counts = ("products", "open_questions", "required_open", "missing_core")
        kinds: dict[str, Any] = {**dict.fromkeys(texts, TEXT), **dict.fromkeys(counts, "Int64")}
        kinds |= {name: "float64" for name in COLUMNS if name.endswith("_pct")}
        frame = frame.astype(kinds)
        estimated = any(action.estimated for action in self)
        frame.attrs["feedeval"] = {"products": self.audited, "covered": self.covered, "estimated": estimated}
        return frame


def _row(action: Action) -> tuple[object, ...]:
    return (
        *(action.attribute, action.deeds, action.what.replace("`", ""), action.products),
        "\n".join(question.text for question in action.questions),
        *(action.open_questions, action.required_open, action.missing_core),
        *(action.gain_pct, action.gain_low_pct, action.gain_high_pct, action.before_pct, action.after_pct),
        "\n".join(f"{example.product_id}: {example.title}" for example in action.examples),
    )


def actions_of(found: OpenQuestions, notes: Iterable[str] = ()) -> Actions:
    """Return what to do about the open questions and the required fields that lack."""
    made = _Maker(found).actions()
    return Actions(tuple(made), tuple(notes), len(found.judged), int(found.judged.covered.sum()))


class _Maker:
    """Puts the actions together: figures by attribute, and by attribute and category."""

    def __init__(self, found: OpenQuestions) -> None:
        self.found = found
        judged = found.judged
        self.keys = Keys(found, None, each_category=False)
        self.figures = sums(found, self.keys)
        self.estimated = bool(len(judged)) and round(self.keys.of_products.sum()) != len(judged)
        self.before_pct = float(self.keys.coverage_pct[0])
        self.shares = self._shares()
        self.families = Families()
        self.worth = found.lost * found.rates.rate
        place = found.place
        order = np.argsort(place, kind="stable")
        starts = np.searchsorted(place[order], np.arange(len(found.places) + 1))
        self.rows = {n: order[starts[n] : starts[n + 1]] for n in range(len(found.places))}
        """Of each place, its open questions."""

    def actions(self) -> list[Action]:
        lacking: dict[str, float] = {}
        for (_, name), count in lacking_fields(self.found, self.keys).items():
            lacking[name] = lacking.get(name, 0.0) + count
        made = [
            self._action(row, int(cell), lacking.pop(self.found.places[int(cell)].label, 0.0))
            for row, cell in enumerate(self.keys.cells.tolist())
        ]
        made += [self._required(name, count) for name, count in lacking.items()]
        return sorted(made, key=lambda a: (-a.gain_pct, -a.missing_core, -a.products, a.attribute))

    def _action(self, row: int, place: int, missing_core: float) -> Action:
        found, figures = self.found, self.figures
        rows = self.rows[place]
        label = found.places[place].label
        positions = np.unique(found.product[rows])
        if missing_core:
            positions = np.union1d(positions, self._without(label))
        extends = np.unique(found.product[rows[found.extends[rows]]])
        extended, products = self._count(extends), self._count(positions)
        questions = self._questions(rows)
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
            examples=self._examples(rows),
            categories=self.shares.get(place, ()),
            positions=positions,
            estimated=self.estimated,
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
            examples=self._distinct(positions.tolist()),
            categories=(),
            positions=positions,
            estimated=self.estimated,
        )

    def _count(self, positions: Codes) -> int:
        return round(float(self.found.judged.stands_for[positions].sum()))

    def _without(self, name: str) -> Codes:
        """Return the products that lack a field which the destination requires."""
        judged = self.found.judged
        lacks: NDArray[np.bool_] = np.array([name in names for names in judged.lacks] or [False])
        return np.flatnonzero(lacks[judged.lacking])

    def _questions(self, rows: Codes) -> list[OpenQuestion]:
        """Return the questions of some rows, by their text, those that lose most first."""
        judged = self.found.judged
        codes, at = np.unique(self.found.question[rows], return_inverse=True)
        each = judged.stands_for[self.found.product[rows]]
        lost = np.bincount(at, self.worth[rows] * each, len(codes))
        count = np.bincount(at, each, len(codes))
        together: dict[str, list[float]] = {}
        for code, worth, products in zip(codes.tolist(), lost.tolist(), count.tolist(), strict=True):
            asked = judged.questions[code]
            known = together.setdefault(asked.text, [0.0, 0.0, 0.0])
            known[0] += worth
            known[1] += products
            known[2] = max(known[2], float(asked.required))
        ranked = sorted(together.items(), key=lambda item: (-item[1][0], item[0]))
        return [OpenQuestion(text, bool(required), round(products)) for text, (_, products, required) in ranked]

    def _examples(self, rows: Codes) -> tuple[Example, ...]:
        """Return the products that would gain most, no two of them nearly the same where others are there."""
        products, at = np.unique(self.found.product[rows], return_inverse=True)
        gain = np.bincount(at, self.worth[rows], len(products))
        return self._distinct(products[np.lexsort((products, -gain))].tolist())

    def _distinct(self, ranked: Sequence[int]) -> tuple[Example, ...]:
        judged = self.found.judged
        titles = [judged.titles[at] or judged.ids[at] for at in ranked[:_TRIED]]
        chosen = self.families.distinct(titles, EXAMPLES)
        return tuple(Example(judged.ids[ranked[n]], judged.titles[ranked[n]], ranked[n]) for n in chosen)

    def _shares(self) -> dict[int, tuple[Share, ...]]:
        keys = Keys(self.found, None, each_category=True)
        figures = sums(self.found, keys)
        width = max(len(keys.names), 1)
        shares: dict[int, list[Share]] = {}
        for row, cell in enumerate(keys.cells.tolist()):
            share = Share(
                str(figures["category"][row]),
                round(float(figures["products"][row])),
                float(figures["gain_of_feed"][row]),
            )
            shares.setdefault(cell % width, []).append(share)
        return {place: tuple(sorted(found, key=lambda s: (-s.gain_pct, s.category))) for place, found in shares.items()}


def _products(count: int) -> str:
    return f"{count:,} product{'s' * (count != 1)}"
