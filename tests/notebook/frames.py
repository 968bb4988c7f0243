"""Small frames as a session gives them, for plots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

ENGINE = "gpt-4o-mini"
KINDS = ("ReplyInvalid", "ServerFault", "TimedOut", "RequestRejected", "ContentFiltered", "ModelRefused")

STATES = ("healthy", "degraded", "critical", "healthy", "healthy")
"""Health over the batches of a run, a fifth of them each."""


def results(
    coverage: Sequence[float] = (0, 9.9, 10, 55, 100), *, categories: Sequence[str] = ("Tents",), engine: str = ENGINE
) -> pd.DataFrame:
    count = len(coverage)
    return pd.DataFrame(
        {
            "product_id": [f"P-{n}" for n in range(count)],
            "category": [categories[n % len(categories)] for n in range(count)],
            "coverage_pct": np.array(coverage, dtype=float),
            "missing_core_fields": [("", "brand", "brand, color")[n % 3] for n in range(count)],
            "engine": engine,
            "status": "done",
        }
    )


def judgements(rows: Sequence[tuple[str, str, bool, str]] = ()) -> pd.DataFrame:
    """Rows of question, taxonomy, required and verdict."""
    asked = rows or [
        *(("What is it made of?", "Materials", True, v) for v in ("no", "no", "partial")),
        *(("How much does it weigh?", "Specs", False, v) for v in ("no", "no", "no", "partial", "yes")),
        *(("What colour is it?", "Specs", False, v) for v in ("yes", "yes")),
    ]
    frame = pd.DataFrame(asked, columns=["question", "taxonomy", "required", "verdict"])
    return frame.astype({"taxonomy": "category", "verdict": "category", "required": "bool"})


def failures(count: int = 40, *, batches: int = 20) -> pd.DataFrame:
    numbers = pd.array([n % batches + 1 for n in range(count)], dtype="Int64")
    return pd.DataFrame({"batch_number": numbers, "error_type": [KINDS[n % len(KINDS)] for n in range(count)]})


def reports(count: int = 30, *, pause_after: int | None = None, cost_usd: float = 0.01) -> pd.DataFrame:
    """Reports of batches of 20 products, one every 10 s, each open for 20 s; 13 h pass after batch `pause_after`."""
    ends_s = [10 * n + (46_800 if pause_after and n > pause_after else 0) for n in range(1, count + 1)]
    start = pd.Timestamp("2026-11-20T10:00:00+00:00")
    return pd.DataFrame(
        {
            "batch_number": pd.array(range(1, count + 1), dtype="Int64"),
            "processed": pd.array([20] * count, dtype="Int64"),
            "elapsed_ms": np.full(count, 20_000.0),
            "average_time_ms": np.full(count, 1_000.0),
            "cost_usd": np.full(count, cost_usd),
            "timestamp": [(start + pd.Timedelta(seconds=s)).isoformat() for s in ends_s],
            "memory_mb": np.linspace(150, 210, count),
            "health": pd.array([STATES[n * len(STATES) // count] for n in range(count)], dtype="str"),
            "health_reason": pd.array(["4 of the last 50 records failed"] * count, dtype="str"),
        }
    )


def categories(changes: Sequence[float] = (12.5, 0.0, -20.0, 3.0)) -> pd.DataFrame:
    """Categories of a comparison that changed by so many points."""
    count = len(changes)
    change = np.array(changes, dtype=float)
    return pd.DataFrame(
        {
            "category": [f"Sport > Tents {n}" for n in range(count)],
            "products": pd.array(range(10, 10 + count), dtype="Int64"),
            "coverage_before_pct": np.full(count, 40.0),
            "coverage_after_pct": 40.0 + change,
            "change": change,
            "low": change - 2 * (change != 0),
            "high": change + 2 * (change != 0),
        }
    )


def shadow(count: int = 120, *, engine: str = ENGINE) -> pd.DataFrame:
    """Results of a shadow run over three classes: every sixth prediction is wrong, every tenth abstains."""
    truth = [("red", "green", "blue")[n % 3] for n in range(count)]
    said = ["unsure" if n % 10 == 9 else ("red" if n % 6 == 1 else truth[n]) for n in range(count)]
    return pd.DataFrame(
        {
            "filename": [f"{n:03}.png" for n in range(count)],
            "true_class": pd.array(truth, dtype="str"),
            "predicted_class": pd.array(said, dtype="str"),
            "confidence": [0.5 + n % 5 / 10 for n in range(count)],
            "engine": engine,
            "status": "done",
        }
    )


def probes(engine: str = ENGINE) -> pd.DataFrame:
    """How a judge did on planted cases; the last probe found none to plant."""
    return pd.DataFrame(
        {
            "probe": ["ablation", "swap", "injection", "insertion"],
            "n": [40, 20, 10, 0],
            "right": [30, 20, 1, 0],
            "rate": [0.75, 1.0, 0.1, np.nan],
            "low": [0.6, 0.84, np.nan, np.nan],
            "high": [0.86, 1.0, np.nan, np.nan],
            "bar": [0.8, 0.9, 0.95, 0.8],
            "engine": engine,
        }
    )


def audits(comparable: str = "AABBA", *, engine: str = ENGINE) -> pd.DataFrame:
    """Audits, one a month, of which those with the same letter can be compared."""
    count = len(comparable)
    covered = 40.0 + 3 * np.arange(count)
    return pd.DataFrame(
        {
            "session": [f"20260{n + 1}03_100000" for n in range(count)],
            "started": [f"2026-{n + 1:02d}-03T10:00:00.000+00:00" for n in range(count)],
            "engine": engine,
            "failed_share": np.linspace(0.0, 0.05, count),
            "coverage_pct": covered,
            "low": covered - 2,
            "high": covered + 2,
            "cost_usd": np.full(count, 1.5),
            "comparable": list(comparable),
        }
    )
