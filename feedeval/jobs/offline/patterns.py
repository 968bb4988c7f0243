"""Patterns of the bank: folded text, measures as building blocks, and a cheap test before each search.

A pattern is a Python regular expression over folded text (lower case, no accents) in which `{weight}`, `{length}` and
the other building blocks of `units.toml` stand for a number with its unit. Most patterns cannot match a text that lacks
some fixed letters; those are worked out once, so that a search is run only where it may succeed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby

from feedeval.errors import InputError
from feedeval.jobs.offline.leading import LetterFirst

_BLOCK = re.compile(r"\{[a-z_]+\}")
_NOT_TO_DIVIDE = re.compile(r"(?<!\\)\\[1-9]|\(\?(?:P|[a-z])")
"""What holds for a whole expression: a reference to one of its groups, a flag."""
_LATIN_AND_GREEK_END = 0x0250
_SHORTEST_LITERAL = 2
_FIRST_KANA = "\u3040"
"""Of Japanese, a single character tells as much as a few letters."""
_OPTIONAL = ("?", "*", "{0")
UNSPACED = frozenset({"ja"})
"""Languages that are written without spaces between words."""


def _base_letter(code: int) -> str | None:
    """Return the letter without its accent where that is one character, else None."""
    base = unicodedata.normalize("NFD", chr(code))[0]
    return base if base != chr(code) and base.isalpha() else None


# What Japanese shops write in full width. Kana keep their marks: they are other letters, not accented ones.
_FULL_WIDTH = {code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5E)}
_SAME_LETTER = {ord(a): b for a, b in zip("ł\u3000〜～✕✖╳⨯ℓ", "l --xxxxl", strict=True)}
_ACCENTS = {code: base for code in range(0xC0, _LATIN_AND_GREEK_END) if (base := _base_letter(code))}
_SAME_MEANING = {ord(a): b for a, b in zip("×–—‑−’‘ʼ″“”„\u00a0\u202f\u2009\t", 'x----\'\'\'""""    ', strict=True)}
_FOLD = _ACCENTS | _SAME_MEANING | _FULL_WIDTH | _SAME_LETTER


def fold(text: str) -> str:
    """Return `text` in lower case without accents, character for character, so that positions stay true."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    return lower if lower.isascii() else lower.translate(_FOLD)


class Pattern:
    r"""A regular expression, compiled when it is first needed, and the letters without which it cannot match.

    Most feeds need the patterns of one language; compiling those of all takes a second.

    Args:
        source: The regular expression, for folded text.
        needs: A text has to contain one of these; empty where the pattern has no fixed letters.
        measures: A text has to hold what one of these finds, too; empty where that is not known.
        ascii_words: Only ASCII letters and digits make words, for `\b` and `\w`.
    """

    def __init__(
        self, source: str, needs: tuple[str, ...], measures: tuple[Pattern, ...] = (), *, ascii_words: bool = False
    ) -> None:
        self.source = source
        self.needs = needs
        self.measures = measures
        self.unit: re.Pattern[str] | None = None
        """Of a measure: a figure with its unit, which is found faster, and without which there is no measure."""
        self.words: tuple[tuple[str, Pattern], ...] = ()
        """Of a measure that is one of many words: each by itself, with letters that it has."""
        self.whole = self
        """The pattern of which this is one of the ways to match."""
        self.divide: Callable[[], Sequence[Pattern]] = tuple
        """Makes the ways in which it can match; none where it is one."""
        self._flags = re.ASCII if ascii_words else 0

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern; sentences put together as lines are looked through at once."""
        return re.compile(_LETTER_FIRST.turned(self.source), self._flags | re.MULTILINE)

    @cached_property
    def ways(self) -> tuple[Pattern, ...]:
        """The alternatives of its outermost level, each with what it alone needs: a text lacks that of most of them."""
        ways = self.divide()
        for way in ways:
            way.whole = self
        return tuple(ways) or (self,)

    def within(self, languages: Sequence[str]) -> Pattern:
        """Return the pattern for text in `languages`.

        Japanese puts no spaces between words, so that a boundary stands only where Latin letters or digits begin and
        end: `USB-C対応`, `重量500gの`.
        """
        return self._unspaced if languages and UNSPACED.issuperset(languages) else self

    @cached_property
    def _unspaced(self) -> Pattern:
        measures = tuple(pattern._unspaced for pattern in self.measures)
        unspaced = Pattern(self.source, self.needs, measures, ascii_words=True)
        unspaced.words = tuple((letters, word._unspaced) for letters, word in self.words)
        unspaced.divide = lambda: [way._unspaced for way in self.ways if way is not self]
        return unspaced

    def may_match(self, folded: str) -> bool:
        """Say whether a search is worth its time."""
        # A loop and not any(): this is the innermost step of a run.
        for literal in self.needs:
            if literal in folded:
                return True
        return not self.needs

    def search(self, folded: str) -> re.Match[str] | None:
        """Return the first match in folded text."""
        return self.regex.search(folded) if self.may_match(folded) else None

    def is_in(self, folded: str) -> bool:
        """Say whether there is a match in folded text."""
        if self.words:
            return any(letters in folded and word.regex.search(folded) for letters, word in self.words)
        return bool((self.unit is None or self.unit.search(folded)) and self.regex.search(folded))


@dataclass(frozen=True, slots=True)
class Blocks:
    """The building blocks that patterns may name in braces."""

    regexes: Mapping[str, str] = field(default_factory=dict)
    check: bool = True
    """Compile every pattern at once, to find mistakes; the package's own are found by its tests."""
    _alone: dict[str, Pattern] = field(default_factory=dict, init=False, repr=False)
    """The blocks as patterns, those that many patterns share as one object."""

    def compile(self, source: str, where: str, *, cased: bool = False) -> Pattern:
        """Return the pattern for one line of a pattern file; `where` names that line in errors.

        A `cased` pattern is for text as it is written and holds no building blocks.
        """
        folded = fold_pattern(source)
        if self.check:
            try:
                re.compile(_BLOCK.sub("0", folded))
            except re.error as exc:
                raise InputError(f"{where}: {source!r} is not a regular expression: {exc}. Mend it.") from exc
        if cased:
            return Pattern(source, fixed_letters(_BLOCK.sub("[0]", folded)))
        for name in _BLOCK.findall(folded):
            if name[1:-1] not in self.regexes:
                raise InputError(f"{where}: unknown building block {name} in {source!r}; known: {self.names()}")
        compiled = self._compiled(folded)
        compiled.divide = lambda: self._divided(folded)
        return compiled

    def _compiled(self, folded: str) -> Pattern:
        needs = fixed_letters(_BLOCK.sub("[0]", folded))
        if not needs or _OF_TITLES[0] in needs:
            # A block of words has letters, a measure has none.
            needs = fixed_letters(self._expanded(_MEASURE.sub("[0]", folded)))
            needs = needs or (FIGURES if needs_figure(folded) else ())
        source = self._expanded(_boundary_first(folded) if "(?<" in folded else folded)
        return Pattern(source, needs, tuple(self._as_pattern(name) for name in sorted(self._needed(folded))))

    def _divided(self, folded: str) -> list[Pattern]:
        alternatives = [] if _NOT_TO_DIVIDE.search(folded) else _split(folded)
        return [self._compiled(each) for each in alternatives] if len(alternatives) > 1 else []

    def _expanded(self, folded: str) -> str:
        return _BLOCK.sub(lambda match: f"(?:{self.regexes[match.group()[1:-1]]})", folded)

    def _needed(self, folded: str) -> frozenset[str]:
        """Return the blocks of which any match of a pattern holds at least one; empty where that cannot be told."""
        named = dict.fromkeys(re.findall(r"\{([a-z_]+)\}", folded))
        letters = {name: chr(_PRIVATE_USE + place) for place, name in enumerate(named) if _SHARED.match(name)}
        if not letters:
            return frozenset()
        told = re.sub(r"\{([a-z_]+)\}", lambda m: letters.get(m.group(1), "[0]"), folded)
        needed = _needed(told, frozenset(letters.values()))
        return frozenset(name for name in letters if letters[name] in needed)

    def _as_pattern(self, name: str) -> Pattern:
        if name not in self._alone:
            # What may stand before a measure and need not, such as the name of a side, tells nothing.
            alone = self.regexes[name].removeprefix(f"(?:{self.regexes.get('side', '')})")
            self._alone[name] = Pattern(re.sub(r"^\\d\+", r"\\d\\d*", alone), ())
            _, gap, units = alone.rpartition(_BEFORE_UNITS)
            # A span may have its number in a word.
            if gap and alone.startswith(_NUMBER_FIRST) and len(_split(alone[3 : _end_of_item(alone, 0) - 1])) == 1:
                self._alone[name].unit = re.compile(rf"[\d½¼¾]{gap}{units}")
            elif fixed_letters(alone):
                words = [Pattern(word, fixed_letters(word)) for word in _alternatives(alone)]
                self._alone[name].words = tuple((letters, word) for word in words for letters in word.needs)
        return self._alone[name]

    def names(self) -> str:
        """Return the names of all blocks, for messages."""
        return ", ".join(sorted(self.regexes))


def fold_pattern(source: str) -> str:
    r"""Fold a pattern but leave its escapes: `\S` must not become `\s`. `ss` also finds `ß`, which has no accent."""
    folded = re.sub(r"\\.|[^\\]+", lambda m: m.group() if m.group().startswith("\\") else fold(m.group()), source)
    return re.sub(r"\{[a-z_]+\}|ss", lambda m: "(?:ss|ß)" if m.group() == "ss" else m.group(), folded)


@lru_cache(maxsize=1024)
def fixed_letters(regex: str) -> tuple[str, ...]:
    """Return letters of which any match contains at least one; empty where that cannot be told.

    Reads the regular expression from left to right and keeps the longest run of plain characters that no quantifier
    makes optional; of a group with alternatives it takes one run from each. The name in front of a title, which all
    products have, is taken only where there is nothing else.
    """
    found: list[str] = []
    for alternative in _split(regex):
        best = max(_required(alternative), key=lambda c: (c != _OF_TITLES, min(len(s) for s in c)), default=())
        if not best:
            return ()
        found.extend(best)
    return tuple(dict.fromkeys(found))


_OF_TITLES = ("title: ",)
FIGURES = tuple("0123456789½¼¾")
"""Of which a measure holds one."""
_MEASURES = (
    "weight|length|volume|power|voltage|current|charge|energy|time|temp|noise|data|density|milligrams|dims|n|percent"
)
_MEASURE = re.compile(rf"\{{(?:{_MEASURES})\}}")
_SHARED = re.compile(rf"(?!n$)(?:{_MEASURES}|span|area|distance|mat_\w+|material_word|colour_\w+)$")
"""Blocks that many patterns of a facet have in common, so that it is worth looking for them alone first."""
_NUMBER_FIRST, _BEFORE_UNITS = "(?:[\\d½¼¾]", r"[\s-]{0,2}"
"""How a measure begins that is told by figures, and what stands between these and its unit at the end."""
_PRIVATE_USE = 0xE000
"""Where the characters begin that stand for blocks while a pattern is looked through."""


def needs_figure(regex: str) -> bool:
    """Say whether any match of a pattern with building blocks contains a figure."""
    return bool(_needed(re.sub(r"\{[a-z_]+\}", "[0]", _MEASURE.sub("\0", regex)), {"\0"}))


def _needed(regex: str, known: Container[str]) -> frozenset[str]:
    """Return those `known` characters of which any match holds at least one; empty where that cannot be told."""
    found: frozenset[str] = frozenset()
    for alternative in _split(regex):
        fewest: frozenset[str] = frozenset()
        i = 0
        while i < len(alternative):
            end = _end_of_item(alternative, i)
            item, optional = alternative[i:end], alternative[end : end + 2].startswith(_OPTIONAL)
            if not optional and (item in known or item.startswith("(?:")):
                inside = frozenset({item}) if item in known else _needed(item[3:-1], known)
                fewest = inside if inside and not 0 < len(fewest) <= len(inside) else fewest
            i = alternative.index("}", end) + 1 if alternative[end : end + 1] == "{" else end
        if not fewest:
            return fewest
        found |= fewest
    return found


_LOOKS_BACK = re.compile(r"^((?:\(\?<[!=](?:\[[^\]]*\]|[^()\\\[]|\\.)*\))+)\\b")


def _boundary_first(source: str) -> str:
    """Put the boundary of a word before what must not stand in front of it: it is looked at faster, and fails more."""
    return "|".join(_LOOKS_BACK.sub(r"\\b\1", alternative, count=1) for alternative in _split(source))


def _split(regex: str) -> list[str]:
    """Return the alternatives of the outermost level."""
    parts, start, i = [], 0, 0
    while i < len(regex):
        if regex[i] == "|":
            parts.append(regex[start:i])
            start = i + 1
        i = _end_of_item(regex, i)
    return [*parts, regex[start:]]


def _alternatives(regex: str) -> Iterator[str]:
    r"""Yield all alternatives, those of groups one by one: of `(?:a|\b(?:b|c)\b)` `a`, `\bb\b` and `\bc\b`."""
    for alternative in _split(regex):
        edge = r"\b" if alternative.startswith(r"\b(?:") and alternative.endswith(r")\b") else ""
        group = alternative.removeprefix(edge).removesuffix(edge)
        if group.startswith("(?:") and _end_of_item(group, 0) == len(group):
            yield from (f"{edge}{inner}{edge}" for inner in _alternatives(group[3:-1]))
        else:
            yield alternative


def _end_of_item(regex: str, i: int) -> int:
    """Return the position after the character, class, escape or group that begins at `i`."""
    if regex[i] == "\\":
        return i + 2
    if regex[i] == "[":
        end = i + 2 if regex[i + 1 : i + 2] != "^" else i + 3
        while regex[end] != "]":
            end += 2 if regex[end] == "\\" else 1
        return end + 1
    if regex[i] == "(":
        i += 1
        while regex[i] != ")":
            i = _end_of_item(regex, i)
    return i + 1


_LETTER_FIRST = LetterFirst(_split, _end_of_item)


def _required(alternative: str) -> list[tuple[str, ...]]:
    """Return the sets of letters of which one has to be in any match."""
    candidates: list[tuple[str, ...]] = []
    run, i = "", 0
    while i < len(alternative):
        end = _end_of_item(alternative, i)
        item, after = alternative[i:end], alternative[end : end + 2]
        optional = after.startswith(_OPTIONAL)
        if item[0] == "(" and not optional and not item.startswith(("(?=", "(?!", "(?<")):
            group = fixed_letters(item[3 if item.startswith("(?:") else 1 : -1])
            candidates.extend([group] if group else [])
        plain = len(item) == 1 and item not in ".^$+?*{"
        if plain and not optional:
            run += item
        if not plain or optional or after[:1] in tuple("+{"):
            candidates.append((run,))
            run = ""
        if alternative[end : end + 1] == "{":
            end = alternative.index("}", end) + 1
        i = end
    candidates.append((run,))
    return [c for c in candidates if all(len(s) >= _SHORTEST_LITERAL or s >= _FIRST_KANA for s in c)]


@lru_cache(maxsize=4096)
def tidy_name(name: str) -> str:
    """Return an attribute's name folded, with single spaces: `vystupni_napeti` is `vystupni napeti`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = " ".join(re.sub(r"[\W_]+", " ", fold(spaced)).replace("ß", "ss").split())
    return _SPELLED_OUT.sub(lambda match: match.group()[0], words)


_SPELLED_OUT = re.compile(
    r"(?<=\bl)ae(?=nge)|(?<=h)oe(?=he)|(?<=gr)oe(?=ss)|(?<=t)ae(?=t\b)|(?<=st)ae(?=rke)|(?<=\bf)ue(?=r\b)"
)
"""Umlauts in names of columns: `laenge_cm`, `hoehe`, `groesse`, `kapazitaet`, `staerke`, `fuer`."""


def union(sources: Sequence[str]) -> str:
    """Return one regular expression for several; longer ones first, so that `kgs` is not read as `kg`.

    Those that begin with the same letter stand together, so that a search looks at the others' first letters only.
    """
    ordered = sorted(sources, key=len, reverse=True)
    grouped: list[str] = []
    for has_letter, run in groupby(ordered, key=lambda source: bool(_LED_BY_LETTER.match(source))):
        if not has_letter:
            grouped.extend(run)
            continue
        by_letter: dict[str, list[str]] = {}
        for source in run:
            by_letter.setdefault(source[0], []).append(source[1:])
        grouped.extend(
            f"{a}{rest[0]}" if len(rest) == 1 else f"{a}(?:{'|'.join(rest)})" for a, rest in by_letter.items()
        )
    return "|".join(grouped)


_LED_BY_LETTER = re.compile(r"[^\W_](?![?*+{])(?:[^|()]|\((?:[^()]|\([^()]*\))*\))*$")
"""A regular expression without alternatives at its outermost level, the first letter of which has to be there."""
