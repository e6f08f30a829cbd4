"""Running sums and products, and products over axes, as NumPy and Keras have them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_close, assert_refused, assert_same_bits
from tests import with_keras
from tests.ops.numpy_twins import assert_in_models, assert_slopes

INF, NAN = np.inf, np.nan
SHAPES = [(1,), (2,), (7,), (8,), (9,), (3, 17), (2, 5, 4), (33, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("op", ["cumsum", "cumprod"])
def test_as_numpy_with_gradients(op, shape, impl, rng):
    ours, theirs = getattr(ops, op), getattr(np, op)
    x = rng.standard_normal(shape).astype(np.float32)
    for axis in (None, *range(-len(shape), len(shape))):
        want = theirs(np.float64(x), axis)
        sizes = theirs(np.abs(np.float64(x)), axis)
        got = ours(x, axis)
        assert got.shape == want.shape
        # Sums of up to 66 entries are rounded log2 times, products once for each factor.
        roundings = 7 if op == "cumsum" else x.size
        assert_close(got, want, roundings * 2.0**-24 * sizes)
        assert_slopes(lambda t, a=axis: ours(t, a), lambda t, a=axis: theirs(t, a), [x], rng)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), [2, 1], (0, 1, 2), ()], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_products_over_axes(axis, keepdims, impl, rng):
    keras = with_keras.keras()
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    axes = tuple(axis) if isinstance(axis, list) else axis
    want = np.prod(np.float64(x), axes, keepdims=keepdims)
    got = ops.prod(x, axis, keepdims)
    assert got.shape == want.shape
    assert_close(got, want, x.size * 2.0**-24 * np.abs(want))
    np.testing.assert_allclose(got, keras.ops.prod(x, axes, keepdims), rtol=1e-5)
    assert_slopes(
        lambda t: ops.prod(t, axis, keepdims),
        lambda t: np.prod(t, axes, keepdims=keepdims),
        [x],
        rng,
    )


def test_as_keras(rng):
    keras = with_keras.keras()
    x = rng.standard_normal((3, 10)).astype(np.float32)
    for op in ("cumsum", "cumprod"):
        for axis in (None, 0, -1):
            want = np.asarray(getattr(keras.ops, op)(x, axis))
            np.testing.assert_allclose(getattr(ops, op)(x, axis), want, rtol=1e-5, atol=1e-5)


def test_gradients_of_zeros_are_the_products_of_the_others():
    for x, want in (
        ([2, 0, -3, 4], [0, -24, 0, 0]),
        ([2, 0, 0, 4], [0, 0, 0, 0]),
        ([0, -5], [-5, 0]),
        ([-2, -3, -4], [12, 8, 6]),
    ):
        assert_same_bits(brasa.grad(ops.prod)(np.float32(x)) + 0, np.float32(want))
        last = brasa.grad(lambda t: ops.cumprod(t)[-1:])(np.float32(x))
        assert_same_bits(last + 0, np.float32(want))


def test_what_is_not_finite_leaves_those_before_it():
    x = np.float32([1, 2, INF, 3, NAN, 4])
    assert_same_bits(ops.cumsum(x), np.float32([1, 3, INF, INF, NAN, NAN]))
    assert_same_bits(ops.cumprod(x), np.float32([1, 2, INF, INF, NAN, NAN]))
    assert np.isnan(ops.prod(np.float32([0, INF])))


def test_of_no_elements():
    x = np.ones((2, 0), np.float32)
    assert ops.prod(x, 1).tolist() == [1, 1]
    assert ops.prod(x, 1, True).shape == (2, 1)
    assert ops.prod(x, 0).shape == (0,)
    assert ops.cumsum(x, 1).shape == (2, 0)


def test_many_ones_are_counted_to_the_last():
    x = np.full(1 << 20, 0.1, np.float32)
    want = np.cumsum(np.float64(x))
    assert (np.abs(ops.cumsum(x) - want) <= 20 * 2.0**-24 * want).all()


def test_inside_models_and_between_layers(rng):
    x = rng.standard_normal((3, 6, 5)).astype(np.float32)
    for compute in (
        lambda t: ops.cumsum(t, 1),
        lambda t: ops.cumprod(t, axis=-1),
        lambda t: ops.prod(t, (1, 2)),
        lambda t: ops.prod(t, 1, keepdims=True),
    ):
        assert_in_models(compute, x)


def test_masks_go_on_where_each_step_stays():
    ids = np.int32([[3, 1, 0], [2, 0, 0]])
    x = Input((3,), dtype="int32")
    steps = layers.Embedding(4, 2, mask_zero=True)(x)
    mean = layers.GlobalAveragePooling1D()
    model = Model(x, mean(ops.cumsum(steps, 1)))
    table = model.get_weights()[0]
    first = (2 * table[3] + table[1]) / 2
    np.testing.assert_allclose(model.predict(ids), np.stack([first, table[2]]), rtol=1e-5)


def test_models_keep_their_arguments(tmp_path, rng):
    x = rng.standard_normal((3, 6, 5)).astype(np.float32)
    t = Input((6, 5))
    y = ops.take(ops.cumsum(t, axis=1), np.array([[0, -1], [2, 2]]), axis=2)
    model = Model(t, [y, *ops.top_k(t, k=2), ops.tensordot(t, np.ones((5, 2), np.float32), 1)])
    model.save(tmp_path / "model.brasa")
    again = brasa.load_model(tmp_path / "model.brasa")
    for got, want in zip(again.predict(x), model.predict(x), strict=True):
        assert_same_bits(got, want)


def test_bad_arguments():
    x = np.ones((2, 3), np.float32)
    for op in ("cumsum", "cumprod", "prod"):
        ours = getattr(ops, op)
        assert_refused(lambda f=ours: f(x, 2), ValueError, op, "axis [-2, 2) (2, 3) 2")
        assert_refused(lambda f=ours: f(x, 0.5), TypeError, op, "axis 0.5")
        assert_refused(lambda f=ours: f([1, 2]), TypeError, op, "x float32")
    assert_refused(lambda: ops.prod(x, (0, -2)), ValueError, "prod", "axis once")
    assert_refused(lambda: ops.prod(x, 0, "yes"), TypeError, "prod", "keepdims")
