"""Upload a feed, choose, start: the whole audit as one widget.

- `app`: the app: what its buttons set going, and what is shown of it
- `audits`: the audits of a folder, as the app offers them: those that go on, also in another kernel, and earlier ones
- `boxes`/: the widgets of the app
- `choices`: what somebody chose in the form, and what it means for an audit
- `downloads`: where the files lie that the app offers to take away
- `feeds`: what somebody gave as a feed, and what the reader makes of it: all that is known before an audit starts
- `filling`: a workbook that comes back filled in: laid over the feed that was read, audited again, and set beside the
  audit before
- `following`: what the app does with the audits of its folder: finds them, follows them, asks whoever works on them
- `render`: what the app shows, as static HTML: sentences, the preview, the estimate, the results
- `words`: sentences of the app that stand for themselves: what closing the page does, and how far an audit came
"""

from feedeval.app.app import App, app

__all__ = ["App", "app"]
