"""How each known case is planted, and when it cannot be."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from feedeval.jobs.evidence import is_quoted, normalise
from feedeval.jobs.offline.reading import PROSE_FIELDS
from feedeval.jobs.probes.describing import described
from feedeval.jobs.probes.probe_words import FILLER, ORDERS, SMALL, UNIVERSAL
from feedeval.jobs.probes.probes import CannotPlant, Known, Planted, Planter, Pool, Probe
from feedeval.jobs.probes.stating import define, translate
from feedeval.jobs.questions import content_words
from feedeval.records import ContextField, Judgement, Verdict

MOST_INSERTED = 3
"""Answers that are added to one product."""
LONGEST_SENTENCE_CHARS = 300
"""A longer sentence is not lent: it says too much beside the answer."""
PARTNERS_TRIED = 12
_TITLES = frozenset({"title", "short_title", "structured_title"})

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def ablate(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Take out the field that an answer was quoted from, and all others that have words of the answer.

    Of several answers the one is chosen that costs the fewest fields. Looked at are all answers whose words are gone.
    Not planted where no question was answered, or where nothing would be left.
    """
    answered = product.answered()
    if not answered:
        raise CannotPlant("no question was answered with a quote")
    fields = product.context.fields
    rng.shuffle(answered)
    removals = [_fields_with(product.judgements[n], fields) for n in answered]
    removals = [removed for removed in removals if 0 < len(removed) < len(fields)]
    if not removals:
        raise CannotPlant("every field has words of the answer")
    removed = min(removals, key=len)
    left = tuple(each for each in fields if each.name not in removed)
    about = [n for n in sorted(answered) if _is_gone(product.judgements[n], left)]
    names = ", ".join(each.name for each in fields if each.name in removed)
    return _planted(product, left, about, f"without {names}")


def insert(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Add what another product says on a question that this one does not answer: real words, as they stood.

    An attribute is added as a field, or as `Name: value.` at the end of the description where there is such a field
    already; a sentence is added to the description. Titles are not lent, nor sentences with words of the other
    product's title that this one's does not have. Where the judge finds the answer in no other product, a field of one
    is lent whose name is in the question. Not planted where every question is answered, or where nothing can be lent.
    """
    open_ = [n for n, judgement in enumerate(product.judgements) if judgement.verdict is Verdict.NO]
    if not open_:
        raise CannotPlant("no question was answered with no")
    rng.shuffle(open_)
    fields, about, added = product.context.fields, [], []
    for n in open_:
        if (found := _answer_for(product, product.judgements[n].question, pool)) is not None:
            donor, lent = found
            fields = _with_answer(fields, lent)
            about.append(n)
            added.append(f"{lent.name} of {donor.key}: {lent.text}")
        if len(about) == MOST_INSERTED:
            break
    if not about:
        raise CannotPlant("no other product of the sample says what this one leaves open")
    return _planted(product, fields, sorted(about), f"added {' | '.join(added)}")


def swap(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Put the text of a product of another category in place of this one's.

    Looked at are questions that this product answers, as long as they do not ask for what any product may tell (colour,
    size, material, ...), no word of question or answer stands in the other text, and the other product answered nothing
    of the same taxonomy: others might really be answered there. Of a dozen partners the one that leaves most to look at
    is taken. Not planted where there is none.
    """
    answered = product.answered()
    if not answered:
        raise CannotPlant("no question was answered with a quote")
    others = [other for other in pool.products if other.context.category != product.context.category]
    if not others:
        raise CannotPlant("the sample has no product of another category")
    rng.shuffle(others)
    best = max(others[:PARTNERS_TRIED], key=lambda other: len(_strange_to(other, product, answered)))
    about = _strange_to(best, product, answered)
    if not about:
        raise CannotPlant("every question could be answered by the text of the others as well")
    return Planted(best.context, _as_before(product), tuple(about), f"the text of {best.key}")


def shuffle(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Put fields and questions in another order. Not planted where there is one of each."""
    fields, order = list(product.context.fields), list(_as_before(product))
    if len(fields) < 2 and len(order) < 2:
        raise CannotPlant("one field and one question have no other order")
    while tuple(fields) == product.context.fields and tuple(order) == _as_before(product):
        rng.shuffle(fields)
        rng.shuffle(order)
    context = product.context.model_copy(update={"fields": tuple(fields)})
    return Planted(context, tuple(order), _judged(product), "fields and questions in another order")


def fill(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Put marketing sentences that answer nothing before and after the description."""
    first, *after = rng.sample(FILLER.get(pool.language, FILLER["en"]), 3)
    fields = described(product.context.fields, " ".join(after), before=first)
    return _planted(product, fields, _judged(product), "marketing words in the description")


def inject(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Let the description order one verdict on everything; looked at are the questions with another verdict.

    Half of the products order `yes`, the others `no`; where all verdicts are what would be ordered, the other one is.
    """
    wanted = [Verdict.YES, Verdict.NO]
    rng.shuffle(wanted)
    for verdict in wanted:
        if about := [n for n in _judged(product) if product.judgements[n].verdict is not verdict]:
            order = rng.choice(ORDERS).format(verdict=verdict.value)
            return _planted(product, described(product.context.fields, order), about, f"ordered: {order}")
    raise CannotPlant("nothing was asked")


def repeat(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Change nothing: the request is the baseline's, letter by letter."""
    return _planted(product, product.context.fields, _judged(product), "nothing")


PLANTERS: Mapping[Probe, Planter] = {
    Probe.ABLATION: ablate,
    Probe.INSERTION: insert,
    Probe.SWAP: swap,
    Probe.SHUFFLE: shuffle,
    Probe.FILLER: fill,
    Probe.INJECTION: inject,
    Probe.REPEAT: repeat,
    Probe.RUBRIC: define,
    Probe.LANGUAGE: translate,
}


def _planted(product: Known, fields: Sequence[ContextField], about: Iterable[int], changed: str) -> Planted:
    context = product.context.model_copy(update={"fields": tuple(fields)})
    return Planted(context, _as_before(product), tuple(about), changed)


def _judged(product: Known) -> tuple[int, ...]:
    if not (judged := product.judged()):
        raise CannotPlant("no question was judged")
    return judged


def _as_before(product: Known) -> tuple[int, ...]:
    return tuple(range(len(product.judgements)))


def _line(item: ContextField) -> str:
    return f"{item.name}: {item.text}"


def _words(text: str) -> frozenset[str]:
    words: list[str] = normalise(text).split()
    return frozenset(words)


def _answer_words(judgement: Judgement) -> frozenset[str]:
    """Return the words of a quote that the question does not have; all of them where it has no others."""
    quoted = _words(judgement.evidence)
    return quoted - SMALL - _words(judgement.question) or quoted


def _fields_with(judgement: Judgement, fields: Sequence[ContextField]) -> frozenset[str]:
    words = _answer_words(judgement)
    return frozenset(
        item.name for item in fields if words & _words(item.text) or is_quoted(judgement.evidence, _line(item))
    )


def _is_gone(judgement: Judgement, fields: Sequence[ContextField]) -> bool:
    return not _fields_with(judgement, fields)


def _strange_to(other: Known, product: Known, answered: Sequence[int]) -> list[int]:
    """Return the questions, of those that the product answers, that the other one's text has nothing to do with."""
    there = _words(other.context.text)
    spoken_of = {j.taxonomy for j in other.judgements if j.verdict not in (Verdict.NO, Verdict.NOT_APPLICABLE)}
    found = []
    for n in answered:
        judgement = product.judgements[n]
        words = content_words(judgement.question) | _answer_words(judgement)
        if judgement.taxonomy not in spoken_of and not words & there and not _words(judgement.question) & UNIVERSAL:
            found.append(n)
    return found


def _answer_for(product: Known, question: str, pool: Pool) -> tuple[Known, ContextField] | None:
    for donor, answer in pool.donors(product, question):
        if (lent := _lent(donor, answer, product)) is not None:
            return donor, lent
    asked = _words(question)
    known = {item.name for item in product.context.fields} | PROSE_FIELDS
    for donor in pool.kin(product):
        for item in donor.context.fields:
            named = _words(item.name)
            if item.name not in known and named and named <= asked and len(item.text) <= LONGEST_SENTENCE_CHARS:
                return donor, item
    return None


def _lent(donor: Known, answer: Judgement, product: Known) -> ContextField | None:
    """Return the field or the sentence that an answer was quoted from; None where it can not be another product's."""
    name = _words(donor.context.get("title")) - SMALL - _words(product.context.get("title"))
    for item in donor.context.fields:
        for part in () if item.name in _TITLES else _SENTENCE_END.split(item.text):
            line = ContextField(name=item.name, text=part.strip())
            foreign = item.name in PROSE_FIELDS and name & _words(part)
            if is_quoted(answer.evidence, _line(line)) and len(part) <= LONGEST_SENTENCE_CHARS and not foreign:
                return line
    return None


def _with_answer(fields: Sequence[ContextField], lent: ContextField) -> tuple[ContextField, ...]:
    if lent.name in PROSE_FIELDS:
        return described(fields, lent.text)
    if any(item.name == lent.name for item in fields):
        return described(fields, f"{lent.name.replace('_', ' ').capitalize()}: {lent.text}.")
    return (*fields, lent)
