"""The box in which a feed is given: as a file, as text, or by where it lies."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from feedeval.app.boxes.columns import ColumnsBox
from feedeval.app.boxes.common import Line, PageStep, display, field, row
from feedeval.app.downloads import megabytes
from feedeval.app.feeds import SUFFIXES, UPLOAD_MB, Given, named, pasted, uploaded
from feedeval.app.render import Tone
from feedeval.errors import FeedError, InputError
from feedeval.notebook.widgets import answering, close, text_button

_UPLOAD, _PASTE, _PLACE = "Upload a file", "Paste text", "Path or address"
_HINTS = {
    _UPLOAD: (f"Up to {UPLOAD_MB} MB. A larger file does not get through to the app: {{instead}}."),
    _PASTE: "XML, JSON, or rows copied from a spreadsheet with their header.",
    _PLACE: "A file on the machine that runs this app, of any size, or an address that begins with https://.",
}
_CHOOSE = "Choose a feed file"
# The button counts the files that it holds, and is emptied as soon as one arrives: its count would mislead.
_WITHOUT_COUNT = (
    f'<style>.feedeval-upload{{font-size:0!important}}.feedeval-upload::after{{content:"{_CHOOSE}";'
    "font-size:var(--jp-widgets-font-size,13px)}.feedeval-upload i{font-size:var(--jp-widgets-font-size,13px)}</style>"
)
_LOST = (
    f"no file has arrived. Choose one of at most {UPLOAD_MB} MB, and wait for its name to appear here; a larger one is "
    "dropped on the way: {instead}"
)


class FeedBox:
    """Takes a feed.

    Args:
        read: Called when the feed that stands in the box is to be read.
        again: Called when it is to be read with what was said of its columns.
        places: Offer paths and addresses.
    """

    def __init__(self, read: Callable[[], None], again: Callable[[], None], *, places: bool) -> None:
        self._arrived: Given | None = None
        self.takes_workbook: Callable[[str, bytes], bool] = lambda name, content: False
        """Called with each file that arrives; says whether it is a workbook that was filled in."""
        self._empty = ""
        self.columns = ColumnsBox(again)
        self._read = read
        self._instead = f"compress it to .gz{', or give its path or address instead' if places else ''}"
        ways = [_UPLOAD, _PASTE, *([_PLACE] if places else [])]
        self._way = answering(ipywidgets.ToggleButtons(options=ways, style={"button_width": "auto"}))
        self._upload = self._new_upload()
        self._text = answering(
            ipywidgets.Textarea(
                placeholder="Paste the feed here",
                layout={"width": "calc(100% - 4px)", "height": "10em"},
                continuous_update=False,
            )
        )
        self._place = field(
            ipywidgets.Text, "Path or address", placeholder="feeds/shop.xml or https://…", continuous_update=False
        )
        self._upload_place = ipywidgets.VBox([self._upload])
        self._inputs = {_UPLOAD: self._upload_place, _PASTE: self._text, _PLACE: self._place}
        self._hint = Line()
        self.read_button = text_button("Read", "search", "Read the feed and show what is in it", self._press)
        self.line = Line()
        self.preview = Line()
        self._way.observe(lambda _: self._change_way(), "value")
        # Enter, or leaving the field.
        self._place.observe(lambda change: read() if change["new"] else None, "value")
        rows = [
            ipywidgets.HTML(_WITHOUT_COUNT),
            self._way,
            *self._inputs.values(),
            self._hint.widget,
            row(self.read_button, self.line.widget),
            self.columns.widget,
            self.preview.widget,
        ]
        self.step = PageStep(1, "The feed", rows)
        self._lay_out()

    def given(self) -> Given:
        """Return the feed that stands in the box.

        Raises:
            InputError: There is none.
        """
        if self._way.value == _PASTE:
            return pasted(self._text.value)
        if self._way.value == _PLACE:
            return named(self._place.value)
        if self._arrived is None:
            if self._empty:
                raise InputError(self._empty)
            raise InputError(_LOST.format(instead=self._instead))
        return self._arrived

    def _change_way(self) -> None:
        # What was wrong with a feed that was given otherwise says nothing of the one that comes now.
        if self.line.tone is Tone.PROBLEM:
            self.line.say(Tone.HINT, "")
        self._lay_out()

    def _press(self) -> None:
        # After a file that was dropped on the way, the page waits for an answer to it and sends no other one from the
        # same widget.
        old, self._upload = self._upload, self._new_upload()
        self._upload_place.children = (self._upload,)
        close(old)
        self._read()

    def _new_upload(self) -> ipywidgets.FileUpload:
        made = ipywidgets.FileUpload(
            accept=",".join(SUFFIXES),
            description=_CHOOSE,
            layout={"width": "max-content", "align_self": "flex-start"},
        )
        made.add_class("feedeval-upload")
        made.observe(lambda _: self._receive(), "value")
        return answering(made)

    def _lay_out(self) -> None:
        for way, widget in self._inputs.items():
            display(widget, way == self._way.value)
        hint = _HINTS[self._way.value].format(instead=self._instead)
        if self._way.value == _UPLOAD and self._arrived is not None:
            hint = f"{self._arrived.name} ({megabytes(len(self._arrived.source))}) has arrived. {hint}"
        self._hint.say(Tone.HINT, hint)

    def _receive(self) -> None:
        """Take a file out of the widget, whose state a page may save, and read it."""
        if not self._upload.value:
            return
        file = self._upload.value[0]
        try:
            # What was filled in belongs to a feed, and is none.
            if self.takes_workbook(str(file["name"]), bytes(file["content"])):
                return
            self._arrived = uploaded(str(file["name"]), bytes(file["content"]))
        except (InputError, FeedError) as exc:
            self._arrived, self._empty = None, str(exc)
            self.line.say(Tone.PROBLEM, self._empty)
            return
        finally:
            self._upload.value = ()
        self._empty = ""
        self._lay_out()
        self._read()
