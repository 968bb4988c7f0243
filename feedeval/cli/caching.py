"""The command cache, and the options of commands that use the cache of replies."""

from __future__ import annotations

import argparse
from typing import Any

from feedeval.cli.output import Exit, json_option, tell
from feedeval.formatting import plain

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    text = "say what the cache of replies holds, or delete it"
    cache = commands.add_parser("cache", parents=[common], help=text, description=f"{text[0].upper()}{text[1:]}.")
    cache.add_argument("--clear", action="store_true", help="delete all replies that it keeps")
    cache.set_defaults(handler=cache_command)
    json_option(cache)


def cache_options(command: argparse.ArgumentParser) -> None:
    """Add the options of a command whose replies can be kept."""
    add = command.add_argument
    add("--cache", action="store_true", help="keep replies for all sessions of the output folder: none is paid twice")
    add("--cache-limit-mb", type=float, metavar="MB", help="most that the cache keeps (default: 500)")


def caching(arguments: Arguments) -> dict[str, Any]:
    """Return what was said of the cache."""
    limit = {} if arguments.cache_limit_mb is None else {"cache_limit_mb": arguments.cache_limit_mb}
    return {"cache": arguments.cache or bool(limit), **limit}


def cache_command(arguments: Arguments) -> int:
    """Say what the cache holds, or delete it."""
    from feedeval.storage.paths import folder_path
    from feedeval.storage.reply_cache import cache_size, clear_cache

    folder = folder_path(arguments.output_dir)
    if arguments.clear:
        clear_cache(folder)
    count, size = (0, 0) if arguments.clear else cache_size(folder)
    kept = f"{count:,} {'reply' if count == 1 else 'replies'}, {size / 1e6:.1f} MB"
    state = "is empty" if arguments.clear else f"keeps {kept}"
    tell(
        lambda: f"The cache of replies in {plain(str(folder))} {state}.",
        lambda: {"output_dir": folder, "replies": count, "size_mb": size / 1e6},
    )
    return Exit.DONE
