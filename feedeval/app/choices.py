"""What somebody chose in the form, and what it means for an audit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from feedeval.errors import InputError
from feedeval.evaluator import AuditOptions, ProductFeedEvaluator
from feedeval.evaluator.launching import DEFAULT_MODEL, OFFLINE, default_model
from feedeval.evaluator.options import ModelOptions

FEWEST_QUESTIONS, MOST_QUESTIONS = 4, 24
SMALLEST_BATCH, LARGEST_BATCH = 5, 100
USUAL_BATCH = 20


@dataclass(frozen=True, slots=True)
class Choices:
    """The form as it stands; texts are as they were typed."""

    asks_model: bool = field(default_factory=lambda: default_model(None, None) != OFFLINE)
    """Ask a language model, rather than the embedded engine."""
    model: str = DEFAULT_MODEL
    base_url: str = ""
    """Empty: the environment's endpoint, else OpenAI's own."""
    locale: str = "en-GB"
    num_questions: int = 12
    batch_size: int = USUAL_BATCH
    limit: str = ""
    budget_usd: str = ""
    input_price: str = ""
    """Dollars for a million tokens, for a model whose price is not known."""
    output_price: str = ""
    by_batch: bool = False
    """Send the requests together, to be answered within a day at half the price."""

    def evaluator(self, key: SecretStr | None, output_dir: Path) -> ProductFeedEvaluator:
        """Return the evaluator for these choices.

        Raises:
            InputError: There is no key for the model, or something that was typed cannot be used.
        """
        locale = self.locale.strip()
        if not self.asks_model:
            return ProductFeedEvaluator(model=OFFLINE, locale=locale, output_dir=output_dir)
        if not self.model.strip():
            raise InputError("no model is named: give a name such as gpt-4o-mini, as the endpoint knows it")
        prices: ModelOptions = {}
        if (price := amount(self.input_price, "the price of input")) is not None:
            prices["input_price"] = price
        if (price := amount(self.output_price, "the price of output")) is not None:
            prices["output_price"] = price
        return ProductFeedEvaluator(
            key.get_secret_value() if key is not None else None,
            self.model.strip(),
            locale=locale,
            output_dir=output_dir,
            base_url=self.base_url.strip() or None,
            **prices,
        )

    def product_limit(self) -> int | None:
        """Return how many products to audit at most; None for all.

        Raises:
            InputError: It is no whole number from 1.
        """
        return count(self.limit, "the limit of products")

    def budget(self) -> float | None:
        """Return the cap on the cost in dollars; None for no cap, as with the embedded engine, which costs nothing.

        Raises:
            InputError: It is no amount above 0.
        """
        return amount(self.budget_usd, "the budget") if self.asks_model else None

    def options(self) -> AuditOptions:
        """Return the options of the audit, apart from how it is shown.

        Raises:
            InputError: Something that was typed cannot be used.
        """
        found: AuditOptions = {"num_questions": self.num_questions, "budget_usd": self.budget()}
        if self.batch_size != USUAL_BATCH:
            # What nobody changed is left to the run, which knows how long the feed is.
            found["batch_size"] = self.batch_size
        if self.asks_model and self.by_batch:
            found["delivery"] = "batch"
        return found


def amount(text: str, what: str) -> float | None:
    """Return an amount in dollars as people write it, such as `2.50`, `$2.50` or `2,50`; None where nothing is written.

    Raises:
        InputError: It is no amount above 0.
    """
    bare = re.sub(r"[\s$]|USD", "", text)
    if not bare:
        return None
    # One comma before one or two digits at the end sets off cents; three digits after it are thousands.
    bare = re.sub(r",(?=\d{1,2}$)", ".", bare) if "." not in bare else bare
    bare = re.sub(r",(?=\d{3}(\D|$))", "", bare)
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", bare) or not float(bare):
        raise InputError(f"{what} reads {text.strip()!r}: give an amount in dollars above 0, such as 2.50, or nothing")
    return float(bare)


def count(text: str, what: str) -> int | None:
    """Return a whole number as people write it, such as `1,000`; None where nothing is written.

    Raises:
        InputError: It is no whole number from 1.
    """
    bare = re.sub(r"\s", "", text)
    if not bare:
        return None
    bare = re.sub(r"(?<=\d)[,.](?=\d{3}([,.]|$))", "", bare)
    if not bare.isascii() or not bare.isdigit() or not int(bare):
        raise InputError(f"{what} reads {text.strip()!r}: give a whole number from 1, such as 100, or nothing")
    return int(bare)


def chosen_fields(chosen: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the fields to name in an audit; None where they are the default ones.

    The default is not spelt out: it also takes in fields that only products further down a long feed fill.

    Raises:
        InputError: None is chosen.
    """
    if not chosen:
        raise InputError("no field is chosen: choose at least one in which answers are looked for")
    return None if set(chosen) == set(default) else chosen
