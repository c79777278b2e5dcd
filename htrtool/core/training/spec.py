"""The spec of a network, in one line.

It is a list of blocks: ``c32:4x4/2x2`` a convolution of 32 filters, 4 × 4 (3 × 3 unless said), stride 2 × 2 (rows ×
columns; 1 × 1 unless said); ``r64/2x1`` a residual block of two convolutions (stride 3 at most), ``r64:16/2x1`` one with only 16 filters
between the two; ``max`` the maximum over what is left of the height; ``lstm160`` a bidirectional LSTM of 160 units each
way, ``rlstm160`` one whose outputs are added to its inputs; ``drop.2`` dropout. ``small``, ``medium`` and ``large``
name the specs of ``SIZES``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from htrtool.core.errors import InputError

# Each grows into the next.
SIZES = {
    "small": "c32:4x4/2x2 c64/2x2 r96/2x1 r160/2x1 max drop.1 lstm160 lstm160 drop.2",
    "medium": "c32:4x4/2x2 c64/2x2 r96/2x1 r96 r160/2x1 r160 max drop.1 lstm224 lstm224 drop.2",
    "large": "c32:4x4/2x2 c64/2x2 r64 r128/2x1 r128 r256/2x1 r256 max drop.2 lstm320 lstm320 drop.3",
}
RECURRENT = ("lstm", "rlstm")
"""The kinds of blocks that hold a bidirectional LSTM."""
_TOKEN = re.compile(
    r"(?P<kind>c|rlstm|r|lstm|drop|max)(?P<number>\d*|0?\.\d+)"
    r"(?::(?P<kernel>\d+x\d+))?(?::(?P<inner>\d+))?(?:/(?P<stride>\d+x\d+))?"
)
_KERNEL, _STRIDE = (3, 3), (1, 1)
# With more, the way around a residual block would skip most of what it leads past, and comes out otherwise as ONNX.
_MOST_OF_RESIDUAL = 3


@dataclass(frozen=True)
class Block:
    """A block of a spec: ``number`` is of filters, units, or the share that is dropped.

    ``inner`` is the number of filters between the two convolutions of a residual block. Its layers are named after it.
    """

    name: str
    kind: str
    number: float
    kernel: tuple[int, int]
    stride: tuple[int, int]
    inner: int

    def __str__(self) -> str:
        kernel = ":{}x{}".format(*self.kernel) if self.kernel != _KERNEL else ""
        inner = f":{self.inner}" if self.kind == "r" and self.inner != self.number else ""
        stride = "/{}x{}".format(*self.stride) if self.stride != _STRIDE else ""
        number = f"{self.number:g}".replace("0.", ".") if self.kind != "max" else ""
        return f"{self.kind}{number}{kernel}{inner}{stride}"


def parse_spec(spec: str) -> list[Block]:
    """Return the blocks of a spec.

    Raises:
        InputError: a block can't be read.
    """
    blocks = []
    for place, token in enumerate(SIZES.get(spec, spec).split()):
        match = _TOKEN.fullmatch(token)
        if not match or not _makes_sense(match):
            raise InputError(
                "expected blocks such as c32:4x4/2x2, r64/2x1, r64:16/2x1, max, lstm160, rlstm160 and drop.2 in the "
                f"network's spec, received {token!r}"
            )
        kernel, stride = (
            tuple(int(n) for n in match[part].split("x")) if match[part] else default
            for part, default in (("kernel", _KERNEL), ("stride", _STRIDE))
        )
        number = float(match["number"] or 0)
        name = f"{match['kind']}_{place}"
        blocks.append(Block(name, match["kind"], number, kernel, stride, int(match["inner"] or number)))
    if not blocks:
        raise InputError("expected blocks such as c32:4x4/2x2 in the network's spec, received none")
    return blocks


def _makes_sense(block: re.Match) -> bool:
    kind, number, inner = block["kind"], block["number"], block["inner"]
    sizes = [size for part in ("kernel", "stride") if block[part] for size in block[part].split("x")]
    if kind == "max":
        return not (number or inner or sizes)
    if kind == "drop":
        return number != "" and float(number) < 1 and not (inner or sizes)
    whole = [number, *sizes, *([inner] if inner else [])]
    if not all(part.isdecimal() and int(part) > 0 for part in whole):
        return False
    if kind in RECURRENT and sizes:
        return False
    if kind == "r" and block["stride"] and max(map(int, block["stride"].split("x"))) > _MOST_OF_RESIDUAL:
        return False
    return not (inner and kind != "r")


def stride_of(spec: str) -> int:
    """Return how many columns of the image one frame of the output spans."""
    return math.prod(block.stride[1] for block in parse_spec(spec))
