"""The embedded engine: a question bank and a judge that need no model, no key and no network.

Rules agree with people where they judge the questions that they were written for, and not on questions that somebody
else worded. So this engine asks its own questions and judges no others.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from feedeval.errors import InputError
from feedeval.feed.taxonomy import taxonomy_id
from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.detector_set import detector_set_of
from feedeval.jobs.offline.detectors import Detection
from feedeval.jobs.offline.facets import Bank, Facet, Family
from feedeval.jobs.offline.families import GENERAL, Families
from feedeval.jobs.offline.languages import ENOUGH_CHARS, READ_CHARS, language_name, language_of, likely_languages
from feedeval.jobs.offline.patterns import UNSPACED, fold
from feedeval.jobs.offline.reading import PROSE_FIELDS, TITLE_FIELDS, Parts, Reading, Segment, read
from feedeval.records import Context, Judgement, Question, QuestionSet, Taxonomy, Verdict

CODE_VERSION = "6"
"""Raised when a change of the code changes verdicts."""

FEWEST_QUESTIONS = 4
MOST_QUESTIONS = 24

_WHERE_UNTOLD = "en"

_PLAIN = ("in_box", "amount", "use")
"""Facets of products of no family that make way for what they speak of, unless one of them answers it."""

_TOLD_SHARE = 0.8
"""Of a sample, that must be told to be driven so or packed so: the others would be asked what makes no sense."""

_SAMPLE_READ = 20
"""Contexts of a sample that are looked at."""

_KEPT_READINGS = 3 * _SAMPLE_READ


class OfflineEngine:
    """Asks the bank's questions of a product and judges by rules whether its feed answers them.

    Args:
        locale: Locale of the wording, such as `en-GB` or `de-DE`; English where the bank has none in its language.
        bank_dir: Folder with TOML files that extend the package's bank (`feedeval/data/bank/` shows their form).

    Raises:
        InputError: A file of `bank_dir` cannot be used.
    """

    name = "offline"
    NOTE = (
        "No language model was asked: this is a screening by rules, which answers a fixed set of questions and can "
        "miss wording that it does not know."
    )

    def __init__(self, locale: str = "en-GB", *, bank_dir: Path | None = None) -> None:
        self.locale = locale
        self._bank: Bank = load_bank(bank_dir)
        self._locale_language = locale.replace("_", "-").split("-")[0].lower()
        self._by_wording = {text: facet for facet in self._bank.facets.values() for text in facet.all_wordings()}
        self._families = Families(self._bank)
        # The products of a sample are read for the questions and soon after to be judged.
        self._readings: OrderedDict[int, tuple[Context, Reading]] = OrderedDict()
        self._parts: dict[tuple[str, str], Parts] = {}

    @property
    def version(self) -> str:
        """Digest of the bank's files with the version of the code: part of a run's fingerprint."""
        return f"{CODE_VERSION}-{self._bank.version}"

    def category_for(self, context: Context) -> str:
        """Return the family of a product whose feed names no category."""
        return self._families.place(context).family.id

    def question_set(self, sample: Sequence[Context], *, category: str, num_questions: int) -> QuestionSet:
        """Return the questions that buyers of such products ask most, best first.

        Delivery and returns are shop-wide and asked only where the sample speaks of them. Where the bank knows fewer
        questions that suit the products, the set is smaller and a note says so.

        Args:
            sample: Products of the category, as the judge will see them.
            category: The category's path, or a family from `category_for`.
            num_questions: 4 to 24.

        Raises:
            InputError: `num_questions` is out of range.
        """
        if not FEWEST_QUESTIONS <= num_questions <= MOST_QUESTIONS:
            raise InputError(f"num_questions is {num_questions}; it has to be {FEWEST_QUESTIONS} to {MOST_QUESTIONS}")
        sample = sample[:_SAMPLE_READ]
        family = self._families.of_sample(category, sample)
        chosen = self._chosen(family, sample)[:num_questions]
        language = self._usual_language(sample)
        questions = tuple(
            self._question(self._bank.facets[facet], family, facet in family.required) for facet in chosen
        )
        return QuestionSet(
            category=category,
            questions=questions,
            engine=self.name,
            locale=self.locale,
            language=language,
            notes=(
                *self._notes(language, len(questions), num_questions),
                *([UNPLACED] if family.id == GENERAL else []),
            ),
        )

    def check(self, questions: Iterable[Question]) -> None:
        """Make sure that all questions are the bank's own.

        Raises:
            InputError: One is not.
        """
        for question in questions:
            self._facet_of(question)

    def judge(self, context: Context, questions: Sequence[Question], *, usual: str = "") -> list[Judgement]:
        """Return a judgement for each question, in order.

        Where the product's sentences are in a language that the bank does not read, what attributes and measures leave
        open is not judged: whether the sentences say it is not known.

        Args:
            context: The product.
            questions: Of the bank.
            usual: The language that the shop usually writes in, for texts that are too short to tell.

        Raises:
            InputError: A question is not one of the bank's.
        """
        facets = [self._facet_of(question) for question in questions]
        reading = self._read(context)
        language = self._language(context, reading, usual)
        placed = self._families.place(context)
        languages = self._read_languages(language, reading)
        detectors = detector_set_of(tuple([facet.id for facet in facets]), placed.family.id, languages, self._bank)
        judgements = []
        for question, facet, finding in zip(questions, facets, detectors.findings(reading), strict=True):
            told = finding is not None and finding.verdict is not Verdict.NOT_JUDGED
            if not told and placed.sure and facet.id in placed.family.senseless:
                finding = _senseless(facet, placed.family)
            elif not told and not languages:
                finding = None  # that nothing of the language is read says more than that the text leaves it open
            judgements.append(_judgement(question, finding or _nothing(facet, "" if languages else language)))
        return judgements

    def _read(self, context: Context) -> Reading:
        kept = self._readings.get(id(context))
        if kept is not None:
            return kept[1]
        reading = read(context, self._bank, self._parts)
        if len(self._readings) >= _KEPT_READINGS:
            self._readings.popitem(last=False)
        # With the context, so that no other one has its identity meanwhile.
        self._readings[id(context)] = context, reading
        return reading

    def _facet_of(self, question: Question) -> Facet:
        # Results keep a question's words and not its facet.
        facet = self._bank.facets.get(question.facet or "") or self._by_wording.get(question.text)
        if facet is None:
            raise InputError(
                f"the embedded engine asks only its own questions, and {question.text!r} is none of them: name a model "
                "(model=) to judge what others ask"
            )
        return facet

    def _question(self, facet: Facet, family: Family, required: bool) -> Question:
        text = facet.wording(self._locale_language, family.wording.get(facet.id, ""))
        return Question(text=text, taxonomy=facet.taxonomy, required=required, facet=facet.id)

    def _chosen(self, family: Family, sample: Sequence[Context]) -> list[str]:
        """Return the facets of a family, best first, with those at the end that only some shops and goods speak of."""
        # Nothing is known of products of no family but what they say: what most of them answer is asked first.
        asked = self._families.general.spoken if family.id == GENERAL else SHOP_WIDE
        answered = self._answered(sample, [*asked, *family.facets] if family.id == GENERAL else asked)
        most = max(1, (len(sample) + 1) // 2)
        first = [facet for facet in asked if answered[facet] >= most and facet not in SHOP_WIDE]
        last = [facet for facet in SHOP_WIDE if answered[facet] and facet not in family.senseless]
        nearly_all = max(1, math.ceil(len(sample) * _TOLD_SHARE))
        own = [f for f in family.facets if f not in SHOP_WIDE and self._told(family.only.get(f), sample) >= nearly_all]
        if family.id == GENERAL:
            first = [*dict.fromkeys([*self._families.shared_facets(sample), *first])]
            own = [f for f in own if not _SAID_BY.get(f, frozenset()) & {*first}]
            # What suits anything says little of most things, and is asked where little else is.
            for plain in _PLAIN:
                if len({*own, *first}) > FEWEST_QUESTIONS and first and not answered[plain]:
                    own = [f for f in own if f != plain]
        return [*dict.fromkeys([*own[:1], *first, *own[1:], *last])]

    def _told(self, group: str | None, sample: Sequence[Context]) -> float:
        """Return how many products of the sample a group of words tells, such as those of electric ones."""
        if group is None:
            return math.inf
        words = self._families.general.told[group]
        texts = (fold(" ".join([context.category, *(field.text for field in context.fields)])) for context in sample)
        return sum(any(word.regex.search(text) for word in words) for text in texts)

    def _answered(self, sample: Sequence[Context], facets: Sequence[str]) -> Counter[str]:
        """Return how many products of the sample say something on each facet."""
        questions = [
            self._question(self._bank.facets[facet], self._families.general, required=False) for facet in facets
        ]
        answered: Counter[str] = Counter()
        for context in sample:
            for facet, judgement in zip(facets, self.judge(context, questions), strict=True):
                answered[facet] += judgement.verdict in (Verdict.YES, Verdict.PARTIAL)
        return answered

    def _language(self, context: Context, reading: Reading, usual: str = "") -> str:
        # Google's taxonomy is written in English, whatever the shop writes in.
        category = "" if taxonomy_id(context.category) else context.category
        return language_of(prose_of(reading), category, self._bank.stopwords, usual=usual)

    def _usual_language(self, sample: Sequence[Context]) -> str:
        """Return the language that most of a sample is in; empty where it was not told."""
        told = Counter(filter(None, (self._language(context, self._read(context)) for context in sample)))
        return max(told, key=lambda name: (told[name], name), default="")

    def _read_languages(self, language: str, reading: Reading) -> tuple[str, ...]:
        """Return the languages whose patterns are tried: the text's, or where that is not told, what it may be in.

        English is among these, as product names everywhere are full of it. No others are: a word of one language is
        another thing in the next (`Black Angus`, `Cordon Bleu`).
        """
        if language:
            return (language,) if language in self._bank.languages else ()
        likely = {_WHERE_UNTOLD, *likely_languages(prose_of(reading), self._bank.stopwords)}
        return tuple(name for name in self._bank.languages if name in likely and name not in UNSPACED)

    def _notes(self, language: str, count: int, wanted: int) -> tuple[str, ...]:
        notes = [self.NOTE]
        if language and language not in self._bank.languages:
            *known, last = map(language_name, self._bank.languages)
            notes.append(
                f"Read attributes and measures only: the text is in {language_name(language)} ({language!r}), and "
                f"sentences are read in {', '.join(known)} and {last}. What they leave open is not judged."
            )
        if count < wanted:
            # How many there are stands in the set: the same words for each lets a summary say it once.
            notes.append(f"Fewer than {wanted} questions are asked where no more suit the products.")
        return tuple(notes)


_SAID_BY = {
    "amount": frozenset({"dimensions", "size", "weight", "capacity", "quantity", "licence", "validity"}),
    "material": frozenset({"ingredients", "licence", "system_requirements", "validity"}),
    "origin": frozenset({"compatibility", "dimensions", "licence", "system_requirements", "validity"}),
}
"""General facets that are not asked beside those that say the same more closely, or of what is no thing."""

SHOP_WIDE = ("delivery", "returns")
"""Facets that depend on the shop and not on the product."""

UNPLACED = (
    "Could be placed in no family of products, so general questions were asked: give them a google_product_category, "
    "or a product_type that names what they are."
)
"""What question sets of products of no known family say."""


def _senseless(facet: Facet, family: Family) -> Detection:
    kind = family.id.replace("_", " ")
    return Detection(Verdict.NOT_APPLICABLE, "", facet.attribute, f"buyers do not ask this of {kind}")


def prose_of(reading: Reading) -> str:
    """Return the text by which a language is told.

    That is its descriptions; sentences in fields of the shop's own, titles and details, which are mostly names and
    figures, only where they are short.
    """
    prose = sorted((segment for segment in reading.segments if segment.is_prose), key=_told_by)
    text = ""
    for segment in prose:
        if len(text) > (ENOUGH_CHARS if _told_by(segment) else READ_CHARS):
            break
        text += f" {segment.text}"
    return text.strip()


def _told_by(segment: Segment) -> int:
    """Return how late a sentence is looked at for its language."""
    if segment.field in TITLE_FIELDS:
        return 3
    if segment.field in PROSE_FIELDS:
        return 2 if segment.field == "product_detail" else 0
    return 1


def _nothing(facet: Facet, unread: str) -> Detection:
    """Return what is said where nothing was found.

    Args:
        facet: What was asked for.
        unread: The language of sentences that were not read; empty where they were.
    """
    if not unread:
        return Detection(Verdict.NO, "", facet.attribute, "nothing said")
    reason = f"nothing in attributes or measures; sentences in {language_name(unread)} were not read"
    return Detection(Verdict.NOT_JUDGED, "", facet.attribute, reason)


def _judgement(question: Question, finding: Detection) -> Judgement:
    asked = question.text, question.taxonomy, question.required
    return _stated(*asked, finding) if finding.evidence else _unstated(*asked, finding)


def _stated(text: str, taxonomy: Taxonomy, required: bool, finding: Detection) -> Judgement:
    return Judgement(
        question=text,
        taxonomy=taxonomy,
        required=required,
        verdict=finding.verdict,
        evidence=finding.evidence,
        attribute=finding.attribute,
        reason=finding.reason,
    )


_unstated = lru_cache(maxsize=4096)(_stated)
"""Most products say nothing on most questions, and nothing is the same of all of them."""
