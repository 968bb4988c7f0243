"""The jobs that the runner drives: what is done to each record, and whom a job asks.

A new kind of job is a member and a row in `records/kinds.py`, a class here that does what `run/job.py` says, the call
that starts it in `evaluator/`, and how it is gone on with in `evaluator/resume_kinds.py`.

- `audit`: the feed audit: question set -> judgement -> evaluation
- `earlier_prompts`: the prompts of version 1, by which sessions that began with them go on
- `effort`: what a piece of work took: a ledger that counts what passes through it
- `engine`: whom the audit asks: a language model behind an endpoint, or the embedded engine
- `evidence`: is the quoted evidence really in the context?
- `fingerprint`: what every reply of a model depends on: said once for all jobs that ask one
- `frozen`: the questions of an earlier session, to be asked again as they are
- `keeping`: records of the planning pass that are kept for the run: what is read once need not be read again
- `landing_pages`: the landing page of a product as something to judge: what it says, by the attributes of a feed, and
  nothing else
- `offline`/: the embedded engine
- `probes`/: known cases for a judge
- `prompts`: every prompt, and the version that fingerprints them
- `questions`: question sets: one for each category (or product), made once, edited, kept, shared by all who need it
- `rejudge`: judging questions that are given, about products that are given: nothing is asked but the verdicts
- `shadow`/: labelled images and a classifier
- `similarity`: which questions of a set ask for the same fact, in any language
- `suggest`: proposing values that a product's own text supports: words that stand elsewhere in it, and never any
  others
"""
