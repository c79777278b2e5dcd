"""Where samples and lines come from: the layouts of training data that people have, and what is found in each."""

LAYOUTS = ("auto", "pairs", "table", "iam", "xml", "tar", "images")
