"""Writes a session without end, saying over a connection what is safely down, until it is killed.

A word is said only after the store's method has returned, so whatever was said must be found after the kill.
"""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from feedeval.records import Counts
from feedeval.storage.paths import session_paths
from feedeval.storage.store import SessionStore
from tests.storage.sessions import make_batch, make_call, make_progress, request_hash

LONG = "x" * 200_000
"""Long enough that a kill may hit a line half written."""


def write_without_end(folder: Path, sid: str, listener: Connection) -> None:
    """Write; what a child process does."""
    with SessionStore.open(session_paths(folder, sid)) as store:
        done = store.scan().batches
        paid = store.read_calls()
        number = max(done, default=0)
        listener.send_bytes(b"open")
        while True:
            number += 1
            for index in range(3):
                name = f"{number}-{index}"
                if request_hash(name) not in paid:
                    store.append_call(number, make_call(name, text=LONG))
                    listener.send_bytes(f"call {name}".encode())
            if number % 5 == 0:
                store.sync_calls()
            store.write_batch(make_batch(sid, number, size=3))
            listener.send_bytes(f"batch {number}".encode())
            counts = Counts(total=10**6, done=number * 3)
            store.write_progress(make_progress(sid, total=10**6, size=3, batches_complete=number, counts=counts))
            listener.send_bytes(f"progress {number}".encode())
