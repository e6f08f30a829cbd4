"""Where the sources are, and what the tests that read them share."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "python" / "brasa"


def code_of(path):
    """The text of a source without comments and strings."""
    text = (CSRC / path).read_text(encoding="utf-8")
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda m: '""' if m[0][0] == '"' else " ", text, flags=re.DOTALL)


def includes(path):
    """The headers of a source: of csrc, and of the system."""
    text = (CSRC / path).read_text(encoding="utf-8")
    found = re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text, re.MULTILINE)
    return [n for mark, n in found if mark == '"'], [n for mark, n in found if mark == "<"]
