"""Where weights start from."""

import json
import math

import numpy as np
import pytest

import brasa
from brasa import initializers
from brasa.initializers import INITIALIZERS, fans

RANDOM = sorted(set(INITIALIZERS) - {"constant", "identity", "ones", "zeros"})
SHAPES = {"dense": (300, 400), "conv": (5, 5, 20, 100)}

# Fans as Keras computes them, and the standard deviations that follow.
FANS = {"dense": (300, 400), "conv": (500, 2500)}
# A standard normal cut at 2 has this standard deviation.
CUT = 0.8796256610342398


# How far from the mean values may be, in standard deviations.
UNIFORM, TRUNCATED, NORMAL = math.sqrt(3), 2 / CUT, 6.0


def test_the_identity():
    layer = brasa.layers.SimpleRNN(3, recurrent_initializer=initializers.Identity(0.9))
    twin = brasa.layers.deserialize(brasa.layers.serialize(layer))
    for one in (layer, twin):
        one(np.zeros((1, 2, 2)))
        np.testing.assert_array_equal(one.get_weights()[1], np.float32(0.9) * np.eye(3))
    assert initializers.get("identity")((2, 5)).tolist() == np.eye(2, 5).tolist()
    assert initializers.get("identity")((5, 2)).tolist() == np.eye(5, 2).tolist()


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize(
    ("name", "variance", "reach"),
    [
        ("glorot_uniform", lambda fan_in, fan_out: 2 / (fan_in + fan_out), UNIFORM),
        ("glorot_normal", lambda fan_in, fan_out: 2 / (fan_in + fan_out), TRUNCATED),
        ("he_uniform", lambda fan_in, _: 2 / fan_in, UNIFORM),
        ("he_normal", lambda fan_in, _: 2 / fan_in, TRUNCATED),
        ("lecun_uniform", lambda fan_in, _: 1 / fan_in, UNIFORM),
        ("lecun_normal", lambda fan_in, _: 1 / fan_in, TRUNCATED),
        ("variance_scaling", lambda fan_in, _: 1 / fan_in, TRUNCATED),
        ("random_uniform", lambda *_: 0.05**2 / 3, UNIFORM),
        ("random_normal", lambda *_: 0.05**2, NORMAL),
        ("truncated_normal", lambda *_: (0.05 * CUT) ** 2, TRUNCATED),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_spread_is_that_of_keras(kind, name, variance, reach):
    values = INITIALIZERS[name](seed=1)(SHAPES[kind]).astype(np.float64)
    stddev = math.sqrt(variance(*FANS[kind]))
    assert 0.7 * reach * stddev < np.abs(values).max() <= reach * stddev * (1 + 1e-6)
    # Five standard deviations of the estimates.
    error = 5 / math.sqrt(values.size)
    assert abs(values.mean()) < error * stddev
    assert values.std() == pytest.approx(stddev, rel=error)


@pytest.mark.parametrize(("mode", "count"), [("fan_in", 500), ("fan_out", 2500), ("fan_avg", 1500)])
@pytest.mark.parametrize(
    ("distribution", "reach"),
    [("uniform", UNIFORM), ("truncated_normal", TRUNCATED), ("untruncated_normal", NORMAL)],
)
def test_variance_scaling(mode, count, distribution, reach):
    made = initializers.VarianceScaling(0.5, mode, distribution, seed=1)
    values, stddev = made(SHAPES["conv"]).astype(np.float64), math.sqrt(0.5 / count)
    assert values.std() == pytest.approx(stddev, rel=5 / math.sqrt(values.size))
    assert 0.7 * reach * stddev < np.abs(values).max() <= reach * stddev * (1 + 1e-6)
    again = initializers.deserialize(initializers.serialize(made))
    np.testing.assert_array_equal(again((4, 3)), made((4, 3)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"scale": 0.0}, ValueError, "scale must be above 0, got 0.0"),
        ({"mode": "fan_inn"}, ValueError, "mode 'fan_inn' is unknown. Did you mean 'fan_in'"),
        ({"distribution": "normal"}, ValueError, "distribution 'normal' is unknown"),
        ({"scale": "1"}, TypeError, "scale must be a number"),
    ],
)
def test_bad_arguments_of_variance_scaling(arguments, error, message):
    with pytest.raises(error, match=f"VarianceScaling: {message}"):
        initializers.VarianceScaling(**arguments)


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("shape", [(), (3,), (4, 3), (3, 3, 2, 5), (0, 3)], ids=str)
def test_shape_and_dtype(name, shape):
    few = name in ("identity", "orthogonal") and len(shape) < 2
    if few or (name == "identity" and len(shape) > 2):
        with pytest.raises(ValueError, match=r"must have (at least )?2 axes"):
            initializers.get(name)(shape)
        return
    values = initializers.get(name)(list(shape))
    assert (values.shape, values.dtype) == (shape, np.float32)
    assert values.flags.c_contiguous
    assert values.flags.writeable


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    cls = INITIALIZERS[name]
    seeded = cls(seed=4)
    np.testing.assert_array_equal(seeded((4, 3)), seeded((4, 3)))
    np.testing.assert_array_equal(seeded((4, 3)), cls(seed=4)((4, 3)))
    assert (seeded((4, 3)) != cls(seed=5)((4, 3))).any()
    brasa.set_seed(4)
    first, second = cls()((4, 3)), cls()((4, 3))
    assert (first != second).any()
    brasa.set_seed(4)
    np.testing.assert_array_equal(cls()((4, 3)), first)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (3, 3, 2, 5)], ids=str)
def test_orthogonal(shape):
    q = initializers.Orthogonal(gain=2.0, seed=1)(shape).astype(np.float64)
    q = q.reshape(-1, shape[-1]) / 2
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-6)


def test_orthogonal_has_no_preferred_sign():
    corners = [initializers.Orthogonal(seed=i)((3, 3))[0, 0] for i in range(200)]
    assert 60 < sum(corner > 0 for corner in corners) < 140


def test_constants():
    np.testing.assert_array_equal(initializers.Zeros()((2,)), [0, 0])
    np.testing.assert_array_equal(initializers.Ones()((2,)), [1, 1])
    np.testing.assert_array_equal(initializers.Constant(-1.5)((2,)), [-1.5, -1.5])


def test_mean_and_bounds():
    assert initializers.RandomNormal(3.0, 0.0)((2,)).tolist() == [3.0, 3.0]
    assert initializers.TruncatedNormal(3.0, 0.0)((2,)).tolist() == [3.0, 3.0]
    values = initializers.RandomUniform(2.0, 3.0, seed=1)((1000,))
    assert 2 <= values.min() < 2.01 < 2.99 < values.max() <= 3


@pytest.mark.parametrize(
    ("shape", "want"),
    [((), (1, 1)), ((5,), (5, 5)), ((3, 4), (3, 4)), ((5, 5, 6, 16), (150, 400)), ((0, 0), (1, 1))],
    ids=str,
)
def test_fans(shape, want):
    assert fans(shape) == want


@pytest.mark.parametrize("name", INITIALIZERS)
def test_config_survives_json(name):
    arguments = {"constant": {"value": 0.5}, "orthogonal": {"gain": 2.0, "seed": 3}}
    arguments |= {"random_normal": {"mean": 1.0, "stddev": 2.0, "seed": 3}}
    arguments |= {"random_uniform": {"minval": 1.0, "maxval": 2.0, "seed": 3}}
    default = {"seed": 3} if name in RANDOM else {}
    made = INITIALIZERS[name](**arguments.get(name, default))
    config = json.loads(json.dumps(initializers.serialize(made)))
    assert arguments.get(name, default).items() <= config["config"].items()
    for twin in (initializers.deserialize(config), initializers.get(config)):
        assert type(twin) is type(made)
        np.testing.assert_array_equal(twin((4, 3)), made((4, 3)))


def test_get_passes_instances_on():
    made = initializers.HeNormal()
    assert initializers.get(made) is made
    assert type(initializers.get("HeNormal")) is initializers.HeNormal


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        ("he_normall", ValueError, "initializer 'he_normall' is unknown. Did you mean 'he_normal'"),
        ({"class_name": "Evil"}, ValueError, "initializer 'Evil' is unknown"),
        ({"name": "zeros"}, ValueError, "class_name"),
        (None, TypeError, "must be one of the names constant, glorot_normal"),
        (0.5, TypeError, "got 0.5"),
        (initializers.Zeros, TypeError, "instance or config of Initializer"),
    ],
    ids=str,
)
def test_unknown_identifiers(identifier, error, message):
    with pytest.raises(error, match=message):
        initializers.get(identifier)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: initializers.HeNormal(seed=-1), ValueError, "HeNormal: seed must be >= 0"),
        (lambda: initializers.HeNormal(seed=1.0), TypeError, "HeNormal: seed must be a whole"),
        (lambda: initializers.RandomNormal(stddev=-1), ValueError, "RandomNormal: stddev must be"),
        (lambda: initializers.TruncatedNormal(np.nan), ValueError, "TruncatedNormal: mean must be"),
        (lambda: initializers.RandomUniform(1, 0), ValueError, "minval 1.0 must not exceed maxval"),
        (lambda: initializers.Constant(np.inf), ValueError, "Constant: value must be finite"),
        (lambda: initializers.Constant("1x"), TypeError, "Constant: value must be a number"),
        (lambda: initializers.Orthogonal(gain=None), TypeError, "Orthogonal: gain must be"),
        (lambda: initializers.Zeros()((-1, 2)), ValueError, "Zeros: extents must be >= 0"),
        (lambda: initializers.Zeros()((1.5,)), TypeError, "Zeros: shape must be a whole number"),
        (lambda: initializers.Zeros()((2**40, 2**40)), MemoryError, "Zeros: .* needs 4,835,703"),
        (lambda: initializers.Initializer()((1,)), NotImplementedError, "define values"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_subclass_must_fill_the_shape():
    class Wrong(initializers.Initializer):
        def values(self, shape):
            return np.zeros(3)

    with pytest.raises(ValueError, match=r"Wrong: made values of \(3,\) for the shape \(2,\)"):
        Wrong()((2,))
