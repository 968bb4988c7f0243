"""The one place where the parts are wired together."""

from __future__ import annotations

from feedeval.evaluator.audits import ProductFeedEvaluator
from feedeval.evaluator.options import AuditOptions
from feedeval.evaluator.resuming import resume
from feedeval.evaluator.shadow import run_shadow, start_shadow

__all__ = ["AuditOptions", "ProductFeedEvaluator", "resume", "run_shadow", "start_shadow"]
