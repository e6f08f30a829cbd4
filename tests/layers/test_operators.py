"""Operators and indices of tensors that have no values yet, and layers as functions."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model
from brasa.layers.tensor import LayerTensor
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits


class Inside(layers.Layer):
    """The same on symbols, in the call() of a layer."""

    def __init__(self, compute):
        super().__init__()
        self.compute = compute

    def call(self, inputs):
        return self.compute(*inputs) if isinstance(inputs, list) else self.compute(inputs)


OPERATORS = {
    "x + y": lambda x, y: x + y,
    "x - y": lambda x, y: x - y,
    "x * y": lambda x, y: x * y,
    "-x": lambda x, y: -x,
    "2 - x": lambda x, y: 2 - x,
    "x - 2": lambda x, y: x - 2,
    "x / 4": lambda x, y: x / 4,
    "1.5 + x * 3": lambda x, y: 1.5 + x * 3,
    "NumPy's number * x": lambda x, y: np.float32(3) * x,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_compute_what_they_say(name, rng):
    compute = OPERATORS[name]
    x, y = (rng.standard_normal((3, 4)).astype("f") for _ in range(2))
    inputs = [Input((4,)), Input((4,))]
    of_layers, of_ops = compute(*inputs), Inside(compute)(inputs)
    assert isinstance(of_layers, LayerTensor)
    for output in (of_layers, of_ops):
        got = Model(inputs, layers.Add()([output, 0 * inputs[0], 0 * inputs[1]])).predict([x, y])
        assert_close(got, compute(x, y), 4 * ROUNDING)


def test_products_of_matrices_inside_a_layer(rng):
    class Product(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight("w", (input_shape[-1], 3), "he_normal")
            self.a = self.add_weight("a", (3, 2), "he_normal")
            self.b = self.add_weight("b", (2, 6), "he_normal")

        def call(self, x):
            return (x @ self.w) @ (self.a @ self.b)

    product = Product()
    model = Sequential([Input((4, 5)), product])
    x = rng.standard_normal((2, 4, 5)).astype("f")
    w, a, b = product.get_weights()
    for got in (model.predict(x), product(x)):
        assert_close(got, (x @ w) @ (a @ b), 64 * ROUNDING)
    model.compile("sgd", "mse")
    assert all(g.any() for g in model.compute_gradients(x, np.zeros((2, 4, 6), "f"))[1])


def test_operators_take_weights_inside_a_layer():
    class Line(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight("w", (input_shape[-1],), "ones")

        def call(self, x):
            return self.w * x - self.w

    line = Line()
    values = np.float32([[1.0, 3.0]])
    assert_same_bits(Sequential([Input((2,)), line]).predict(values), np.float32([[0.0, 2.0]]))
    assert_same_bits(line(values), np.float32([[0.0, 2.0]]))


# No layer of their own does these: they are ops, of layers' outputs too.
OPERATIONS = {
    "x / y": lambda x, y: x / y,
    "1 / x": lambda x, y: 1 / x + 0 * y,
    "NumPy's number / x": lambda x, y: np.float32(3) / x - y,
    "x ** 2": lambda x, y: x**2 + y,
    "x ** -1.5": lambda x, y: x**-1.5 + y,
    "abs(y)": lambda x, y: x * abs(y),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_ops(name, rng):
    compute = OPERATIONS[name]
    x, y = (rng.standard_normal((3, 4)).astype("f") for _ in range(2))
    x = abs(x) + np.float32(0.5)
    inputs = [Input((4,)), Input((4,))]

    class Own(Model):
        def call(self, xs):
            return compute(*xs)

    inside, outside = Model(inputs, Inside(compute)(inputs)), Model(inputs, compute(*inputs))
    own = Own()
    own.compile("sgd", "mse")
    want = compute(x, y)
    for model in (inside, outside, own):
        assert_close(model.predict([x, y]), want, 8 * ROUNDING * (1 + np.abs(want)))


def test_weights_are_divided_inside_a_layer():
    class Odds(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight("w", (input_shape[-1],), "ones")

        def call(self, x):
            return self.w / x + x / self.w

    values = np.float32([[1.0, 4.0]])
    model = Sequential([Input((2,)), Odds()])
    assert_same_bits(model.predict(values), np.float32([[2.0, 4.25]]))


@pytest.mark.parametrize(
    "call", [lambda x: 2**x, lambda x: x**x, lambda x: x ** "2", lambda x: x / "2"]
)
def test_exponents_and_divisors_are_numbers(call):
    with pytest.raises(TypeError, match=r"unsupported operand type|b must hold real numbers"):
        Inside(call)(Input((2,)))


@pytest.mark.parametrize("other", ["x", None, True])
def test_operators_refuse_what_is_no_tensor(other):
    with pytest.raises(TypeError, match=r"has no values before the model runs|unsupported operand"):
        Input((4,)) + other


@pytest.mark.parametrize(
    "name", ["add", "average", "maximum", "minimum", "multiply", "subtract", "concatenate"]
)
def test_functions_stand_for_layers(name):
    x = [Input((4,)), Input((4,))]
    output = getattr(layers, name)(x, name="joined")
    assert output.call.layer.name == "joined"
    assert type(output.call.layer).__name__.lower() == name
    assert output.shape == (None, 8 if name == "concatenate" else 4)


INDICES = {
    "the last": lambda x: x[:, -1],
    "a stretch": lambda x: x[:, 1:3],
    "to the end": lambda x: x[:, -2:],
    "the first feature": lambda x: x[..., 0],
    "of both": lambda x: x[:, 1:, :-1],
    "one of each": lambda x: x[:, 2, 1:2],
    "all": lambda x: x[:],
    "a new axis": lambda x: x[:, None],
    "new ones between": lambda x: x[:, 1:3, None, 1, None],
    "one at the end": lambda x: x[..., None],
}


@pytest.mark.parametrize("name", INDICES)
def test_indices_take_what_numpy_takes(name, rng, tmp_path):
    take = INDICES[name]
    values = rng.standard_normal((4, 5, 3)).astype(np.float32)
    for time in (5, None):
        x = Input((time, 3))
        outside, inside = Model(x, take(x)), Model(x, Inside(take)(x))
        assert_same_bits(outside.predict(values), np.ascontiguousarray(take(values)))
        assert_same_bits(inside.predict(values), np.ascontiguousarray(take(values)))
    outside.save(tmp_path / "model")
    twin = load_model(tmp_path / "model")
    assert_same_bits(twin.predict(values), outside.predict(values))


def test_the_gradient_of_a_part_is_zero_elsewhere(rng):
    x = Input((5, 3))
    model = Model(x, layers.Dense(1)(layers.Dense(3)(x)[:, 1:3, 0]))
    model.compile("sgd", "mse")
    values, targets = rng.standard_normal((4, 5, 3)).astype("f"), rng.standard_normal((4, 1))
    first, _, last, _ = model.compute_gradients(values, targets)[1]
    assert last.shape == (2, 1)
    assert (first[:, 0] != 0).all()
    assert not first[:, 1:].any()


def test_masks_follow_the_steps(rng):
    ids = rng.integers(0, 3, (6, 5))
    x = Input((5,), dtype="int32")
    steps = layers.Embedding(3, 2, mask_zero=True)(x)[:, 1:4]
    model = Model(x, layers.LSTM(2)(steps))
    same = ids.copy()
    same[:, [0, 4]] = 1
    assert steps.mask_shape == (None, 3)
    table = layers.Embedding(3, 2, mask_zero=True)
    assert table(x)[:, 1].mask_shape is None
    assert table(x)[:, None].mask_shape is None
    assert table(x)[:, :, None].mask_shape == (None, 5)
    assert_same_bits(model.predict(ids), model.predict(same))


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (0, ValueError, "the batch, axis 0, is taken whole"),
        ((slice(None), 5), IndexError, "axis 1 has the extent 5, got the index 5"),
        ((slice(None), slice(None, None, 2)), ValueError, "slices have step 1, got 2"),
        ((slice(None), slice(3, 3)), ValueError, r"\[3:3\] is empty"),
        ((slice(None), [1]), TypeError, "a whole number or a slice"),
        ((slice(None), True), TypeError, "a whole number or a slice"),
        ((slice(None), 0, 0, 0), IndexError, "3 axes, the index 4"),
        ((..., ...), IndexError, "only one"),
    ],
    ids=str,
)
def test_indices_that_are_none(key, error, message):
    with pytest.raises(error, match=message):
        Input((5, 3))[key]


@pytest.mark.parametrize(
    ("index", "error"),
    [([0, None], ValueError), ([], ValueError), (3, TypeError), ([None, [1]], ValueError),
     ([None, 1.5], TypeError)],
    ids=str,
)  # fmt: skip
def test_entries_of_get_item(index, error):
    with pytest.raises(error, match="GetItem"):
        layers.GetItem(index)


def test_tensors_are_not_unpacked():
    with pytest.raises(TypeError, match="not iterable"):
        list(Input((2,)))
