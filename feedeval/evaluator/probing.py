"""Known cases for a judge: planted in products of a feed, judged, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from feedeval.errors import BudgetReached, InputError, SessionError
from feedeval.evaluator.audits import Feed, ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.judging import open_judge, settings_of, sitting
from feedeval.evaluator.launching import Showing, launch
from feedeval.evaluator.options import sorted_options
from feedeval.feed.source import FeedSource
from feedeval.jobs.audit import AuditJob
from feedeval.jobs.engine import Engine
from feedeval.jobs.probes.planting import PLANTERS
from feedeval.jobs.probes.probes import Pool, Probe, ProbePlan, draw, plan_probes
from feedeval.jobs.rejudge import RejudgeJob
from feedeval.records import Status
from feedeval.records.kinds import JobKind
from feedeval.results.judges.probe import case_of_variant, known_products, probe_report
from feedeval.results.judges.probe_report import ProbeReport
from feedeval.results.session import Session, load_session
from feedeval.run.settings import RunSettings


class ProbeOptions(TypedDict, total=False):
    """What can be said of probes; those of the audit have to be the audit's own for its results to be taken over."""

    selected_fields: Sequence[str] | None
    num_questions: int
    batch_size: int
    resume: bool
    budget_usd: float | None
    give_up_after_s: float | None
    keep_calls: bool
    limit: int | None
    max_in_flight: int | None
    progress: Literal["widgets", "html", "tqdm", "text", "none"] | None


def probe_judge(
    evaluator: ProductFeedEvaluator,
    feed: Feed,
    n: int = 20,
    *,
    seed: int = 0,
    probes: Iterable[str] | None = None,
    **options: Unpack[ProbeOptions],
) -> ProbeReport:
    """Plant known cases in `n` products of a feed, and report how often the judge is right; blocks.

    First the products are judged as they stand: a small audit, whose results are taken over from an audit of the feed
    with the same settings where there is one. Then one thing is changed at a time, and all is asked again, one call a
    product and probe:

    - *ablation*: the field that an answer was quoted from is taken out, and others with words of it: yes must fall
    - *insertion*: what another product says on the same question is added: no must rise
    - *swap*: the text is that of a product of another category: the answer must be no
    - *shuffle*, *filler*, *injection*, *repeat*: another order of fields and questions, marketing words, an order to
      the judge inside the description, nothing at all: verdicts must stay
    - *rubric*: vague claims, placeholders, measures of something else, half answers and explicit negatives are added:
      the verdict on a question about each must be the one that is defined
    - *language*: the description is one in another language that answers: the verdict must be yes, and quote it as it
      stands

    A repeat is a real call whose request is the baseline's letter by letter: the two stand in sessions of their own,
    and no reply is taken from one to the other. An endpoint that keeps replies itself may still give the same one.
    Products that offer no case of a kind are counted with the reason. The same call goes on where it was stopped,
    asks nothing twice, and costs nothing once it is through.

    Args:
        evaluator: Whose judge is probed.
        feed: As `ProductFeedEvaluator.start`.
        n: Products to draw, a few of each of the largest categories; at least 2.
        seed: Of the draw and of what is planted.
        probes: Names of probes; None: all of them.
        **options: `num_questions` and `selected_fields` as in the audit, `limit` (draw from the first products only),
            `budget_usd` (hard cap for both sessions together), `batch_size`, `resume`, `keep_calls`, `max_in_flight`,
            `progress`.

    Raises:
        InputError: A setting is out of range, there is no such probe, or no case can be planted.
        RunFault: The run had to pause for something that a person has to mend; the same call goes on.
        SessionError: It was stopped before all products were judged as they stand; the same call goes on.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 2:
        raise InputError(f"n={n!r}: give at least 2 products; one lends the other its words")
    chosen = _probes(probes)
    running, showing, baseline = _baseline(evaluator, feed, {**options}, n=n, seed=seed)
    source = {"session": baseline.id, "seed": seed, "probes": [probe.value for probe in chosen]}
    engine, client = evaluator.open_engine(options.get("max_in_flight"))
    job, plan = _job(baseline, source, engine)
    run = launch(job, evaluator.output_dir, _what_is_left(running, baseline), client=client, showing=showing)
    run.block()
    return probe_report(plan, chosen, baseline, run.session())


def resume_probe(session: Session, *, api_key: str | None, options: Mapping[str, Any]) -> EvaluationRun:
    """Go on with a session of probes; `probe_judge` as it was called reports at no cost then.

    Raises:
        InputError: The baseline is not there or not what it was, or an option has no place here.
    """
    then = session.progress
    running, showing, calls = sitting(session, options)
    baseline = load_session(then.settings["source"]["session"], output_dir=session.output_dir)
    settings = settings_of(then.fingerprint, api_key, **{**then.settings.get("calls", {}), **calls})
    engine, client = open_judge(settings, then.fingerprint["locale"])
    job, _ = _job(baseline, then.settings["source"], engine)
    return launch(job, session.output_dir, running, client=client, showing=showing)


def _probes(names: Iterable[str] | None) -> list[Probe]:
    given = list(Probe) if names is None else [names] if isinstance(names, str) else list(names)
    unknown = [str(name) for name in given if name not in list(Probe)]
    if unknown or not given:
        raise InputError(f"probes: {', '.join(unknown) or 'none given'}; known are {', '.join(Probe)}")
    return [probe for probe in Probe if probe in given]


def _baseline(
    evaluator: ProductFeedEvaluator, feed: Feed, options: dict[str, Any], *, n: int, seed: int
) -> tuple[RunSettings, Showing, Session]:
    """Judge the products as they stand."""
    audit, running, rest = sorted_options(options, evaluator.locale)
    engine, client = evaluator.open_engine(rest.get("max_in_flight"))
    source = FeedSource.of(feed, rest.get("limit"))
    positions = draw(_categories(AuditJob(source.products, engine, settings=audit, source={})), n, seed=seed)
    few = [product for position, product in enumerate(source.products()) if position in positions]
    about = {"kind": "a sample that probe_judge drew (the same call goes on with it)", "aside": True}
    job = AuditJob(lambda: few, engine, settings=audit, source=about)
    showing = Showing(rest.get("progress"), True)
    run = launch(job, evaluator.output_dir, running, client=client, showing=showing)
    run.block()
    baseline = run.session()
    if baseline.status is not Status.FINISHED:
        counts = baseline.progress.counts
        raise SessionError(
            f"session {baseline.id}, in which the products are judged as they stand, was stopped at {counts.done:,} of "
            f"{counts.total:,}: nothing is planted before its end. The same call goes on with it."
        )
    return running, showing, baseline


def _categories(job: AuditJob) -> Iterator[tuple[int, str]]:
    """Yield position and category of each product, those of the same content once."""
    seen: set[str] = set()
    for record in job.records():
        if record.content_hash not in seen:
            seen.add(record.content_hash)
            yield record.index, record.payload.category


def _job(baseline: Session, source: Mapping[str, Any], engine: Engine) -> tuple[RejudgeJob, ProbePlan]:
    """Return the job that judges the changed products, and what was changed: both follow from baseline and source."""
    # A repeat has to be the baseline's request, letter by letter.
    engine.go_on_as(baseline.progress.fingerprint)
    locale = baseline.progress.fingerprint["locale"]
    pool = Pool(known_products(baseline), language=locale.replace("_", "-").split("-")[0].lower())
    plan = plan_probes(pool, {Probe(p): PLANTERS[Probe(p)] for p in source["probes"]}, seed=source["seed"])
    if not plan.variants:
        raise InputError(f"session {baseline.id}: no case can be planted in its products; take more of them, with n=")
    cases = [case_of_variant(variant) for variant in plan.variants]
    return RejudgeJob(lambda: cases, engine, locale=locale, source=source, kind=JobKind.PROBE), plan


def _what_is_left(running: RunSettings, baseline: Session) -> RunSettings:
    """Return the settings of the second session: it has what the first one left of the budget."""
    if running.budget_usd is None:
        return running
    left = running.budget_usd - (baseline.progress.cost_usd or 0.0)
    if left <= 0:
        raise BudgetReached(
            f"Judging the products as they stand has used up budget_usd={running.budget_usd}: nothing is left to "
            "change them and ask again. Raise it; the same call goes on."
        )
    return running.model_copy(update={"budget_usd": left})
