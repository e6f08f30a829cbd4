"""Writes keras_recurrent.npz: what Keras 3 computes in float64 with its recurrent layers.

    KERAS_BACKEND=torch python tests/golden/make_golden_keras.py

`case` builds a net from either library's layers, and test_golden_keras.py calls it with ours: the
names of layers and arguments, and the order and shapes of the weights, are the same in both.
"""

import runpy
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
pattern = runpy.run_path(str(HERE / "make_golden.py"))["pattern"]

N, T, D, U = 4, 6, 3, 5
MASKS = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 0, 1], [1, 1, 1, 1, 1, 1]])
IDS = np.array([[3, 1, 0, 0, 0, 0], [2, 2, 4, 1, 0, 0], [1, 1, 1, 1, 1, 1], [4, 3, 2, 1, 4, 0]])
ALL = {"return_sequences": True, "return_state": True}
BACK = {**ALL, "go_backwards": True}

# A layer's class and arguments; what stands before it; how many first states it is given.
CASES = {
    "lstm": ("LSTM", {}, "", 0),
    "lstm_all": ("LSTM", ALL, "", 0),
    "lstm_back": ("LSTM", BACK, "", 0),
    "lstm_no_bias": ("LSTM", {"use_bias": False}, "", 0),
    "lstm_states": ("LSTM", ALL, "", 2),
    "lstm_masked": ("LSTM", ALL, "masking", 0),
    "lstm_masked_back": ("LSTM", BACK, "masking", 0),
    "lstm_embedding": ("LSTM", {}, "embedding", 0),
    "gru": ("GRU", {}, "", 0),
    "gru_all": ("GRU", ALL, "", 0),
    "gru_back": ("GRU", BACK, "", 0),
    "gru_no_bias": ("GRU", {"use_bias": False}, "", 0),
    "gru_states": ("GRU", ALL, "", 1),
    "gru_masked": ("GRU", ALL, "masking", 0),
    "gru_embedding": ("GRU", {}, "embedding", 0),
    "gru_reset_before": ("GRU", {**ALL, "reset_after": False}, "", 0),
    "gru_reset_before_masked": ("GRU", {**BACK, "reset_after": False}, "masking", 0),
    "gru_reset_before_no_bias": ("GRU", {"reset_after": False, "use_bias": False}, "", 1),
    "simple_rnn": ("SimpleRNN", {}, "", 0),
    "simple_rnn_relu": ("SimpleRNN", {**ALL, "activation": "relu"}, "", 0),
    "simple_rnn_sigmoid": ("SimpleRNN", {**BACK, "activation": "sigmoid"}, "", 0),
    "simple_rnn_states": ("SimpleRNN", ALL, "", 1),
    "simple_rnn_masked": ("SimpleRNN", BACK, "masking", 0),
}
MERGES = ("concat", "sum", "mul", "ave", None)
for merge in MERGES:
    for kind, how, front, states in (
        ("LSTM", {}, "", 0),
        ("GRU", ALL, "masking", 0),
        ("LSTM", ALL, "", 4),
        ("SimpleRNN", {"return_sequences": True}, "embedding", 0),
    ):
        name = f"both_{merge}_{kind.lower()}" + ("_states" if states else "")
        CASES[name] = (f"Bidirectional {merge} {kind}", how, front, states)


def make_layer(layers, kind, how):
    """The layer of a case."""
    if not kind.startswith("Bidirectional"):
        return getattr(layers, kind)(U, **how)
    _, merge, inner = kind.split()
    merge = None if merge == "None" else merge
    return layers.Bidirectional(getattr(layers, inner)(U, **how), merge_mode=merge)


def fill(layer):
    """Set all weights to known numbers."""
    shapes = [array.shape for array in layer.get_weights()]
    layer.set_weights([0.7 * pattern(shape, 7 + i) for i, shape in enumerate(shapes)])


def case(keras, name):
    """A model of either library, and its input arrays."""
    kind, how, front, states = CASES[name]
    layers, first = keras.layers, []
    arrays = [pattern((N, T, D), 1)]
    if front == "embedding":
        arrays = [IDS.astype(np.int32)]
        x = keras.Input((T,), dtype="int32")
        first = [layers.Embedding(5, D, mask_zero=True)]
    elif front == "masking":
        arrays[0] = arrays[0] * MASKS[..., None].astype(np.float32)
        x = keras.Input((T, D))
        first = [layers.Masking()]
    else:
        x = keras.Input((T, D))
    inputs, y = [x], x
    for layer in first:
        y = layer(y)
    inputs += [keras.Input((U,)) for _ in range(states)]
    arrays += [pattern((N, U), 20 + i) for i in range(states)]
    layer = make_layer(layers, kind, how)
    y = layer(y, initial_state=inputs[1:]) if states else layer(y)
    for each in (*first, layer):
        fill(each)
    return keras.Model(inputs, y), arrays


def flat(results):
    """All outputs one after another."""
    results = results if isinstance(results, (list, tuple)) else [results]
    return np.concatenate([np.asarray(y).ravel() for y in results])


def main():
    import keras

    keras.config.set_floatx("float64")
    results = {}
    for name in CASES:
        model, arrays = case(keras, name)
        arrays = [a if a.dtype == np.int32 else a.astype(np.float64) for a in arrays]
        results[name] = flat(model.predict(arrays, verbose=0))
    for kind in ("LSTM", "GRU", "SimpleRNN"):
        layer = getattr(keras.layers, kind)(U, stateful=True, return_sequences=True)
        x = pattern((N, T, D), 1).astype(np.float64)
        layer(x[:, :2])
        fill(layer)
        layer.reset_state()
        parts = [layer(x[:, start : start + 2]) for start in (0, 2, 4)]
        results[f"stateful_{kind.lower()}"] = flat([part.detach() for part in parts])
    rounded = {name: result.astype(np.float32) for name, result in results.items()}
    np.savez_compressed(HERE / "keras_recurrent.npz", **rounded)


if __name__ == "__main__":
    main()
