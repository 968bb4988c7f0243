"""Upload a feed, choose, start: the whole audit as one widget.

- `app`: the app: what its buttons set going, and what is shown of it
- `boxes`/: the widgets of the app
- `choices`: what somebody chose in the form, and what it means for an audit
- `downloads`: where the files lie that the app offers to take away
- `feeds`: what somebody gave as a feed, and what the reader makes of it: all that is known before an audit starts
- `filling`: a workbook that comes back filled in: laid over the feed that was read, audited again, and set beside the
  audit before
- `render`: what the app shows, as static HTML: sentences, the preview, the estimate, the results
"""

from feedeval.app.app import App, app

__all__ = ["App", "app"]
