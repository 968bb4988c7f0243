"""The options of commands that may share their work out to the workers of a cluster."""

from __future__ import annotations

import argparse
from typing import Any


def cluster_options(command: argparse.ArgumentParser, *, shards: str = "") -> None:
    """Add the options; those of shards where it is said what they are to be made of."""
    command.add_argument(
        "--cluster", metavar="N|ADDRESS", help="so many processes on this machine, or the address of a Dask scheduler"
    )
    if shards:
        command.add_argument("--shard-size", type=int, metavar="N", help=f"{shards} of a shard (default: as suits)")


def clustering(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of a cluster."""
    named: str | None = arguments.cluster
    # Whatever is no number is an address; whether one answers there is found out.
    cluster = int(named) if named is not None and named.isascii() and named.isdigit() else named
    found = {"cluster": cluster, "shard_size": getattr(arguments, "shard_size", None)}
    return {name: value for name, value in found.items() if value is not None}
