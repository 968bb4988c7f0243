"""Where frames of findings look that version 0.2 pickled."""

from __future__ import annotations

from feedeval.feed.checks.findings_frame import Findings

__all__ = ["Findings"]
