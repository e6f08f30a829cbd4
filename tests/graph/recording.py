"""What several tests of the passes record and read off a graph."""

import numpy as np


def kinds(graph):
    return [node.op for node in graph.nodes]


def normal(rng, *symbols):
    return {s: rng.standard_normal(s.shape).astype(np.float32) for s in symbols}


def loss_of(graph, predictions, target, kind):
    labels, dense = (target, None) if target.dtype == "int32" else (None, target)
    return graph.add("loss", [predictions, labels, dense, None], {"kind": kind})
