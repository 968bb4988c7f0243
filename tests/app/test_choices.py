from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from feedeval.app.choices import Choices, amount, chosen_fields, count
from feedeval.errors import InputError

KEY = SecretStr("sk-never-to-be-seen")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), (" ", None), ("5", 5.0), ("$2.50", 2.5), ("2,50", 2.5), ("1,000", 1000.0), ("1,234.5 USD", 1234.5)],
)
def test_an_amount_is_read_as_people_write_it(text: str, expected: float | None) -> None:
    assert amount(text, "the budget") == expected


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.2.3", "nan", "inf"])
def test_what_is_no_amount_is_named(text: str) -> None:
    with pytest.raises(InputError, match=f"the budget reads '{text}'"):
        amount(text, "the budget")


@pytest.mark.parametrize(("text", "expected"), [("", None), ("100", 100), ("1,000", 1000), ("12 000", 12000)])
def test_a_count_is_read_as_people_write_it(text: str, expected: int | None) -> None:
    assert count(text, "the limit") == expected


@pytest.mark.parametrize("text", ["0", "-3", "2.5", "1,00", "ten", "²"])
def test_what_is_no_count_is_named(text: str) -> None:
    with pytest.raises(InputError, match="the limit reads"):
        count(text, "the limit")


def test_without_a_key_in_the_environment_the_rules_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert not Choices().asks_model
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    assert Choices().asks_model


def test_the_rules_need_no_key_and_have_no_budget(tmp_path: Path) -> None:
    choices = Choices(asks_model=False, budget_usd="rubbish that is hidden", locale=" de-DE ")
    evaluator = choices.evaluator(KEY, tmp_path)
    assert (evaluator.model, evaluator.locale, evaluator.output_dir) == ("offline", "de-DE", tmp_path)
    assert choices.options() == {"num_questions": 12, "budget_usd": None}
    # What nobody changed is left to the run, which knows how long the feed is.
    assert Choices(asks_model=False, batch_size=30).options()["batch_size"] == 30


def test_a_model_gets_the_key_and_nobody_sees_it(tmp_path: Path) -> None:
    choices = Choices(
        asks_model=True, model=" m ", base_url="http://localhost:1/v1 ", input_price="1", output_price="2"
    )
    evaluator = choices.evaluator(KEY, tmp_path)
    assert repr(evaluator) == "ProductFeedEvaluator(model='m', locale='en-GB', base_url='http://localhost:1/v1')"
    assert "never" not in repr(choices) + repr(evaluator) + str(vars(evaluator))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (Choices(asks_model=True, model=" "), "no model is named"),
        (Choices(asks_model=True, base_url="localhost"), "http://"),
        (Choices(asks_model=True, input_price="1"), "both"),
        (Choices(asks_model=False, locale="klingon"), "klingon"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_spent(choices: Choices, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        choices.evaluator(KEY, tmp_path)


def test_the_default_fields_are_not_spelt_out() -> None:
    assert chosen_fields(("b", "a"), ("a", "b")) is None
    assert chosen_fields(("a",), ("a", "b")) == ("a",)
    with pytest.raises(InputError, match="no field is chosen"):
        chosen_fields((), ("a",))
