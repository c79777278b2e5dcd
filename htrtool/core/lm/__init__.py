"""Language models: n-grams of characters, words of a lexicon, mixtures of them, which of several a page is read with, and a recurrent one of whole lines."""
