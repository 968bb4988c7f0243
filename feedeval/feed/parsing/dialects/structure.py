"""Which element of an unknown document holds a product: judged by what repeats and what is recognised.

Only the beginning of the document is looked at, as text, so that a document that is broken or cut off is judged too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from feedeval.feed.parsing.columns import ColumnNames, recognised, squeeze
from feedeval.feed.parsing.dialects.anything import CARRIERS, names_of_elements

_TOKEN = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?\?>|"
    r"<(?P<end>/?)(?:[\w.-]+:)?(?P<name>[^\W\d][\w.-]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(?P<empty>/?)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(?<![\w:.-])([^\W\d][\w.-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_WORDS = """
    item entry product offer article artikel produkt ware produit annonce prodotto articolo producto articulo produto
    towar produk tovar товар продукт предложение zbozi zboží polozka položka shopitem termek termék urun ürün row record
    listing good goods sku offerte aanbieding angebot
"""
_PRODUCT_WORDS = frozenset(_WORDS.split())
_THIN = {"id", "title", "link", "item_group_id", "mobile_link"}
"""Attributes that categories, shops and pages have too."""
_MOST_PATHS = 4_000
_SHOWN = 8

Path = tuple[str, ...]


@dataclass(slots=True)
class _Node:
    """All elements of one path.

    Attributes:
        count: How many there are.
        names: Of their children and of their XML attributes.
        carried: Names that children carry in an attribute, such as `<field name="title">`.
    """

    count: int = 0
    names: dict[str, None] = field(default_factory=dict)
    carried: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """An element that was chosen.

    Attributes:
        item: Its local name, as written.
        level: Elements of the same name that it stands in.
        note: A sentence that says what was chosen; empty where no other could be meant.
    """

    item: str
    level: int = 0
    note: str = ""


class Structure:
    """The elements of the beginning of a document.

    Args:
        text: From the root element on.
        columns: Names that a person has given a meaning.
    """

    def __init__(self, text: str, columns: Mapping[str, str] | None = None) -> None:
        self._nodes: dict[Path, _Node] = {}
        self._columns = columns
        self._read(text)

    def named(self, item: str) -> Choice | None:
        """Return the elements that a person called `item`, or None where there are none."""
        wanted = item.rpartition(":")[2].casefold()
        paths = [path for path in self._nodes if path[-1].casefold() == wanted]
        return _choice(min(paths, key=len)) if paths else None

    def candidates(self) -> list[str]:
        """Return the names of the elements that hold others or have attributes, the most frequent first."""
        counts: dict[str, int] = {}
        for path, node in self._nodes.items():
            if len(path) > 1 and len(node.names) > 1:
                counts[path[-1]] = counts.get(path[-1], 0) + node.count
        found = sorted(counts, key=lambda name: -counts[name])[:_SHOWN]
        return [f"{name} ({counts[name]:,})" for name in found]

    def choose(self) -> Choice | None:
        """Return the element that holds a product, or None where none has attributes that are recognised."""
        known = {path: self._known(path) for path, node in self._nodes.items() if len(path) > 1 and node.names}
        likely = [path for path, (direct, wide) in known.items() if self._is_product(path, direct | wide)]
        if not likely:
            return None
        best = max(likely, key=lambda path: (2 * len(known[path][0]) + len(known[path][1]), _is_word(path), -len(path)))
        # A product's own list (variants, sizes) may have as much as the product around it.
        for length in range(2, len(best)):
            above = best[:length]
            if _is_word(above) and above in known and (above in likely or self._nodes[above].count > 1):
                best = above
                break
        # A product that is divided into parts has more than any of them.
        while (above := best[:-1]) in likely and self._nodes[above].count == self._nodes[best].count:
            if not set().union(*known[above]) - set().union(*known[best]):
                break
            best = above
        return _choice(best, self._note(best))

    def _note(self, best: Path) -> str:
        others = {
            path[-1]
            for path, node in self._nodes.items()
            if node.count > 1 and node.names and path[: len(best)] != best and path[-1] != best[-1]
        }
        if best[-1].lower() in ("item", "entry", "product") and not others:
            return ""
        more = "no other element repeats" if not others else f"others repeat ({', '.join(sorted(others)[:_SHOWN])})"
        if len(others) == 1:
            more = f"one other repeats ({others.pop()})"
        return f"each <{best[-1]}> was taken for a product; {more}; item= names another element"

    def _known(self, path: Path) -> tuple[set[str], set[str]]:
        """Return the attributes that an element's own names give, and those that its parts hold."""
        node = self._nodes[path]
        direct = self._attributes(tuple(node.names))
        if len(direct) < 2:
            direct |= self._attributes(tuple(node.carried))
        wide: set[str] = set()
        for name in node.names:
            part = self._nodes.get((*path, name))
            if part is not None and part.names and part.count <= node.count and not self._attributes((name,)):
                wide |= self._attributes(tuple(part.names))
        return direct, wide - direct

    def _attributes(self, names: tuple[str, ...]) -> set[str]:
        columns = ColumnNames(self._columns, also=names_of_elements())
        resolved = {target.name for target in columns.resolve(names)}
        return recognised(resolved) | ({f"given {name}" for name in columns.used})

    def _is_product(self, path: Path, known: set[str]) -> bool:
        if any(name.startswith("given ") for name in known):
            return True
        return len(known) > 1 and (_is_word(path) or bool(known - _THIN))

    def _read(self, text: str) -> None:
        stack: list[str] = []
        for match in _TOKEN.finditer(text):
            name = match["name"]
            if name is None:
                continue
            if match["end"]:
                if name in stack:
                    del stack[len(stack) - 1 - stack[::-1].index(name) :]
                continue
            stack.append(name)
            self._see(tuple(stack), match["rest"])
            if match["empty"]:
                stack.pop()
            if len(self._nodes) > _MOST_PATHS:
                return

    def _see(self, path: Path, rest: str) -> None:
        node = self._nodes.setdefault(path, _Node())
        node.count += 1
        said = dict(_attributes_in(rest))
        node.names |= dict.fromkeys(said)
        if above := self._nodes.get(path[:-1]):
            above.names[path[-1]] = None
            if squeeze(path[-1]) in CARRIERS and (carried := said.get("name") or said.get("key")):
                above.carried[carried] = None


def _attributes_in(rest: str) -> Iterator[tuple[str, str]]:
    for name, one, other in _ATTRIBUTE.findall(rest):
        if name != "xmlns":
            yield name, one or other


def _is_word(path: Path) -> bool:
    return path[-1].lower() in _PRODUCT_WORDS


def _choice(path: Path, note: str = "") -> Choice:
    return Choice(path[-1], sum(name == path[-1] for name in path[:-1]), note)
