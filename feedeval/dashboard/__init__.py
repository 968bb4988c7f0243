"""The dashboard: the sessions of a folder, each to be opened, looked through and gone on with.

What is shown is made by modules that know no widgets; those that do hold layout and bindings.
"""

from feedeval.dashboard.face import Dashboard, dashboard

__all__ = ["Dashboard", "dashboard"]
