"""What a person can change where a run is paused for it: a field for the budget, the key or the model.

A key is taken out of its field at once, as a page may save the state of its widgets.
"""

from __future__ import annotations

from typing import Any

import ipywidgets
from pydantic import SecretStr

from feedeval.errors import InputError
from feedeval.formatting import money
from feedeval.notebook.widgets import answering, close
from feedeval.run.progress import Need, Snapshot

_WIDTH = "18em"
_KEY_TAKEN = "taken; it stays in memory"
_ONCE_MORE = "or press Resume once more if that was mended at the endpoint."


class Remedies:
    """The field for what is needed, laid out as one row that is empty while nothing is."""

    def __init__(self) -> None:
        self.row = ipywidgets.HBox(layout={"flex_flow": "row wrap", "align_items": "center", "display": "none"})
        self._need = Need.NOTHING
        self._was: float | str = ""
        self._field: Any = None
        self._key: SecretStr | None = None
        self._warned = False

    def offer(self, snapshot: Snapshot) -> None:
        """Show the field for what is needed now; the same one stays as it is, with what was typed."""
        need = snapshot.needs if snapshot.needs_person else Need.NOTHING
        if need is self._need:
            return
        self._need, self._warned, self._key = need, False, None
        old, self.row.children = self.row.children, ()
        for widget in old:
            close(widget)
        self._field = None
        if need is not Need.NOTHING:
            self._field = self._made(need, snapshot)
            self.row.children = (self._field,)
        self.row.layout.display = None if need is not Need.NOTHING else "none"

    def changes(self) -> dict[str, Any]:
        """Return what was changed, for `resume`.

        Raises:
            InputError: Nothing was, in words that say what is needed.
        """
        if self._need is Need.BUDGET:
            return {"budget_usd": self._budget()}
        if self._need is Need.KEY:
            self._take_key()
            if self._key is not None:
                return {"api_key": self._key.get_secret_value()}
            return self._unchanged("another key is needed: enter it in the field beside Resume,")
        if self._need is Need.MODEL:
            name = self._field.value.strip()
            if name and name != self._was:
                return {"model": name}
            return self._unchanged(f"the endpoint does not know the model {self._was!r}: enter another name,")
        return {}

    def _unchanged(self, text: str) -> dict[str, Any]:
        if self._warned:
            return {}
        self._warned = True
        raise InputError(f"{text} {_ONCE_MORE}")

    def _budget(self) -> float:
        given = float(self._field.value or 0.0)
        if given <= float(self._was or 0.0):
            raise InputError(
                f"a higher budget is needed: enter more than {money(float(self._was or 0.0))} in the field, then press "
                "Resume"
            )
        return given

    def _made(self, need: Need, snapshot: Snapshot) -> Any:
        style, layout = {"description_width": "initial"}, {"width": _WIDTH, "max_width": "100%"}
        common = {"style": style, "layout": layout}
        if need is Need.BUDGET:
            self._was = snapshot.budget_usd or 0.0
            return answering(
                ipywidgets.BoundedFloatText(
                    value=self._was, min=0.0, max=1e9, step=0.5, description="New budget, dollars:", **common
                )
            )
        if need is Need.MODEL:
            self._was = snapshot.engine
            return answering(ipywidgets.Text(value=snapshot.engine, description="Model:", **common))
        self._was = ""
        field = answering(
            ipywidgets.Password(description="API key:", placeholder="another key", continuous_update=False, **common)
        )
        field.observe(lambda _: self._take_key(), "value")
        return field

    def _take_key(self) -> None:
        typed = self._field.value.strip() if self._field is not None and self._need is Need.KEY else ""
        if typed:
            self._key = SecretStr(typed)
            self._field.value, self._field.placeholder = "", _KEY_TAKEN
