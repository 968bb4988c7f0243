"""What to do first: one action an attribute, with what it gains, the questions that it answers and its products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import pandas as pd

from feedeval.formatting import counted, plain
from feedeval.results.frames.judgement_arrays import Codes
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.gaps.groups import Group, groups_in_words
from feedeval.results.gaps.next_steps import copy_words, instruction
from feedeval.results.gaps.open_questions import Action as Deed

LEAST_GAIN_PCT = 0.1
"""An action that gains less is no help to whoever has to choose."""
FIRST = 3
"""Actions that are named before all else."""

COLUMNS = (
    *("attribute", "action", "what", "products", "questions", "open_questions", "required_open", "missing_core"),
    *("gain_pct", "gain_low_pct", "gain_high_pct", "before_pct", "after_pct", "examples", "on_page"),
)

ASSUMES = (
    "A gain is how far the coverage of the whole feed is expected to rise, if the new values answer as often as those "
    "that other products of the feed have there already. Gains add up."
)
"""What has to be known to read a gain."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that an action answers."""

    text: str
    products: int
    """Of which it is open, or answered only in part."""
    partial: int = 0
    """Those of them that answer it in part."""
    required_products: int = 0
    """Those of them that a buyer needs the answer of before buying."""

    @property
    def required(self) -> bool:
        """Whether a buyer of some of the products needs the answer before buying."""
        return self.required_products > 0


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
    """Coverage of the feed; NaN where too little was judged for a figure."""
    examples: tuple[Example, ...]
    categories: tuple[Share, ...]
    positions: Codes
    """Its products, among those that are done."""
    groups: tuple[Group, ...] = ()
    """The categories of the feed, with how many products of each it is for; the biggest first."""
    estimated: bool = False
    """Whether a sample of the feed was audited."""
    on_page: int = 0
    """Products on whose page an answer stands already: it has only to be copied."""
    copy_gain_pct: float = 0.0
    """Points of coverage that copying gains; part of `gain_pct`."""
    page_words: tuple[tuple[str, str], ...] = ()
    """Products and the words of their pages, for example."""
    present: tuple[tuple[str, int], ...] = ()
    """What the feed says now where it says too little, the most frequent first, and of how many products; 0: not
    counted."""

    @property
    def copying(self) -> str:
        """That answers can be copied: *on the page already for 34 of 120 products, copy it*; empty where none can."""
        return copy_words(self.on_page, self.products) if self.on_page else ""

    @property
    def for_which(self) -> str:
        """The products that it is for, such as *150 of Shirts, 3 of Blankets*; empty where the feed has no groups."""
        return groups_in_words(self.groups)

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
        known = self.gain_pct > 0 and self.before_pct == self.before_pct
        return f"{self.before_pct:.1f} → {self.after_pct:.1f} %" if known else ""

    @property
    def gain(self) -> str:
        """The gain in points, with its interval; empty where there is none."""
        if self.gain_pct <= 0:
            return ""
        known = self.gain_low_pct == self.gain_low_pct
        bounds = f" ({self.gain_low_pct:.1f} to {self.gain_high_pct:.1f})" if known else ""
        return f"+{self.gain_pct:.1f}{bounds}"

    @property
    def why(self) -> str:
        """What it brings, in a sentence without its full stop."""
        if not self.gain_pct > 0:
            return "the destination requires it"
        count = len(self.questions) + self.more_questions
        asked = f"“{plain(self.questions[0].text)}”" if count == 1 else f"{count:,} questions"
        also = f"; the destination requires it of {self.missing_core:,}" if self.missing_core else ""
        gain = (
            f"coverage {self.coverage} (+{self.gain_pct:.1f} points)"
            if self.coverage
            else f"{self.gain} points of coverage"
        )
        copy = f"{self.copying}; " if self.on_page else ""
        return f"{copy}answers {asked}, {gain}{also}"

    def __str__(self) -> str:
        return f"{self.what}: {self.why}."


@dataclass(frozen=True, eq=False)
class Actions(Sequence[Action]):
    """What to do, one action an attribute: first what can be copied from pages, then the one that gains most."""

    actions: tuple[Action, ...]
    notes: tuple[str, ...] = ()
    """What has to be known to read them."""
    audited: int = 1
    """Products that are done."""
    covered: int = 1
    """Those of them of which enough was judged to say what they leave open."""
    left_out: int = 0
    """Actions that gain next to nothing and that the destination does not require."""
    together_pct: float = float("nan")
    """Coverage of the feed when the first three are done; NaN where there is nothing to put together."""
    ids: Sequence[str] = ()
    """Of the products that are done, to which the positions of an action point."""
    titles: Sequence[str] = ()

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
            return "Too little was judged to say what to add, and no required field is missing."
        return "No question is left open, and no required field is missing: there is nothing to add."

    @property
    def together(self) -> str:
        """What the first gain all in all, as *The first three together: coverage 18.7 → about 41 %*; else empty."""
        if self.together_pct != self.together_pct:
            return ""
        count = sum(action.gain_pct > 0 for action in self.actions[:FIRST])
        who = (
            f"The first {'three' if count > 2 else 'two'}"
            if len(self) > count
            else "All three"
            if count > 2
            else "Both"
        )
        return f"{who} together: coverage {self.actions[0].before_pct:.1f} → about {self.together_pct:.0f} %"

    @property
    def together_by_name(self) -> str:
        """The same for where they are not listed: *material, size and color together: coverage 18.7 → about 41 %*."""
        if not self.together:
            return ""
        *names, last = [action.attribute for action in self.actions[:FIRST] if action.gain_pct > 0]
        return f"{', '.join(names)} and {last} {self.together[self.together.index('together') :]}"

    @property
    def left_out_words(self) -> str:
        """How many actions are left out, as a sentence; empty where none is."""
        if not self.left_out:
            return ""
        some = "action that gains" if self.left_out == 1 else "actions that gain"
        return f"{self.left_out:,} {some} less than {LEAST_GAIN_PCT:.1f} point{' each' * (self.left_out > 1)} left out."

    def text(self) -> str:
        """Return a numbered line an action."""
        width = len(str(len(self)))
        lines = [f"{number:>{width}}. {action}" for number, action in enumerate(self, 1)]
        more = filter(None, (self.together, self.left_out_words))
        return "\n".join([*(lines or [self.nothing]), *more, *self.notes])

    __str__ = __repr__ = text

    def frame(self) -> pd.DataFrame:
        """Return a row an action, as `Session.actions` describes it."""
        rows = [_row(action) for action in self]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        texts = ("attribute", "action", "what", "questions", "examples")
        counts = ("products", "open_questions", "required_open", "missing_core", "on_page")
        kinds: dict[str, Any] = {**dict.fromkeys(texts, TEXT), **dict.fromkeys(counts, "Int64")}
        kinds |= {name: "float64" for name in COLUMNS if name.endswith("_pct")}
        frame = frame.astype(kinds)
        estimated = any(action.estimated for action in self)
        known = {"products": self.audited, "covered": self.covered, "estimated": estimated}
        frame.attrs["feedeval"] = known | {"left_out": self.left_out}
        return frame


def _row(action: Action) -> tuple[object, ...]:
    return (
        *(action.attribute, action.deeds, action.what.replace("`", ""), action.products),
        "\n".join(question.text for question in action.questions),
        *(action.open_questions, action.required_open, action.missing_core),
        *(action.gain_pct, action.gain_low_pct, action.gain_high_pct, action.before_pct, action.after_pct),
        "\n".join(f"{example.product_id}: {example.title}" for example in action.examples),
        action.on_page,
    )


def _products(count: int) -> str:
    return counted(count, "product")
