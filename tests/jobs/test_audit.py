from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from feedeval.errors import InputError
from feedeval.feed.parsing.product import Product
from feedeval.jobs.audit import AuditJob, AuditSettings, coverage_pct
from feedeval.jobs.engine import EmbeddedEngine
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Call, Context, Judgement, QuestionSet, Taxonomy

TENT: Product = {
    "id": "1",
    "title": "Tent",
    "description": "Weighs 2 kg.",
    "product_type": "Tents",
    "link": "https://s.example/1",
}
KETTLE: Product = {"id": "2", "title": "Kettle", "description": "Holds 1.7 litres.", "product_type": "Kettles"}


class NothingKept:
    """Documents of a session that has none."""

    def load(self, name: str) -> dict[str, Any] | None:
        return None

    def save(self, name: str, document: Mapping[str, Any]) -> None:
        pass


class NoCalls:
    """The ledger of an engine that makes no calls."""

    def find(self, request_hash: str) -> Call | None:
        raise AssertionError(request_hash)

    async def reserve(self, cost_usd: float) -> None:
        raise AssertionError(cost_usd)

    async def settle(self, reserved_usd: float, call: Call | None) -> None:
        raise AssertionError(call)


def job(products: Sequence[Product], **settings: Any) -> AuditJob:
    engine = EmbeddedEngine(OfflineEngine())
    return AuditJob(lambda: products, engine, settings=AuditSettings(**settings), source={"kind": "a list"})


def judgement(verdict: str, *, required: bool = False) -> Judgement:
    return Judgement(question="?", taxonomy=Taxonomy.SPECS, required=required, verdict=verdict)


@pytest.mark.parametrize(
    ("judgements", "expected"),
    [
        ([], None),
        ([judgement("yes"), judgement("no")], 50.0),
        ([judgement("yes", required=True), judgement("no")], 66.7),
        ([judgement("partial"), judgement("partial", required=True)], 50.0),
        ([judgement("yes", required=True), judgement("partial"), judgement("no", required=True)], 50.0),
        ([judgement("yes"), judgement("no"), judgement("not_applicable", required=True)], 50.0),
        ([judgement("yes"), judgement("no"), judgement("not_judged", required=True)], 50.0),
        ([judgement("yes"), judgement("not_judged")], 100.0),
        ([judgement("yes"), judgement("not_judged"), judgement("not_judged")], None),
        ([judgement("not_applicable"), judgement("not_judged")], None),
    ],
)
def test_coverage_weighs_required_questions_double(judgements: list[Judgement], expected: float | None) -> None:
    assert coverage_pct(judgements) == expected


def test_a_repeated_id_gets_a_key_of_its_own() -> None:
    records = list(job([TENT, {**TENT, "description": "Weighs 3 kg."}, TENT]).records())
    assert [record.key for record in records] == ["1", "1#2", "1#3"]
    assert records[0].content_hash == records[2].content_hash != records[1].content_hash


def test_what_identifies_a_product_does_not_change_its_content_hash() -> None:
    one, other = job([TENT]).records(), job([{**TENT, "id": "9", "link": "https://s.example/9"}]).records()
    first, second = next(iter(one)), next(iter(other))
    assert first.content_hash == second.content_hash
    assert (second.meta["product_id"], second.meta["product_url"]) == ("9", "https://s.example/9")


def test_fields_that_no_product_has_are_named() -> None:
    with pytest.raises(InputError, match=r"'colour'.*the feed has.*description"):
        list(job([TENT, KETTLE], selected_fields=("title", "colour")).records())


def test_a_foreign_field_name_is_answered_with_what_it_is_read_as() -> None:
    with pytest.raises(InputError, match=r"'Kennwort', 'name' \(it is read as 'title'\); the feed has"):
        list(job([TENT], selected_fields=("Kennwort", "name")).records())


@pytest.mark.parametrize("names", ["title", []])
def test_fields_that_are_no_list_of_names_are_refused(names: object) -> None:
    with pytest.raises(InputError, match=r"selected_fields=.* cannot be used: give a list of names"):
        AuditSettings(selected_fields=names)


def test_only_the_chosen_fields_reach_the_judge() -> None:
    (record,) = job([TENT], selected_fields=("title",)).records()
    assert record.payload.context.text == "title: Tent"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("num_questions", 3), ("num_questions", 100), ("question_scope", "shop"), ("num_questions", "x")],
)
def test_a_setting_out_of_range_is_named_with_its_value(setting: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{setting}={value!r}"):
        AuditSettings(**{setting: value})


async def test_a_second_pass_adds_no_product_to_a_sample() -> None:
    sampled: list[str] = []

    class Asking(EmbeddedEngine):
        async def write_questions(self, category: str, sample: Sequence[Context], **asked: Any) -> QuestionSet:
            sampled.extend(context.text for context in sample)
            assert asked["attributes"] == ["description", "product_type", "title"]
            return await super().write_questions(category, sample, **asked)

    products = [TENT, {**TENT, "id": "9", "description": "Weighs 3 kg."}]
    audit = AuditJob(lambda: products, Asking(OfflineEngine()), settings=AuditSettings(), source={})
    list(audit.records())
    await audit.open(NothingKept())
    (first, _) = audit.records()
    await audit.process(first, NoCalls())
    assert len(sampled) == 2


def test_a_survey_counts_what_has_to_be_paid_for() -> None:
    survey, drawn = job([TENT, KETTLE, TENT, {**KETTLE, "id": "3"}]).survey(2)
    assert (survey.products, survey.distinct, survey.categories) == (4, 2, 2)
    assert drawn == {0, 1}


def test_a_pilot_is_spread_over_the_categories() -> None:
    products: list[Product] = [{**TENT, "id": str(n), "description": f"Weighs {n} kg."} for n in range(90)]
    products += [{**KETTLE, "id": f"k{n}", "description": f"Holds {n} litres."} for n in range(3)]
    survey, drawn = job(products).survey(4)
    assert survey.categories == 2
    assert sum(n >= 90 for n in drawn) == 2
    assert job(products).survey(4)[1] == drawn


def test_an_empty_feed_cannot_be_surveyed() -> None:
    with pytest.raises(InputError, match="no products"):
        job([]).survey(5)
