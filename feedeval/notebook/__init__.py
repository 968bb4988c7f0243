"""What people look at: the live panel of a run, plots, and HTML that outlives the kernel.

- `browser`/: the browser of results that dashboard and app share
- `labelling`/: a person checks a session's verdicts, by keys
- `links`: files to take away, as links that work in every page that shows widgets
- `panel`/: how a run is shown
- `plots`/: the plots
- `report`/: the HTML report
- `widgets`: what every widget of ours needs: callbacks that answer while a cell runs, and an end without leftovers
"""
