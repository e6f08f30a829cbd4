"""deserialize() of what serialize() gave, for all that configs describe; names of initializers."""

import json

import numpy as np
import pytest

from brasa import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
)
from tests import with_keras


class MyLoss(losses.Loss):
    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * ops.mean(ops.abs(y_true - y_pred), axis=-1)

    def get_config(self):
        return {"factor": self.factor}


class MyMetric(metrics.Metric):
    def __init__(self, by=1.0, name="mine"):
        super().__init__(name=name)
        self.by = by

    def get_config(self):
        return {"by": self.by, **super().get_config()}


class MyConstraint(constraints.Constraint):
    def __call__(self, w):
        return ops.clip(w, -1.0, 1.0)


class MyInitializer(initializers.Initializer):
    def __call__(self, shape, dtype="float32"):
        return np.full(shape, 3, np.float32)


ITEMS = [
    (losses, losses.Huber(0.3, reduction="sum", name="mine")),
    (losses, losses.SparseCategoricalCrossentropy(from_logits=True)),
    (metrics, metrics.Recall(thresholds=[0.2, 0.6], class_id=1)),
    (metrics, metrics.Accuracy()),
    (optimizers, optimizers.Adam(0.02, clipnorm=1.0)),
    (optimizers, optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))),
    (constraints, constraints.MaxNorm(3.0)),
    (regularizers, regularizers.L1L2(0.1, 0.2)),
    (initializers, initializers.VarianceScaling(2.0, seed=3)),
]
OWN = [
    (losses, MyLoss(3.0)),
    (metrics, MyMetric(2.0, "other")),
    (constraints, MyConstraint()),
    (initializers, MyInitializer()),
]
MODULES = [losses, metrics, optimizers, constraints, regularizers, initializers]


@pytest.mark.parametrize(("module", "item"), ITEMS, ids=lambda each: type(each).__name__)
def test_what_brasa_has(module, item):
    config = json.loads(json.dumps(module.serialize(item)))
    twin = module.deserialize(config)
    assert type(twin) is type(item)
    assert module.serialize(twin) == module.serialize(item)


@pytest.mark.parametrize(("module", "item"), OWN, ids=lambda each: type(each).__name__)
def test_what_users_have(module, item):
    config = json.loads(json.dumps(module.serialize(item)))
    kind = type(item)
    twin = module.deserialize(config, custom_objects={kind.__name__: kind})
    assert type(twin) is kind
    assert twin.get_config() == item.get_config()
    with pytest.raises(ValueError, match=f"{kind.__name__}' is unknown"):
        module.deserialize(config)


@pytest.mark.parametrize(
    ("kind", "name", "arguments"),
    [
        ("losses", "Huber", {"reduction": "sum"}),
        ("losses", "MeanSquaredError", {"reduction": "none"}),
        ("constraints", "MaxNorm", {"max_value": 3}),
        ("regularizers", "L1L2", {"l1": 0.5, "l2": 0.25}),
        ("initializers", "Constant", {"value": 2.0}),
    ],
)
def test_configs_of_keras(kind, name, arguments):
    theirs = getattr(with_keras.keras(), kind)
    config = theirs.serialize(getattr(theirs, name)(**arguments))
    ours = {"losses": losses, "constraints": constraints, "regularizers": regularizers}
    made = ours.get(kind, initializers).deserialize(config)
    assert type(made).__name__ == name
    for key, value in arguments.items():
        assert getattr(made, key) == value


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_what_is_no_config_is_refused(module):
    for config in (7, "nothing", {"class_name": 3}):
        with pytest.raises(ValueError, match="a config is a dictionary with class_name and config"):
            module.deserialize(config)
    with pytest.raises(ValueError, match="'Nothing' is unknown"):
        module.deserialize({"class_name": "Nothing", "config": {}})
    for objects in ([MyLoss], {"MyLoss": MyLoss()}):
        with pytest.raises(TypeError, match="custom_objects"):
            module.deserialize({"class_name": "MyLoss", "config": {}}, objects)


def test_none_stays_none():
    assert constraints.deserialize(constraints.serialize(None)) is None
    assert regularizers.deserialize(regularizers.serialize(None)) is None


def test_activations():
    assert activations.deserialize(activations.serialize(ops.tanh)) is ops.tanh

    def twice(x):
        return 2.0 * x

    assert activations.deserialize("twice", {"twice": twice}) is twice
    config = layers.serialize(layers.LeakyReLU(0.2))
    np.testing.assert_allclose(activations.deserialize(config)(np.float32([-1.0])), [-0.2])
    with pytest.raises(ValueError, match="Did you mean 'relu'"):
        activations.deserialize("rellu")
    with pytest.raises(TypeError, match="config must be a name or a config of a layer, got 3"):
        activations.deserialize(3)
    with pytest.raises(TypeError, match="custom_objects must be a dictionary of functions"):
        activations.deserialize("twice", {"twice": 2})


def test_initializers_have_the_names_of_keras():
    theirs = with_keras.keras().initializers
    names = {name for name in dir(theirs) if isinstance(getattr(theirs, name), type)}
    for name in names - {"STFT", "STFTInitializer", "stft"}:
        assert getattr(initializers, name).__name__ == getattr(theirs, name).__name__
    assert layers.Dense(2, kernel_initializer=initializers.he_normal(seed=1)).units == 2
    assert initializers.orthogonal is initializers.Orthogonal
