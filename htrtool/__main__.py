"""``python -m htrtool`` is ``htr``."""

from htrtool.cli import main

if __name__ == "__main__":
    main()
