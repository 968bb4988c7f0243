"""The command mcp: feeds and audits for an assistant that speaks MCP, on standard input and output."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from feedeval.cli.output import Exit
from feedeval.errors import InputError

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "let an assistant look at feeds and audits, as an MCP server on standard input and output"
    mcp = commands.add_parser("mcp", help=text, description=f"{text[0].upper()}{text[1:]}.")
    mcp.set_defaults(handler=mcp_command)
    mcp.add_argument("folders", nargs="+", metavar="FOLDER", help="a folder that may be read; nothing else is")
    mcp.add_argument("--output-dir", metavar="DIR", help="folder of the sessions (default: output in the first FOLDER)")
    mcp.add_argument("--debug", action="store_true", help="show the traceback of an error")


def mcp_command(arguments: Arguments) -> int:
    """Answer an assistant until it hangs up."""
    if importlib.util.find_spec("mcp") is None:
        raise InputError("feedeval mcp needs the package mcp: run `pip install 'feedeval[mcp]'`")
    from feedeval.assistant.desk import Desk
    from feedeval.assistant.places import Places
    from feedeval.assistant.server import serve

    places = Places(arguments.folders)
    serve(Desk(places, Path(arguments.output_dir or places.folders[0] / "output")))
    return Exit.DONE
