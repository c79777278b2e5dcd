"""Lines of text rendered as handwriting: training samples without end, from fonts and texts."""

from htrtool.core.synth.faces import Faces
from htrtool.core.synth.hands import Hands
from htrtool.core.synth.lines import write_line
from htrtool.core.synth.pages import WrittenLine, synthesise_page
from htrtool.core.synth.scribes import Scribes
from htrtool.core.synth.texts import Texts, lines_of_text

__all__ = ["Faces", "Hands", "WrittenLine", "Scribes", "Texts", "lines_of_text", "synthesise_page", "write_line"]
