"""Looking through the records of a session as widgets: a part of every page that shows results.

- `actions_view`: what to do first, as cards of which each shows its products in the table; layout and bindings
- `browse`: looking through the results of a session: filtered, sorted, a page at a time
- `grid`: widgets that show a list a page at a time: a grid of rows that can be opened and sorted, and a pager
- `opened`: what an opened session holds, read once for all its pages
- `record`: one record of a session, opened: for a product its questions, verdicts and quotes
- `result_html`: the blocks of a result that are text, in the order in which every page shows them: headline, findings,
  lists
- `results_view`: the results of an opened session: filters, a grid, a pager, and the record that was opened; layout
  and bindings
- `rows`: what a grid shows: columns, and rows of cells that are ready to be seen
- `shapes`: which columns of a session's results are shown, filtered and searched, by kind of session
- `style`: the style sheet of the dashboard: JupyterLab's colours where there are any, light and dark
- `variants`: products of one title told apart: by their colour and size where those differ, else by their id
"""
