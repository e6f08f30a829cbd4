"""Activation, ReLU, LeakyReLU, ELU, GELU, Softmax, and activation functions by name."""

import numpy as np
import pytest

from brasa import Input, Sequential, initializers, layers, load_model, ops
from brasa.layers.activations import FUNCTIONS, activation_function
from tests.differences import one_entry, slope


def layers_uniform():
    return initializers.RandomUniform(0.1, 0.5)


@pytest.mark.parametrize("shape", [(5,), (4, 3, 2)], ids=str)
@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_activation_keeps_the_contract(check_layer, name, shape):
    x, y = check_layer(layers.Activation(name), shape, output=shape)
    np.testing.assert_array_equal(y, FUNCTIONS[name](x))


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (layers.ReLU(), ops.relu),
        (layers.ReLU(None, 0.1), lambda x: ops.leaky_relu(x, 0.1)),
        (layers.LeakyReLU(), lambda x: ops.leaky_relu(x, 0.3)),
        (layers.LeakyReLU(0), lambda x: ops.leaky_relu(x, 0.0)),
        (layers.LeakyReLU(negative_slope=2), lambda x: ops.leaky_relu(x, 2.0)),
        (layers.ELU(), ops.elu),
        (layers.ELU(alpha=0.25), lambda x: ops.elu(x, 0.25)),
        (layers.GELU(), ops.gelu),
        (layers.GELU(approximate=True), lambda x: ops.gelu(x, True)),
        (layers.Softmax(), ops.softmax),
        (layers.Softmax(axis=2), ops.softmax),
    ],
    ids=lambda item: getattr(item, "name", None),
)
def test_layers_keep_the_contract(check_layer, layer, function):
    x, y = check_layer(layer, (4, 3), output=(4, 3))
    np.testing.assert_array_equal(y, function(x))


@pytest.mark.parametrize(
    ("axes", "shape"), [(None, (4, 3)), (1, (1, 3)), ((1, 2), (1, 1)), ([-1], (4, 1))]
)
def test_prelu_learns_its_slopes(check_layer, axes, shape):
    layer = layers.PReLU(layers_uniform(), shared_axes=axes)
    x, y = check_layer(layer, (4, 3), output=(4, 3), weights=[("alpha", shape)])
    alpha = layer.alpha.value
    np.testing.assert_array_equal(y, np.where(x > 0, x, alpha * x))
    model = Sequential([Input((4, 3)), layer])
    model.compile("sgd", "mse")
    slope = np.where(x > 0, 0, 2 * y / y.size * x).sum(axis=0)
    wanted = slope.sum(tuple(a for a in range(2) if shape[a] == 1), keepdims=True)
    _, (got,) = model.compute_gradients(x, np.zeros_like(y))
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def test_prelu_refuses_other_axes():
    for axes in (0, 3, [1, -4]):
        with pytest.raises(ValueError, match=r"shared_axes must lie in \[1, 3\)"):
            layers.PReLU(shared_axes=axes)(np.ones((1, 2, 2)))
    with pytest.raises(ValueError, match="axis 1 is open"):
        layers.PReLU()(Input((None, 2)))
    assert layers.PReLU(shared_axes=[1])(Input((None, 2))).shape == (None, None, 2)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_functions_by_name_and_by_op(name):
    assert activation_function("Dense", name) is getattr(ops, name)
    assert activation_function("Dense", getattr(ops, name)) is getattr(ops, name)
    others = {"swish": "silu", "hard_swish": "hard_silu", "exponential": "exp"}
    assert FUNCTIONS[name].__name__ == others.get(name, name)


def test_the_second_name_of_silu_is_saved_by_the_first():
    for second, first in (("hard_swish", "hard_silu"), ("exponential", "exponential")):
        assert layers.Activation(second).get_config()["activation"] == first
    assert layers.Activation("swish").get_config()["activation"] == "silu"
    x = np.float32([[-1.0, 2.0]])
    for activated in (ops.swish(x), ops.activation(x, "swish")):
        np.testing.assert_array_equal(activated, ops.silu(x))


def test_no_activation_is_linear():
    assert activation_function("Dense", None) is ops.linear


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Activation("sigmod"), ValueError, "Activation: .*mean 'sigmoid'"),
        (lambda: layers.Activation("heaviside"), ValueError, "Known: elu, exponential, gelu, gel"),
        (lambda: layers.GELU("tanh"), TypeError, "GELU: approximate must be a bool, got 'tanh'"),
        (lambda: layers.Activation(np.float32), TypeError, "a function of one tensor"),
        (lambda: layers.Activation(np.zeros(3)), TypeError, "Activation: activation must be"),
        (lambda: layers.ReLU("six"), TypeError, "ReLU: max_value must be"),
        (lambda: layers.ReLU(negative_slope=-1), ValueError, "ReLU: negative_slope must be"),
        (lambda: layers.ReLU(negative_slope=np.nan), ValueError, "ReLU: negative_slope must be"),
        (lambda: layers.LeakyReLU(-0.1), ValueError, "LeakyReLU: negative_slope must be"),
        (lambda: layers.LeakyReLU(np.inf), ValueError, "LeakyReLU: negative_slope must be"),
        (lambda: layers.LeakyReLU("steep"), TypeError, "LeakyReLU: negative_slope must be"),
        (lambda: layers.ELU(0), ValueError, "ELU: alpha must be finite and > 0 .*got 0.0"),
        (lambda: layers.ELU(-1), ValueError, "ELU: alpha must be finite and > 0"),
        (lambda: layers.ELU(np.nan), ValueError, "ELU: alpha must be finite and > 0"),
        (lambda: layers.ELU(np.inf), ValueError, "ELU: alpha must be finite and > 0"),
        (lambda: layers.ELU("deep"), TypeError, "ELU: alpha must be a number"),
        (lambda: layers.Softmax(1.0), TypeError, "Softmax: axis must be a whole number"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("axis", [1, -2, 2, 3])
def test_softmax_along_another_axis(check_layer, axis):
    """As attention weighs the steps of a sequence."""
    x, y = check_layer(layers.Softmax(axis), (3, 4, 5), output=(3, 4, 5))
    powers = np.exp(x.astype(np.float64))
    np.testing.assert_allclose(y, powers / powers.sum(axis=axis, keepdims=True), rtol=1e-5)


def test_softmax_along_no_axis():
    with pytest.raises(ValueError, match=r"layer 'softmax'.*axis 3 of \(1, 4, 3\)"):
        layers.Softmax(axis=3)(layers.Input((4, 3)))


RELUS = [
    {"max_value": 6.0},
    {"max_value": 1.0, "negative_slope": 0.25},
    {"threshold": 0.5},
    {"threshold": 0.5, "negative_slope": 0.125},
    {"max_value": 1.5, "negative_slope": 0.5, "threshold": 0.75},
    {"max_value": 0.5, "threshold": 1.0},
]


def rectified(x, max_value=None, negative_slope=0.0, threshold=0.0):
    """Values and slopes as Keras defines them."""
    on = x > threshold
    y = np.where(on, x, negative_slope * (x - threshold))
    slope = np.where(on, 1.0, negative_slope)
    if max_value is not None:
        slope = np.where(y >= max_value, 0.0, slope)
        y = np.minimum(y, max_value)
    return y, slope


@pytest.mark.parametrize("options", RELUS, ids=str)
def test_bounded_relu(check_layer, options, rng):
    layer = layers.ReLU(**options)
    x, y = check_layer(layer, (4, 3), output=(4, 3))
    np.testing.assert_allclose(y, rectified(x, **options)[0], rtol=1e-6)
    edges = np.float32([[-8, -1, -0.0, 0, 1e-30, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 6, 7, 1e30]]).T
    np.testing.assert_allclose(layer(edges), rectified(edges, **options)[0], rtol=1e-6)


@pytest.mark.parametrize("options", RELUS, ids=str)
def test_slopes_of_bounded_relu(options, rng):
    """The gradient by a bias in front of the layer is that by its input."""
    x = rng.uniform(-3, 9, (1, 64)).astype(np.float32)
    shift, bounded = layers.Dense(64, kernel_initializer="zeros"), layers.ReLU(**options)
    model = Sequential([Input((2,)), shift, bounded])
    model.compile("sgd", "mse")
    shift.set_weights([np.zeros((2, 64), np.float32), x[0]])
    y, slope = rectified(x.astype(np.float64), **options)
    _, (_, got) = model.compute_gradients(np.ones((1, 2), np.float32), np.zeros((1, 64)))
    np.testing.assert_allclose(got, (2 / 64 * y * slope)[0], rtol=1e-5, atol=1e-7)


def test_relu6_after_convolutions_and_in_files(rng, tmp_path):
    def net(six):
        return Sequential(
            [Input((8, 8, 3)), layers.Conv2D(8, 3, name="a"), six, layers.Conv2D(4, 3, name="b")]
        )

    bounded, plain = net(layers.ReLU(1e6)), net(layers.ReLU())
    plain.set_weights(bounded.get_weights())
    x, y = rng.standard_normal((16, 8, 8, 3)), rng.standard_normal((16, 4, 4, 4))
    found = []
    for model in (bounded, plain):  # a bound that nothing reaches changes nothing
        model.compile("sgd", "mse")
        found.append(model.compute_gradients(x, y)[1])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    model = net(layers.ReLU(0.125, 0.5, 0.0625))
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(load_model(tmp_path / "model").predict(x), model.predict(x))


def elu_net(activation, alpha):
    """ELU behind each layer that can apply it, by name or as a layer with its alpha."""

    def applied(layer):
        return [layer("elu")] if activation == "name" else [layer(None), layers.ELU(alpha)]

    return Sequential(
        [
            Input((8, 8, 3)),
            *applied(lambda act: layers.Conv2D(4, 3, activation=act)),
            layers.MaxPooling2D(2),
            layers.Conv2D(5, 2),
            layers.BatchNormalization(),
            layers.Activation("elu") if activation == "name" else layers.ELU(alpha),
            layers.Flatten(),
            *applied(lambda act: layers.Dense(7, act)),
            layers.Dense(3),
        ]
    )


def test_elu_by_name_is_the_layer_with_alpha_1(rng):
    x, y = rng.standard_normal((6, 8, 8, 3)), rng.standard_normal((6, 3))
    nets = [elu_net("name", None), elu_net("layer", 1.0), elu_net("layer", 0.5)]
    found = []
    for net in nets:
        net.compile("sgd", "mse")
        net.set_weights(nets[0].get_weights())
        found.append((net.predict(x), *net.compute_gradients(x, y)[1]))
    for one, other in zip(*found[:2], strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(found[2][0] - found[0][0]).max() > 1e-3


@pytest.mark.parametrize("activation", ["name", "layer"])
def test_elu_in_files(activation, rng, tmp_path):
    x, y = rng.standard_normal((6, 8, 8, 3)), rng.standard_normal((6, 3))
    model = elu_net(activation, 0.75)
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    alphas = [layer.alpha for layer in loaded.layers if isinstance(layer, layers.ELU)]
    assert alphas == ([] if activation == "name" else [0.75] * 3)


def test_gelu_and_silu_by_name_in_steps_and_in_files(rng, tmp_path):
    """Behind a convolution, a normalization and a product: the slope of the loss, and the files."""

    def net(first, second):
        return Sequential(
            [
                Input((8, 8, 3)),
                layers.Conv2D(4, 3, activation=first),
                layers.MaxPooling2D(2),
                layers.Conv2D(5, 2),
                layers.BatchNormalization(),
                layers.Activation(first),
                layers.Flatten(),
                layers.Dense(7, second),
                layers.Dense(3),
            ]
        )

    x, y = rng.standard_normal((6, 8, 8, 3)), rng.standard_normal((6, 3))
    for first, second in (("gelu", "swish"), ("silu", "gelu_tanh")):
        model = net(first, second)
        model.compile("sgd", "mse")
        filters = model.compute_gradients(x, y)[1][0]
        steepest = np.unravel_index(np.argmax(np.abs(filters)), filters.shape)
        entry = one_entry(filters, steepest)
        want = slope(model, lambda: model.compute_gradients(x, y)[0], 0, entry)  # noqa: B023
        np.testing.assert_allclose(filters[steepest], want, rtol=0.02)
        model.save(tmp_path / "model")
        np.testing.assert_array_equal(load_model(tmp_path / "model").predict(x), model.predict(x))


@pytest.mark.parametrize(
    "options",
    [{"max_value": 0}, {"max_value": -1}, {"threshold": -1}, {"max_value": np.inf}],
    ids=str,
)
def test_bad_bounds(options):
    with pytest.raises(ValueError, match=f"ReLU: {next(iter(options))} must be"):
        layers.ReLU(**options)
