"""Products of one title told apart: by their colour and size where those differ, else by their id."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from feedeval.formatting import clip, plain

_TELLING = ("color", "size")
_VALUE_CHARS = 40


def told_apart(
    names: Sequence[str], fields: Sequence[Mapping[str, str]], ids: Sequence[str], repeats: Sequence[bool]
) -> list[str]:
    """Return the names of products that are listed together, with what tells those of one name apart behind them.

    Args:
        names: Their titles.
        fields: Their values by field.
        ids: Their ids.
        repeats: Whether the title stands more than once in the feed.
    """
    together: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        if repeats[place]:
            together[name].append(place)
    told = list(names)
    for name, places in together.items():
        differing = [each for each in _TELLING if len(places) == 1 or len({fields[p].get(each) for p in places}) > 1]
        for place in places:
            words = [clip(plain(fields[place].get(each, "")), _VALUE_CHARS) for each in differing]
            told[place] = " · ".join([name, *filter(None, words)])
        counts = Counter(told[place] for place in places)
        for place in places:
            if (counts[told[place]] > 1 or told[place] == name) and ids[place]:
                told[place] = f"{told[place]} · {clip(plain(ids[place]), _VALUE_CHARS)}"
    return told


def short_attribute(attribute: str) -> str:
    """Return an attribute as a heading has room for it: of an entry its name alone."""
    _, _, entry = attribute.partition(" (")
    return entry.removesuffix(")") or attribute
