"""The question bank: facets, families, units and patterns, loaded from data files that a reader can extend."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.tables import DATA
from feedeval.feed.taxonomy import taxonomy_id
from feedeval.jobs.offline.patterns import Blocks, Pattern, fold, fold_pattern, tidy_name, union
from feedeval.records import Taxonomy

PACKAGE_BANK = DATA / "bank"
PATTERN_LANGUAGES = ("en", "de", "fr", "es")
"""Languages whose sentences are read in the package's own bank."""
ANY_LANGUAGE = "any"
_TAKES_TEXT = "text"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a facet looks for in the sentences of one language."""

    strong: tuple[Pattern, ...] = ()
    """The answer itself."""
    weak: tuple[Pattern, ...] = ()
    """The topic without the answer."""
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
    named: Pattern | None
    """The facet's name followed by what `value` asks for, in any language."""
    rules: Mapping[str, Rules]
    """What is looked for in sentences, by language."""
    parts_needed: int
    """How many parts of the answer make a whole one."""

    wordings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Other wordings by language, by the name that families give."""

    def wording(self, language: str, name: str = "") -> str:
        """Return the question in `language`, or in English; as the family says it that gives its `name`."""
        for said in (self.wordings.get(name, {}), self.ask):
            if text := said.get(language) or said.get("en"):
                return text
        return ""

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

    def misleads(self, name: str) -> bool:
        """Say whether the words under this name are no evidence for anything."""
        known = self._longest(name)
        return bool(known) and not self._whole.get(known)

    def _find_longest(self, name: str) -> str:
        words = name.split()
        for length in range(min(len(words), self._most_words), 0, -1):
            for start in range(len(words) - length, -1, -1):
                known = " ".join(words[start : start + length])
                if known in self._whole or known in self._half:
                    return known
        return ""


@dataclass(frozen=True, slots=True)
class Bank:
    """All that the embedded engine knows."""

    facets: Mapping[str, Facet]
    families: Mapping[str, Family]
    names: AnswerNames
    languages: tuple[str, ...]
    stopwords: Mapping[str, frozenset[str]]
    dropped: tuple[Pattern, ...]
    """Sentences that are never evidence, such as instructions to a model."""
    empty_value: Pattern
    """A named value that says nothing, such as `n/a`."""
    version: str
    """Digest of the files."""


def load_bank(bank_dir: Path | None = None) -> Bank:
    """Return the package's bank, extended by the files of the same names in `bank_dir`.

    Tables of `bank_dir` are laid over the package's: lists are added to, single values replaced, new facets, families,
    languages and units are taken in.

    Raises:
        InputError: A file cannot be read or names something that the bank does not know.
    """
    if bank_dir is not None and not bank_dir.is_dir():
        raise InputError(f"bank_dir {str(bank_dir)!r} is not a folder; give a folder with files such as facets.toml")
    return _load(bank_dir)


@lru_cache(maxsize=4)
def _load(bank_dir: Path | None) -> Bank:
    folders = [PACKAGE_BANK] if bank_dir is None else [PACKAGE_BANK, bank_dir]
    digest = hashlib.sha256()
    tables: dict[str, dict[str, Any]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.toml")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            content = path.read_bytes()
            digest.update(name.encode() + b"\0" + content)
            tables[name] = _merged(tables.get(name, {}), _parse(path, content))
    blocks = Blocks(_blocks(tables["units"]), check=bank_dir is not None)
    rules = {n.removeprefix("patterns/"): t for n, t in tables.items() if n.startswith("patterns/")}
    facets = {name: _facet(name, table, rules, blocks) for name, table in tables["facets"].items()}
    for language, table in rules.items():
        _check_known(table, facets, f"patterns/{language}.toml")
    words = tables["languages"]
    return Bank(
        facets=facets,
        families=_families(tables["families"], facets, blocks),
        names=_names(tables["facets"], words["misleading_names"]),
        languages=tuple(sorted(rules.keys() - {ANY_LANGUAGE})),
        stopwords={language: frozenset(fold(listed).split()) for language, listed in words["stopwords"].items()},
        dropped=tuple(blocks.compile(p, "languages.toml: dropped") for p in words["dropped"]),
        empty_value=blocks.compile(union(words["empty_values"]), "languages.toml: empty_values"),
        version=digest.hexdigest()[:12],
    )


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InputError(f"{path}: not a TOML file in UTF-8: {exc}") from exc


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return `below` with `above` laid over it."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merged(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            merged[key] = old + [item for item in value if item not in old]
        else:
            merged[key] = value
    return merged


def _check_known(named: Mapping[str, Any] | list[str], known: Mapping[str, Any], where: str) -> None:
    if unknown := sorted(set(named) - set(known)):
        raise InputError(f"{where}: unknown facet {', '.join(unknown)}; add it to facets.toml or take it out here")


def _blocks(table: dict[str, Any]) -> dict[str, str]:
    """Return the building blocks; a kind becomes number, range and unit."""
    number = r"(?<![\w.,/])\d+(?:[.,]\d+)*(?:[¼½¾]|\s?[-/]\s?\d+(?:[.,]\d+)*)?|(?<!\w)[½¼¾]"
    regexes: dict[str, str] = {}
    for kind, spec in table["kinds"].items():
        units = union([fold_pattern(unit) for unit in spec["units"]])
        regexes[kind] = (
            rf"(?:{number})(?:\s?(?:{units})(?![\w²³]))?(?:\s?(?:-|to|bis|a|do|до|and|und)\s?\d+(?:[.,]\d+)*)?[\s-]{{0,2}}(?:{units})(?![\w²³])"
        )
    regexes["span"] = regexes["span"].replace(rf"(?:{number})", rf"(?:{number}|\b{table['blocks']['count']}\b)", 1)
    for name, regex in table["blocks"].items():
        regexes[name] = re.sub(r"\{([a-z_]+)\}", lambda m: f"(?:{regexes[m.group(1)]})", fold_pattern(regex))
    return regexes


def _facet(name: str, table: dict[str, Any], rules: dict[str, dict[str, Any]], blocks: Blocks) -> Facet:
    where = f"facets.toml: [{name}]"
    missing = [key for key in ("taxonomy", "attribute", "ask") if key not in table]
    if missing or "en" not in table["ask"]:
        raise InputError(f"{where} lacks {', '.join(missing) or 'ask.en'}")
    if table["taxonomy"] not in set(Taxonomy):
        raise InputError(f"{where}: taxonomy {table['taxonomy']!r} is none of {', '.join(Taxonomy)}")
    kinds = [kind for kind in table.get("value", [_TAKES_TEXT]) if kind != _TAKES_TEXT]
    measured = [kind for kind in kinds if kind in _MEASURES]
    spelled = union([re.escape(fold(n).replace("ß", "ss")).replace(r"\ ", "[ _]") for n in table.get("names", [])])
    # A name and a measure may be parted by a few words ("weight with battery: 1.4 kg") but not by another number.
    named = rf"(?<!\w)(?:{spelled})\b[^\d.!?;|]{{{{0,28}}}}?(?:{'|'.join(f'{{{k}}}' for k in measured)})"
    return Facet(
        id=name,
        taxonomy=Taxonomy(table["taxonomy"]),
        attribute=table["attribute"],
        ask=table["ask"],
        value=_any_block(kinds, blocks, where),
        part_value=_any_block(table.get("part_value", []), blocks, where),
        bare=_any_block(table.get("bare", []), blocks, where),
        bare_in=frozenset(table.get("bare_in", ())),
        named=blocks.compile(named.replace("{{", "{").replace("}}", "}"), where) if measured and spelled else None,
        rules={
            language: _rules(language, name, spec[name], blocks) for language, spec in rules.items() if name in spec
        },
        parts_needed=table.get("parts_needed", 2),
        wordings=table.get("wordings", {}),
    )


_MEASURES = frozenset(
    {"weight", "volume", "dims", "power", "voltage", "time", "span", "noise", "data", "temp", "energy"}
)
"""Blocks that are a number with a unit: beside a facet's name they answer it in any language."""


_RULE_KEYS = frozenset({"strong", "cased", "weak", "traps", "parts"})


def _rules(language: str, facet: str, table: dict[str, Any], blocks: Blocks) -> Rules:
    where = f"patterns/{language}.toml: [{facet}]"
    if unknown := table.keys() - _RULE_KEYS:
        known = ", ".join(sorted(_RULE_KEYS))
        raise InputError(f"{where}: unknown key {', '.join(sorted(unknown))}; known: {known}")

    def compiled(key: str, sources: list[str]) -> tuple[Pattern, ...]:
        return tuple(blocks.compile(source, f"{where} {key}") for source in sources)

    return Rules(
        strong=compiled("strong", table.get("strong", [])),
        weak=compiled("weak", table.get("weak", [])),
        traps=compiled("traps", table.get("traps", [])),
        cased=tuple(blocks.compile(source, f"{where} cased", cased=True) for source in table.get("cased", [])),
        parts={part: compiled(part, sources) for part, sources in table.get("parts", {}).items()},
    )


def _families(table: dict[str, Any], facets: Mapping[str, Facet], blocks: Blocks) -> dict[str, Family]:
    general = table["general"]
    families = {}
    for name, spec in table.items():
        where = f"families.toml: [{name}]"
        never = spec.get("never", [])
        sensible = {*spec["facets"], *spec.get("skip", [])}
        others = {facet for group in general["narrow"] if not {*group} & sensible for facet in group}
        only = spec.get("only", {})
        for listed in (sensible, never, only, spec.get("spoken", []), *spec.get("narrow", [])):
            _check_known([*listed], facets, where)
        if unknown := set(only.values()) - general["told"].keys():
            raise InputError(f"{where}: only: [general.told] has no group {', '.join(sorted(unknown))}")

        def ids(key: str, spec: dict[str, Any] = spec, where: str = where) -> frozenset[str]:
            return frozenset(_category_id(listed, where) for listed in spec.get(key, []))

        def words(key: str, spec: dict[str, Any] = spec, where: str = where) -> tuple[Pattern, ...]:
            return tuple(_whole(word, blocks, where) for word in spec.get(key, []))

        both = words("words")
        families[name] = Family(
            id=name,
            taxonomy=ids("taxonomy"),
            vague_taxonomy=ids("vague_taxonomy"),
            category=(*both, *words("category")),
            title=(*both, *words("title")),
            facets=tuple(dict.fromkeys(spec["facets"])),
            required=frozenset(spec["required"]),
            senseless=frozenset() if spec is general else frozenset({*never, *others} - {*spec["facets"]}),
            wording=spec.get("wording", {}),
            spoken=tuple(spec.get("spoken", [])),
            vague=words("vague"),
            kind_of=frozenset(spec.get("kind_of", [])),
            only=only,
            told={group: words(group, spec["told"]) for group in spec.get("told", {})},
        )
    return families


def _category_id(listed: str, where: str) -> str:
    category_id = taxonomy_id(listed)
    if category_id is None:
        raise InputError(f"{where}: Google's taxonomy has no category {listed!r}; write `id - path` as it lists them")
    return category_id


def _whole(word: str, blocks: Blocks, where: str) -> Pattern:
    """Return the pattern of a whole word; Japanese does not part words."""
    if _PLAIN_WORD.fullmatch(word):
        # Most of the thousands of words are plain: what such a one needs has not to be worked out.
        return Pattern(rf"(?<!\w){word}(?!\w)", (word.removesuffix("s?"),))
    return blocks.compile(word if _UNPARTED.search(word) else rf"(?<!\w)(?:{word})(?!\w)", where)


_PLAIN_WORD = re.compile(r"(?!.*ss)[a-z][a-z -]*[a-z](?:s\?)?")
_UNPARTED = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def _any_block(names: list[str], blocks: Blocks, where: str) -> Pattern | None:
    return blocks.compile("|".join(f"{{{name}}}" for name in names), where) if names else None


def _names(facets: dict[str, Any], misleading: list[str]) -> AnswerNames:
    def by_name(key: str) -> dict[str, tuple[str, ...]]:
        known: dict[str, tuple[str, ...]] = {}
        for facet, table in facets.items():
            for name in map(tidy_name, table.get(key, [])):
                known[name] = (*known.get(name, ()), facet)
        return known

    whole, parts = by_name("names"), by_name("part_names")
    misleads = dict.fromkeys(map(tidy_name, misleading), ())
    return AnswerNames(misleads | parts | whole, by_name("half_names"), frozenset(parts.keys() - whole.keys()))
