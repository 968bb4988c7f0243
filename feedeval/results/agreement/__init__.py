"""How far two columns of labels agree: people and a model, or two judges.

- `agreement`: an agreement, as text for a terminal and as static HTML
- `figures`: the statistics of agreement, each from the pairs it is of
- `measure`: how far predictions agree with what people said: images and their labels, or a judge's verdicts and
  people's
- `pairs`: two columns of labels as pairs that can be counted: spelling evened out, what is missing left out and
  counted
"""
