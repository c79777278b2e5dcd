"""What each rate means and which counts it is made of; no arithmetic, so that ``--help`` can print it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping

COUNTS = ("chars", "char_errors", "words", "word_errors", "in_place", "lines", "exact", "missing", "surplus")


@dataclass(frozen=True)
class Metric:
    """A rate: which counts make its errors and its total, and whether it is the share of errors or of the rest.

    ``errors`` and ``total`` take a mapping from the names in ``COUNTS`` to numbers, or arrays of them.
    """

    name: str
    meaning: str
    errors: Callable[[Mapping], Any]
    total: Callable[[Mapping], Any]
    is_accuracy: bool = False


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "cer",
            "character error rate: characters inserted, deleted and substituted, over the characters of the truth",
            lambda c: c["char_errors"],
            lambda c: c["chars"],
        ),
        Metric(
            "wer",
            "word error rate: the same over words, which are what stands between spaces",
            lambda c: c["word_errors"],
            lambda c: c["words"],
        ),
        Metric(
            "line_accuracy",
            "lines read without any error, over the lines of the truth and the surplus ones",
            lambda c: c["lines"] - c["exact"] + c["surplus"],
            lambda c: c["lines"] + c["surplus"],
            True,
        ),
        Metric(
            "chars_in_place",
            "characters equal at the same position counted from the start of the line, over the characters of the truth; "
            "one character too many makes all that follow it wrong, so this is not 1 - cer",
            lambda c: c["chars"] - c["in_place"],
            lambda c: c["chars"],
            True,
        ),
        Metric(
            "lines_exact",
            "lines of the truth whose whole text is exactly right, surplus lines left aside: the 'words right' of "
            "notebooks that read one name or word a picture",
            lambda c: c["lines"] - c["exact"],
            lambda c: c["lines"],
            True,
        ),
        Metric(
            "missing_lines",
            "lines of the truth that were not read, over the lines of the truth",
            lambda c: c["missing"],
            lambda c: c["lines"],
        ),
        Metric(
            "surplus_lines",
            "lines read that the truth does not have, over the lines of the truth",
            lambda c: c["surplus"],
            lambda c: c["lines"],
        ),
    )
}

CONFUSION = "confusion"
RATED = ("corpus", "document", "file", "line")
DIFFERENCE = "difference"
SCOPES = (*RATED, CONFUSION)
CALIBRATION = (
    "ece",
    "expected calibration error of the confidence, where the lines read have one: the mean distance between the conf of a "
    "line and 1 - cer of the line, over ten bins of conf; 0 is best",
)
OF_ERRORS = (
    "share_of_errors",
    "with --per confusion: how much of all character errors is that one character, the first, was read as another, e→c, left "
    "out, e→, or put in, →c; ␣ is a space",
)
