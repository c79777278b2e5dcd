"""The core is what it says of itself."""

import pkgutil
import re
from pathlib import Path

from htrtool import core

FOLDER = Path(core.__file__).parent


def test_its_map_has_every_module_and_no_other():
    assert set(re.findall(r"``(\w+)``", core.__doc__)) == {module.name for module in pkgutil.iter_modules(core.__path__)}


def test_it_knows_of_no_command_line():
    talking = re.compile(r"^\s*(?:import|from) (?:click|htrtool\.(?:cli|commands|messages|options|streams))\b", re.MULTILINE)
    assert [path.name for path in FOLDER.rglob("*.py") if talking.search(path.read_text(encoding="utf-8"))] == []
