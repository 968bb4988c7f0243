"""What is asked of a store of objects, and how fsspec's file systems give it.

An object has a name and a content, and is put whole: whoever looks finds the old one or the new one. More is not asked,
but for the two conditional puts that a lease stands on. Where the library behind an address has none, `is_conditional`
is False, and of two that put at the same moment the later one wins.
"""

from __future__ import annotations

import copy
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

from feedeval.errors import InputError, StorageError
from feedeval.storage.addresses import normal, options_for

_KEYS_OF_TAGS = ("ETag", "etag", "md5Hash", "content_settings", "created", "LastModified", "last_modified", "mtime")
_KEYS_OF_TIMES = ("LastModified", "last_modified", "updated", "mtime", "created")
_PRECONDITION = frozenset({409, 412})
_UNSUPPORTED = 501
_SECRETS = ("key", "secret", "token", "password", "credential", "sas", "connection_string")
_OF_LIBRARIES = ("AWS_", "AZURE_", "GOOGLE_", "GCS")
"""How the names of variables begin that the libraries read keys from."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as a listing tells of it."""

    size: int
    tag: str
    """Another one means another content."""
    changed_s: float
    """When it was put, in seconds since 1970 by the store's clock; 0 where the store does not say."""


class Objects(Protocol):
    """The objects under one address. Safe to use from several threads. What goes wrong is a `StorageError`."""

    address: str
    is_conditional: bool
    """Whether `create` and `replace` are settled by the store."""

    def below(self, name: str) -> Objects:
        """Return the objects of a folder that is one deeper."""

    def listed(self) -> dict[str, ObjectInfo]:
        """Return all objects by their names; those of deeper folders left out."""

    def get(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of those objects that are there."""

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Put objects, in any order."""

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; those that are not there are passed over."""

    def tagged(self, name: str) -> tuple[bytes, str] | None:
        """Return the content of an object and its tag; None where it is not there."""

    def create(self, name: str, data: bytes) -> str | None:
        """Put an object unless there is one of this name; return its tag, None where there was."""

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        """Put an object in the place of the one that has this tag; return the new tag, None where it has another."""


class FsspecObjects:
    """The objects under an address, by fsspec's file system for it."""

    is_conditional = False

    def __init__(self, address: str, file_system: Any, options: Mapping[str, Any] | None = None) -> None:
        """Use `open_objects`."""
        self.address = address
        self._fs = file_system
        self._root = str(file_system._strip_protocol(address)).rstrip("/")
        of_libraries = {name: said for name, said in os.environ.items() if name.startswith(_OF_LIBRARIES)}
        self._hidden = tuple(_secrets({**of_libraries, **(options or {})}))

    def below(self, name: str) -> Self:
        """Return the objects of a folder that is one deeper."""
        found = copy.copy(self)
        found.address, found._root = f"{self.address}/{name}", f"{self._root}/{name}"
        return found

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _tried(self, action: str, call: Callable[[], Any]) -> Any:
        """Return what a call to the library gives; whatever it raises says what could not be done, and no secret."""
        try:
            return call()
        except FileNotFoundError:
            raise
        except Exception as exc:  # each library has its own; none of them is known here
            raise self._fault(action, exc) from None

    def _fault(self, action: str, exc: BaseException) -> StorageError:
        said = " ".join((str(exc) or type(exc).__name__).split())
        for secret in self._hidden:
            said = said.replace(secret, "***")
        advice = "Check the keys and rights for this address" if isinstance(exc, PermissionError) else "Try again later"
        return StorageError(f"could not {action} {self.address}: {said.rstrip('.')}. {advice}; nothing saved is lost.")

    def listed(self) -> dict[str, ObjectInfo]:
        """Return all objects by their names."""
        self._fs.invalidate_cache()
        try:
            rows = self._tried("list", lambda: self._fs.ls(self._root, detail=True))
        except FileNotFoundError:
            return {}
        found = ((str(row["name"]).rpartition("/")[2], row) for row in rows if row["type"] == "file")
        return {name: _info(row) for name, row in found if name}

    def get(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of those objects that are there."""
        paths = [self._path(name) for name in names]
        # Ranges from end to end: of all that reads several at once only this does not look first whether they exist.
        got = self._tried("read from", lambda: self._fs.cat_ranges(paths, None, None, on_error="return"))
        for content in got:
            if isinstance(content, Exception) and not isinstance(content, FileNotFoundError):
                raise self._fault("read from", content)
        return {name: data for name, data in zip(names, got, strict=True) if isinstance(data, bytes)}

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Put objects, in any order."""
        try:
            self._tried("write to", lambda: self._fs.pipe({self._path(n): data for n, data in objects.items()}))
        except FileNotFoundError as exc:
            raise self._fault("write to", exc) from None

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; those that are not there are passed over."""
        paths = [self._path(name) for name in names]
        try:
            if paths:
                self._tried("delete in", lambda: self._fs.rm(paths))
        except FileNotFoundError:
            for path in paths:
                self._delete_one(path)

    def _delete_one(self, path: str) -> None:
        try:
            self._tried("delete in", lambda: self._fs.rm_file(path))
        except FileNotFoundError:
            return

    def tagged(self, name: str) -> tuple[bytes, str] | None:
        """Return the content of an object and what tells it from another."""
        data = self.get([name]).get(name)
        return None if data is None else (data, _digest(data))

    def create(self, name: str, data: bytes) -> str | None:
        """Put an object unless there is one of this name."""
        with _one_at_a_time:
            if self.tagged(name) is not None:
                return None
            self.put({name: data})
        return _digest(data)

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        """Put an object in the place of the one that has this tag."""
        with _one_at_a_time:
            there = self.tagged(name)
            if there is None or there[1] != tag:
                return None
            self.put({name: data})
        return _digest(data)


class MemoryObjects(FsspecObjects):
    """The objects under a `memory://` address, which no other process sees."""

    # Whoever puts is in this process and waits for the lock.
    is_conditional = True


class S3Objects(FsspecObjects):
    """The objects under an `s3://` address: the conditional puts are S3's own `If-None-Match` and `If-Match`."""

    is_conditional = True

    def tagged(self, name: str) -> tuple[bytes, str] | None:
        """Return the content of an object and its ETag."""
        if not self.is_conditional:
            return super().tagged(name)
        while True:
            # Head, content, head: what was read has the tag that stood before and after.
            before = self._etag(name)
            data = self.get([name]).get(name) if before is not None else None
            if before is None or data is None:
                return None
            if before == self._etag(name):
                return data, before

    def _etag(self, name: str) -> str | None:
        try:
            info = self._tried("read from", lambda: self._fs.info(self._path(name), refresh=True))
        except FileNotFoundError:
            return None
        return str(info["ETag"]) if info["type"] == "file" else None

    def create(self, name: str, data: bytes) -> str | None:
        """Put an object unless there is one of this name."""
        return self._put_if(name, data, {"IfNoneMatch": "*"}, lambda: super(S3Objects, self).create(name, data))

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        """Put an object in the place of the one that has this tag."""
        return self._put_if(name, data, {"IfMatch": tag}, lambda: super(S3Objects, self).replace(name, data, tag))

    def _put_if(
        self, name: str, data: bytes, condition: dict[str, str], otherwise: Callable[[], str | None]
    ) -> str | None:
        if not self.is_conditional:
            return otherwise()
        bucket, key, _ = self._fs.split_path(self._path(name))
        try:
            done = self._fs.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **condition)
        except Exception as exc:  # as in `_tried`
            status = _http_status(exc)
            gone = status == 404 and "IfMatch" in condition
            if gone or status in _PRECONDITION or isinstance(exc, FileExistsError):
                return None
            if status == _UNSUPPORTED:
                # An older store that speaks S3. What is there has other tags from now on, so that the caller asks anew.
                self.is_conditional = False
                return otherwise() if "IfNoneMatch" in condition else None
            raise self._fault("write to", exc) from None
        return str(done["ETag"])


def open_objects(address: str) -> Objects:
    """Return the objects under an address, by the options that were given for it.

    Raises:
        InputError: The package for it is missing, or the options do not fit.
    """
    address = normal(address)
    options = dict(options_for(address))
    protocol = address.partition("://")[0]
    try:
        import fsspec
    except ImportError as exc:
        raise InputError(f'{address} needs the package fsspec: pip install "feedeval[cluster]"') from exc
    # A listing that the library remembers would hide what another machine has put since.
    listing = {"use_listings_cache": False}
    try:
        file_system = fsspec.filesystem(protocol, **{**listing, **options})
    except ImportError as exc:
        package = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
        named = package.get(protocol, "that fsspec names for it")
        pip = 'pip install "feedeval[cluster]"' if named == "s3fs" else f"pip install {named}"
        raise InputError(f"{address} needs the package {named}: {pip}") from exc
    except ValueError as exc:
        raise InputError(f"{protocol}:// is no protocol that fsspec knows: s3, gs, az and memory are some") from exc
    except TypeError:
        raise InputError(f"{address} cannot be opened with the options {', '.join(sorted(options))}") from None
    kinds = {"s3": S3Objects, "s3a": S3Objects, "memory": MemoryObjects}
    return kinds.get(protocol, FsspecObjects)(address, file_system, options)


_one_at_a_time = threading.Lock()
"""Held between the look and the put of those whose store does not settle it: within this process at least."""


def _info(row: Mapping[str, Any]) -> ObjectInfo:
    tags = [f"{key}={row[key]}" for key in _KEYS_OF_TAGS if row.get(key) is not None]
    moments = (row[key] for key in _KEYS_OF_TIMES if row.get(key) is not None)
    return ObjectInfo(int(row["size"] or 0), "|".join((*tags, str(row["size"]))), _seconds(next(moments, 0.0)))


def _seconds(moment: Any) -> float:
    if isinstance(moment, datetime):
        return moment.timestamp()
    if isinstance(moment, str):
        try:
            return datetime.fromisoformat(moment).timestamp()
        except ValueError:
            return 0.0
    return float(moment)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _http_status(exc: BaseException) -> int | None:
    for each in (exc, exc.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
    return None


def _secrets(options: Mapping[str, Any]) -> Iterable[str]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _secrets(value)
        elif isinstance(value, str) and len(value) > 3 and any(word in name.lower() for word in _SECRETS):
            yield value
