"""A cell that keeps its kernel busy until it is told to end."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from tests.e2e.support import until

ANSWERS_WHILE_BLOCKED = int(version("ipykernel").split(".")[0]) >= 7
"""Earlier kernels hear of a click once the cell that blocks them is over."""


class Busy:
    """A cell that says by a file that it blocks, and ends when another file is there.

    Args:
        folder: Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._blocks, self._end = folder / "blocks", folder / "end"
        self.cell = f"""import pathlib, time
pathlib.Path({str(self._blocks)!r}).touch()
while not pathlib.Path({str(self._end)!r}).exists():
    print("busy"); time.sleep(0.1)"""

    def wait_until_it_is(self) -> None:
        """Wait until the cell blocks the kernel."""
        until(self._blocks.exists, "the cell that blocks")

    def end(self) -> None:
        """Let the cell end."""
        self._end.touch()
