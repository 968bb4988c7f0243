"""What the question bank holds: facets with what answers them, families, and the names under which feeds answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from feedeval.jobs.offline.patterns import Pattern
from feedeval.jobs.offline.topics import Topics
from feedeval.records import Taxonomy

ANY_LANGUAGE = "any"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a facet looks for in the sentences of one language."""

    strong: tuple[Pattern, ...] = ()
    """The answer itself."""
    weak: tuple[Pattern, ...] = ()
    """The topic without the answer."""
    doubts: tuple[Pattern, ...] = ()
    """What may be an answer or may be none: where nothing else is found, the facet is not judged."""
    traps: tuple[Pattern, ...] = ()
    """Words that look like the topic and are another; taken out before the others are tried."""
    cased: tuple[Pattern, ...] = ()
    """The answer itself, told by capital letters: tried on sentences as they are written, never on titles."""
    parts: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    """Groups of patterns of which each finds a part of the answer, by the name of the part."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing that buyers ask about."""

    id: str
    taxonomy: Taxonomy
    attribute: str
    ask: Mapping[str, str]
    """Wording by language."""
    value: Pattern | None
    """What a named value must contain to be an answer; None where any text is one."""
    part_value: Pattern | None
    """What shows that a value under the name of a part ("body: ...") speaks of the facet at all."""
    bare: Pattern | None
    """A measure or standard that answers wherever it stands."""
    bare_in: frozenset[str]
    """Families for which `bare` holds; empty for all."""
    bare_of: Mapping[str, Pattern]
    """Measures that answer for one family only, such as the length of a necklace."""
    named: Pattern | None
    """The facet's name followed by what `value` asks for, in any language."""
    rules: Mapping[str, Rules]
    """What is looked for in sentences, by language."""
    parts_needed: int
    """How many parts of the answer make a whole one."""
    own_names: bool
    """Its names are words of much other use: inside a longer name one counts where the value speaks of the facet."""

    said_freely_from: int = 0
    """From how many characters of sentences on nothing found does not mean that nothing is said; 0 for never."""

    wordings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Other wordings by language, by the name that families give."""

    def wording(self, language: str, name: str = "") -> str:
        """Return the question in `language`, else in English; as a family words it by `name`."""
        own = self.wordings.get(name, {})
        return own.get(language) or self.ask.get(language) or own.get("en") or self.ask["en"]

    def all_wordings(self) -> tuple[str, ...]:
        """Return the question in every wording and language."""
        return tuple(text for said in (self.ask, *self.wordings.values()) for text in said.values())


@dataclass(frozen=True, slots=True)
class Family:
    """Products that raise the same questions."""

    id: str
    taxonomy: frozenset[str]
    """Ids of Google's taxonomy; all below them is meant, too."""
    vague_taxonomy: frozenset[str]
    """Ids of categories so wide that a title tells more."""
    category: tuple[Pattern, ...]
    """Words found in a category path."""
    title: tuple[Pattern, ...]
    """Words found in a title."""
    facets: tuple[str, ...]
    """Best question first."""
    required: frozenset[str]
    senseless: frozenset[str]
    """Facets that make no sense here."""
    wording: Mapping[str, str] = field(default_factory=dict)
    """Facets that are worded otherwise here, with the name of the wording."""
    spoken: tuple[str, ...] = ()
    """Facets that are asked where the products speak of them."""
    vague: tuple[Pattern, ...] = ()
    """Category paths that say little."""
    kind_of: frozenset[str] = frozenset()
    """Families of which it is a narrower kind."""
    only: Mapping[str, str] = field(default_factory=dict)
    """Facets that are asked only where a group of words of the general family's `told` tells that they make sense."""
    told: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    """Groups of words that tell how a product is driven."""
    no_head_before: Pattern | None = None
    """What stands behind a word of a title that does not say what the thing is: `grinder` behind `coffee`."""
    no_head_behind: Pattern | None = None
    """What stands before such a word: `moulin à` before `café`."""


class AnswerNames:
    """The names under which feeds give answers.

    Args:
        whole: Tidy name -> the facets whose answer stands under it; an empty tuple for names that mislead.
        half: Tidy name -> the facets to which its value is half an answer, such as `age_group` to an age.
        parts: Those of `whole` that are names of parts, such as `body`: what stands under them need be no answer.
    """

    def __init__(
        self, whole: Mapping[str, tuple[str, ...]], half: Mapping[str, tuple[str, ...]], parts: frozenset[str]
    ) -> None:
        self._whole = whole
        self._half = half
        self._parts = parts
        self._most_words = max(len(name.split()) for name in (*whole, *half))
        self._longest = lru_cache(maxsize=4096)(self._find_longest)

    def facets(self, name: str) -> tuple[str, ...]:
        """Return the facets of the longest known name inside a tidy name; of two as long, of the last."""
        return self._whole.get(self._longest(name), ())

    def half(self, name: str) -> tuple[str, ...]:
        """Return the facets to which a value of this name is half an answer."""
        return self._half.get(self._longest(name), ())

    def is_part(self, name: str) -> bool:
        """Say whether this is the name of a part, under which much else than the answer may stand."""
        return self._longest(name) in self._parts

    def is_inside(self, name: str) -> bool:
        """Say whether the known name is one word among others."""
        known = self._longest(name)
        return known != name and " " not in known

    def is_whole(self, name: str) -> bool:
        """Say whether the feed's name is one under which an answer stands, and no word more."""
        return bool(self._whole.get(name)) and name not in self._parts

    def misleads(self, name: str) -> bool:
        """Say whether the words under this name are no evidence for anything."""
        known = self._longest(name)
        return bool(known) and not self._whole.get(known)

    def _find_longest(self, name: str) -> str:
        """Return the longest known name; `kapazitaet` is `kapazität`, as columns without umlauts have it."""
        return self._longest_of(name) or (self._longest_of(plain) if (plain := _without_umlauts(name)) != name else "")

    def _longest_of(self, name: str) -> str:
        words = name.split()
        for length in range(min(len(words), self._most_words), 0, -1):
            for start in range(len(words) - length, -1, -1):
                known = " ".join(words[start : start + length])
                if known in self._whole or known in self._half:
                    return known
        return ""


def _without_umlauts(name: str) -> str:
    return re.sub(r"([aou])e", r"\1", name)


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """All that the embedded engine knows; each is equal to itself alone, so that what is made of one can be kept."""

    facets: Mapping[str, Facet]
    families: Mapping[str, Family]
    names: AnswerNames
    asides: Mapping[str, tuple[Pattern, ...]]
    """Clauses that speak of something else than the product, by language: evidence for `asides_for` at most."""
    asides_for: frozenset[str]
    """Facets to which such clauses may be an answer all the same, such as what is in the box."""
    topics: Mapping[str, Topics]
    """Words that tell what a text may speak of, by language."""
    languages: tuple[str, ...]
    stopwords: Mapping[str, frozenset[str]]
    dropped: tuple[Pattern, ...]
    """Sentences that are never evidence, such as instructions to a model."""
    empty_value: Pattern
    """A named value that says nothing, such as `n/a`."""
    version: str
    """Digest of the files."""
