"""How statements are planted whose verdict is known by the definitions: in the feed's language, or in another one.

They are asked about in the question bank's own words, and the product's own questions are left out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence

from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.probes.describing import DESCRIPTION, described
from feedeval.jobs.probes.probes import CannotPlant, Known, Planted, Pool, Posed
from feedeval.jobs.probes.stated_words import ANSWERS, OPENINGS, RIGHT, SPOKEN_OF, STATED, Definition
from feedeval.records import ContextField, Question, Verdict

MOST_ANSWERS = 3
"""Answers that a description in another language gives."""


def define(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Add a statement of each kind that the verdicts' definitions name, and ask about it.

    Each is about another facet, and about none that the text speaks of already. A vague claim must not be a yes; a
    placeholder and the measure of something else must be a no; one half of what is asked must be a partial; an explicit
    negative must be a yes. Not planted where the text speaks of all of these facets.
    """
    posed: list[Posed] = []
    free = _unspoken(product.context.fields, SPOKEN_OF)
    # Those with the fewest facets to choose from come first, so that none is left without.
    kinds = sorted(Definition, key=lambda kind: (sum(each.definition is kind for each in STATED), kind))
    for kind in kinds:
        choices = [each for each in STATED if each.definition is kind and each.facet in free]
        if choices:
            chosen = rng.choice(choices)
            free.remove(chosen.facet)
            said = chosen.says.get(pool.language, chosen.says["en"])
            posed.append(Posed(_asked(chosen.facet, pool.language), RIGHT[kind], said, f"{kind}: {said}"))
    if not posed:
        raise CannotPlant("the text speaks of all that could be planted")
    rng.shuffle(posed)
    fields = described(product.context.fields, " ".join(each.said for each in posed))
    return _posing(product, fields, posed, "statements whose verdict is defined")


def translate(product: Known, pool: Pool, rng: random.Random) -> Planted:
    """Put a description in another language of the bank in place of the product's, with answers, and ask for these.

    The question stays in the language of the feed. The verdict must be yes, and quote the answer as it stands. Not
    planted where the other fields speak of all facets that are answered.
    """
    fields = [item for item in product.context.fields if item.name != DESCRIPTION]
    free = sorted(_unspoken(fields, ANSWERS))
    if not free:
        raise CannotPlant("the other fields speak of all that could be planted")
    others = [name for name in OPENINGS if name in load_bank().languages and name != _language(pool)]
    language = rng.choice(others)
    chosen = rng.sample(free, min(MOST_ANSWERS, len(free)))
    posed = [
        Posed(_asked(facet, pool.language), frozenset({Verdict.YES}), said, f"in {language!r}: {said}", quoted=True)
        for facet, said in ((facet, ANSWERS[facet][language]) for facet in chosen)
    ]
    text = " ".join([OPENINGS[language], *(each.said for each in posed)])
    return _posing(product, described(fields, text), posed, f"a description in {language!r}")


def _posing(product: Known, fields: Sequence[ContextField], posed: Sequence[Posed], changed: str) -> Planted:
    context = product.context.model_copy(update={"fields": tuple(fields)})
    return Planted(context, (), (), changed, tuple(posed))


def _asked(facet: str, language: str) -> Question:
    known = load_bank().facets[facet]
    return Question(text=known.wording(language), taxonomy=known.taxonomy, facet=facet)


def _language(pool: Pool) -> str:
    """Return the language that questions are asked in."""
    return pool.language if pool.language in OPENINGS else "en"


def _unspoken(fields: Sequence[ContextField], facets: Iterable[str]) -> set[str]:
    """Return the facets of which no field says anything."""
    text = "\n".join(f"{item.name.replace('_', ' ')}: {item.text}" for item in fields).casefold()
    return {facet for facet in facets if not re.search(SPOKEN_OF[facet], text)}
