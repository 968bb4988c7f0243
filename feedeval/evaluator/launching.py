"""Whom a run asks, and the start of a run of any job: shared by everything that people start."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakValueDictionary

from pydantic import SecretStr

from feedeval.errors import InputError, SessionLocked
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.options import CHANGEABLE
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.model.settings import ModelSettings
from feedeval.notebook.panel.choose_reporters import reporters_for
from feedeval.records.delivery import Courier, Delivery
from feedeval.run.job import Job
from feedeval.run.progress import Reporter
from feedeval.run.runner import Hooks, Run, plan_of, start
from feedeval.run.settings import RunSettings
from feedeval.run.telling.beginning import Beginning
from feedeval.run.telling.planning import Planning
from feedeval.storage.paths import SessionPaths, session_paths

if TYPE_CHECKING:
    from feedeval.jobs.shadow.classifier import Classifier
    from feedeval.model.client import ModelClient

DEFAULT_MODEL = "gpt-4o-mini"
OFFLINE = OfflineEngine.name
OFFLINE_WORKERS = 8
"""The embedded engine never waits, so a few records under way keep it busy."""

_NEARLY = 0.7
"""How much alike two names are of which one is taken for a typing error of the other, as difflib measures it."""

_live: WeakValueDictionary[Hashable, EvaluationRun] = WeakValueDictionary()
"""The runs of this process, by the identity of their sessions."""


def default_model(api_key: str | None, base_url: str | None) -> str:
    """Return the model where none is named: the embedded engine, unless a key or an endpoint is given."""
    given = api_key or base_url or os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")
    return DEFAULT_MODEL if given else OFFLINE


def check_key(settings: ModelSettings) -> None:
    """Make sure that there is a key for the endpoint, or none is needed.

    Raises:
        InputError: There is none, or it cannot be used. Where the model's name is nearly that of the embedded engine it
            says so.
    """
    try:
        settings.key()
    except InputError as exc:
        if get_close_matches(settings.model.casefold(), [OFFLINE], cutoff=_NEARLY):
            raise InputError(
                f"model={settings.model!r} looks like a typing error: the embedded engine is {OFFLINE!r}. A model of "
                f"the name that was given needs a key. {exc}"
            ) from exc
        raise


def open_client(settings: ModelSettings | None, max_in_flight: int | None = None) -> ModelClient | None:
    """Return a new client with these settings; None where there are none, as with the embedded engine."""
    if settings is None:
        return None
    # The SDK takes longer to import than all the rest, and the embedded engine does without it.
    from feedeval.model.client import ModelClient

    changes = {} if max_in_flight is None else {"max_in_flight": max_in_flight}
    return ModelClient(ModelSettings(**{**dict(settings), **changes}))


class Showing(NamedTuple):
    """How a run is shown."""

    progress: str | None = None
    """One of `notebook.panel.choose_reporters.WAYS`; None: what suits the place."""
    blocking: bool = False
    """The caller waits for the end, so that the run is to be shown at once."""
    reporters: Sequence[Reporter] | None = None
    """Those that are there already, such as the panel of what came before; None: what `progress` says."""


def classifier_of(client: ModelClient | None) -> Classifier:
    """Return who classifies images: a model, or the embedded engine where nobody makes calls."""
    if client is None:
        # Imported here: it stands on numpy and a table of colours that a model does without.
        from feedeval.jobs.shadow.colour_classifier import ColourClassifier

        return ColourClassifier()
    # Imported here: it leads to the SDK's dialects.
    from feedeval.jobs.shadow.model_classifier import ModelClassifier

    return ModelClassifier(client)


def launch(
    job: Job,
    output_dir: Path,
    settings: RunSettings,
    *,
    client: ModelClient | None,
    showing: Showing,
) -> EvaluationRun:
    """Start a run of `job`, or find the one that this process has going.

    Args:
        job: What to do.
        output_dir: Folder of the sessions.
        settings: How to go through the records.
        client: Who makes the calls; None: nobody, as with the embedded engine.
        showing: How the run is shown.

    Raises:
        InputError: There is a budget and no price, nobody can carry parts, or as `run.runner.start`.
        SessionLocked: Another process or kernel works on the same session.
    """
    check_price(settings, client)
    if "max_workers" not in settings.model_fields_set:
        workers = OFFLINE_WORKERS if client is None else client.settings.max_in_flight
        settings = settings.model_copy(update={"max_workers": workers})
    reporters = showing.reporters
    if reporters is None:
        reporters = reporters_for(showing.progress, blocking=showing.blocking)
    courier = _courier(client, settings.delivery)
    hooks = Hooks(on_change=None if client is None else changer(client), courier=courier)
    found: list[EvaluationRun] = []
    returned = threading.Event()

    def begin(sitting: RunSettings, planning: Planning) -> Run:
        try:
            return start(job, output_dir, sitting, reporters=reporters, hooks=replace(hooks, planning=planning))
        except SessionLocked as exc:
            # Running the cell again finds the run that goes on: it is shown once more, and no second one starts.
            live = live_run(session_paths(output_dir, exc.session))
            if live is None:
                raise
            found.append(live)
            return live.shared(reporters if returned.is_set() else ())

    def starter(changes: Mapping[str, Any]) -> Beginning:
        sitting = settings.model_copy(update={n: v for n, v in changes.items() if n in RunSettings.model_fields})
        calls = {name: value for name, value in changes.items() if name not in RunSettings.model_fields}
        if client is not None:
            client.narrow(None)  # a run that was stopped before left it closed
            if calls:
                client.update(**usable(calls))
                check_price(sitting, client)
        return Beginning(lambda planning: begin(sitting, planning), plan_of(job, output_dir, sitting))

    run = EvaluationRun(starter, reporters, begun=remember)
    returned.set()
    if not found:
        return run
    if showing.blocking:
        found[0].display()
    return found[0]


def check_price(settings: RunSettings, client: ModelClient | None) -> None:
    """Make sure that a cap can be kept.

    Raises:
        InputError: There is a cap and no price.
    """
    if settings.budget_usd is not None and client is not None and not client.price_known:
        raise InputError(
            f"budget_usd={settings.budget_usd}: no price is known for the model {client.settings.model!r}"
            f"{f' at the tier {tier.value}' if (tier := client.settings.service_tier) else ''}; give "
            "input_price and output_price (dollars for a million tokens)"
        )


def remember(handle: EvaluationRun, run: Run) -> None:
    """Keep the handle of a run, for whoever starts the same once more."""
    paths = session_paths(run.output_dir, run.sid)
    # A second handle on a run that goes on leaves the first one where it is.
    if live_run(paths) is None:
        _live[paths.identity] = handle


def usable(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of calls as the client takes them."""
    key = changes.get("api_key")
    return {**changes, **({"api_key": SecretStr(key)} if isinstance(key, str) else {})}


def _courier(client: ModelClient | None, delivery: Delivery) -> Courier | None:
    """Return who carries requests in parts; also for a run that asks live, as its session may have parts out.

    Raises:
        InputError: Parts are asked for, and there is nobody to carry them.
    """
    if client is None:
        if delivery is Delivery.BATCH:
            raise InputError("delivery='batch': the embedded engine answers at once and for nothing; leave it out")
        return None
    if client.settings.deployment is not None and delivery is Delivery.LIVE:
        return None
    # Imported here, as the client is: it stands on the SDK.
    from feedeval.model.batch_api import BatchApi

    return BatchApi(client)


def live_run(paths: SessionPaths) -> EvaluationRun | None:
    """Return the run of a session that this process has going, or None."""
    found = _live.get(paths.identity)
    return None if found is None or found.done else found


def changer(client: ModelClient) -> Callable[[Mapping[str, Any]], None]:
    """Return what changes the client's settings in the middle of a run, where results do not depend on them."""
    free = {"api_key", "timeout_s", "max_retries", "max_in_flight", "delay_s", "max_output_tokens", *CHANGEABLE}
    free |= {"input_price", "output_price", "cached_price"}

    def change(changes: Mapping[str, Any]) -> None:
        if fixed := set(changes) - free:
            raise InputError(
                f"{', '.join(sorted(fixed))} cannot be changed in the middle of a run, because results depend on it; "
                f"what can: budget_usd, {', '.join(sorted(free))}"
            )
        client.update(**usable(changes))

    return change
