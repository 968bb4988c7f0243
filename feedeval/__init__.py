"""feedeval: what does a product feed leave unsaid?

```python
import feedeval as fe

feed = fe.read_feed("feed.xml")
fe.check_feed(feed)
results = fe.ProductFeedEvaluator().evaluate_products_batch(feed)
```
"""

from __future__ import annotations

from feedeval.lazy import load_when_used

_HOMES = {
    "Agreement": "feedeval.results.agreement.agreement",
    "AnswerLedger": "feedeval.results.ledger.ledger",
    "Certified": "feedeval.results.certify.certified",
    "Comparison": "feedeval.results.compare.comparison",
    "Estimate": "feedeval.results.estimate",
    "EvaluationRun": "feedeval.evaluator.evaluation_run",
    "FeedError": "feedeval.errors",
    "FeedWarning": "feedeval.feed.parsing.faults",
    "FeedevalError": "feedeval.errors",
    "ImageLimits": "feedeval.feed.picture_sizes",
    "InputError": "feedeval.errors",
    "JudgePrompt": "feedeval.jobs.prompts",
    "Labelling": "feedeval.notebook.labelling.label",
    "PageLimits": "feedeval.feed.pages.limits",
    "Pages": "feedeval.feed.pages.pages",
    "ProductFeedEvaluator": "feedeval.evaluator",
    "RunFault": "feedeval.errors",
    "RunWarning": "feedeval.errors",
    "Session": "feedeval.results.session",
    "SessionError": "feedeval.errors",
    "WaitedTooLong": "feedeval.errors",
    "__version__": "feedeval.version",
    "agreement": "feedeval.results.agreement.measure",
    "app": "feedeval.app",
    "apply_fixes": "feedeval.feed.fixes",
    "backup": "feedeval.results.archive",
    "certify": "feedeval.results.certify.certify",
    "check_feed": "feedeval.feed.checks.check_feed",
    "check_pages": "feedeval.feed.pages.check_pages",
    "cleanup": "feedeval.results.library",
    "colour_name": "feedeval.jobs.shadow.colour_names",
    "compare": "feedeval.results.compare.compare",
    "consolidate": "feedeval.results.library",
    "dashboard": "feedeval.dashboard",
    "deduplicate": "feedeval.feed.reader",
    "history": "feedeval.results.compare.history",
    "iter_feed": "feedeval.feed.reader",
    "judge_questions": "feedeval.evaluator.questions",
    "label": "feedeval.notebook.labelling.label",
    "labels_from_feed": "feedeval.feed.labels",
    "list_sessions": "feedeval.results.library",
    "load_session": "feedeval.results.session",
    "panel": "feedeval.evaluator.jury",
    "plots": "feedeval.notebook.plots:gallery",
    "probe_judge": "feedeval.evaluator.probing",
    "read_feed": "feedeval.feed.reader",
    "read_pages": "feedeval.feed.pages.read_pages",
    "report": "feedeval.notebook.report.report",
    "restore": "feedeval.results.archive",
    "resume": "feedeval.evaluator",
    "run_shadow": "feedeval.evaluator",
    "sample": "feedeval.feed.sample",
    "shadow_judge": "feedeval.evaluator.judging",
    "start_shadow": "feedeval.evaluator",
    "targets": "feedeval.feed.targets",
    "use_storage": "feedeval.storage.addresses",
    "write_questions_and_answers": "feedeval.results.answers.writing",
    "write_supplement": "feedeval.results.gaps.supplement",
}
"""Each name, and the module to import it from; type checkers read the same in `__init__.pyi`."""

__all__ = list(_HOMES)

load_when_used(__name__, _HOMES)
