"""The one place where the parts are wired together."""

from __future__ import annotations

from feedeval.evaluator.audits import ProductFeedEvaluator
from feedeval.evaluator.options import AuditOptions
from feedeval.evaluator.resuming import resume

__all__ = ["AuditOptions", "ProductFeedEvaluator", "resume"]
