"""The shared core of every command: no click, no printing, no exit in here.

From a picture to text:

- ``kinds``, ``pages``, ``pictures``, ``gray``, ``pdf_pages``: any input as gray pages
- ``lines``, ``linefinder``, ``oneline``, ``order``, ``cut``: the lines of a page, in reading order, cut out and straight
- ``recipe``, ``prepare``, ``slant``, ``rules``, ``binarise``: a line as the network wants it
- ``reader``, ``modelfile``, ``session``: the network on prepared lines; ``decoding`` its frames to text and confidence, with
  the help of ``lm``; ``language`` the reader that a user asks for
- ``pipeline``: all of it, by several threads; ``page``, ``words``, ``place`` what was read and where
- ``rows``, ``tables``, ``json_lines``, ``documents``: tables of lines; ALTO, PAGE, hOCR and PDF, the first two in as well

From pictures with transcriptions to a model:

- ``layouts``: what people have; ``text_tables`` tables of pictures and texts, for ``scoring`` too; ``labels`` the conventions of transcriptions
- ``synth``: lines made of fonts and of real hands
- ``collect``, ``checking``, ``tally``, ``split``, ``outputs``: to samples; ``samples`` their stream
- ``training``: to a model; ``charset`` its characters

Beside both: ``files`` and ``text_files`` that are whole or told of, ``left_files`` of runs that were killed, ``names`` of files,
``spreadsheets`` of other programs, ``squares`` of pictures, ``bounds`` of numbers, ``counted`` things, ``errors``.

And then: ``scoring`` against the truth, ``drawing`` of tables and pages.
"""
