"""Plots: frame in, Axes out.

```python
fe.plots.coverage(session.results)
fe.plots.most_missed(session.judgements, top=20)
```

Each takes `ax=None`: without one it makes a figure that pyplot knows, so that a notebook shows it once under its cell.
None calls `show()` or changes matplotlib's settings. A frame without rows gives a sentence, not an error.
"""

from __future__ import annotations

from feedeval.notebook.plots.agreement import confusion, per_class, probes, reliability
from feedeval.notebook.plots.compare import before_and_after, history
from feedeval.notebook.plots.coverage import (
    coverage,
    coverage_by_category,
    missing_fields,
    most_missed,
    verdicts_by_taxonomy,
)
from feedeval.notebook.plots.health import health, memory
from feedeval.notebook.plots.run import cost, errors_by_type, errors_over_batches, latency, rate

__all__ = [
    "before_and_after",
    "confusion",
    "cost",
    "coverage",
    "coverage_by_category",
    "errors_by_type",
    "errors_over_batches",
    "health",
    "history",
    "latency",
    "memory",
    "missing_fields",
    "most_missed",
    "per_class",
    "probes",
    "rate",
    "reliability",
    "verdicts_by_taxonomy",
]
