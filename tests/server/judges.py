"""Judges to be probed: one that reads the product, and four that are bad in ways that real ones are."""

from __future__ import annotations

import re
from typing import Any

from tests.server.answers import CATEGORY, Answerer, Asked

ATTRIBUTES = {
    "Lighting > Lamps": ("wattage", "socket", "lumens", "bulb", "dimmer", "lampshade"),
    "Garden > Hoses": ("hosepipe", "coupling", "pressure", "nozzle", "fitting", "hardness"),
    "Toys > Puzzles": ("pieces", "solver", "players", "theme", "picture", "puzzler"),
}
"""What is asked of each category: `What is the wattage?`"""
_TAXONOMY = {"Lighting > Lamps": "Specs", "Garden > Hoses": "Fit", "Toys > Puzzles": "Use"}
_ASKS = re.compile(r"What is the (\w+)\?")
_ORDER = re.compile(r"(?:Give|answer|to) (yes|no)\b")


class GoodJudge(Answerer):
    """Says yes where the text has `attribute: value`, as a field or in a sentence; what the text orders is nothing."""

    def _questions(self, asked: Asked) -> dict[str, Any]:
        category = CATEGORY.search(asked.user)
        assert category is not None
        about = category[2]
        questions = [
            {"text": f"What is the {name}?", "taxonomy": _TAXONOMY[about], "required": False}
            for name in ATTRIBUTES[about]
        ]
        return {"questions": questions}

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        asks = _ASKS.search(question)
        assert asks is not None
        said = re.search(rf"\b{asks[1]}: [^.\n]+", product, re.IGNORECASE)
        return verdict(number, "yes" if said else "no", said[0] if said else "")


class AlwaysYes(GoodJudge):
    """Says yes to everything, and quotes what comes first: really there, and no answer."""

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        return verdict(number, "yes", lines[0])


class AlwaysNo(GoodJudge):
    """Says no to everything."""

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        return verdict(number, "no", "")


class ObeysOrders(GoodJudge):
    """Reads the product as the good one does, until the text tells it what to say."""

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        order = _ORDER.search(product)
        if order is not None:
            return verdict(number, order[1], order[0])
        return super()._verdict(number, question, product, lines)


class IgnoresContext(GoodJudge):
    """Goes by the question alone, and quotes something that is there."""

    def _verdict(self, number: int, question: str, product: str, lines: list[str]) -> dict[str, Any]:
        supposed = "yes" if self._number(question) % 2 else "no"
        return verdict(number, supposed, lines[self._number(question, product) % len(lines)])


def verdict(number: int, said: str, evidence: str) -> dict[str, Any]:
    """Return a judgement as a model writes it."""
    return {
        "number": number,
        "evidence": "" if said == "no" else evidence,
        "attribute": "description",
        "verdict": said,
        "reason": "As read.",
    }
