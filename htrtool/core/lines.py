from typing import NamedTuple
import numpy as np
class CutLine(NamedTuple):
    box: tuple
    pixels: np.ndarray
def looks_like_line(p): return p.shape[1] > 2.5*p.shape[0]
def cut_lines(p): return []
