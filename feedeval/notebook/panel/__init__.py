"""How a run is shown while it goes on: the live panel, static HTML, and the choice between them.

- `choose_reporters`: which way of showing a run suits the place where it runs
- `html_reporter`: A run as static HTML, renewed now and then: for pages that show no widgets and for those who want
  no buttons
- `output`: outputs of notebook cells that are changed later, by any thread
- `render`: A snapshot of a run as HTML and as text: one rendering for the live panel, saved notebooks and previews
- `reporter`: the live panel of a run: when it is drawn, what its buttons do, what stays behind
- `widgets`: the widgets of a run's panel: layout and bindings
"""
