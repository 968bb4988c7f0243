"""Which family a product belongs to: by its category of Google's taxonomy, the words of its category and its title."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from feedeval.feed.taxonomy import taxonomy_id, with_those_above
from feedeval.jobs.offline.facets import Bank, Family
from feedeval.jobs.offline.patterns import Pattern, fold
from feedeval.records import Context

GENERAL = "general"
"""The family of products of which nothing tells what they are."""
_SMALLEST_SHARE = 0.6
_SMALLEST_SHARE_UNNAMED = 0.8
_SMALLEST_PLACED = 0.4
_INDEXED_LETTERS = 4
_READ_TITLE_CHARS = 200
_READ_DESCRIPTION_CHARS = 120
_SHORT_TITLE_WORDS = 4
_NAMING_WORDS = 8
_NAMING_FIRST = 3
_LONG_WORD_CHARS = 12
_NAMING_CHARS = 16
_READ_BEFORE_CHARS = 40

_QUOTED = re.compile(r"[\"“”„«][^\"“”„«»]{3,}[\"“”»]")
_SEGMENT_END = re.compile(r"\s+[-|•/]\s+|[|(\[•;:]|,\s|\.\s|(?<=\w)\s?[!?]")
_AFTER_HEAD = re.compile(
    r"\s(?:for|with|fits|fur|mit|pour|avec|para|con|per|voor|met|com|pro|do|dla|na|ze|s|z|w|для|с|из|compatible)\s"
)
"""What a thing is stands before these words, and what it is for behind them: `filter for coffee machines`."""
_MADE_FOR = re.compile(r"\w\s(?:for|fits|fur|pour|para|per|voor|pro|do|dla|na|для|compatible)\s")
"""Words behind which never stands what a thing is: `press for plants`."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The family of a product."""

    family: Family
    sure: bool
    """Whether what tells it is clear enough to say that a question makes no sense."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A family, and whether what tells it outranks a title."""

    family: Family
    firm: bool


class Families:
    """Places products in the families of a bank."""

    def __init__(self, bank: Bank) -> None:
        self._all = bank.families
        self.general = bank.families[GENERAL]
        self._firm_ids = {id_: f for f in bank.families.values() for id_ in f.taxonomy}
        self._vague_ids = {id_: f for f in bank.families.values() for id_ in f.vague_taxonomy}
        self._category_words, self._title_words = _words_of(bank)
        self._by_category = lru_cache(maxsize=4096)(self._find_by_category)
        self._by_title = lru_cache(maxsize=4096)(self._find_by_title)

    def place(self, context: Context) -> Placement:
        """Return the family of one product; `general` where nothing tells it."""
        google = context.get("google_product_category")
        by_id = self._by_id(google) or self._by_id(context.category)
        named = self._by_category(context.category) if context.category else None
        if named is None and google and google != context.category:
            named = self._by_category(google)
        title = context.get("title") or context.get("structured_title")
        titled = self._by_title(title)
        told = named or by_id
        if titled and told and told.firm and told.family.id in titled.kind_of:
            return Placement(titled, sure=True)
        if by_id and by_id.firm and (named is None or named.family is by_id.family):
            return Placement(by_id.family, sure=True)
        if by_id and by_id.firm:
            # Shops choose a wrong category of the list rather than a wrong title and a wrong category of their own.
            if named and titled is named.family:
                return Placement(named.family, sure=False)
            return Placement(by_id.family, sure=True)
        if named and named.firm:
            return Placement(named.family, sure=titled is None or titled is named.family)
        if titled:
            return Placement(titled, sure=True)
        if vague := named or by_id:
            return Placement(vague.family, sure=named is not None and " > " in context.category)
        # A title of a name alone ("Isabel") leaves it to the description, and so does one that tells nothing where
        # the description begins with a few words that name the thing, and not with praise.
        described_by = context.get("description") or context.get("structured_description")
        first = described_by[:_READ_DESCRIPTION_CHARS].split(". ")[0]
        trusted = len(title.split()) <= _SHORT_TITLE_WORDS or len(first.split()) <= _NAMING_WORDS
        described = self._by_title(_beginning(first)) if trusted else None
        return Placement(described or self.general, sure=False)

    def of_category(self, category: str) -> Family | None:
        """Return the family that a category by itself names: an id or a path of Google's taxonomy, or words."""
        told = self._by_id(category) or self._by_category(category)
        return told.family if told else None

    def of_sample(self, category: str, sample: Sequence[Context]) -> Family:
        """Return the family of a category: the one of most products of its sample, else what its name tells."""
        if category in self._all:
            return self._all[category]
        if not sample:
            return self.of_category(category) or self.general
        named = self.of_category(category)
        votes = self._votes(sample)
        family = self._most(votes, len(sample), named)
        if family is None:
            # Narrower kinds on one shelf are of the wider one: hoodies and socks are clothes.
            wider = Counter[str]()
            for name, count in votes.items():
                wider[min(self._all[name].kind_of & votes.keys(), default=name)] += count
            family = self._most(wider, len(sample), named)
        if family and named and named.id in family.kind_of and not named.taxonomy:
            # The few that are looked at must not narrow a shelf whose name is wide: "Fish supplies" is no feed alone.
            return named
        return family or self.general

    def shared_facets(self, sample: Sequence[Context]) -> list[str]:
        """Return what the buyers of all the kinds on a mixed shelf ask; nothing where few of it could be placed."""
        votes = self._votes(sample)
        if len(votes) < 2 or sum(votes.values()) < len(sample) * _SMALLEST_SHARE:
            return []
        first, *others = (self._all[name] for name, _ in votes.most_common())
        return [facet for facet in first.facets if all(facet in other.facets for other in others)]

    def _votes(self, sample: Sequence[Context]) -> Counter[str]:
        """Return how many products of the sample each family holds."""
        votes = Counter(self.place(context).family.id for context in sample)
        votes.pop(GENERAL, None)
        return votes

    def _most(self, votes: Counter[str], of: int, named: Family | None) -> Family | None:
        """Return the family of most of a shelf's products; of nearly all where the shelf's name is no word for it."""
        most, placed = max(votes.values(), default=0), sum(votes.values())
        # A shelf of mixed goods has no family: its few plant pots must not make a garden of it. Where all that could
        # be placed is of one kind, those that could not be are taken to be of it, too.
        agreed = most == placed and placed >= of * _SMALLEST_PLACED
        family = self._all[min(name for name, count in votes.items() if count == most)] if votes else None
        if named is None or family is None or named.id not in {family.id, *family.kind_of}:
            share = _SMALLEST_SHARE_UNNAMED
        else:
            share = _SMALLEST_SHARE
        return family if most >= of * share or agreed else None

    def _by_id(self, category: str) -> _Told | None:
        if not category:
            return None
        category_id = taxonomy_id(category) or taxonomy_id(category.partition(", ")[0])
        above = with_those_above(category_id) if category_id else ()
        for listed in above:
            if listed in self._firm_ids:
                # A category at the very top of the list ("Home & Garden > Kitchen & Dining") holds many kinds.
                wide = listed == category_id and len(above) <= 2 and self._firm_ids[listed].id not in _CLEAR_AT_THE_TOP
                return _Told(self._firm_ids[listed], firm=not wide)
            if listed in self._vague_ids:
                return _Told(self._vague_ids[listed], firm=False)
        return None

    def _find_by_category(self, category: str) -> _Told | None:
        parts = [part for part in fold(category).split(" > ") if part.strip()]
        for part in reversed(parts):
            if family := self._category_words.first(part, made_for=True):
                vague = part is not parts[-1] or any(p.regex.fullmatch(part) for p in self.general.vague)
                return _Told(family, firm=not vague)
        return None

    def _find_by_title(self, title: str) -> Family | None:
        return self._title_words.first(fold(title[:_READ_TITLE_CHARS]), made_for=False)


_CLEAR_AT_THE_TOP = frozenset({"apparel", "shoes", "software", "toys"})
"""Families whose categories of the second level hold nothing else."""


def _beginning(sentence: str) -> str:
    """Return the words with which a sentence begins; as much of it in a script that parts no words."""
    words = sentence.split()
    unparted = len(sentence) > len(words) * _LONG_WORD_CHARS
    return sentence[:_NAMING_CHARS] if unparted else " ".join(words[:_NAMING_FIRST])


def _scopes(title: str, *, made_for: bool) -> Iterator[tuple[str, int]]:
    """Yield the parts of a title, the head first, each with the place that a word has to go across; 0 for none.

    What stands behind `for` counts only where `made_for` is set.
    """
    for segment in _SEGMENT_END.split(_QUOTED.sub(" ", title)):
        if whole := (segment or "").strip():
            head = _AFTER_HEAD.split(f" {whole} ", 1)[0].strip()
            if len(head) < len(whole):
                yield whole, len(head)
            yield head, 0
            if len(head) < len(whole) and (made_for or not _MADE_FOR.search(whole)):
                yield whole, 0
    if made_for or not _MADE_FOR.search(title):
        yield title, 0


class _WordIndex:
    """The words of all families, found by four of their letters: there are thousands."""

    def __init__(self, words: Iterable[tuple[Pattern, Family]], general: Family | None = None) -> None:
        self._no_head_behind = general and general.no_head_behind
        self._no_head_before = general and general.no_head_before
        self._by_letters: defaultdict[str, list[tuple[str, _Word]]] = defaultdict(list)
        self._short: dict[bool, list[str]] = {}
        """Letters that are fewer, those of ASCII alone under True: a folded title is mostly of these."""
        self._always: list[_Word] = []
        for place, (pattern, family) in enumerate(words):
            word = (place, pattern, family)
            for literal in pattern.needs:
                self._by_letters[literal[:_INDEXED_LETTERS]].append((literal, word))
            if not pattern.needs:
                self._always.append(word)
        self._letters = frozenset(self._by_letters)
        short = [letters for letters in self._by_letters if len(letters) < _INDEXED_LETTERS]
        self._short = {True: [letters for letters in short if letters.isascii()], False: short}

    def first(self, folded: str, *, made_for: bool) -> Family | None:
        """Return the family that the first part of `folded` names that names one."""
        # The parts hold no word that the whole does not hold, but where something quoted was taken out.
        whole = folded + "\n" + _QUOTED.sub(" ", folded) if _QUOTED.search(folded) else folded
        if not (candidates := list(self._candidates(whole))):
            return None
        parts = _scopes(folded, made_for=made_for)
        return next(filter(None, (self._best(part, across, candidates) for part, across in parts)), None)

    def _best(self, folded: str, across: int, candidates: Iterable[tuple[str, _Word]]) -> Family | None:
        """Return the family with the longest word in `folded`, as the more special one; of two as long, the later.

        Where `across` is given, only words count that stand on both of its sides.
        """
        best: Family | None = None
        longest = (0, -1)
        for literal, (place, pattern, family) in candidates:
            if literal not in folded:
                continue
            for match in pattern.regex.finditer(folded):
                if across and not match.start() < across < match.end():
                    continue
                if (rank := (match.end() - match.start(), place)) > longest and self._may_name(folded, match):
                    longest, best = rank, family
        return best

    def _may_name(self, folded: str, match: re.Match[str]) -> bool:
        """Say whether a word may be what the thing is: a `coffee grinder` is no coffee, nor is a `moulin à café`."""
        if self._no_head_before and self._no_head_before.regex.match(folded, match.end()):
            return False
        if not self._no_head_behind:
            return True
        start = match.start()
        behind = self._no_head_behind.regex.finditer(folded, max(0, start - _READ_BEFORE_CHARS))
        return all(match.end() != start for match in behind)

    def _candidates(self, folded: str) -> Iterator[tuple[str, _Word]]:
        """Yield the words that `folded` may hold, each with the letters by which it was found."""
        yield from (("", word) for word in self._always)
        pieces = frozenset(map("".join, zip(*(folded[i:] for i in range(_INDEXED_LETTERS)), strict=False)))
        short = [letters for letters in self._short[folded.isascii()] if letters in folded]
        for letters in (*short, *(self._letters & pieces)):
            for literal, word in self._by_letters[letters]:
                if literal in folded:
                    yield literal, word


@lru_cache(maxsize=4)
def _words_of(bank: Bank) -> tuple[_WordIndex, _WordIndex]:
    """Return the words of categories and of titles: so many objects that each engine's own would set off a collection.

    A bank is the same for all engines that use it.
    """
    families = bank.families.values()
    by_category = _WordIndex((word, f) for f in families for word in f.category)
    return by_category, _WordIndex(((word, f) for f in families for word in f.title), bank.families[GENERAL])


_Word = tuple[int, Pattern, Family]
