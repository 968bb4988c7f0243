"""Addresses of output folders that do not lie on this machine, such as `s3://bucket/prefix`, and what stands for them.

What is written to an address is worked on in a folder of this machine first, its scratch folder, one for each address:

    ~/.feedeval/scratch/s3/shop/audits                     of  s3://shop/audits
    ~/.feedeval/scratch/s3@127.0.0.1%3A9000/shop/audits    of the same bucket at another endpoint

Either leads to the other, so that a path below a scratch folder is as good a name as the address. The environment's
`FEEDEVAL_SCRATCH` names another place than `~/.feedeval`. A scratch folder may hold the only copy of what was paid for;
what was only fetched lies beside it in `cache`, laid out alike, and may be deleted at any time.

An address never carries a secret: one with a user, a password or a query is refused, and not repeated in the message.
Options of a store, its keys among them, are kept in memory alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from feedeval.errors import InputError

# Two letters at least: `C:/output` is a folder. A `Path` made of an address has lost a slash.
_ADDRESS = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]+):/(?P<rest>.*)", re.DOTALL)
_LOCAL = frozenset({"file", "local"})
_UNWRITABLE = frozenset({"http", "https"})
_CONTAINER_FIRST = frozenset({"abfs", "abfss"})
"""Protocols that name a container before an `@`, where others have a user."""
_SCRATCH, _CACHE = "scratch", "cache"

_options: dict[str, dict[str, Any]] = {}


def is_address(value: object) -> bool:
    """Say whether a value is the address of a folder, such as `s3://bucket/prefix`, rather than a path."""
    return isinstance(value, str | Path) and _ADDRESS.fullmatch(str(value)) is not None


def normal(address: str | Path) -> str:
    """Return an address in the one form that it is compared and shown in.

    Raises:
        InputError: It holds a user, a password or a query, or nothing can be written there.
    """
    match = _ADDRESS.fullmatch(str(address))
    if match is None:
        raise InputError(f"{str(address)!r} is not an address such as s3://bucket/prefix")
    protocol, rest = match["protocol"].lower(), match["rest"]
    place = rest.lstrip("/").partition("/")[0]
    if "?" in rest or ("@" in place and protocol not in _CONTAINER_FIRST) or ":" in place.rpartition("@")[0]:
        raise InputError(
            f"an address that begins with {protocol}:// has a user, a password or a query in it: name the folder "
            "alone, and give keys by the environment or by storage_options="
        )
    parts = [part for part in rest.split("/") if part]
    if protocol in _UNWRITABLE or not parts or {".", ".."} & set(parts) or set("*[]") & set(rest):
        raise InputError(f"{protocol}://{'/'.join(parts)} is no folder that sessions can be written to")
    return f"{protocol}://{'/' if protocol in _LOCAL else ''}{'/'.join(parts)}"


def local_path(address: str) -> Path | None:
    """Return the folder of this machine that a `file://` address means; None for any other."""
    protocol, _, rest = normal(address).partition("://")
    return Path(unquote(rest)) if protocol in _LOCAL else None


def use_storage(address: str, **options: Any) -> None:
    """Say with which options the store of an address, and of all addresses below it, is opened in this process.

    They are those of fsspec's file system for that store, such as `key`, `secret`, `endpoint_url` or `profile` for S3.
    Where nothing is said, the libraries look at the environment and at their own files, as they do everywhere. What is
    given here is kept in memory only.

    Args:
        address: Such as `s3://bucket/prefix`, or `s3://bucket` for all that is in it.
        **options: The options; without any, what was said before is forgotten.
    """
    if options:
        _options[normal(address)] = options
    else:
        _options.pop(normal(address), None)


def options_for(address: str) -> Mapping[str, Any]:
    """Return the options that were given for an address or one above it, the nearest first."""
    wanted = normal(address)
    fitting = [base for base in _options if wanted == base or wanted.startswith(f"{base}/")]
    return _options[max(fitting, key=len)] if fitting else {}


def home() -> Path:
    """Return the folder of this machine that scratch folders and fetched files are in."""
    named = os.environ.get("FEEDEVAL_SCRATCH")
    return (Path(named) if named else Path.home() / ".feedeval").resolve()


def scratch_folder(address: str) -> Path:
    """Return the folder of this machine in which what goes to an address is worked on."""
    return home() / _SCRATCH / _below(address)


def cache_folder(address: str) -> Path:
    """Return the folder of this machine in which what was fetched from an address is kept."""
    return home() / _CACHE / _below(address)


def address_of(path: Path) -> str | None:
    """Return the address that a scratch folder stands for; None for any other folder."""
    # Of nearly all folders that says it, and links need not be followed.
    if _SCRATCH not in path.absolute().parts:
        return None
    try:
        store, *parts = path.resolve().relative_to(home() / _SCRATCH).parts
    except (ValueError, OSError, RuntimeError):  # not below it, or no path that could be followed
        return None
    return f"{store.partition('@')[0]}://{'/'.join(map(unquote, parts))}" if parts else None


def shown(folder: str | Path) -> str:
    """Return a folder as people know it: where it stands for an address, that."""
    if isinstance(folder, Path) and (address := address_of(folder)):
        return address
    return normal(folder) if is_address(folder) else str(folder)


def _below(address: str) -> Path:
    protocol, _, rest = normal(address).partition("://")
    place = str(os.getpid()) if protocol == "memory" else _endpoint(protocol, options_for(address))
    store = f"{protocol}@{quote(place, safe='')}" if place else protocol
    return Path(store, *(quote(part, safe="") for part in rest.split("/")))


def _endpoint(protocol: str, options: Mapping[str, Any]) -> str:
    """Return what tells a store from another of the same protocol: two may have a bucket of one name."""
    client = options.get("client_kwargs") or {}
    named = options.get("endpoint_url") or client.get("endpoint_url") or options.get("account_name")
    if named is None and protocol in ("s3", "s3a"):
        named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not named:
        return ""
    # Without the user that an endpoint's URL may hold.
    return urlsplit(str(named)).netloc.rpartition("@")[2] or str(named)
