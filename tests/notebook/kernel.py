"""A real kernel and what it says on its channels."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 120.0

Message = dict[str, Any]


class Kernel:
    """Runs cells, presses buttons, and keeps every message about outputs and widgets."""

    def __init__(self, manager: KernelManager) -> None:
        self._client = manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=BOUND_S)
        self.messages: list[Message] = []

    def close(self) -> None:
        self._client.stop_channels()

    def run(self, code: str) -> str:
        """Run a cell and return what it printed; fails where the cell fails."""
        request = self._client.execute(code)
        printed = ""
        for message in self._until(lambda m: _idle_after(m, request)):
            if message["parent_header"].get("msg_id") != request:
                continue
            assert message["msg_type"] != "error", "\n".join(message["content"]["traceback"])
            if message["msg_type"] == "stream":
                printed += message["content"]["text"]
        return printed

    def start(self, code: str) -> None:
        """Begin to run a cell."""
        self._client.execute(code)

    def wait_for(self, text: str) -> Message:
        """Wait until something with `text` is shown, in an output or in a widget, and return the message."""
        for message in self._until(lambda m: text in str(m["content"])):
            last = message
        return last

    def press(self, description: str) -> None:
        """Press the button whose words these are."""
        comm_id = next(
            message["content"]["comm_id"]
            for message in reversed(self.messages)
            if message["msg_type"] == "comm_open"
            and message["content"]["data"]["state"].get("description") == description
        )
        data = {"method": "custom", "content": {"event": "click"}}
        content = {"comm_id": comm_id, "data": data}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))

    def bundles(self, kind: str) -> list[dict[str, Any]]:
        """Return the contents of outputs: `display_data` or `update_display_data`."""
        return [message["content"]["data"] for message in self.messages if message["msg_type"] == kind]

    def _until(self, last: Callable[[Message], bool]) -> Iterator[Message]:
        until_s = time.monotonic() + BOUND_S
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=max(0.0, until_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the kernel did not say it within {BOUND_S:.0f} s") from None
            self.messages.append(message)
            yield message
            if last(message):
                return


def _idle_after(message: Message, request: str) -> bool:
    return (
        message["msg_type"] == "status"
        and message["content"]["execution_state"] == "idle"
        and message["parent_header"].get("msg_id") == request
    )


@contextmanager
def started_kernel(folder: Path) -> Iterator[Kernel]:
    """Start a kernel that finds this repository, in `folder`."""
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel(cwd=str(folder))
    try:
        kernel = Kernel(manager)
        kernel.run(f"import sys; sys.path.insert(0, {str(ROOT)!r})")
        yield kernel
        kernel.close()
    finally:
        manager.shutdown_kernel(now=True)
