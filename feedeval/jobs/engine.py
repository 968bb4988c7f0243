"""Whom the audit asks: a language model behind an endpoint, or the embedded engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from feedeval.jobs import earlier_prompts, prompts
from feedeval.jobs.evidence import is_quoted
from feedeval.jobs.fingerprint import model_fingerprint
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.questions import edit_questions
from feedeval.model.wire import Prompt
from feedeval.records import NO_CALLS, Backend, Context, Judgement, Ledger, Question, QuestionSet, Verdict

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient

SPARE_QUESTIONS = 2
"""Asked for beyond the wanted number, so that dropping two that say the same leaves enough."""


class Prompts(Protocol):
    """The prompts of a version."""

    PROMPTS_VERSION: str

    def version_of(self, instructions: prompts.JudgePrompt) -> str:
        """Return what stands in a fingerprint."""

    def questions_prompt(
        self, category: str, sample: Sequence[Context], num_questions: int, locale: str, attributes: Sequence[str] = ()
    ) -> Prompt:
        """Ask for the questions of a category."""

    def judge_prompt(
        self,
        context: Context,
        questions: Sequence[Question],
        locale: str,
        instructions: prompts.JudgePrompt = ...,
        *,
        shared: bool = ...,
    ) -> Prompt:
        """Ask for a verdict on each question about one product."""

    def judge_reply(self, count: int) -> type[prompts.JudgeReply] | type[earlier_prompts.JudgeReply]:
        """Return the reply schema for `count` questions."""


VERSIONS: Mapping[str, Prompts] = {each.PROMPTS_VERSION: each for each in (prompts, earlier_prompts)}
"""What a session may have begun with, the newest first."""


class Engine(Protocol):
    """Asks and judges."""

    note: str
    """What a reader of the results has to know of the engine; empty where there is nothing."""

    @property
    def name(self) -> str:
        """A model's name, or `offline`."""

    @property
    def backend(self) -> Backend:
        """Who makes its calls."""

    @property
    def calls(self) -> Mapping[str, Any]:
        """How its calls are made, as far as a person said so and going on needs it; results do not depend on it."""

    def fingerprint(self) -> Mapping[str, Any]:
        """Return what its results depend on, by name."""

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Go on by the rules of the version that a session began with; say whether this engine still has them."""

    def category_for(self, context: Context) -> str:
        """Return the category of a product whose feed names none."""

    async def write_questions(
        self,
        category: str,
        sample: Sequence[Context],
        *,
        num_questions: int,
        ledger: Ledger,
        attributes: Sequence[str] = (),
    ) -> QuestionSet:
        """Return the questions that a buyer would ask about products like the sample, of a feed with `attributes`."""

    def check(self, questions: Iterable[Question]) -> None:
        """Make sure that it can judge questions that it did not write in this run.

        Raises:
            InputError: It cannot; the message names a question.
        """

    async def judge(
        self, context: Context, questions: QuestionSet, ledger: Ledger, *, shared: bool = True
    ) -> list[Judgement]:
        """Return a judgement for each question, in order; `shared` says that other products are asked the same."""


class ModelEngine:
    """A language model behind an OpenAI-compatible endpoint."""

    note = ""

    def __init__(
        self, client: ModelClient, locale: str, instructions: prompts.JudgePrompt = prompts.HOUSE_JUDGE
    ) -> None:
        self.client = client
        self.backend = client
        self.locale = locale
        self.instructions = instructions
        self._prompts: Prompts = prompts

    @property
    def name(self) -> str:
        """The model's name, which may be corrected while nothing was asked of it."""
        return self.client.settings.model

    @property
    def calls(self) -> Mapping[str, Any]:
        """Return the service tier and what else a session goes on with."""
        return self.client.settings.kept

    def fingerprint(self) -> Mapping[str, Any]:
        """Return model, endpoint and the version of the prompts."""
        return model_fingerprint(self.client.settings, self._prompts.version_of(self.instructions))

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Take the prompts of the version that a session began with."""
        version = str(fingerprint.get("prompts", "")).split("+", 1)[0]
        self._prompts = VERSIONS.get(version, self._prompts)
        return version in VERSIONS

    def category_for(self, context: Context) -> str:
        """Return nothing: products without a category share one set of questions."""
        return ""

    async def write_questions(
        self,
        category: str,
        sample: Sequence[Context],
        *,
        num_questions: int,
        ledger: Ledger,
        attributes: Sequence[str] = (),
    ) -> QuestionSet:
        """Ask the model for questions, and edit what it wrote."""
        wanted = num_questions + SPARE_QUESTIONS
        prompt = self._prompts.questions_prompt(category, sample, wanted, self.locale, attributes)
        reply = await self.client.ask(prompt, prompts.QuestionsReply, ledger, live=True)
        drafts = [Question(text=q.text, taxonomy=q.taxonomy, required=q.required) for q in reply.questions]
        return QuestionSet(
            category=category, questions=edit_questions(drafts, num_questions), engine=self.name, locale=self.locale
        )

    def check(self, questions: Iterable[Question]) -> None:
        """Return: a model judges any question."""

    async def judge(
        self, context: Context, questions: QuestionSet, ledger: Ledger, *, shared: bool = True
    ) -> list[Judgement]:
        """Ask the model for verdicts, and look every quote up in the context."""
        asked = questions.questions
        prompt = self._prompts.judge_prompt(context, asked, self.locale, self.instructions, shared=shared)
        reply = await self.client.ask(prompt, self._prompts.judge_reply(len(asked)), ledger)
        by_number = {judgement.number: judgement for judgement in reply.judgements}
        return [checked(question, by_number[n], context) for n, question in enumerate(asked, start=1)]


def checked(
    question: Question, draft: prompts.DraftJudgement | earlier_prompts.DraftJudgement, context: Context
) -> Judgement:
    """Return the judgement that counts: a `yes` has to quote the context, and no other words are shown as a quote.

    Evidence stands beside `yes` and `partial` alone. A reason is kept whatever the verdict: instructions of a person's
    own may ask for one each time.
    """
    quoted = is_quoted(draft.evidence, context.text)
    said = Verdict(draft.verdict)
    claimed_yes = said is Verdict.YES
    return Judgement(
        question=question.text,
        taxonomy=question.taxonomy,
        required=question.required,
        verdict=Verdict.PARTIAL if claimed_yes and not quoted else said,
        evidence=draft.evidence if quoted and said.score else "",
        attribute=draft.attribute.strip(),
        reason=draft.reason.strip(),
        verified=quoted or not claimed_yes,
    )


class EmbeddedEngine:
    """The engine that needs no key and no network: a question bank and its detectors."""

    def __init__(self, offline: OfflineEngine) -> None:
        self._offline = offline
        self.backend = NO_CALLS
        self.note = offline.NOTE

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._offline.name

    @property
    def calls(self) -> Mapping[str, Any]:
        """Return nothing: it makes none."""
        return {}

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the name and the version of the bank."""
        return {"model": self.name, "endpoint": "embedded", "prompts": self._offline.version}

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Return whether the bank is that of then: no other one is kept."""
        return fingerprint.get("prompts") == self._offline.version

    def category_for(self, context: Context) -> str:
        """Return the product family that the title speaks of."""
        return self._offline.category_for(context)

    async def write_questions(
        self,
        category: str,
        sample: Sequence[Context],
        *,
        num_questions: int,
        ledger: Ledger,
        attributes: Sequence[str] = (),
    ) -> QuestionSet:
        """Choose questions from the bank."""
        return self._offline.question_set(sample, category=category, num_questions=num_questions)

    def check(self, questions: Iterable[Question]) -> None:
        """Make sure that all questions are the bank's own."""
        self._offline.check(questions)

    async def judge(
        self, context: Context, questions: QuestionSet, ledger: Ledger, *, shared: bool = True
    ) -> list[Judgement]:
        """Run the detector of each question."""
        return self._offline.judge(context, questions.questions, usual=questions.language)
