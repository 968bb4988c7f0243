"""How a run is shown while it goes on: the live panel, static HTML, and the choice between them.

- `choose_reporters`: which way of showing a run suits the place where it runs
- `facts`: the figures of a run by their names, in words for people
- `folds`: what can be folded away in a panel that is no longer live: the latest products, and rate and cost over time
- `html_reporter`: A run as static HTML, renewed now and then: for pages that show no widgets and for those who want
  no buttons
- `latest`: the latest products of a run, as they are done: what they are, how much they answer, what they leave open
  first
- `output`: outputs of notebook cells that are changed later, by any thread
- `parts_view`: what was sent in parts, in the panel of a run: how each part stands, when the endpoint gives it up,
  what it costs
- `remedies`: what a person can change where a run is paused for it: a field for the budget, the key or the model
- `render`: what the panel of a run shows and how it is laid out, as HTML and text: live, in saved notebooks and in
  previews
- `reporter`: the live panel of a run: when it is drawn, what its buttons do, what stays behind
- `trace`: how fast a run went and what it cost, over time, as two rows of small bars
- `widgets`: the buttons of a run's panel, and the order of its parts; what stands in each part is made in `render`
- `workers_view`: what each worker of a run on a cluster does, in the run's panel
"""
