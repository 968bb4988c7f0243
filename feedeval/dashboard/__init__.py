"""The dashboard: the sessions of a folder, each to be opened, looked through and gone on with.

What is shown is made by modules that know no widgets; those that do hold layout and bindings.

- `actions`: what the buttons of an opened session do; each returns what to tell the person, or raises what to tell
  them
- `dashboard`: `fe.dashboard()`: where it is shown, what stands in its place without a page, and who keeps it up to
  date
- `errors_view`: what went wrong in a session, how it was over time, and its batches
- `frame`: what all views stand on: one place for news and faults, and callbacks whose errors are never lost
- `list_view`: the list of sessions: layout and bindings
- `overview`: A session at a glance: what it is, how far it got, what it cost, how it is
- `session_list`: the sessions of a folder, as rows of the dashboard and as text
- `session_view`: an opened session: what can be done with it, and its pages; layout and bindings
"""

from feedeval.dashboard.dashboard import Dashboard, dashboard

__all__ = ["Dashboard", "dashboard"]
