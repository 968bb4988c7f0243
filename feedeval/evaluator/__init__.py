"""The one place where the parts are wired together: everything that a person starts, starts here.

- `audits`: ProductFeedEvaluator: the audit of a feed, wired together
- `cluster`: the same audit on a Dask cluster: shards, workers with one limit and one budget, a session over all
- `earlier`: which earlier audits may be gone on with, and by which settings
- `evaluation_run`: the handle of an audit that goes on in the background
- `freezing`: an audit on the questions of an earlier session: which questions these are, and whose results hold for
  it too
- `judging`: another judge on a finished audit: another model, another endpoint, other instructions
- `jury`: several judges on a finished audit: each in a session of its own, and what they say together
- `launching`: whom a run asks, and the start of a run of any job: shared by everything that people start
- `options`: what can be said of a run, by keyword: the names and types of all options, and to whom each belongs
- `page_step`: the second step of an audit with pages: what the feed leaves open is put to the products' landing pages
- `probing`: known cases for a judge: planted in products of a feed, judged, and counted
- `questions`: questions that somebody else worded, put to a judge: so that its verdicts can be held against people's
- `resume_kinds`: going on with a session of any kind, on the engine and with the settings that it began with
- `shadow`: shadow mode, wired together: labelled images in, what a classifier would have said beside them
- `status`: how the current or the latest evaluation stands, as one dictionary
- `tiers`: an estimate at the price of the service tier that is asked for, and by batch, whatever the pilot was paid at
- `two_steps`: the handle of an audit with a second step behind it: one thing to wait for, to pause and to stop
"""

from __future__ import annotations

from feedeval.evaluator.audits import ProductFeedEvaluator
from feedeval.evaluator.options import AuditOptions
from feedeval.evaluator.resume_kinds import resume
from feedeval.evaluator.shadow import run_shadow, start_shadow

__all__ = ["AuditOptions", "ProductFeedEvaluator", "resume", "run_shadow", "start_shadow"]
