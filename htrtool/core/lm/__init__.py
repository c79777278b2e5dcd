"""Language models: n-grams of characters, words of a lexicon, mixtures of them, and which of several a page is read with."""
