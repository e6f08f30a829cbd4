"""``python -m brasa`` is the ``brasa`` command."""

from brasa.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
