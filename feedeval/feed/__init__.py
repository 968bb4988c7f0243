"""What we read: feeds, their text, their rules and the checks that need no model."""
