"""What a model knows of itself: the metadata inside the ONNX file, and where models are looked for."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from htrtool.core.charset import Charset
from htrtool.core.errors import InputError, ModelError, OutputError
from htrtool.core.files import check_replaceable
from htrtool.core.recipe import Recipe

METADATA_KEY = "htr"
METADATA_FILE = "htr.json"
DEFAULT_MODEL = "latin"
LINE_FINDER = "lines"
KINDS = {".onnx": "model", ".keras": ".keras model"}
"""What a file of a model with a suffix is called, other than a language model."""
SHIPPED = Path(__file__).resolve().parent.parent / "models"


@dataclass
class ModelInfo:
    """The metadata of a model.

    The network takes ``lines``, float32 (batch, height, width, 1), where paper is 0 and ink up to 1, and gives
    ``logits``, float32 (batch, width / stride, classes), whose class 0 is the CTC blank.
    ``internal_lm`` is what :mod:`htrtool.core.lm.internal_lm` counted, empty in models that were trained before it was;
    ``calibration`` holds what :mod:`htrtool.core.decoding.confidence` fitted; ``training`` says on what and how long the model was
    trained, ``scores`` how well it read the lines kept aside. ``pitch`` is the width of a line by its characters, in heights of the
    line, at which the network reads best, 0 if that is not known.
    """

    name: str
    charset: Charset
    recipe: Recipe
    spec: str
    stride: int = 4
    licence: str = ""
    internal_lm: str = ""
    calibration: dict = field(default_factory=dict)
    training: dict = field(default_factory=dict)
    scores: dict = field(default_factory=dict)
    pitch: float = 0.0

    @property
    def in_8_bits(self) -> bool:
        """Whether the network's weights are of 8 bits: ``weights`` of its training says so."""
        return "weights" in self.training

    def to_json(self) -> str:
        """Return the metadata as JSON text."""
        data = asdict(self) | {"charset": "".join(self.charset.characters), "recipe": self.recipe.to_json()}
        return json.dumps(data, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, source: str) -> ModelInfo:
        """Parse metadata.

        Raises:
            ModelError: it is not what ``to_json`` writes.
        """
        try:
            data = json.loads(text)
            known = {f.name for f in fields(cls)}
            data = {name: value for name, value in data.items() if name in known}
            if not isinstance(data.get("stride", 4), int) or data.get("stride", 4) < 1:
                raise ValueError(f"stride {data['stride']!r}")
            if not isinstance(data.get("pitch", 0), (int, float)) or not 0 <= data.get("pitch", 0) < 100:
                raise ValueError(f"pitch {data['pitch']!r}")
            return cls(**data | {"charset": Charset(data["charset"]), "recipe": Recipe.from_json(data["recipe"])})
        except (InputError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(f"expected the metadata of an htr model, received something else ({error})", source) from None


def model_folders() -> list[Path]:
    """Return where models are looked for by name: the user's own, if the user has a home, then those that the package ships."""
    data_home = os.environ.get("XDG_DATA_HOME")
    if not data_home and os.path.isabs(home := os.path.expanduser("~")):
        data_home = os.path.join(home, ".local", "share")
    return [*([Path(data_home, "htr", "models")] if data_home else []), SHIPPED]


def find_model(name: str, suffix: str = ".onnx") -> Path:
    """Return the file of a model given by name or by path.

    A plain name is that of a model that is installed, if there is one: what lies in the working folder under such a name
    changes nothing.

    Raises:
        ModelError: there is none; the message lists the names that there are.
    """
    path = Path(name)
    in_folder = [path, path.with_name(path.name + suffix)] if path.name else []
    installed = [folder / (name.removesuffix(suffix) + suffix) for folder in model_folders()] if name and path.name == name else []
    for candidate in (*in_folder, *installed) if name.endswith(suffix) else (*installed, *in_folder):
        if os.path.isfile(candidate):
            return candidate
    names = sorted({file.stem for folder in model_folders() for file in folder.glob(f"*{suffix}")} - {LINE_FINDER})
    kind = KINDS.get(suffix, "language model")
    raise ModelError(f"expected a {kind}'s file or one of the names {', '.join(names) or '(none installed)'}; found no such {kind}", name)


def has_model(name: str, suffix: str) -> bool:
    """Return whether there is a model of that name with a file of that suffix."""
    try:
        find_model(name, suffix)
    except ModelError:
        return False
    return True


@dataclass
class Target:
    """Where a model goes: ``NAME.keras``, ``NAME.onnx``, ``NAME.md`` and, while it trains, ``NAME.checkpoint``."""

    stem: Path

    @classmethod
    def of(cls, output: str) -> Target:
        """Make a target of what the user gave as NAME; a model's suffix is taken off.

        Raises:
            OutputError: the folder does not exist or may not be written to, or NAME is no more than one.
        """
        path = Path(output)
        stem = path.with_suffix("") if path.suffix in (".keras", ".onnx", ".md") else path
        # A folder of the same name is in nobody's way: mine/ may hold what mine.onnx learns from.
        if not os.path.isdir(stem.parent) or output.endswith("/") or stem.name in ("", ".."):
            raise OutputError("expected a name for the model's files in a folder that exists", output)
        target = cls(stem)
        for suffix in (".keras", ".onnx", ".md", ".checkpoint"):
            check_replaceable(target.file(suffix))
        return target

    def file(self, suffix: str) -> Path:
        """Return the file of the model with a suffix."""
        return self.stem.with_name(self.stem.name + suffix)
