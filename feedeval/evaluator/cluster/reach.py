"""Whether workers reach a session that lies under an address: asked of all that are there, before they begin."""

from __future__ import annotations

import pickle

from feedeval.errors import FeedevalError, InputError
from feedeval.evaluator.cluster.crew import Crew
from feedeval.evaluator.cluster.messages import Sealed
from feedeval.evaluator.cluster.stores import options_of, place_name, use_options
from feedeval.storage.paths import SessionFolder, session_paths
from feedeval.storage.shards import Shards


def check_reach(crew: Crew, folder: SessionFolder, shards: Shards) -> None:
    """Make sure that the workers that are there now reach a session that lies under an address.

    Raises:
        InputError: One of them does not, and why; or what they have to be told cannot be sent.
    """
    if not folder.file_system.is_far:
        return
    options = options_of(folder)
    try:
        about = Sealed((place_name(folder), shards.paths.sid, shards.count, options))
    except (TypeError, AttributeError, pickle.PicklingError) as exc:
        raise InputError(
            f"the options of {folder.shown} ({', '.join(sorted(options or ()))}) hold what cannot be sent to workers: "
            "give plain values, or leave it to the environment of the workers"
        ) from exc
    if wrong := {worker: why for worker, why in crew.asked(unseen, about).items() if why}:
        worker, why = next(iter(wrong.items()))
        others = f" (and {len(wrong) - 1:,} more)" if len(wrong) > 1 else ""
        raise InputError(f"worker {worker}{others} cannot work on sessions in {folder.shown}: {why}")


def unseen(about: Sealed) -> str:
    """Return why this process does not reach a session; empty where it does. Runs on a worker."""
    address, sid, count, options = about.open()
    try:
        use_options(address, options)
        shards = Shards(session_paths(address, sid), count)
        shards.place.look_anew()
        if not shards.place.exists(shards.places_path(1)):
            return (
                f"it sees nothing of session {sid} there. Give workers the same endpoint and keys, by their "
                "environment or by fe.use_storage() where the audit is started"
            )
    except FeedevalError as exc:
        return str(exc)
    return ""
