"""Loads the question bank from data files that a reader can extend."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.tables import DATA
from feedeval.feed.taxonomy import taxonomy_id
from feedeval.jobs.offline.facets import ANY_LANGUAGE, AnswerNames, Bank, Facet, Family, Rules
from feedeval.jobs.offline.patterns import UNSPACED, Blocks, Pattern, fold, fold_pattern, tidy_name, union
from feedeval.jobs.offline.topics import Topics
from feedeval.records import Taxonomy

PACKAGE_BANK = DATA / "bank"
PATTERN_LANGUAGES = ("en", "de", "fr", "es", "nl", "it", "pl", "cs", "pt", "ja")
"""Languages whose sentences are read in the package's own bank."""
_EVERY_FACET = "every_facet"
"""Table of a pattern file that holds for all facets."""
_TAKES_TEXT = "text"
_WORDS_TABLE = "words"
"""Table of a language's own file that holds what languages.toml would say of it."""


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
    rules = {n.removeprefix("patterns/"): dict(t) for n, t in tables.items() if n.startswith("patterns/")}
    words = _with_own_words(tables["languages"], {name: table.pop(_WORDS_TABLE, {}) for name, table in rules.items()})
    every = {language: table.pop(_EVERY_FACET, {}) for language, table in rules.items()}
    asked = {name: _in_all_languages(name, table, rules) for name, table in tables["facets"].items()}
    facets = {name: _facet(name, table, rules, blocks) for name, table in asked.items()}
    for language, table in rules.items():
        _check_known(table, facets, f"patterns/{language}.toml")
    _check_known([n for table in every.values() for n in table.get("asides_not_for", ())], facets, _EVERY_FACET)
    return Bank(
        facets=facets,
        families=_families(tables["families"], facets, blocks),
        names=_names(asked, words["misleading_names"]),
        asides={
            language: tuple(blocks.compile(p, f"patterns/{language}.toml: asides") for p in table.get("asides", []))
            for language, table in every.items()
        },
        asides_for=frozenset(name for table in every.values() for name in table.get("asides_not_for", ())),
        topics={language: _topics(language, table) for language, table in rules.items()},
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


_NOT_PER = r"(?! ?/ ?(?:mol|min|h(?!:? ?\d|\w)|s(?!:? ?\d|\w)|kg|km|[cm]m?[²³23])(?!\w))"
"""A measure for each unit of another is another measure: 38 g/mol is no weight, 12 l/min is no volume."""


def _blocks(table: dict[str, Any]) -> dict[str, str]:
    """Return the building blocks; a kind becomes number, range and unit."""
    # What must not stand before it is looked at behind its first character, which is found faster when it comes first.
    # No unit begins with a figure, a point or a comma: a part of the number is never given back.
    whole = r"(?<![½¼¾])(?<![\w.,/]\d)\d*+(?:[.,]\d++)*+(?:[¼½¾]|\s?[-/]\s?\d+(?:[.,]\d+)*)?"
    number = rf"[\d½¼¾](?:{whole}|(?<=[½¼¾])(?<!\w[½¼¾]))"
    regexes: dict[str, str] = {}
    for kind, spec in table["kinds"].items():
        units = f"(?:{union([fold_pattern(unit) for unit in spec['units']])}){_NOT_PER}"
        regexes[kind] = (
            rf"(?:{number})(?:\s?(?:{units})(?![\w²³]))?(?:\s?(?:-|to|bis|az?|do|до|and|und|から)\s?\d+(?:[.,]\d+)*)?[\s-]{{0,2}}(?:{units})(?![\w²³])"
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
        bare_of={
            family: block
            for family, names in table.get("bare_of", {}).items()
            if (block := _any_block(names, blocks, where)) is not None
        },
        named=_named(named.replace("{{", "{").replace("}}", "}"), table["names"], blocks, where)
        if measured and spelled
        else None,
        rules={
            language: _rules(language, name, spec[name], blocks) for language, spec in rules.items() if name in spec
        },
        parts_needed=table.get("parts_needed", 2),
        own_names=table.get("own_names", False),
        said_freely_from=table.get("said_freely_from", 0),
        wordings=table.get("wordings", {}),
    )


def _named(source: str, names: list[str], blocks: Blocks, where: str) -> Pattern:
    """Return the pattern of names with measures, which is tried only where the longest piece of a name stands."""
    needs = {max(re.split("ss|[ _]", fold(name).replace("ß", "ss")), key=len) for name in names}
    compiled = blocks.compile(source, where)
    return Pattern(compiled.source, tuple(sorted(needs)), compiled.measures)


_MEASURES = frozenset(
    {"weight", "volume", "dims", "power", "voltage", "time", "span", "noise", "data", "temp", "energy"}
)
"""Blocks that are a number with a unit: beside a facet's name they answer it in any language."""


def _with_own_words(words: dict[str, Any], said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return languages.toml with what the languages' own files say of themselves."""
    for language, own in said.items():
        where = f"patterns/{language}.toml: [{_WORDS_TABLE}]"
        if unknown := own.keys() - words.keys():
            raise InputError(f"{where}: unknown key {', '.join(sorted(unknown))}; known: {', '.join(sorted(words))}")
        listed = {"stopwords": {language: own["stopwords"]}} if "stopwords" in own else {}
        words = _merged(words, {**own, **listed})
    return words


def _topics(language: str, table: Mapping[str, Mapping[str, Any]]) -> Topics:
    listed = {facet: spec["topics"] for facet, spec in table.items() if "topics" in spec}
    return Topics(listed, spaced=language not in UNSPACED, where=f"patterns/{language}.toml")


_RULE_KEYS = frozenset({"strong", "cased", "weak", "doubts", "traps", "parts", "topics"})
_LANGUAGE_KEYS = frozenset({"ask", "names", "half_names", "part_names"})
"""What a language's own file may say of a facet beside its patterns."""


def _in_all_languages(facet: str, table: dict[str, Any], rules: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a facet's table with the wording and the names that the languages' own files give it.

    A wording that stands in facets.toml goes before that of a language's file.
    """
    full = dict(table)
    for language, patterns in rules.items():
        said = patterns.get(facet, {})
        if "ask" in said and "ask" in full:
            full["ask"] = {language: said["ask"]} | full["ask"]
        for key in sorted(_LANGUAGE_KEYS - {"ask"}):
            if key in said:
                full[key] = list(dict.fromkeys([*full.get(key, []), *said[key]]))
    return full


def _rules(language: str, facet: str, table: dict[str, Any], blocks: Blocks) -> Rules:
    where = f"patterns/{language}.toml: [{facet}]"
    allowed = (_RULE_KEYS | _LANGUAGE_KEYS) - ({"ask"} if language == ANY_LANGUAGE else set())
    if unknown := table.keys() - allowed:
        known = ", ".join(sorted(allowed))
        raise InputError(f"{where}: unknown key {', '.join(sorted(unknown))}; known: {known}")

    def compiled(key: str, sources: list[str]) -> tuple[Pattern, ...]:
        return tuple(blocks.compile(source, f"{where} {key}") for source in sources)

    return Rules(
        strong=compiled("strong", table.get("strong", [])),
        weak=compiled("weak", table.get("weak", [])),
        doubts=compiled("doubts", table.get("doubts", [])),
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
            no_head_before=_no_head(spec.get("no_head_before", []), blocks, where),
            no_head_behind=_no_head(spec.get("no_head_behind", []), blocks, where),
        )
    return families


def _no_head(sources: list[str], blocks: Blocks, where: str) -> Pattern | None:
    return blocks.compile(f"(?:{union(sources)})", where) if sources else None


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
