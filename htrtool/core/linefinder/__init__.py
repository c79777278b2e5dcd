"""The network that finds the lines of a page, how it is trained, and how lines are traced on what it sees."""
