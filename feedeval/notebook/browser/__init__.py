"""Looking through the records of a session as widgets: a part of every page that shows results."""
