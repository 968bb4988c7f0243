"""The feed audit: question set -> judgement -> evaluation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, tee, zip_longest
from typing import Any, Literal, NamedTuple

from pydantic import Field, field_validator

from feedeval.errors import InputError
from feedeval.feed.parsing.columns import standard_name
from feedeval.feed.parsing.product import STRATUM, Product
from feedeval.feed.spec import missing_core_fields, stated_text
from feedeval.feed.text import (
    MOST_CATEGORY_CHARS,
    category_of,
    clean_text,
    clean_url,
    content_hash,
    make_context,
    record_keys,
)
from feedeval.jobs.effort import EffortLedger
from feedeval.jobs.engine import Engine
from feedeval.jobs.frozen import FrozenQuestions
from feedeval.jobs.keeping import KeptRecords
from feedeval.jobs.questions import QuestionBook
from feedeval.records import (
    MOST_NOT_JUDGED_OF_PRODUCT,
    Backend,
    Context,
    Effort,
    Evaluation,
    Frozen,
    Judgement,
    Ledger,
    QuestionSet,
    Record,
    Verdict,
    is_enough,
)
from feedeval.records.kinds import JobKind
from feedeval.run.job import Documents, Job
from feedeval.run.settings import CheckedSettings

SAMPLE_SIZE = 5
"""Products of a category that its questions are made from: the first ones, so that a killed run asks the same again."""

REQUIRED_WEIGHT = 2
NO_EFFORT = Effort()


class AuditSettings(CheckedSettings):
    """What an audit's results depend on, beside the engine."""

    selected_fields: tuple[str, ...] | None = None
    """Fields that the judge sees; None: every descriptive field that the product fills."""
    num_questions: int = Field(default=12, ge=4, le=24)
    question_scope: Literal["category", "product"] = "category"
    locale: str = "en-GB"

    @field_validator("selected_fields", mode="before")
    @classmethod
    def _some_names(cls, value: Any) -> Any:
        if value is not None and (isinstance(value, str) or not value):
            raise ValueError("give a list of names, or None for every descriptive field")
        return value


class Survey(Frozen):
    """What a feed holds, found by going through it once."""

    products: int
    distinct: int
    """Products of different content: each is paid for once."""
    categories: int
    """Question sets to be made."""
    chars: int
    """Characters of all distinct contexts."""


class Item(NamedTuple):
    """The payload of an audit's record."""

    context: Context
    """As the judge sees it."""
    category: str
    """The category whose questions are asked."""


class AuditJob(Job):
    """Evaluates every product of a feed.

    Args:
        products: Called for each pass over the feed; gives the same products in the same order.
        engine: Whom to ask.
        settings: What the results depend on.
        source: What is written down about where the products came from, such as `{"path": "feed.xml"}`.
        frozen: Questions of an earlier session to ask again; categories that it had not get new ones.

    Raises:
        InputError: The engine cannot judge the frozen questions, or each product is to have its own.
    """

    kind: str = JobKind.AUDIT

    expected: int | None = None
    """Products to expect; None: not known before the feed was gone through."""

    beside: Mapping[str, Any] | None = None
    """How the landing pages are read that are asked behind the audit; None where none are, or they were given."""

    keeps: bool = True
    """Whether the records of a small feed are kept from the planning pass to the run."""

    def __init__(
        self,
        products: Callable[[], Iterable[Product]],
        engine: Engine,
        *,
        settings: AuditSettings,
        source: Mapping[str, Any],
        frozen: FrozenQuestions | None = None,
    ) -> None:
        self._products = products
        self._engine = engine
        self._settings = settings
        self._locale = settings.locale
        self._source = source
        self._frozen = frozen
        if frozen is not None:
            if settings.question_scope == "product":
                raise InputError(
                    "question_scope='product' makes new questions for each product: leave question_set out"
                )
            engine.check(frozen.questions)
        self._book = QuestionBook()
        self._samples: dict[str, dict[int, Context]] = {}
        """By category and position: a later pass must not enter a product again."""
        self._names: set[str] = set()
        self._attributes: set[str] = set()
        """Fields that the judge sees of some product; all of them once the feed has been gone through."""
        self._kept = KeptRecords()

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._engine.name

    @property
    def backend(self) -> Backend:
        """Who makes the calls."""
        return self._engine.backend

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the settings that results depend on."""
        settings = self._settings
        return {
            **self._engine.fingerprint(),
            "locale": settings.locale,
            "fields": list(settings.selected_fields) if settings.selected_fields is not None else "descriptive",
            "num_questions": settings.num_questions,
            "question_scope": settings.question_scope,
            **({"question_set": self._frozen.digest} if self._frozen else {}),
        }

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Go on by the rules of the version that a session of this fingerprint began with, where there still are."""
        if not self._engine.go_on_as(fingerprint):
            return False
        # Sessions of the first prompts say en-GB whatever the locale was: what they say tells nothing apart.
        told = str(fingerprint.get("prompts", "")).split("+", 1)[0] != "1"
        locale = self._locale if told else fingerprint["locale"]
        self._settings = self._settings.model_copy(update={"locale": locale})
        return True

    def settings(self) -> Mapping[str, Any]:
        """Return where the products came from, their questions where they are frozen, and how calls are made."""
        frozen = {"question_set": self._frozen.description()} if self._frozen else {}
        calls = {"calls": dict(self._engine.calls)} if self._engine.calls else {}
        pages = {"pages": dict(self.beside)} if self.beside is not None else {}
        return {"source": dict(self._source), **frozen, **calls, **pages}

    @property
    def unfrozen(self) -> list[str]:
        """The categories seen so far that the frozen questions do not have; empty where none are frozen."""
        return sorted(self._samples.keys() - self._frozen.sets.keys()) if self._frozen else []

    def records(self) -> Iterator[Record]:
        """Yield a record a product; the first pass also collects the sample of each category."""
        self._kept.begin(keeps=self.keeps)
        named, again = tee(self._products())
        for index, (product, key) in enumerate(zip(named, self._keys(again), strict=True)):
            if not product.keys() <= self._names:
                self._names.update(name for name in product if not name.startswith("_"))
            context = make_context(product, self._settings.selected_fields)
            self._attributes.update([field.name for field in context.fields])
            whole = len(context.category) < MOST_CATEGORY_CHARS
            category = (context.category if whole else category_of(product)) or self._engine.category_for(context)
            sample = self._samples.setdefault(category, {})
            if len(sample) < SAMPLE_SIZE and self._settings.question_scope == "category":
                sample[index] = context
            record = Record(index, key, content_hash(context), Item(context, category), _Identity(product))
            self._kept.add(record, product)
            yield record
        self._refuse_unknown_fields()
        self._kept.end()

    def planned_records(self) -> Iterator[Record]:
        """Return the records of the pass before where they are few, else make them anew."""
        return self._kept.taken() or self.records()

    def _keys(self, products: Iterable[Product]) -> Iterator[str]:
        return record_keys(products)

    def _refuse_unknown_fields(self) -> None:
        unknown = [name for name in self._settings.selected_fields or () if name not in self._names]
        if unknown:
            raise InputError(
                f"selected_fields: no product has {', '.join(map(self._with_hint, unknown))}; the feed has "
                f"{', '.join(sorted(self._names)) or 'no products'}"
            )

    def _with_hint(self, name: str) -> str:
        # Only a hint: `short_description` is a field of its own where the feed has a description beside it.
        meant = standard_name(name)
        return f"{name!r} (it is read as {meant!r})" if meant in self._names else repr(name)

    @property
    def samples(self) -> dict[str, list[Context]]:
        """What the questions of each category are made from that has none yet, once the products were gone through."""
        known = self._frozen.sets if self._frozen else {}
        return {name: list(few.values()) for name, few in self._samples.items() if name not in known}

    @property
    def attributes(self) -> frozenset[str]:
        """The fields that the judge sees of some product, once the products were gone through."""
        return frozenset(self._attributes)

    def survey(self, pilot: int, *, seed: int = 0) -> tuple[Survey, set[int]]:
        """Go through the products once, and draw some of them.

        Args:
            pilot: Products to draw: one of each category in turn, at random within each.
            seed: Of the draw.

        Returns:
            What the feed holds, and the positions of the products drawn.

        Raises:
            InputError: There are no products.
        """
        distinct: set[str] = set()
        by_category: dict[str, list[int]] = {}
        count = chars = 0
        for record in self.records():
            count += 1
            if record.content_hash in distinct:
                continue
            distinct.add(record.content_hash)
            chars += len(record.payload.context.text)
            by_category.setdefault(record.payload.category, []).append(record.index)
        if not count:
            raise InputError("the feed has no products")
        known = self._frozen.sets if self._frozen else ()
        new = sum(category not in known for category in by_category)
        sets = len(distinct) if self._settings.question_scope == "product" else new
        survey = Survey(products=count, distinct=len(distinct), categories=sets, chars=chars)
        return survey, _spread(by_category, pilot, random.Random(seed))

    async def open(self, documents: Documents) -> None:
        """Take up the question sets of the session."""
        self._book.open(documents, self._frozen.sets if self._frozen else None)

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Evaluate one product."""
        item: Item = record.payload
        questions = await self._questions(item, ledger)
        tally = EffortLedger(ledger)
        shared = self._settings.question_scope == "category"
        judgements = await self._engine.judge(item.context, questions, tally, shared=shared)
        made = evaluation(item, judgements, engine=self.engine, notes=questions.notes, effort=tally.effort)
        return made.model_dump(mode="json")

    async def _questions(self, item: Item, ledger: Ledger) -> QuestionSet:
        async def make(sample: Sequence[Context]) -> QuestionSet:
            tally = EffortLedger(ledger)
            made = await self._engine.write_questions(
                item.category,
                sample,
                num_questions=self._settings.num_questions,
                ledger=tally,
                attributes=sorted(self._attributes),
            )
            made = made.model_copy(update={"effort": tally.effort})
            return self._frozen.beside(made) if self._frozen else made

        if self._settings.question_scope == "product":
            return await make([item.context])
        return await self._book.get(item.category, lambda: make(list(self._samples[item.category].values())))


def evaluation(
    item: Item, judgements: Sequence[Judgement], *, engine: str, notes: Sequence[str] = (), effort: Effort = NO_EFFORT
) -> Evaluation:
    """Return the evaluation that follows from a product's judgements."""
    verdicts = [judgement.verdict for judgement in judgements]
    return Evaluation(
        category=item.category,
        context=item.context.text,
        context_fields=[field.name for field in item.context.fields],
        judgements=list(judgements),
        yes_count=verdicts.count(Verdict.YES),
        partial_count=verdicts.count(Verdict.PARTIAL),
        no_count=verdicts.count(Verdict.NO),
        not_applicable_count=verdicts.count(Verdict.NOT_APPLICABLE),
        not_judged_count=verdicts.count(Verdict.NOT_JUDGED),
        unverified_count=sum(not judgement.verified for judgement in judgements),
        coverage_pct=coverage_pct(judgements),
        unanswered_required_count=sum(j.required and j.verdict is Verdict.NO for j in judgements),
        engine=engine,
        notes=tuple(notes),
        effort=effort,
    )


def coverage_pct(judgements: Sequence[Judgement]) -> float | None:
    """Return 100 · Σ wᵢ·sᵢ / Σ wᵢ over the questions that were judged and apply, rounded to 0.1.

    s is 1, 0.5 or 0 for yes, partial and no; w is 2 for required questions and 1 for the others. None where nothing was
    judged, or less than half of what applies: an engine that cannot read a text still finds what attributes answer, and
    the few questions that it then judges are those with good answers.
    """
    counted = [judgement for judgement in judgements if judgement.verdict.counts]
    not_judged = sum(judgement.verdict is Verdict.NOT_JUDGED for judgement in judgements)
    if not is_enough(len(counted), not_judged, most=MOST_NOT_JUDGED_OF_PRODUCT):
        return None
    weights = [REQUIRED_WEIGHT if judgement.required else 1.0 for judgement in counted]
    scored = sum(w * judgement.verdict.score for w, judgement in zip(weights, counted, strict=True))
    return round(100 * scored / sum(weights), 1)


class _Identity(Mapping[str, Any]):
    """What identifies a product to a person, and what the feed lacks whatever the judge says.

    Worked out when it is asked for: the pass that only counts the products has no use for it.
    """

    __slots__ = ("_found", "_product")

    def __init__(self, product: Product) -> None:
        self._product = product
        self._found: dict[str, Any] | None = None

    def _values(self) -> dict[str, Any]:
        if self._found is None:
            product = self._product
            self._found = {
                "product_id": _first(product.get("id")),
                "product_url": clean_url(_first(product.get("link"))),
                "title": clean_text(stated_text(product, "title")),
                "missing_core_fields": missing_core_fields(product),
                **_looks(product),
                **({STRATUM: product[STRATUM]} if STRATUM in product else {}),
            }
        return self._found

    def __getitem__(self, name: str) -> Any:
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())


def _looks(product: Product) -> dict[str, str]:
    """Return what a list of products shows them by: the picture, and the group of variants that they are of."""
    picture, group = clean_url(_first(product.get("image_link"))), clean_text(_first(product.get("item_group_id")))
    shown = {"image_link": picture if picture.lower().startswith("https://") else "", "item_group_id": group}
    return {name: text for name, text in shown.items() if text}


def _spread(by_category: Mapping[str, list[int]], wanted: int, rng: random.Random) -> set[int]:
    """Return positions drawn from the categories in turn, the largest first."""
    queues = [rng.sample(found, len(found)) for found in sorted(by_category.values(), key=len, reverse=True)]
    turns = (position for turn in zip_longest(*queues) for position in turn if position is not None)
    return set(islice(turns, wanted))


def _first(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""
