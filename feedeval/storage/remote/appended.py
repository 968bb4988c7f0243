"""A file of a session in a store that is open for appending, and what is refused to who lost the session."""

from __future__ import annotations

from feedeval.errors import StorageError
from feedeval.storage.filesystem import AppendedFile
from feedeval.storage.remote.shipper import Shipper


class ShippedFile:
    """A file in the scratch folder that is open for appending, and of which its shipper is told when it has grown.

    Args:
        file: The file.
        shipper: That of its session.
        name: What it is called.
        stood: How many of its bytes stood in the store when it was opened.
    """

    def __init__(self, file: AppendedFile, shipper: Shipper, name: str, stood: int) -> None:
        self._file, self._shipper, self._name, self._stood = file, shipper, name, stood
        self.is_new = file.is_new

    @property
    def torn(self) -> bool:
        """Whether an append failed half way and what it left could not be taken back."""
        return self._file.torn

    def append(self, data: bytes) -> None:
        """Append bytes."""
        self._file.append(data)
        self._shipper.appended(self._name, self._stood)
        refuse_lost(self._shipper)

    def sync(self) -> None:
        """Make what was appended survive a power cut."""
        self._file.sync()

    def close(self) -> None:
        """Let go of the file without syncing it."""
        self._file.close()


def refuse_lost(shipper: Shipper) -> None:
    """Refuse to write what somebody else writes now.

    Raises:
        StorageError: The lease is lost.
    """
    if shipper.lost:
        raise StorageError(shipper.lost)
