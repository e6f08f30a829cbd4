"""Rows of a result as text: for the terminal, and as the Markdown table of README.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import timing

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

Row = dict[str, Any]
Entry = dict[str, Any]

NAMES = {
    "numpy": "NumPy",
    "torch": "PyTorch",
    "torch+jemalloc": "PyTorch + jemalloc",
    "jax": "JAX",
    "keras": "Keras on PyTorch",
    "onnxruntime": "ONNX Runtime",
}


def ours(row: Row) -> Entry | None:
    """The fastest variant of the first brasa worker."""
    mine = [entry for entry in row["entries"] if entry["peer"].startswith("brasa")]
    own = [entry for entry in mine if entry["peer"] == mine[0]["peer"]]
    return min(own, key=lambda entry: _rank(entry, None), default=None)


def peers(row: Row) -> list[Entry]:
    """The best variant of every other worker, the best of all first."""
    mine = ours(row)
    ranked = sorted(row["entries"], key=lambda entry: _rank(entry, mine))
    best: dict[str, Entry] = {}
    for entry in ranked:
        best.setdefault(entry["peer"], entry)
    return [entry for name, entry in best.items() if mine is None or name != mine["peer"]]


def _rank(entry: Entry, mine: Entry | None) -> tuple[bool, float]:
    """What was timed in the rounds comes before what was only tried; then the ratio decides."""
    value = ratio(entry, mine).median if mine else entry["seconds"]["median"]
    return not entry["blocks"], value


def ratio(peer: Entry, mine: Entry) -> timing.Summary:
    """peer / brasa, paired by rounds where both were timed in them."""
    if not peer["blocks"] or len(peer["blocks"]) != len(mine["blocks"]):
        return timing.Summary.of([peer["seconds"]["median"] / mine["seconds"]["median"]])
    return timing.paired_ratio(peer["blocks"], mine["blocks"])


# ---- pieces -------------------------------------------------------------------------------


def show_seconds(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} us"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"


def show_spread(entry: Entry) -> str:
    """Half the distance between the quartiles, in percent of the median."""
    seconds = entry["seconds"]
    if seconds["blocks"] < 2:
        return ""
    return f"±{50 * (seconds['high'] - seconds['low']) / seconds['median']:.0f}%"


def show_rate(row: Row, entry: Entry) -> str:
    seconds = entry["seconds"]["median"]
    if row["flops"]:
        return f"{row['flops'] / seconds / 1e9:.3g} GF/s"
    if row["bytes"]:
        return f"{row['bytes'] / seconds / 1e9:.3g} GB/s"
    return ""


def show_share(row: Row, entry: Entry) -> str:
    """Share of the machine's limit; a ! marks what no machine can do: caches, or an error."""
    limit = row.get("limit") or {}
    if not limit.get("value"):
        return ""
    share = row[row["bound"]] / entry["seconds"]["median"] / limit["value"]
    return f"{100 * share:.0f}% {limit['name']}" + ("!" if share > 1.1 else "")


def show_ratio(peer: Entry, mine: Entry) -> str:
    """A ~ marks a slow peer that was only tried, not timed round by round."""
    value = ratio(peer, mine).median
    digits = f"{value:.2f}" if value >= 0.1 else f"{value:.1g}"
    return ("~" if peer["pilot_only"] else "") + digits


def show_peer(entry: Entry) -> str:
    return f"{NAMES.get(entry['peer'], entry['peer'])} {entry['variant']}"


# ---- terminal -----------------------------------------------------------------------------

_TERMINAL = "{:<34} {:>7} {:>5} {:>10} {:>9}  {:<33} {:>7} {:>6} {:>11} {:>6}  {}"


def terminal_head() -> str:
    names = "case", "brasa", "", "rate", "of limit", "best peer", "time", "ratio", "quartiles"
    head = _TERMINAL.format(*names, "least", "ratio to others")
    return f"{head}\n{'-' * len(head)}"


def terminal_row(row: Row) -> str:
    name = f"{row['op']}/{row['case']}"
    mine, others = ours(row), peers(row)
    cells = ["-", "", "", ""]
    if mine:
        time = show_seconds(mine["seconds"]["median"])
        cells = [time, show_spread(mine), show_rate(row, mine), show_share(row, mine)]
    if not others:
        return _TERMINAL.format(name, *cells, "-", *[""] * 5).rstrip()
    first = others[0]
    rest = [f"{NAMES.get(e['peer'], e['peer'])} {_relation(e, mine)}" for e in others[1:]]
    cells += [show_peer(first), show_seconds(first["seconds"]["median"])]
    cells += _ratios(first, mine) if mine else [""] * 3
    return _TERMINAL.format(name, *cells, ", ".join(rest)).rstrip()


def _ratios(peer: Entry, mine: Entry) -> list[str]:
    """Median and quartiles of the rounds, and the ratio of the two least times."""
    summary = ratio(peer, mine)
    least = peer["seconds"]["best"] / mine["seconds"]["best"]
    return [show_ratio(peer, mine), f"{summary.low:.2f}-{summary.high:.2f}", f"{least:.2f}"]


def _relation(peer: Entry, mine: Entry | None) -> str:
    return show_ratio(peer, mine) if mine else show_seconds(peer["seconds"]["median"])


# ---- Markdown -----------------------------------------------------------------------------


def markdown(result: dict[str, Any], substrings: Sequence[str] = ()) -> str:
    rows = [row for row in result["rows"] if ours(row) and _wanted(row, substrings)]
    lines = [
        "| case | brasa | rate | of limit | best peer | its time | ratio |",
        "|---|--:|--:|--:|---|--:|--:|",
        *(_markdown_row(row) for row in rows),
        "",
        _provenance(result),
    ]
    return "\n".join(lines)


def markdown_of_all(results: Sequence[dict[str, Any]], substrings: Sequence[str] = ()) -> str:
    """A table for each result, without the cases that a later one of that processor has, too.

    A virtual machine may tell no more than the maker's name: the instruction sets count, too.
    """
    tables: list[str] = []
    again: set[tuple[str, str, str]] = set()
    for result in reversed(results):
        cpu = " ".join([result["machine"]["cpu"], *result["machine"]["isa"]])
        rows = [row for row in result["rows"] if (cpu, row["op"], row["case"]) not in again]
        tables.insert(0, markdown({**result, "rows": rows}, substrings))
        again |= {(cpu, row["op"], row["case"]) for row in rows}
    return "\n\n".join(tables)


def _wanted(row: Row, substrings: Sequence[str]) -> bool:
    name = f"{row['op']}/{row['case']}"
    return not substrings or any(part in name for part in substrings)


def _markdown_row(row: Row) -> str:
    mine, others = ours(row), peers(row)
    if mine is None:
        return ""
    cells = [
        f"{row['op']} {row['case']}",
        show_seconds(mine["seconds"]["median"]),
        show_rate(row, mine),
        show_share(row, mine),
    ]
    if others:
        first = others[0]
        time = show_seconds(first["seconds"]["median"])
        cells += [show_peer(first), time, f"**{show_ratio(first, mine)}**"]
    else:
        cells += ["", "", ""]
    return f"| {' | '.join(cells)} |"


def _provenance(result: dict[str, Any]) -> str:
    machine, limits = result["machine"], result["limits"]
    versions = ", ".join(
        f"{NAMES.get(name, name)} {about['version']}" for name, about in result["peers"].items()
    )
    flops = max((x for name, x in limits.items() if name.startswith("flops_")), default=0)
    dram = max((x for name, x in limits.items() if name.startswith("dram_")), default=0)
    return (
        f"Ratio: the best peer's time over brasa's, in the same run. {machine['date']}, commit "
        f"{machine['commit'] or 'unknown'}; {machine['cpu']} ({', '.join(machine['isa'])}), "
        f"{result['threads']} of {machine['cores']} cores; limits {flops / 1e9:.0f} GF/s and "
        f"{dram / 1e9:.0f} GB/s; {versions}."
    )


def write_between_markers(text: str, path: Path) -> None:
    """Replaces what stands between the two markers of a file.

    Raises:
        ValueError: The file has no such markers.
    """
    page = path.read_text()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} lacks the lines {BEGIN} and {END}: the table goes between them.")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")
