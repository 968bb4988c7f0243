"""What a cluster takes on one machine only, or not at all, and what to do instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.cli import main
from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from tests.cluster.conftest import evaluator
from tests.cluster.test_cluster_run import WAIT_S
from tests.e2e.support import BY_CHANCE, ServerProcess, make_feed
from tests.feed.pages import answers, shop

FEED = make_feed(90)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_workers_of_a_machine_share_its_cache_of_replies(
    server: ServerProcess, tmp_path: Path, capsys: Any
) -> None:
    options: dict[str, Any] = {"cluster": 2, "cache": True, "resume": False, "reuse": False, "progress": "none"}
    first = evaluator(server, tmp_path).start(FEED, **options)
    assert first.wait(WAIT_S).status is Status.FINISHED
    paid = server.stats()["accepted"]
    second = evaluator(server, tmp_path).start(FEED, **options)
    snapshot = second.wait(WAIT_S)
    assert (snapshot.status, snapshot.cost_usd) == (Status.FINISHED, 0.0)
    assert server.stats()["accepted"] == paid
    wanted, found = (run.results().sort_values("product_id", ignore_index=True) for run in (first, second))
    assert found.drop(columns=BY_CHANCE).equals(wanted.drop(columns=BY_CHANCE))
    assert main(["cache", "--output-dir", str(tmp_path)]) == 0
    # And a run in one process finds the same.
    assert f"keeps {paid} replies" in capsys.readouterr().out
    plain = evaluator(server, tmp_path)
    plain.evaluate_products_batch(FEED, progress="none", cache=True, resume=False, reuse=False)
    assert server.stats()["accepted"] == paid


@pytest.mark.parametrize(
    ("option", "instead"),
    [
        ({"cache": True}, "give cluster= a number of workers, or leave cache= out"),
        ({"delivery": "batch"}, "takes one process, however large the feed: leave cluster= out"),
        ({"pages": True}, r"leave pages= out, and put them to the session when it is finished, with session\.ledger"),
        ({"pages": {"P-00001": "https://shop.example/p/1"}}, r"session\.ledger"),
    ],
)
def test_what_takes_one_process_says_what_to_do_instead(
    option: dict[str, Any], instead: str, server: ServerProcess, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=instead):
        evaluator(server, tmp_path).start(FEED, cluster="tcp://127.0.0.1:9", progress="none", **option)
    assert fe.list_sessions(tmp_path).empty


def test_what_stands_in_place_of_pages_does_the_same(client: Any, tmp_path: Path) -> None:
    with shop.opened(answers.stock()) as (base, _):
        feed = answers.feed_of(base)
        ledgers = []
        for number, options in enumerate(({}, {"cluster": client})):
            offline = ProductFeedEvaluator(model="offline", output_dir=tmp_path / str(number))
            run = offline.start(feed, progress="none", **options)
            run.wait(WAIT_S)
            pages = fe.read_pages(feed, limits=fe.PageLimits(pause_s=0, timeout_s=2, max_mb=1), allow_private=True)
            ledgers.append(run.session().ledger(pages, evaluator=offline))
    assert len(ledgers[1]) == len(ledgers[0]) > 0 and ledgers[1].counts == ledgers[0].counts


def test_a_client_that_is_closed_is_refused_at_once(client: Any, tmp_path: Path) -> None:
    client.close()
    offline = ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    with pytest.raises(InputError, match="a client whose scheduler does not answer"):
        offline.start(FEED, cluster=client, progress="none").wait(WAIT_S)
