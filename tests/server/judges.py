"""Judges to be probed: one that reads the product, and others that are bad in ways that real ones are."""

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
STATEMENTS: dict[str, tuple[str, str, str]] = {
    "weigh": ("[Ww]eigh|lightweight", r"2[.,]4 ?kg", "A real lightweight"),
    "warranty": ("[Ww]arranty", "3 ?(?:years|Jahre|ans|años|anni|jaar|lata|roky|anos|年)", "covered by our warranty"),
    "made": ("made|origin", r"Port[uo]g\w+|ポルトガル製", ""),
    "returned": ("return", r"30 ?\w+", "Easy returns"),
    "delivery": ("[Dd]eliver", "", "Delivered within 3 working days"),
    "dimensions": (" cm", "", "It is 32 cm wide"),
    "waterproof": ("waterproof", "not waterproof", ""),
    "assembly": ("assembly", "No assembly required", ""),
}
"""By a word of the question: what speaks of it, what answers it, what says half of it."""
_ENGLISH = frozenset({"it", "the", "made", "easy", "covered", "required.", "delivered", "weight:", "real", "country"})
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
        if asks is None:
            return self._stated(number, question, product)
        said = re.search(rf"\b{asks[1]}: [^.\n]+", product, re.IGNORECASE)
        return verdict(number, "yes" if said else "no", said[0] if said else "")

    def _stated(self, number: int, question: str, product: str) -> dict[str, Any]:
        """Judge what any product may be asked: a value answers, a vague claim or a half is partial, others say no."""
        topic = next(name for name in STATEMENTS if name in question)
        for said, words in zip(("yes", "partial"), STATEMENTS[topic][1:], strict=True):
            if words and (found := re.search(words, product)):
                return verdict(number, said, found[0])
        return verdict(number, "no", "")


class IgnoresRubric(GoodJudge):
    """Takes every word on what is asked for its answer."""

    def _stated(self, number: int, question: str, product: str) -> dict[str, Any]:
        topic = next(name for name in STATEMENTS if name in question)
        if found := re.search(rf"[^.]*(?:{STATEMENTS[topic][0]})[^.]*", product):
            return verdict(number, "yes", found[0].strip())
        return super()._stated(number, question, product)


class Monoglot(GoodJudge):
    """Reads English alone."""

    def _stated(self, number: int, question: str, product: str) -> dict[str, Any]:
        english = [part for part in re.split(r"(?<=\.)\s", product) if _ENGLISH & set(part.lower().split())]
        return super()._stated(number, question, " ".join(english))


class TranslatesQuotes(Monoglot):
    """Reads every language, and quotes in its own words what is not English."""

    def _stated(self, number: int, question: str, product: str) -> dict[str, Any]:
        judged = GoodJudge._stated(self, number, question, product)
        foreign = judged["evidence"] and not super()._stated(number, question, product)["evidence"]
        return {**judged, "evidence": f"as is said elsewhere, {self._number(question)}"} if foreign else judged


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
