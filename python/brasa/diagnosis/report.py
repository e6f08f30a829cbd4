"""The report: rows, the first fault, findings, a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brasa.diagnosis.faults import Fault
from brasa.diagnosis.rows import LayerRow
from brasa.diagnosis.steps import StepNorms
from brasa.diagnosis.verdict import Finding
from brasa.suggest import unknown

_COLUMNS = ("layer (type)", "output", "rms", "|dy|", "|dw|", "step/w", "dead", "flat")
_LEGEND = (
    "rms: of the outputs. |dy|, |dw|: gradient by outputs, by weights. step/w: the next step over",
    "the weights. dead: ReLUs that are always 0. flat: saturated sigmoids, tanhs and gates.",
)
# Steps of a long sequence that the table shows.
_SHOWN = 8


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What one batch tells about how a model learns; ``str()`` gives a table and the verdict.

    Attributes:
        loss: The loss of the batch, in training (with dropout, and statistics of the batch).
        rows: One :class:`LayerRow` for each use of a layer, in the order of the calls.
        fault: Where the first NaN or infinity appears; None where all is finite.
        findings: What is wrong, the gravest first, each with what to try: "NaN", "exploding",
            "dead", "saturated", "vanishing", "no learning".
    """

    loss: float
    rows: list[LayerRow]
    fault: Fault | None
    findings: list[Finding]

    @property
    def verdict(self) -> str:
        """The kind of the gravest finding, or "healthy"."""
        return self.findings[0].kind if self.findings else "healthy"

    def layer(self, name: str) -> LayerRow:
        """The row of a layer, of its first use; ValueError suggests the nearest name."""
        by_name = {row.layer: row for row in reversed(self.rows)}
        if name not in by_name:
            raise unknown("layer", name, by_name)
        return by_name[name]

    def __repr__(self) -> str:
        return f"<Diagnosis {self.verdict!r}, {len(self.rows)} layers, loss {self.loss:.4g}>"

    def __str__(self) -> str:
        table = [_COLUMNS, *(_cells(row) for row in self.rows)]
        widths = [max(len(cells[column]) for cells in table) for column in range(len(_COLUMNS))]
        lines = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ).rstrip()
            for cells in table
        ]
        lines.insert(1, "─" * len(lines[0]))
        lines += _LEGEND
        for row in self.rows:
            if row.gates:
                shares = ", ".join(f"{gate} {share:.0%}" for gate, share in row.gates.items())
                lines.append(f"{row.layer}: flat gates {shares}")
            lines += [line for steps in row.steps for line in _time_lines(steps)]
        lines.append(f"loss {self.loss:.4g}; verdict: {self.verdict}")
        for finding in self.findings:
            owner = f"{finding.layer}: " if finding.layer and finding.kind != "NaN" else ""
            lines += [f"  {finding.kind}: {owner}{finding.text}", f"    try: {finding.advice}"]
        return "\n".join(lines)


def _cells(row: LayerRow) -> tuple[str, ...]:
    return (
        f"{row.layer} ({row.kind})",
        str(row.shape),
        f"{row.output:.1e}",
        _number(row.gradient),
        _number(row.weight_gradient),
        _number(row.update_ratio),
        _share(row.dead),
        _share(row.saturated),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1e}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _time_lines(steps: StepNorms) -> list[str]:
    """A sentence, and a row of numbers."""
    count = len(steps.norms)
    if count < 2:
        return []
    shown = np.unique(np.linspace(0, count - 1, min(count, _SHOWN)).round().astype(int)).tolist()
    numbers = "  ".join(f"{t}: {steps.norms[t]:.1e}" for t in shown)
    return [f"{steps.name}: by time step, the gradient {steps.text}", f"  {numbers}"]
