"""A folder that is there and takes no files is refused at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from feedeval.errors import StorageError
from feedeval.run.runner import start
from tests.run.jobs import QuickJob


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_a_folder_of_the_system_is_refused_and_said_to_be_one() -> None:
    with pytest.raises(StorageError, match="a folder of the system, in which no files can be made"):
        start(QuickJob(3), Path("/proc"))
