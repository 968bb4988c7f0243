"""One pacer for all runs that ask the same endpoint with the same key."""

from __future__ import annotations

import collections
import hashlib
import secrets
import threading
import weakref

from feedeval.model.pace import LearnedPace
from feedeval.model.pacing import Pacer

MOST_PACES = 64

_shared: weakref.WeakValueDictionary[bytes, Pacer] = weakref.WeakValueDictionary()
_paces: collections.OrderedDict[bytes, LearnedPace] = collections.OrderedDict()
"""What was learned of endpoints outlives the runs that learned it: the newest `MOST_PACES`."""
_shared_lock = threading.Lock()
_salt = secrets.token_bytes(16)


def shared_pacer(endpoint: str, api_key: str | None) -> Pacer:
    """Return the pacer of this endpoint and key, the same for all runs of this process while one of them lives."""
    # A salted hash: the key itself must not be found in a global, nor be guessed from what is found there.
    name = hashlib.blake2b(f"{endpoint}\0{api_key or ''}".encode(), key=_salt, digest_size=16).digest()
    with _shared_lock:
        pacer = _shared.get(name)
        if pacer is None:
            pacer = _shared[name] = Pacer(pace=_paces.get(name))
        _paces[name] = pacer.pace
        _paces.move_to_end(name)
        if len(_paces) > MOST_PACES:
            _paces.popitem(last=False)
        return pacer
