"""The command line: select cases and peers, measure, print a table, write a JSON file."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import catalog, machine, table
from bench.case import Case, lacks
from bench.measure import NOISY, QUICK, Bench, Plan
from bench.peers import spec
from bench.peers.client import WorkerError

RESULTS = Path(__file__).parent / "results"
_RECORDED = ("op", "model", "case", "quick", "peers", "impl", "rounds", "noisy", "warm")
_ROTATE_LIMIT = 512 << 20  # bytes; beyond it even a very large last-level cache no longer helps


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    which = p.add_argument_group("what to measure (everything when nothing is named)")
    which.add_argument("--op", action="append", default=[], metavar="STEM", help="bench/ops")
    which.add_argument("--model", action="append", default=[], metavar="STEM", help="bench/models")
    which.add_argument("--case", action="append", default=[], metavar="SUBSTRING")
    which.add_argument("--quick", action="store_true", help="fewer cases and rounds: two minutes")
    which.add_argument("--list", action="store_true", help="print the cases and stop")
    who = p.add_argument_group("who is measured")
    who.add_argument("--peers", metavar="A,B", help="such as numpy,torch; 'none': brasa alone")
    who.add_argument(
        "--impl",
        default="",
        metavar="A,B",
        help="brasa's kernels, such as cpu.avx2; several compare",
    )
    who.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="LABEL=DIR",
        help="another build of brasa: DIR holds its package",
    )
    how = p.add_argument_group("how")
    how.add_argument("--threads", type=int, default=0, help="default: all usable cores")
    how.add_argument("--rounds", type=int, default=0)
    how.add_argument(
        "--noisy", action="store_true", help="for a busy machine: read the column 'least'"
    )
    how.add_argument("--warm", action="store_true", help="never rotate buffers: data in cache")
    out = p.add_argument_group("results")
    out.add_argument("--json", metavar="FILE", help="a bare name goes to bench/results")
    out.add_argument(
        "--render",
        type=Path,
        metavar="FILE",
        action="append",
        help="print a result as Markdown; a later one of that processor takes its cases from it",
    )
    out.add_argument("--into", type=Path, metavar="PAGE", help="with --render: between its markers")
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    p = parser()
    options = p.parse_args(arguments)
    try:
        if options.render:
            return _render(options)
        cases = catalog.select(options.op, options.model, options.case, options.quick)
        peers = _peers(options)
    except ValueError as error:
        p.error(str(error))
    if not cases:
        p.error("no case has such a name. --list shows them all.")
    if options.list:
        print("\n".join(case.full_name for case in cases))
        return 0
    return _measure(options, cases, peers)


def _peers(options: argparse.Namespace) -> list[spec.Peer]:
    impls = [name for name in options.impl.split(",") if name]
    ours = spec.ours(impls, options.against)
    known = spec.known()
    if options.peers is None:
        return [peer for peer in [*ours, *known] if spec.installed(peer)]
    wanted = [name for name in options.peers.split(",") if name and name != "none"]
    names = [peer.name for peer in known]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(f"no peer named {', '.join(unknown)}. There are: {', '.join(names)}.")
    chosen = [peer for peer in known if peer.name in wanted]
    missing = [peer.name for peer in chosen if not spec.installed(peer)]
    if missing:
        raise ValueError(f"not installed here: {', '.join(missing)}.")
    return [*(peer for peer in ours if spec.installed(peer)), *chosen]


def _plan(options: argparse.Namespace) -> Plan:
    plan = NOISY if options.noisy else QUICK if options.quick else Plan()
    if options.rounds:
        plan = dataclasses.replace(plan, rounds=options.rounds, min_rounds=options.rounds)
    if not options.warm:
        together = min(2 * machine.cache_bytes(3), _ROTATE_LIMIT)
        plan = dataclasses.replace(plan, rotate_bytes=together)
    return plan


def _measure(options: argparse.Namespace, cases: Sequence[Case], peers: Sequence[spec.Peer]) -> int:
    threads = options.threads or machine.usable_cores()
    about = machine.describe()
    limits = machine.limits(threads)
    print(f"{about['cpu']}, {threads} of {about['cores']} cores; {_say_limits(limits)}")
    if not any(peer.library == "brasa" for peer in peers):
        print("brasa is not installed here: only its peers are measured")
    print(f"peers: {', '.join(peer.name for peer in peers)}\n{table.terminal_head()}", flush=True)

    bench = Bench(peers, threads, _plan(options))
    rows: list[dict[str, Any]] = []
    try:
        for peer in peers:
            bench.worker(peer)
        for case in cases:
            if reason := lacks(case, about["isa"]):
                print(f"{case.full_name}: skipped, {reason}", flush=True)
                continue
            rows.append(bench.run(case))
            _add_limit(rows[-1], limits, threads)
            _show(rows[-1])
    except KeyboardInterrupt:
        print("stopped; what was measured is kept", file=sys.stderr)
    except WorkerError as error:
        print(f"could not start {error}", file=sys.stderr)
        return 1
    finally:
        bench.close()

    limits = machine.better(limits, machine.limits(threads))
    for row in rows:
        _add_limit(row, limits, threads)
    _say_noise(rows)
    if options.json:
        asked = {name: getattr(options, name) for name in _RECORDED}
        found = {"machine": about, "limits": limits, "peers": bench.about, "rows": rows}
        result = {"options": asked, "threads": threads, **found}
        print(f"wrote {_write(result, options.json)}")
    failed = [row for row in rows if any(who.startswith("brasa") for who in row["errors"])]
    return 1 if failed else 0


def _show(row: dict[str, Any]) -> None:
    print(table.terminal_row(row), flush=True)
    for who, error in row["errors"].items():
        print(f"    {who}: {error}", flush=True)


def _add_limit(row: dict[str, Any], limits: dict[str, float], threads: int) -> None:
    """The limit that the case runs into, beside its figures."""
    if row["bound"] == "flops":
        row["limit"] = {"name": "fma", "value": machine.flops_limit(limits)}
    elif row["bound"] == "bytes":
        name, value = machine.bytes_limit(limits, row["bytes"] * row["sets"], threads)
        row["limit"] = {"name": name, "value": value}


def _say_limits(limits: dict[str, float]) -> str:
    shown = [f"{name.removeprefix('flops_')} {x / 1e9:.0f}" for name, x in limits.items()]
    return f"limits (GF/s, GB/s): {', '.join(shown[1:])}" if limits else "no compiler, no limits"


def _say_noise(rows: Sequence[dict[str, Any]]) -> None:
    """A warning when the machine was not ours alone, or when a peer's pool did not sleep."""
    for what, allowed in (("others", 0.1), ("stolen", 0.05), ("idle_workers", 0.05)):
        worst = max((row["noise"].get(what, 0.0) for row in rows), default=0.0)
        if worst > allowed:
            print(f"noise: {what.replace('_', ' ')} took up to {worst:.2f} cores during a case")


def _write(result: dict[str, Any], name: str) -> Path:
    path = Path(name)
    if path.parent == Path():
        path = RESULTS / path
    path = path.with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_as_json(result))
    return path


def _as_json(result: dict[str, Any]) -> str:
    """One line for each row, so that a changed file shows which rows changed."""
    rows = ",\n".join("  " + json.dumps(_rounded(row)) for row in result["rows"])
    head = json.dumps({name: x for name, x in result.items() if name != "rows"}, indent=1)
    return head.removesuffix("\n}") + f',\n "rows": [\n{rows}\n ]\n}}\n'


def _rounded(value: Any) -> Any:
    """Five digits: more than any clock here is good for."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(x) for name, x in value.items()}
    return [_rounded(x) for x in value] if isinstance(value, list) else value


def _render(options: argparse.Namespace) -> int:
    results = []
    for path in options.render:
        found = path if path.exists() else RESULTS / path.name
        results.append(json.loads(found.with_suffix(".json").read_text()))
    text = table.markdown_of_all(results, options.case)
    if options.into is None:
        print(text)
    else:
        table.write_between_markers(text, options.into)
    return 0
