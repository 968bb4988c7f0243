"""Coverage as people would have judged it, from some verdicts that people checked.

- `certified`: what people's labels say of an audit, as text for a terminal and as static HTML
- `certify`: the cases of a session and people's labels of some of them, brought together
- `estimator`: a mean over all cases from what a judge said of all and people of some
- `labels`: what people said, read from a table: spelling evened out, several people's labels made one
"""
