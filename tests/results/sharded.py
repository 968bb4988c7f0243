"""A session of shards, made of one in one piece."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.results.columnar import write_copy
from feedeval.results.session import Session, load_session
from feedeval.storage.paths import SessionPaths
from feedeval.storage.shards import Shards
from tests.benchmarks.multiplied import varied_feed

SHARDS = 4
FAILED = 17
"""Every so many products failed."""
UNREAD = 9
"""Of every so many products nothing was judged."""
_BATCH = 20


class TooLarge(Session):
    """The same session, taken to be too large to be held."""

    is_small = False


def sharded_session(folder: Path, products: int = 300) -> Session:
    """Return an audit of invented products in shards that are through, some of them failed and some not judged."""
    feed = varied_feed(products)
    ProductFeedEvaluator(model="offline", output_dir=folder / "whole").evaluate_products_batch(feed, progress="none")
    return cut(load_session(output_dir=folder / "whole"), folder / "shards")


def cut(whole: Session, folder: Path) -> Session:
    """Write the records of a session in one piece as those of shards."""
    folder.mkdir()
    for path in whole.output_dir.glob(f"*_{whole.id}.json"):
        if not path.name.startswith("batch_"):
            shutil.copy(path, folder)
    records = [record for path in sorted(whole.batch_paths) for record in orjson.loads(path.read_bytes())["results"]]
    records = [
        _failed(record) if n % FAILED == 3 else _unread(record) if n % UNREAD == 1 else record
        for n, record in enumerate(records)
    ]
    report = orjson.loads(whole.batch_paths[0].read_bytes())["report"]
    shards = Shards(SessionPaths(folder, whole.id), SHARDS)
    shards.folder.mkdir()
    # Products of a shard are anywhere in the feed.
    owner = np.random.default_rng(0).integers(SHARDS, size=len(records))
    for number in shards.numbers:
        places = np.flatnonzero(owner == number - 1)
        shards.places_path(number).write_bytes(places.astype("<i8").tobytes())
        own = SessionPaths(shards.session_folder(number).path, whole.id)
        own.folder.mkdir()
        for batch, start in enumerate(range(0, len(places), _BATCH), start=1):
            mine = [records[place] | {"index": start + n} for n, place in enumerate(places[start : start + _BATCH])]
            own.batch(batch).write_bytes(_batch(whole.id, mine, report | {"batch_number": batch}))
        write_copy(shards, number, engine=whole.progress.engine)
    failed = sum("error_type" in record for record in records)
    counts = {"total": len(records), "done": len(records) - failed, "failed": failed, "reused": 0}
    progress = folder / f"progress_{whole.id}.json"
    told = orjson.loads(progress.read_bytes()) | {"counts": counts}
    told["settings"] |= {"shards": {"count": SHARDS}}
    progress.write_bytes(orjson.dumps(told))
    return Session(whole.id, folder)


def _batch(sid: str, records: list[dict[str, Any]], report: dict[str, Any]) -> bytes:
    failures = [record for record in records if "error_type" in record]
    results = [record for record in records if "error_type" not in record]
    start, end = records[0]["index"], records[-1]["index"]
    head = {"schema_version": 1, "session": sid, "batch_number": report["batch_number"], "start_index": start}
    return orjson.dumps(head | {"end_index": end, "report": report, "results": results, "failures": failures})


def _failed(record: dict[str, Any]) -> dict[str, Any]:
    kept = {name: record[name] for name in ("key", "index", "content_hash", "meta")}
    return {
        **kept,
        "error_type": "TimedOut",
        "message": "no answer in time",
        "context": {"category": record["value"]["category"]},
        "timestamp": "2026-11-01T12:00:00+00:00",
    }


def _unread(record: dict[str, Any]) -> dict[str, Any]:
    value = record["value"]
    judgements = [judged | {"verdict": "not_judged", "evidence": ""} for judged in value["judgements"]]
    counts = {f"{name}_count": 0 for name in ("yes", "partial", "no", "unanswered_required")}
    counts |= {"not_judged_count": len(judgements), "coverage_pct": None}
    return record | {"value": value | {"judgements": judgements} | counts}
