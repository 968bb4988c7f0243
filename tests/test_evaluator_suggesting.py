"""A file to fill in with proposals of a model: inventions never get into it, and nothing is paid for twice."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from feedeval.errors import BudgetReached, InputError
from feedeval.evaluator import ProductFeedEvaluator, resume
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import read_feed
from feedeval.results.session import Session, load_session
from feedeval.storage.readers import session_ids
from tests.server import Answerer, Fault, FaultKind, ModelServer
from tests.server.answers import PRODUCT, Asked

KEY = "sk-suggest"
COLOURS = ("Blue", "Green", "Red")


class Inventor(Answerer):
    """Finds the colour in a title, and invents everything else in all the ways that there are."""

    def answer(self, asked: Asked) -> str:
        if asked.purpose != "other":
            return super().answer(asked)
        found = PRODUCT.search(asked.user)
        assert found is not None
        title = found[2].split("\n")[0].removeprefix("title: ")
        wanted = re.findall(r"^(\d+)\. (.+)$", asked.user[asked.user.rindex("WANTED") :], re.MULTILINE)
        proposals: list[dict[str, Any]] = []
        for number, name in wanted:
            if name == "attribute color":
                proposals.append({"number": int(number), "value": title.split()[0], "quote": title})
            elif name == "attribute gender":
                # It stands there, and the destination takes no such value.
                proposals.append({"number": int(number), "value": "shirt", "quote": title})
            elif int(number) % 2:
                proposals.append({"number": int(number), "value": "Cashmere", "quote": "100 % cashmere from Mongolia"})
            else:
                proposals.append({"number": int(number), "value": "Waterproof", "quote": title})
        proposals.append({"number": 99, "value": title, "quote": title})
        return orjson.dumps({"proposals": proposals}).decode()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(answerer=Inventor()) as started:
        yield started


def shirts(count: int = 6) -> list[dict[str, str]]:
    return [
        {
            "id": f"S-{n}",
            "title": f"{COLOURS[n % 3]} shirt number {n} for summer",
            "description": f"Shirt number {n} is light and airy, and it dries fast on the line. " * 2,
            "link": f"https://shop.example/{n}",
            "product_type": "Apparel & Accessories > Clothing > Shirts & Tops",
        }
        for n in range(count)
    ]


def audited(server: ModelServer, folder: Path) -> tuple[ProductFeedEvaluator, Session]:
    evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=folder)
    evaluator.evaluate_products_batch(shirts(), num_questions=8, progress="none")
    return evaluator, load_session(output_dir=folder)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_every_invention_is_dropped_and_counted(server: ModelServer, tmp_path: Path) -> None:
    evaluator, session = audited(server, tmp_path)
    bodies = server.record_bodies()
    made = session.fix_file(tmp_path / "fixes.tsv", suggest=True, evaluator=evaluator)
    rows = table(made.path)
    assert [row["color"] for row in rows] == [COLOURS[int(row["id"][2:]) % 3] for row in rows]
    assert not any(row["gender"] for row in rows)
    text = made.path.read_text(encoding="utf-8-sig")
    assert "ashmere" not in text and "Waterproof" not in text
    asked = sum(len(re.findall(r"^\d+\. ", b["messages"][-1]["content"].rpartition("WANTED")[2], re.M)) for b in bodies)
    # One a product is true; all else, and one more a product that nobody asked for, is dropped.
    assert made.proposed == 6 and made.dropped == asked + 6 - 6
    assert f"{made.dropped} proposals" in str(made)


def test_each_proposal_is_listed_with_the_words_that_it_rests_on(server: ModelServer, tmp_path: Path) -> None:
    evaluator, session = audited(server, tmp_path)
    made = session.fix_file(tmp_path / "fixes.tsv", suggest=True, evaluator=evaluator)
    assert made.proposals_path == tmp_path / "fixes.proposals.tsv"
    for row in table(made.proposals_path):
        assert (row["attribute"], row["field"]) == ("color", "title")
        assert row["value"] in row["quote"] and row["quote"] == row["title"]


def test_the_file_with_proposals_passes_the_checks(server: ModelServer, tmp_path: Path) -> None:
    evaluator, session = audited(server, tmp_path)
    made = session.fix_file(tmp_path / "fixes.tsv", suggest=True, evaluator=evaluator)
    assert check_feed(read_feed(made), supplemental=True).empty


def test_nothing_is_paid_for_twice_and_the_audit_stays_the_latest_session(server: ModelServer, tmp_path: Path) -> None:
    evaluator, session = audited(server, tmp_path)
    first = session.fix_file(tmp_path / "fixes.tsv", suggest=True, evaluator=evaluator)
    server.reset()
    again = session.fix_file(tmp_path / "again.tsv", suggest=True, evaluator=evaluator)
    assert server.stats.requests == 0
    assert again.path.read_bytes() == first.path.read_bytes()
    assert load_session(output_dir=tmp_path).id == session.id


def test_products_that_could_not_be_asked_about_are_counted_and_tried_again(
    server: ModelServer, tmp_path: Path
) -> None:
    evaluator, session = audited(server, tmp_path)
    server.faults.append(Fault(FaultKind.REFUSAL, contains="shirt number 2 for summer"))
    made = session.fix_file(tmp_path / "fixes.tsv", suggest=True, evaluator=evaluator)
    assert made.failed == 1 and made.proposed == 5 and "1 product failed" in str(made)
    server.faults.clear()
    server.reset()
    again = session.fix_file(tmp_path / "fixes.tsv", suggest=True, evaluator=evaluator)
    assert server.stats.requests == 1
    assert again.failed == 0 and again.proposed == 6


def test_a_budget_caps_what_asking_costs(server: ModelServer, tmp_path: Path) -> None:
    evaluator, session = audited(server, tmp_path)
    with pytest.raises(BudgetReached):
        session.fix_file(tmp_path / "f.tsv", suggest=True, evaluator=evaluator, budget_usd=1e-9)
    assert not (tmp_path / "f.tsv").exists()


def test_a_session_of_proposals_says_how_to_go_on_with_it(server: ModelServer, tmp_path: Path) -> None:
    evaluator, session = audited(server, tmp_path)
    session.fix_file(tmp_path / "fixes.tsv", suggest=True, evaluator=evaluator)
    other = next(sid for sid in session_ids(tmp_path) if sid != session.id)
    with pytest.raises(InputError, match="fix_file"):
        resume(other, output_dir=tmp_path)
