"""Shadow mode, wired together: labelled images in, what a classifier would have said beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import pandas as pd
from pydantic import Field, SecretStr

from feedeval.errors import InputError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.launching import OFFLINE, Showing, check_key, classifier_of, default_model, launch, open_client
from feedeval.evaluator.options import DeliveryOptions, calls_of, delivery_of
from feedeval.jobs.shadow.job import ShadowJob, ShadowSettings
from feedeval.jobs.shadow.label_table import LabelTable, labels_again
from feedeval.model.settings import ModelSettings
from feedeval.results.session import Session
from feedeval.run.settings import HealthSettings, RunSettings
from feedeval.storage.paths import folder_path
from feedeval.storage.shards import SHARDS, Shards

if TYPE_CHECKING:
    from feedeval.jobs.shadow.classifier import Classifier
    from feedeval.model.client import ModelClient

Labels = Any
"""A path, an http(s) address, bytes or an open file with a CSV or TSV, or a frame."""

_CALLS_KEPT = (
    *("delay_s", "max_retries", "timeout_s", "max_in_flight", "max_output_tokens", "input_price", "output_price"),
    *("cached_price", "service_tier", "flex_fallback"),
)
"""Settings of the calls that a session goes on with."""


class _ShadowRunSettings(RunSettings):
    """Batches of images are larger than those of products: their results are short."""

    batch_size: int = Field(default=50, ge=1, le=1000)
    health: HealthSettings = HealthSettings(batch_advice=False)


_CALLS = (*_CALLS_KEPT, "temperature", "reasoning_effort", "seed", "extra_headers", "extra_body")
_WHOM = ("model", "api_key", "base_url", "api_version", "azure_deployment")


class ShadowOptions(DeliveryOptions, total=False):
    """What can be said of a shadow run; defaults stand in `ShadowSettings`, `RunSettings` and `ModelSettings`."""

    name: str | None
    columns: Mapping[str, str] | None
    context: Sequence[str] | None
    image_dir: str | Path | None
    fetch_images: bool
    max_image_side: int
    batch_size: int
    delay_s: float
    max_retries: int
    timeout_s: float
    max_in_flight: int | None
    temperature: float | None
    max_output_tokens: int
    input_price: float
    output_price: float
    cached_price: float
    service_tier: Literal["auto", "default", "flex", "priority"] | None
    flex_fallback: Literal["wait", "default"]
    reasoning_effort: str | None
    seed: int | None
    extra_headers: Mapping[str, str | SecretStr] | None
    extra_body: Mapping[str, Any] | None
    api_version: str | None
    azure_deployment: str | None
    api_key: str | None
    base_url: str | None
    output_dir: str | Path
    budget_usd: float | None
    give_up_after_s: float | None
    resume: bool
    reuse: bool
    keep_calls: bool
    cache: bool
    cache_limit_mb: float
    limit: int | None
    session: str | None
    cluster: Any
    shard_size: int | None
    progress: Literal["widgets", "html", "tqdm", "text", "none"] | None


def run_shadow(
    labels: Labels,
    *,
    classes: Sequence[str] | None = None,
    model: str | None = None,
    **options: Unpack[ShadowOptions],
) -> pd.DataFrame:
    """Have every labelled image classified, and return a row a label; blocks, and Ctrl-C stops it cleanly.

    Takes what `start_shadow` takes. What is done when it stops is saved, and the same call goes on with it.

    Returns:
        A row a row of the table, in its order: line (Int64), filename, image_url, true_class (str), critical_hazard
        (boolean), the further columns by their names (str), predicted_class (str: a class or `unsure`; missing where
        the row failed), confidence (float64, 0 to 1), critical (boolean), critical_reason, severity, evidence, engine
        (str), cost_usd (float64), status (str: done, failed) and error (str). `fe.agreement` compares.

    Raises:
        RunFault: The run had to pause for something that a person has to mend, such as a wrong key.
        InputError: As `start_shadow`.
    """
    run = _started(labels, {**options, "classes": classes, "model": model}, blocking=True)
    run.block()
    return run.results()


def start_shadow(
    labels: Labels,
    *,
    classes: Sequence[str] | None = None,
    model: str | None = None,
    **options: Unpack[ShadowOptions],
) -> EvaluationRun:
    """Start classifying labelled images in the background, or go on with it; return at once.

    The labels themselves are never sent. A row that cannot be used (a column or value is missing, the label is not
    among the classes, the image is missing or broken, its path leads out of the folder) fails by itself with its line.

    Args:
        labels: A CSV or TSV (a path, an address, bytes or an open file) or a frame with the columns `filename`,
            `image_url` and `true_class`, perhaps `critical_hazard`, and others, which are sent along as context.
            `image_url` is an http(s) address, a path beside the file, or a data URI.
        classes: What can be answered; None: the labels that stand in the rows that can be read.
        model: As `ProductFeedEvaluator`; `offline` names colours.
        **options: `columns` (the table's own names to ours, such as `{"truth": "true_class"}`), `context` (further
            columns to send; None: all, but those that say what the label says), `image_dir` (folder of the images),
            `fetch_images` (fetch images from addresses and send them as data), `max_image_side` (16 to 4096 pixels,
            default 1024), `batch_size` (1 to 1000, default 50), `limit` (the first rows only), `delay_s` (pause
            between calls, for endpoints that do not say their limits), `max_retries`, `timeout_s`, `max_in_flight`,
            and the other settings of calls as `ProductFeedEvaluator` (`temperature`, `service_tier`,
            `reasoning_effort`, `api_version`, …); `api_key`, `base_url` and `output_dir` likewise; `budget_usd`,
            `resume`, `reuse`, `keep_calls`, `cache`, `name`, `session`, `progress`, `delivery`, `leftover`,
            `cluster` and `shard_size` as `ProductFeedEvaluator.start`; the workers of a cluster read the images
            themselves, so a folder of images has to be one that all of them see.

    Raises:
        InputError: The table cannot be read, has not the columns, or a setting cannot be used.
        SessionLocked: Another process or kernel works on the same session.
        StorageError: The output folder cannot be written.
    """
    return _started(labels, {**options, "classes": classes, "model": model}, blocking=False)


def resume_shadow(
    session: Session, labels: Labels = None, *, api_key: str | None = None, options: Mapping[str, Any]
) -> EvaluationRun:
    """Go on with a shadow session in the background, on the classifier and with the settings that it began with.

    Args:
        session: The session.
        labels: The table; None: read again from where it came.
        api_key: Key of the endpoint; None: the environment's.
        options: As `start_shadow`; only those that results do not depend on can differ.

    Raises:
        InputError: The session had other settings or rows, or its table cannot be read again.
    """
    then, progress = session.progress.fingerprint, session.progress
    source = progress.settings["source"]
    embedded = then["model"] == OFFLINE
    again: dict[str, Any] = {
        **progress.settings.get("calls", {}),
        **({} if embedded else calls_of(then)),
        "classes": then["classes"],
        "max_image_side": then["max_image_side"],
        "fetch_images": then["fetch_images"],
        "context": progress.settings["context"],
        **{name: source[name] for name in ("columns", "image_dir", "limit")},
        # A hard cap holds until a person sets another one, or None.
        "budget_usd": progress.budget_usd,
        **delivery_of(progress.settings),
        **options,
        "model": then["model"],
        "api_key": api_key,
        "output_dir": session.output_dir,
        "session": session.id,
    }
    if (told := progress.settings.get(SHARDS)) is not None:
        again["cluster"] = options.get("cluster") or told["cluster"]
    if labels is None:
        # The shards hold the whole table.
        labels = labels_again(source) if session.shards is None else session.shards
    return _started(labels, again, blocking=False)


def _started(labels: Labels, options: Mapping[str, Any], *, blocking: bool) -> EvaluationRun:
    left = dict(options)
    shadow = ShadowSettings(**_taken(left, ShadowSettings.model_fields))
    running = _ShadowRunSettings(**_taken(left, RunSettings.model_fields))
    table_options = _taken(left, ("columns", "limit", "image_dir"))
    calls = _taken(left, _CALLS)
    whom = _taken(left, _WHOM)
    output_dir = folder_path(left.pop("output_dir", "output"))
    showing = Showing(left.pop("progress", None), blocking)
    cluster, shard_size = left.pop("cluster", None), left.pop("shard_size", None)
    if cluster is None and shard_size is not None:
        raise InputError(f"shard_size={shard_size!r}: only a run on a cluster has shards; give cluster= as well")
    if left:
        known = ", ".join(sorted({**DeliveryOptions.__annotations__, **ShadowOptions.__annotations__}))
        raise InputError(f"{', '.join(left)}: no such setting; known are classes, model, {known}")
    classifier, client = _classifier(whom, calls)
    table = None if isinstance(labels, Shards) else LabelTable(labels, **table_options)
    origin = {"calls": {name: calls[name] for name in _CALLS_KEPT if name in calls}}
    if table is not None:
        origin = {"source": table.description, **origin}
    if table is not None and cluster is None:
        job = ShadowJob(table, classifier, settings=shadow, origin=origin)
        return launch(job, output_dir, running, client=client, showing=showing)
    # Imported here: nobody else needs it.
    from feedeval.evaluator.cluster.shadow_work import ShadowWork, StoredLabels
    from feedeval.evaluator.cluster.starting import OnCluster, start_on_cluster

    work = ShadowWork(StoredLabels(labels) if table is None else table, classifier, client, shadow, origin)
    return start_on_cluster(OnCluster(cluster, shard_size, work, output_dir), running, showing)


def _taken(options: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: options.pop(name) for name in names if name in options}


def _classifier(whom: Mapping[str, Any], calls: Mapping[str, Any]) -> tuple[Classifier, ModelClient | None]:
    """Return a new classifier, and its client where it makes calls."""
    api_key, base_url = whom.get("api_key"), whom.get("base_url")
    model = whom.get("model") or default_model(api_key, base_url)
    key = SecretStr(api_key) if api_key is not None else None
    given = {name: value for name, value in calls.items() if name != "max_in_flight" or value is not None}
    # The embedded engine makes no calls; a misspelt setting of them is refused all the same.
    place = {name: whom.get(name) for name in ("api_version", "azure_deployment")}
    settings = ModelSettings(model=model, base_url=base_url, api_key=key, **place, **given)
    if model == OFFLINE:
        return classifier_of(None), None
    check_key(settings)
    client = open_client(settings)
    return classifier_of(client), client
