"""Keras in a process of its own: its backends start threads, beside which nothing should fork."""

import importlib
import os
import re
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np


@contextmanager
def keras_apart(backend):
    """A function that calls one of Keras's, or of this file, by its name."""
    with ProcessPoolExecutor(1, get_context("spawn"), _begin, (backend,)) as pool:
        yield lambda name, *args, **options: pool.submit(_call, name, args, options).result()


def _begin(backend):
    os.environ["KERAS_BACKEND"] = backend


def _call(name, args, options):
    module, _, function = name.rpartition(".")
    result = getattr(importlib.import_module(module), function)(*args, **options)
    return np.asarray(result) if type(result).__module__.startswith(("jax", "torch")) else result


def layer_of(name, x, options, training=True):
    """What a layer gives for x."""
    import keras

    return getattr(keras.layers, name)(**options)(x, training=training)


def with_contrast(x, factor, options):
    """What RandomContrast gives where each image has drawn its factor."""
    import keras

    layer = keras.layers.RandomContrast(**options)
    return layer.transform_images(x, {"contrast_factor": factor}, training=True)


def boxes_and_arrows():
    """The names in Keras's drawing of a model with a shared layer, and the pairs of them."""
    import keras

    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = keras.layers.Dense(3, "relu", name="shared")
    both = keras.layers.Add(name="both")([shared(a), shared(b)])
    more = keras.layers.Concatenate(name="more")([both, a])
    model = keras.Model([a, b], [keras.layers.Dense(2, name="judge")(more), both])
    graph = keras.utils.model_to_dot(model)
    names = {}
    for node in graph.get_nodes():
        found = re.search(r"<b>(\w+)</b> \((\w+)\)", node.get("label") or "")
        if found:
            names[node.get_name().strip('"')] = found[1]
    arrows = {
        tuple(names[end.strip('"')] for end in (edge.get_source(), edge.get_destination()))
        for edge in graph.get_edges()
    }
    return set(names.values()), arrows
