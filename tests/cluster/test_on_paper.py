"""What a cluster takes on paper: the limits that no number of workers breaks, and the figures of the README."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.cluster_on_paper import CPU_S, Setting, dollars, play, storage_gb

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SMALL = Setting(products=200_000, shard_products=1_000, read_s=0.0, start_s=0.0, worker_lives_h=1e9)


@pytest.mark.parametrize("workers", [1, 2, 8, 64])
def test_no_number_of_workers_is_faster_than_the_limit_or_than_all_of_them(workers: int) -> None:
    found = play(replace(SMALL, workers=workers, rpm=6_000.0))
    assert found.products_a_second <= min(0.965 * 100.0, workers * 32.0) + 1e-6
    assert found.products_a_second >= 0.9 * min(0.965 * 100.0, workers * 32.0)


def test_a_death_costs_calls_and_time_and_loses_nothing() -> None:
    calm = play(replace(SMALL, workers=2))
    rough = play(replace(SMALL, workers=2, worker_lives_h=0.1))
    assert calm.deaths == calm.repeated == 0 and calm.calls == SMALL.products
    assert rough.deaths > 0 and rough.hours > calm.hours
    assert 0 < rough.repeated <= rough.deaths * 5.0 * 32.0 and rough.calls == SMALL.products + rough.repeated


def test_the_embedded_engine_asks_nobody() -> None:
    found = play(replace(SMALL, workers=4, rpm=None, cpu_s=CPU_S["offline"]))
    assert found.calls == 0 and found.products_a_second == pytest.approx(4 / CPU_S["offline"], rel=0.05)


def test_the_figures_of_the_readme_are_those_of_the_script() -> None:
    rows = re.findall(r"^\| ([\d,]+) \| (\d+) \| (\d+) \|$", README, re.MULTILINE)
    assert len(rows) == 3
    for rpm, workers, hours in rows:
        setting = Setting(rpm=float(rpm.replace(",", "")), workers=int(workers))
        assert setting.enough_workers == int(workers)
        assert play(setting).hours == pytest.approx(float(hours), abs=0.7)
    offline = Setting(rpm=None, workers=4, cpu_s=CPU_S["offline"])
    assert re.search(r"embedded engine, 4 workers \| \| 2 \|", README) and round(play(offline).hours) == 2
    assert "One worker alone takes 88 hours" in README and round(play(Setting(workers=1)).hours) == 88
    assert "40 GB" in README and storage_gb(Setting()) == pytest.approx(40.0, abs=0.5)
    assert "$3,100" in README and dollars(Setting(), "gpt-4o-mini") == pytest.approx(3_100, abs=50)
