"""The shared core of every command: no click, no printing, no exit in here.

From a picture to text:

- ``kinds``, ``pages``, ``joined``, ``joined_pdfs``, ``other_forms``, ``pictures``, ``gray``, ``tiff_end``, ``tiff_kinds``,
  ``tiff_talk``, ``pdf_pages``: any input as gray pages
- ``lines``, ``ink``, ``linefinder``, ``oneline``: the lines of a page; ``order``, ``neighbours``, ``broken_rows``: in
  reading order; ``cut``, ``guide``: cut out and straight
- ``recipe``, ``prepare``, ``slant``, ``rules``, ``binarise``: a line as the network wants it
- ``reader``, ``line_network``, ``modelfile``, ``session``: the network on prepared lines; ``decoding`` its frames to text
  and confidence, with the help of ``lm``, its longest loops ``compiled``; ``language`` the reader that a user asks for
- ``pipeline``: all of it, by several threads; ``page_lines``, ``gathering``, ``waiting`` what is to be read, and what
  together; ``page``, ``words``, ``place`` what was read and where
- ``rows``, ``tables``, ``cells``, ``json_lines``, ``documents``: tables of lines; ALTO, PAGE, hOCR and PDF, the first two
  in as well

From pictures with transcriptions to a model:

- ``layouts``: what people have; ``text_tables`` tables of pictures and texts, for ``scoring`` too; ``labels`` the
  conventions of transcriptions
- ``synth``: lines made of fonts and of real hands
- ``collect``, ``checking``, ``pieces``, ``tally``, ``split``, ``outputs``: to ``samples``; ``sample_stream`` their tar,
  ``unpacked`` as it is read
- ``training``: to a model; ``charset`` its characters

Beside both: ``files`` and ``text_files`` that are whole or told of, ``left_files`` of runs that were killed, ``folders``,
``names`` and ``suffixes`` of files, ``text_names`` of texts, ``spreadsheets`` of other programs, ``squares`` of pictures,
``medians`` of layouts, ``bounds`` of numbers, ``counted`` things, ``module_process`` to run one of ours, ``errors``.

And then: ``scoring`` against the truth, ``drawing`` of tables and pages.
"""
