"""Proposing values that a product's own text supports: words that stand elsewhere in it, and never any others.

A model points at the words; what counts is decided here. A value is kept only where its quote stands in one of the
product's fields and the value stands in the quote, word by word. Everything else is dropped and counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from feedeval.feed.text import content_hash
from feedeval.jobs.evidence import is_quoted, normalise
from feedeval.jobs.fingerprint import model_fingerprint
from feedeval.jobs.offline.reading import sentences
from feedeval.jobs.prompts import DATA_RULE, fenced
from feedeval.model.wire import Prompt
from feedeval.records import Backend, Context, Frozen, Ledger, Record
from feedeval.records.kinds import JobKind
from feedeval.run.job import Job

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


PROMPT_VERSION = "1"
"""Raised with every change of wording: results of other prompts are other results."""

_SYSTEM = f"""You find facts that a product's text states, so that a shop can fill in attributes that its feed lacks. \
You go by the product text alone, never by what you know or suppose about the product.

{DATA_RULE}

Each wanted item is an attribute or a buyer's question, under a number. For each item whose fact the text states, give:
- number: the item's number.
- quote: the words of the product text that state it, copied exactly, 25 words at most.
- value: the fact alone, copied exactly from the quote, without a word or a figure that is not in it.
Leave out every item that the text does not state. An empty list is a good answer."""


class DraftProposal(Frozen):
    """A value as a model gives it."""

    number: int
    value: str
    quote: str


class SuggestReply(Frozen):
    """The values that a model found."""

    proposals: list[DraftProposal]


class Proposal(Frozen):
    """A value that the product's own text supports."""

    name: str
    """The attribute, or the question that it answers."""
    value: str
    quote: str
    """The sentence that states it."""
    field: str
    """The field that the quote stands in."""


class Incomplete(NamedTuple):
    """A product that lacks something."""

    product_id: str
    title: str
    context: Context
    attributes: tuple[str, ...]
    questions: tuple[str, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """Attributes, then questions, in the order of their numbers."""
        return (*self.attributes, *self.questions)


class SuggestJob(Job):
    """Asks once for each product what its text states of what it lacks.

    Args:
        products: Called for each pass; gives the same products in the same order.
        client: Whom to ask.
        source: What is written down about where the products came from.
    """

    kind: str = JobKind.SUGGEST

    def __init__(
        self, products: Callable[[], Iterable[Incomplete]], client: ModelClient, *, source: Mapping[str, Any]
    ) -> None:
        self._products = products
        self.client = client
        self._source = source

    @property
    def engine(self) -> str:
        """The model's name."""
        return self.client.settings.model

    @property
    def backend(self) -> Backend:
        """Who makes the calls."""
        return self.client

    def fingerprint(self) -> Mapping[str, Any]:
        """Return model, endpoint and the version of the prompt."""
        return model_fingerprint(self.client.settings, f"suggest {PROMPT_VERSION}")

    def settings(self) -> Mapping[str, Any]:
        """Return where the products came from."""
        return {"source": dict(self._source)}

    def records(self) -> Iterator[Record]:
        """Yield a record a product."""
        for index, product in enumerate(self._products()):
            meta = {"product_id": product.product_id, "title": product.title}
            yield Record(index, product.product_id, _digest(product), product, meta)

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Ask about one product, and keep what its text supports."""
        product: Incomplete = record.payload
        reply = await self.client.ask(suggest_prompt(product), SuggestReply, ledger)
        kept, dropped = supported(product, reply.proposals)
        return {"proposals": [proposal.model_dump() for proposal in kept], "dropped": dropped}


def suggest_prompt(product: Incomplete) -> Prompt:
    """Ask what the text of a product states of what it lacks."""
    names = [f"attribute {name}" for name in product.attributes] + [f"question: {text}" for text in product.questions]
    numbered = "\n".join(f"{n}. {name}" for n, name in enumerate(names, start=1))
    return Prompt(system=_SYSTEM, user=f"{fenced('PRODUCT', product.context.text)}\n\nWANTED\n{numbered}")


def supported(product: Incomplete, drafts: Iterable[DraftProposal]) -> tuple[list[Proposal], int]:
    """Return the proposals that the product's own text supports, one an item, and how many were dropped."""
    kept: dict[int, Proposal] = {}
    dropped = 0
    for draft in drafts:
        proposal = _supported(product, draft)
        if proposal is None or draft.number in kept:
            dropped += 1
        else:
            kept[draft.number] = proposal
    return list(kept.values()), dropped


def _supported(product: Incomplete, draft: DraftProposal) -> Proposal | None:
    value, quote = draft.value.strip(), draft.quote.strip()
    if not 1 <= draft.number <= len(product.wanted) or not is_quoted(value, quote):
        return None
    for field in product.context.fields:
        if is_quoted(quote, field.text) and _stands_in(value, quote) and _stands_in(value, field.text):
            words = _sentence(quote, field.text)
            return Proposal(name=product.wanted[draft.number - 1], value=value, quote=words, field=field.name)
    return None


def _sentence(quote: str, text: str) -> str:
    """Return the sentence that a quote was cut from: whoever looks at `waterproof` has to see the `not` before it."""
    whole = (each for each in sentences(text, keep_questions=True) if normalise(quote) in normalise(each))
    return next(whole, quote)


def _stands_in(value: str, text: str) -> bool:
    """Say whether a value stands in a text in one piece, as words and as it is written.

    A quote may be put together from two places; a value may not, and no sign may be added to it.
    """
    return normalise(value) in normalise(text) and _written(value) in _written(text)


def _written(text: str) -> str:
    return " ".join(text.split()).casefold()


def _digest(product: Incomplete) -> str:
    data = content_hash(product.context).encode() + orjson.dumps([product.attributes, product.questions])
    return hashlib.blake2b(data, digest_size=16).hexdigest()
