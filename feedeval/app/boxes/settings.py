"""The box with the settings of an audit."""

from __future__ import annotations

import os

import ipywidgets
from pydantic import SecretStr

from feedeval.app.boxes.common import Line, PageStep, display, field, row
from feedeval.app.choices import FEWEST_QUESTIONS, LARGEST_BATCH, MOST_QUESTIONS, SMALLEST_BATCH, Choices
from feedeval.app.render import Tone
from feedeval.notebook.widgets import text_button

_OFFLINE, _MODEL = "The embedded engine: rules, free, no key", "A language model"
_ASKS_MODEL = "One call a product and one a category. The chosen fields are sent to the endpoint."
_ASKS_NOBODY = (
    "A first screening, within seconds: it asks a fixed set of questions and can miss wording that it does not know. "
    "Nothing leaves this machine."
)
_BY_BATCH = "Answer within a day, at half the price"
_OF_BATCHES = (
    "The requests are sent together (OpenAI’s Batch API, or an endpoint that has one like it). The audit shows what "
    "has come, and can be gone on with after the computer was off; “Stop” calls off what is not answered yet."
)
_AT_ONCE = "Otherwise the products are asked about at once, at the full price."
_LOCALES = ("en-GB", "en-US", "de-DE", "de-AT", "de-CH", "fr-FR", "es-ES", "it-IT", "nl-NL", "pl-PL", "sv-SE")
_KEPT = "The key is kept in this kernel's memory only, and the field is empty again."
_NONE_YET = "OpenAI and most services need a key. It is read once, kept in memory only and never written down."
_FROM_ENVIRONMENT = "A key is set in the environment; enter one here to use another."


class SettingsBox:
    """Takes the settings.

    Args:
        places: Let an endpoint be named; else it is the environment's.
    """

    def __init__(self, *, places: bool) -> None:
        self._places = places
        start = Choices()
        self._key: SecretStr | None = None
        self._engine = field(
            ipywidgets.Dropdown,
            "Who judges",
            options=[_OFFLINE, _MODEL],
            value=_MODEL if start.asks_model else _OFFLINE,
        )
        self._note = Line(indented=True)
        self._model = field(ipywidgets.Text, "Model", value=start.model)
        self._base_url = field(ipywidgets.Text, "Endpoint", placeholder=_endpoint_hint())
        self._key_field = field(ipywidgets.Password, "API key", placeholder="sk-…", continuous_update=False, value="")
        self._key_line = Line(indented=True)
        self._forget = text_button("Forget the key", "trash", "Take the key out of memory", self._forget_key)
        self._budget = field(ipywidgets.Text, "Budget in $", placeholder="no cap")
        self._prices = (
            field(ipywidgets.Text, "Input price, $", placeholder="per million tokens; known for most models"),
            field(ipywidgets.Text, "Output price, $", placeholder="per million tokens; known for most models"),
        )
        self._locale = field(ipywidgets.Combobox, "Language, country", options=_LOCALES, value=start.locale)
        self._questions = field(
            ipywidgets.IntSlider, "Questions", min=FEWEST_QUESTIONS, max=MOST_QUESTIONS, value=start.num_questions
        )
        self._batch = field(
            ipywidgets.IntSlider,
            "Products per batch",
            min=SMALLEST_BATCH,
            max=LARGEST_BATCH,
            value=start.batch_size,
            tooltip="How many products are saved together; it changes neither results nor cost",
        )
        self._limit = field(ipywidgets.Text, "Products at most", placeholder="all, or a number such as 100")
        self._by_batch = field(ipywidgets.Checkbox, _BY_BATCH, value=False, indent=True)
        self._batch_line = Line(indented=True)
        self._for_model = ipywidgets.VBox(
            [
                self._model,
                self._by_batch,
                self._batch_line.widget,
                *([self._base_url] if places else []),
                self._key_field,
                row(self._key_line.widget, self._forget),
                self._budget,
                *self._prices,
            ]
        )
        self._engine.observe(lambda _: self._lay_out(), "value")
        self._key_field.observe(lambda _: self._take_key(), "value")
        self._by_batch.observe(lambda _: self._lay_out(), "value")
        rows = [
            self._engine,
            self._note.widget,
            self._for_model,
            self._locale,
            self._questions,
            self._batch,
            self._limit,
        ]
        self.step = PageStep(3, "Settings", rows)
        self._lay_out()

    @property
    def key(self) -> SecretStr | None:
        """The key that was entered; None: the environment's."""
        return self._key

    def choices(self) -> Choices:
        """Return the settings as they stand."""
        return Choices(
            asks_model=self._asks_model,
            model=self._model.value,
            base_url=self._base_url.value if self._places else "",
            locale=self._locale.value,
            num_questions=self._questions.value,
            batch_size=self._batch.value,
            limit=self._limit.value,
            budget_usd=self._budget.value,
            input_price=self._prices[0].value,
            output_price=self._prices[1].value,
            by_batch=self._by_batch.value,
        )

    @property
    def _asks_model(self) -> bool:
        return bool(self._engine.value == _MODEL)

    def _lay_out(self) -> None:
        display(self._for_model, self._asks_model)
        self._note.say(
            Tone.HINT,
            _ASKS_MODEL if self._asks_model else _ASKS_NOBODY,
        )
        self._batch_line.say(Tone.HINT, _OF_BATCHES if self._by_batch.value else _AT_ONCE)
        self._tell_key()

    def _take_key(self) -> None:
        """Take the key out of the widget, whose state a page may save."""
        typed = self._key_field.value
        if typed:
            self._key = SecretStr(typed.strip())
            self._key_field.value = ""
            self._tell_key()

    def _forget_key(self) -> None:
        self._key = None
        self._tell_key()

    def _tell_key(self) -> None:
        display(self._forget, self._key is not None)
        if self._key is not None:
            self._key_line.say(Tone.DONE, _KEPT)
        else:
            self._key_line.say(Tone.HINT, _FROM_ENVIRONMENT if os.environ.get("OPENAI_API_KEY") else _NONE_YET)


def _endpoint_hint() -> str:
    # The environment's address may hold a password: it is not shown.
    return "the environment's" if os.environ.get("OPENAI_BASE_URL") else "OpenAI's own"
