"""Writes keras_training.npz: what Keras 3 computes with optimizers, schedules, penalties.

    KERAS_BACKEND=torch python tests/golden/make_golden_keras_training.py

What is compared is built from either library's classes, and test_golden_keras_training.py calls the
same functions with ours: names, arguments and the order of weights are the same in both.
"""

import runpy
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
pattern = runpy.run_path(str(HERE / "make_golden.py"))["pattern"]

STEPS = 12

# An optimizer's class and its arguments; learning_rate may be a schedule's class and arguments.
OPTIMIZERS = {
    "sgd_decay": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    "sgd_nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.01}),
    "rmsprop_momentum": ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5}),
    "rmsprop_centered": (
        "RMSprop",
        {"learning_rate": 0.01, "momentum": 0.5, "epsilon": 1e-3, "centered": True},
    ),
    "rmsprop_decay": ("RMSprop", {"learning_rate": 0.01, "weight_decay": 0.05, "clipvalue": 0.02}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "adagrad_arguments": (
        "Adagrad",
        {
            "learning_rate": 0.1,
            "initial_accumulator_value": 0.02,
            "epsilon": 1e-3,
            "weight_decay": 0.1,
            "clipnorm": 0.3,
        },
    ),
    "adam_decay": ("Adam", {"learning_rate": 0.01, "weight_decay": 0.2, "global_clipnorm": 0.5}),
    "adamw": ("AdamW", {"learning_rate": 0.01}),
    "adamw_arguments": (
        "AdamW",
        {"learning_rate": 0.02, "weight_decay": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4},
    ),
    "adadelta": ("Adadelta", {"learning_rate": 1.0, "epsilon": 1e-3}),
    "adadelta_arguments": (
        "Adadelta",
        {"learning_rate": 2.0, "rho": 0.8, "epsilon": 1e-2, "weight_decay": 0.05, "clipnorm": 0.3},
    ),
    "adamax": ("Adamax", {"learning_rate": 0.02}),
    "adamax_arguments": (
        "Adamax",
        {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3, "clipvalue": 0.02},
    ),
    "nadam": ("Nadam", {"learning_rate": 0.01}),
    "nadam_arguments": (
        "Nadam",
        {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4, "weight_decay": 0.1},
    ),
    "lion": ("Lion", {"learning_rate": 0.003}),
    "lion_arguments": (
        "Lion",
        {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9, "weight_decay": 0.5},
    ),
    "scheduled": ("AdamW", {"learning_rate": ("ExponentialDecay", (0.02, 3, 0.5))}),
}

SCHEDULES = {
    "exponential": ("ExponentialDecay", (0.1, 7, 0.5), {}),
    "exponential_stairs": ("ExponentialDecay", (0.1, 7, 0.5), {"staircase": True}),
    "inverse": ("InverseTimeDecay", (0.1, 7, 0.5), {}),
    "inverse_stairs": ("InverseTimeDecay", (0.1, 7, 0.5), {"staircase": True}),
    "pieces": ("PiecewiseConstantDecay", ([5, 9, 20], [0.01, 0.005, 0.001, 0.1]), {}),
    "polynomial": ("PolynomialDecay", (0.1, 9, 0.01), {"power": 2.0}),
    "polynomial_up": ("PolynomialDecay", (0.0, 9, 0.3), {"power": 0.5}),
    "polynomial_cycle": ("PolynomialDecay", (0.1, 9), {"cycle": True}),
    "cosine": ("CosineDecay", (0.1, 12), {}),
    "cosine_alpha": ("CosineDecay", (0.1, 12), {"alpha": 0.2}),
    "cosine_warmup": ("CosineDecay", (0.01, 12, 0.1), {"warmup_target": 0.2, "warmup_steps": 5}),
    "restarts": ("CosineDecayRestarts", (0.1, 3.5), {}),
    "restarts_lower": (
        "CosineDecayRestarts",
        (0.1, 3.7),
        {"t_mul": 1.6, "m_mul": 0.7, "alpha": 0.1},
    ),
    "restarts_even": ("CosineDecayRestarts", (0.1, 4), {"t_mul": 1.0, "m_mul": 0.9}),
    "cosine_warmup_down": ("CosineDecay", (0.5, 3), {"warmup_target": 0.2, "warmup_steps": 5}),
}


def schedule(lib, name):
    """A schedule of either library."""
    kind, places, names = SCHEDULES[name]
    return getattr(lib.optimizers.schedules, kind)(*places, **names)


def rates(lib, name):
    """The rate at each of 30 steps."""
    made = schedule(lib, name)
    return np.array([float(made(step)) for step in range(30)])


def optimizer(lib, name):
    """An optimizer of either library."""
    kind, arguments = OPTIMIZERS[name]
    rate = arguments["learning_rate"]
    if isinstance(rate, tuple):
        rate = getattr(lib.optimizers.schedules, rate[0])(*rate[1])
    return getattr(lib.optimizers, kind)(**{**arguments, "learning_rate": rate})


def model(lib, penalized):
    """A small net with a regularizer of each kind, or with none."""
    layers, kinds = lib.layers, lib.regularizers
    first = {
        "kernel_regularizer": kinds.L1L2(0.01, 0.02),
        "bias_regularizer": kinds.L2(0.3),
    }
    norm = {"gamma_regularizer": "l2", "beta_regularizer": kinds.L1(0.03)}
    stack = [
        lib.Input((6,)),
        layers.Dense(8, activation="tanh", **(first if penalized else {})),
        layers.BatchNormalization(**(norm if penalized else {})),
        layers.Dense(5, activation="tanh", kernel_regularizer="l1" if penalized else None),
        layers.Dense(3),
    ]
    net = lib.Sequential(stack)
    net.set_weights(
        [np.abs(w) + 0.5 if w.ndim == 1 else w for w in
         (pattern(w.shape, i) for i, w in enumerate(net.get_weights()))]
    )  # fmt: skip
    return net


def batches():
    """The batches of all steps."""
    x = pattern((STEPS, 16, 6), 20)
    return x, (np.arange(STEPS * 16).reshape(STEPS, 16) * 7 % 3).astype(np.int32)


def train(lib, name, penalized):
    """The loss after the last step, and all weights, in one array."""
    net = model(lib, penalized)
    net.compile(optimizer(lib, name), lib.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = batches()
    for step in range(STEPS):
        net.train_on_batch(x[step], y[step])
    loss = np.ravel(net.evaluate(x[0], y[0], verbose=0))[:1]
    return np.concatenate([loss, *(w.ravel() for w in net.get_weights())])


if __name__ == "__main__":
    import keras

    keras.config.set_floatx("float64")
    results = {f"rates_{name}": rates(keras, name) for name in SCHEDULES}
    for case in OPTIMIZERS:
        results[f"train_{case}"] = train(keras, case, False)
        results[f"penalized_{case}"] = train(keras, case, True)
    np.savez_compressed(HERE / "keras_training.npz", **results)
