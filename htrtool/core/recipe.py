"""How a line image is prepared: the recipe that is stored with samples and models."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from htrtool.core.errors import InputError

NORMALISATIONS = ("none", "background")
BINARISATIONS = ("none", "otsu", "sauvola", "wolf", "nick", "isauvola", "su")
STEPS = ("normalise", "remove_rules", "deskew", "deslant", "binarise")


def _not_taken(step: str) -> str | bool:
    return "none" if step in ("normalise", "binarise") else False


@dataclass(frozen=True)
class Recipe:
    """The steps that turn a cut-out line into what the network sees, in the order in which they run.

    ``normalise`` is one of ``NORMALISATIONS``, ``binarise`` one of ``BINARISATIONS``; ``height`` is in pixels.
    """

    normalise: str = "background"
    remove_rules: bool = False
    deskew: bool = False
    deslant: bool = False
    binarise: str = "none"
    height: int = 64

    def __post_init__(self):
        for name, allowed in (("normalise", NORMALISATIONS), ("binarise", BINARISATIONS)):
            if getattr(self, name) not in allowed:
                raise InputError(f"expected {name} among {', '.join(allowed)}, received {getattr(self, name)!r}")
        if not isinstance(self.height, int) or self.height < 1:
            raise InputError(f"expected a height in pixels, received {self.height!r}")

    def besides(self, done: Recipe) -> Recipe:
        """Return what of the recipe is left to do to a line that another one was done to: no kind of step is taken twice."""
        return replace(self, **{step: _not_taken(step) for step in STEPS if done.takes(step)})

    def after(self, done: Recipe) -> Recipe:
        """Return how a line is prepared once the recipe is done to one that another was done to: by the steps of both."""
        return replace(self, **{step: getattr(done, step) for step in STEPS if done.takes(step)})

    def takes(self, step: str) -> bool:
        """Return whether a step among ``STEPS`` is taken."""
        return getattr(self, step) != _not_taken(step)

    def to_json(self) -> dict:
        """Return the recipe as plain JSON data: height and normalisation, and the other steps that are taken."""
        data = asdict(self)
        plain = Recipe()
        return {k: v for k, v in data.items() if k in ("normalise", "height") or v != getattr(plain, k)}

    @classmethod
    def from_json(cls, data: dict) -> Recipe:
        """Make a recipe from JSON data; a step that is not named is not taken.

        Raises:
            InputError: it is no object, or names a step that this version does not know.
        """
        if not isinstance(data, dict):
            raise InputError(f"expected preparation steps, received {data!r}")
        known = {field.name for field in fields(cls)}
        if surplus := set(data) - known:
            raise InputError(
                f"expected preparation steps among {sorted(known)}, received {sorted(surplus)}: "
                "a newer htr may know them"
            )
        return cls(**data)


DEFAULT_RECIPE = Recipe(deskew=True, deslant=True)
"""What trained best of all that was tried: see the card of the model that ships."""
