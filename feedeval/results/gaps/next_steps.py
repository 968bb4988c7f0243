"""What to do next, in sentences that a merchandiser reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import pandas as pd

from feedeval.formatting import plain
from feedeval.html import Markup, escape, section, table
from feedeval.results.gaps.answer_places import ANYWHERE
from feedeval.results.gaps.open_questions import Action

_WHOLLY = {"gtin": "`gtin`, or `brand` with `mpn`, or `identifier_exists=no`"}
"""What a destination asks for, where another field does as well."""


def required_words(attribute: str) -> str:
    """Return what a destination asks for where it requires an attribute; names stand between backticks."""
    return _WHOLLY.get(attribute) or f"`{'`, `'.join(attribute.split(', '))}`"


def instruction(attribute: str, action: str, products: str) -> str:
    """Return what to do about an attribute, such as *Add `material` to 312 products*.

    Args:
        attribute: As `gaps` calls it.
        action: `add` or `extend`.
        products: To what, in words.
    """
    name, _, entry = attribute.partition(" (")
    if entry:
        return f"Add “{entry.removesuffix(')')}” to the `{name}` of {products}"
    if attribute == ANYWHERE:
        return f"Answer open questions in `{name}` of {products}"
    if action == Action.EXTEND:
        return f"Say more in `{name}` of {products}"
    return f"Add {required_words(attribute)} to {products}"


def copy_words(on_page: int, products: int) -> str:
    """Return that an answer can be copied, such as *on the page already for 34 of 120 products, copy it*."""
    return f"on the page already for {on_page:,} of {products:,} product{'s' * (products != 1)}, copy it"


@dataclass(frozen=True)
class Step:
    """One thing to do, for the products of one category or of the whole feed."""

    attribute: str
    action: str
    category: str | None
    """None: the whole feed."""
    products: int
    answers: float
    """Questions of each product that it is expected to answer; 0 where the destination alone asks for it."""
    coverage_pct: float
    coverage_if_filled_pct: float
    gain_low: float
    gain_high: float
    examples: str
    estimated: bool = False
    """Whether a sample of the feed was audited."""
    on_page: int = 0
    """Products on whose page the answer stands already."""

    @property
    def what(self) -> str:
        """The thing to do, such as *Add `material` to 312 products in Apparel > Shoes*."""
        where = "" if self.category is None else f" in {plain(self.category) or 'no category'}"
        about = "about " if self.estimated else ""
        products = f"{about}{self.products:,} product{'s' * (self.products != 1)}{where}"
        return instruction(self.attribute, self.action, products)

    @property
    def why(self) -> str:
        """What it brings."""
        if not self.answers:
            # Where nothing is known of the questions, nothing is said of them.
            known = self.coverage_pct == self.coverage_pct
            return f"the destination requires it{'; no open question depends on it' if known else ''}"
        count = f"{self.answers:.1f}".removesuffix(".0")
        now, then = f"{self.coverage_pct:.1f}", f"{self.coverage_if_filled_pct:.1f}"
        copy = f"{copy_words(self.on_page, self.products)}; " if self.on_page else ""
        return f"{copy}answers {count} question{'s' * (count != '1')} each, coverage {now} → {then}"

    def __str__(self) -> str:
        return f"{self.what}: {self.why}."


@dataclass(frozen=True)
class NextSteps(Sequence[Step]):
    """Steps, the most useful first."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    """What has to be known to read them."""
    audited: int = 1
    """Products that are done."""
    covered: int = 1
    """Those of them of which enough was judged to say what they leave open."""

    @overload
    def __getitem__(self, at: int) -> Step: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, at: int | slice) -> Step | tuple[Step, ...]:
        return self.steps[at]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def text(self) -> str:
        """Return a numbered line a step."""
        width = len(str(len(self.steps)))
        lines = [f"{number:>{width}}. {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([*(lines or [self._nothing]), *self.notes])

    @property
    def _nothing(self) -> str:
        if not self.audited:
            return "No product is done yet, so nothing can be said of what to add."
        if not self.covered:
            return "Too little was judged to say what to add, and no required field is missing."
        return "No question is left open, and no required field is missing: there is nothing to add."

    __str__ = __repr__ = text

    def _repr_html_(self) -> str:
        notes = Markup("".join(f"<p><em>{escape(note)}</em></p>" for note in self.notes))
        if not self.steps:
            return section("What to do next", escape(self._nothing), notes)
        rows = [(marked(step.what), marked(f"{step.why}."), _gain(step), _examples(step)) for step in self.steps]
        header = ("What to do", "What it brings", "Gain, in points", "For example")
        return section("What to do next", table(rows, header), notes)


def steps_of(gaps: pd.DataFrame, n: int, *, notes: Iterable[str] = ()) -> NextSteps:
    """Return the first `n` gaps, by attribute, as steps."""
    known = gaps.attrs["feedeval"]
    steps = (_step(row, estimated=known["estimated"]) for row in gaps.head(n).to_dict("records"))
    return NextSteps(tuple(steps), tuple(notes), known["products"], known["covered"])


def _step(row: dict[Any, Any], *, estimated: bool) -> Step:
    return Step(
        attribute=row["attribute"],
        action=row["action"],
        category=row.get("category"),
        products=int(row["products"] or row["missing_core"]),
        answers=float(row["answers_per_product"]),
        coverage_pct=float(row["coverage_pct"]),
        coverage_if_filled_pct=float(row["coverage_if_filled_pct"]),
        gain_low=float(row["gain_low"]),
        gain_high=float(row["gain_high"]),
        examples=row["examples"],
        estimated=estimated,
        on_page=int(row.get("on_page") or 0),
    )


def marked(sentence: str) -> Markup:
    """Return a sentence with what stands between backticks set as code."""
    parts = [escape(part) for part in sentence.split("`")]
    return Markup("".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts)))


def _gain(step: Step) -> str:
    gain = step.coverage_if_filled_pct - step.coverage_pct
    if not step.answers:
        return ""
    return f"+{gain:.1f}" + (
        "" if step.gain_low != step.gain_low else f" ({step.gain_low:.1f} to {step.gain_high:.1f})"
    )


def _examples(step: Step) -> Markup:
    """Return the examples; products with the same open questions share a line."""
    together: dict[str, list[str]] = {}
    for line in step.examples.splitlines():
        name, _, asked = plain(line).partition(": ")
        together.setdefault(asked, []).append(name)
    return Markup("<br>".join(escape(f"{', '.join(names)}: {asked}") for asked, names in together.items()))
