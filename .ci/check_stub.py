"""Compare python/brasa/_core.pyi with the installed extension; --write replaces it."""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

STUB = Path(__file__).resolve().parents[1] / "python" / "brasa" / "_core.pyi"


def tool(name: str, *args: str, text: str | None = None) -> str:
    command = [Path(sys.executable).with_name(name), *args]
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def generate() -> str:
    with tempfile.TemporaryDirectory() as folder:
        tool("pybind11-stubgen", "brasa._core", "--exit-code", "--output-dir", folder)
        text = Path(folder, "brasa", "_core.pyi").read_text(encoding="utf-8")
    style = ["--isolated", "--line-length=100", "--stdin-filename=_core.pyi"]
    return tool("ruff", "format", *style, "-", text=text)


def main() -> str | None:
    new = generate()
    if "--write" in sys.argv[1:]:
        STUB.write_text(new, encoding="utf-8")
        return None
    old = STUB.read_text(encoding="utf-8") if STUB.exists() else ""
    files = ("_core.pyi, committed", "_core.pyi, generated")
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), *files, lineterm="")
    difference = "\n".join(lines)
    return f"{difference}\nThe stub is out of date: run `make stub`." if difference else None


if __name__ == "__main__":
    sys.exit(main())
