"""What the whole feed would take, judged by a few real products of it.

Each figure is a ratio estimate: the pilot's tokens for a unit of work, times the work in the whole feed, which is known
exactly (W. G. Cochran, Sampling Techniques, 3rd ed., ch. 6). Work is counted in characters sent for input and in
products for output. Where the endpoint found the beginning of a prompt in its cache, calls of the pilot that had it are
taken apart from those that came first: of the whole feed only the first product of each category does. The interval is
Student's t at 95 % on the pilot's spread, with the finite population correction; it says what products differ by, not
how an endpoint's speed or price may change.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from feedeval import html
from feedeval.formatting import duration, money
from feedeval.jobs.audit import Survey
from feedeval.records import Effort, Frozen, QuestionSet, Result
from feedeval.results.session import Session
from feedeval.results.stats import t95
from feedeval.storage.batch_files import read_batch_file
from feedeval.storage.readers import read_document

_BY_BATCH = 'within 24 hours, with delivery="batch" at an endpoint that has batches'


class Range(Frozen):
    """An expected value between a low and a high one."""

    expected: float
    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        # The two come from the same pilot, so their errors may go together: adding the ends is the safe way.
        return Range(expected=self.expected + other.expected, low=self.low + other.low, high=self.high + other.high)

    def times(self, factor: float) -> Range:
        """Return the range in another unit."""
        return Range(expected=self.expected * factor, low=self.low * factor, high=self.high * factor)


class Estimate(Frozen):
    """What a whole feed would take.

    Everything already paid for, the pilot included, is part of the figures: they are what the whole costs, not what
    is left to pay.
    """

    engine: str
    survey: Survey
    pilot: int
    """Products that the estimate rests on."""
    calls: Range
    input_tokens: Range
    output_tokens: Range
    cached_tokens: Range
    """Of the input tokens, those that the endpoint had in its cache, as far as the pilot met any."""
    cost_usd: Range | None
    """None where the model has no known price."""
    seconds: Range | None
    """None where the pilot's results were all taken over and nothing was timed."""
    in_flight: int
    """Calls at once that the time supposes."""
    service_tier: str | None = None
    """The tier whose price it is, where one is asked for."""
    batch_cost_usd: Range | None = None
    """What it costs with `delivery="batch"`, question sets asked live; None where no price is known."""

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("products", f"{self.survey.products:,} ({self.survey.distinct:,} different)"),
            ("question sets", f"{self.survey.categories:,}"),
            ("calls", _number(self.calls)),
            ("input tokens", _number(self.input_tokens)),
            *([("of them cached", _number(self.cached_tokens))] if self.cached_tokens.expected else []),
            ("output tokens", _number(self.output_tokens)),
            (
                "cost",
                f"no price is known for this model{' at this tier' if self.service_tier else ''}"
                if self.cost_usd is None
                else _money(self.cost_usd),
            ),
            ("time", _time(self.seconds, self.in_flight)),
        ]
        if self.service_tier is not None:
            rows.append(("service tier", self.service_tier))
        if self.batch_cost_usd is not None:
            rows += [("cost by batch", _money(self.batch_cost_usd)), ("time by batch", _BY_BATCH)]
        return rows

    def __str__(self) -> str:
        head = f"Estimate for {self.engine}, from {self.pilot} products (95 % interval):"
        return "\n".join([head, *(f"  {name:<14} {text}" for name, text in self._rows())])

    def _repr_html_(self) -> str:
        caption = f"Estimate for {self.engine}, from {self.pilot} products (95 % interval)"
        return html.section(caption, html.table(self._rows()))


def efforts_of(session: Session) -> tuple[list[tuple[int, Effort]], list[Effort]]:
    """Return what a session's judgements took, with the length of each context, and what its question sets took."""
    judged = [
        (len(result.value["context"]), _effort_of(result))
        for file in session.batch_files
        for result in read_batch_file(file).results
    ]
    document = read_document(session.paths, "questions") or {"sets": []}
    sets = [QuestionSet.model_validate(each) for each in document["sets"]]
    return judged, [made.effort for made in sets if not made.frozen_from]


def _effort_of(result: Result) -> Effort:
    effort = Effort.model_validate(result.value["effort"])
    # The embedded engine makes no calls: its time is that of the record.
    return effort if effort.calls else effort.model_copy(update={"latency_ms": result.elapsed_ms})


def estimate(
    survey: Survey, judged: Sequence[tuple[int, Effort]], sets: Sequence[Effort], *, engine: str, in_flight: int
) -> Estimate:
    """Return what the whole feed would take.

    Args:
        survey: What the feed holds.
        judged: For each product of the pilot the characters of its context and what its judgement took.
        sets: What each question set of the pilot took.
        engine: Whose figures these are.
        in_flight: Calls that can be in flight at once.
    """
    efforts = [effort for _, effort in judged]
    # The prompt's own text is the same for all products: what is left of the tokens once it is taken as sent goes by
    # the length of the context.
    lengths = [chars for chars, _ in judged]
    fixed = _fixed_chars(efforts, lengths)
    work = [chars + fixed for chars in lengths]
    total_work = survey.chars + fixed * survey.distinct
    products, kinds = survey.distinct, survey.categories

    def by_length(values: Sequence[float]) -> Range:
        return _ratio_total(values, work, total_work, products)

    def by_product(values: Sequence[float]) -> Range:
        return _ratio_total(values, [1.0] * len(values), products, products)

    def by_set(values: Sequence[float]) -> Range:
        return _ratio_total(values, [1.0] * len(values), kinds, kinds)

    cold = max(kinds, sum(not effort.usage.cached_tokens for effort in efforts))
    parts = _by_cache(efforts, min(cold, products), products)

    def by_cache(values: Sequence[float]) -> Range:
        totals = [
            _ratio_total([values[n] for n in own], [work[n] for n in own], total_work * count / products, count)
            for own, count in parts
        ]
        return functools.reduce(Range.__add__, totals)

    priced = all(effort.cost_usd is not None for effort in [*efforts, *sets])
    cost = by_cache([e.cost_usd or 0.0 for e in efforts]) + by_set([e.cost_usd or 0.0 for e in sets])
    latency_s = (by_product([e.latency_ms for e in efforts]) + by_set([e.latency_ms for e in sets])).times(1e-3)
    return Estimate(
        engine=engine,
        survey=survey,
        pilot=len(judged),
        calls=by_product([float(e.calls) for e in efforts]) + by_set([float(e.calls) for e in sets]),
        input_tokens=by_length([float(e.usage.input_tokens) for e in efforts])
        + by_set([float(e.usage.input_tokens) for e in sets]),
        output_tokens=by_product([float(e.usage.output_tokens) for e in efforts])
        + by_set([float(e.usage.output_tokens) for e in sets]),
        cached_tokens=by_cache([float(e.usage.cached_tokens) for e in efforts]),
        cost_usd=cost if priced else None,
        seconds=latency_s.times(1 / min(in_flight, max(products, 1))) if latency_s.expected else None,
        in_flight=in_flight,
    )


def _fixed_chars(efforts: Sequence[Effort], lengths: Sequence[int]) -> float:
    """Return how many characters of prompt stand around each context, from the tokens at four characters each."""
    overheads = [4.0 * e.usage.input_tokens / max(e.calls, 1) - n for e, n in zip(efforts, lengths, strict=True)]
    return max(sum(overheads) / len(overheads), 0.0) if overheads else 0.0


def _by_cache(efforts: Sequence[Effort], cold: int, products: int) -> list[tuple[list[int], int]]:
    """Return the pilot's products in parts, with how many of the feed each stands for.

    The parts are those whose prompt began as one before and those that came first, or all in one where there are too
    few of either to say how they differ.
    """
    met = [n for n, effort in enumerate(efforts) if effort.usage.cached_tokens]
    first = [n for n, effort in enumerate(efforts) if not effort.usage.cached_tokens]
    if len(met) < 2 or not first or (len(first) < 2 and cold > 1) or cold >= products:
        return [(list(range(len(efforts))), products)]
    return [(first, cold), (met, products - cold)]


def _ratio_total(values: Sequence[float], work: Sequence[float], total_work: float, population: int) -> Range:
    count, done = len(values), sum(work)
    if not count or not done:
        return Range(expected=0.0, low=0.0, high=0.0)
    ratio = sum(values) / done
    expected = ratio * total_work
    if count == 1:
        return Range(expected=expected, low=sum(values), high=math.inf if population > 1 else expected)
    residuals = [value - ratio * w for value, w in zip(values, work, strict=True)]
    variance = sum(r * r for r in residuals) / (count - 1)
    unseen = max(1.0 - count / population, 0.0) if population else 0.0
    error = population * math.sqrt(variance / count * unseen) * t95(count - 1)
    return Range(expected=expected, low=max(expected - error, min(sum(values), expected)), high=expected + error)


def _number(value: Range) -> str:
    return f"{value.expected:,.0f} ({value.low:,.0f} to {_ceiling(value.high, ',.0f')})"


def _money(value: Range) -> str:
    return f"{money(value.expected)} ({money(value.low)} to {money(value.high)})"


def _time(value: Range | None, in_flight: int) -> str:
    if value is None:
        return "not measured: the pilot's results were there already"
    return f"{_duration(value)} with {in_flight} calls at once" if in_flight > 1 else _duration(value)


def _duration(value: Range) -> str:
    return f"{duration(value.expected)} ({duration(value.low)} to {duration(value.high)})"


def _ceiling(value: float, form: str) -> str:
    return "unknown" if math.isinf(value) else format(value, form)
