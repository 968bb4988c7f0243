"""The same request asked by another session is not paid for again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedeval.cli import main
from feedeval.evaluator import ProductFeedEvaluator
from tests.server import ModelServer

PRODUCTS = [
    {"id": f"k{n}", "title": f"Kettle {n}", "description": f"Boils {n} litres.", "product_type": "Kettles"}
    for n in range(6)
]
KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(seed=3) as running:
        yield running


def audit(server: ModelServer, folder: Path, products: list[dict[str, Any]] = PRODUCTS, **options: Any) -> Any:
    evaluator = ProductFeedEvaluator(model="gpt-4o-mini", base_url=server.base_url, api_key=KEY, output_dir=folder)
    return evaluator.evaluate_products_batch(
        products, num_questions=4, batch_size=2, progress="none", resume=False, reuse=False, **options
    )


def test_a_new_session_finds_what_another_paid_for(server: ModelServer, tmp_path: Path) -> None:
    first = audit(server, tmp_path, cache=True)
    paid = server.stats.requests
    second = audit(server, tmp_path, cache=True)
    assert server.stats.requests == paid
    assert second["cost_usd"].sum() == 0
    columns = ["product_id", "coverage_pct", "yes_count", "no_count"]
    assert second[columns].equals(first[columns])


def test_only_what_is_new_is_asked(server: ModelServer, tmp_path: Path) -> None:
    audit(server, tmp_path, cache=True)
    paid = server.stats.requests
    changed = [*PRODUCTS[:5], {**PRODUCTS[5], "description": "Boils quickly."}]
    audit(server, tmp_path, changed, cache=True)
    assert server.stats.requests == paid + 1


def test_what_came_by_batch_is_kept_as_well(server: ModelServer, tmp_path: Path) -> None:
    audit(server, tmp_path, cache=True, delivery="batch", poll_first_s=0.05)
    assert server.stats.batch_requests > 0
    paid = server.stats.requests
    assert audit(server, tmp_path, cache=True)["cost_usd"].sum() == 0
    assert server.stats.requests == paid


def test_without_being_asked_for_it_nothing_is_kept(server: ModelServer, tmp_path: Path) -> None:
    audit(server, tmp_path)
    paid = server.stats.requests
    audit(server, tmp_path)
    assert server.stats.requests == 2 * paid
    assert not (tmp_path / "cache").exists()


def test_the_terminal_says_what_is_kept_and_clears_it(server: ModelServer, tmp_path: Path, capsys: Any) -> None:
    audit(server, tmp_path, cache=True)
    assert main(["cache", "--output-dir", str(tmp_path)]) == 0
    assert "keeps 7 replies" in capsys.readouterr().out
    assert KEY.encode() not in (tmp_path / "cache" / "replies.sqlite").read_bytes()
    assert main(["cache", "--clear", "--output-dir", str(tmp_path)]) == 0
    assert main(["cache", "--output-dir", str(tmp_path)]) == 0
    assert "keeps 0 replies" in capsys.readouterr().out
    paid = server.stats.requests
    audit(server, tmp_path, cache=True)
    assert server.stats.requests == 2 * paid
