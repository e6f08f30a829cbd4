"""Whether brasa finds the GPU, and where it came from."""

from __future__ import annotations

import json
import sys

import brasa
from brasa import runtime


def main() -> int:
    print(brasa.__file__)
    print(json.dumps(runtime.build_info(), indent=1))
    return 0 if "cuda" in runtime.devices() else 1


if __name__ == "__main__":
    sys.exit(main())
