"""Networks of transposed and one-dimensional convolutions: they learn, their slopes are right."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, Sequential, datasets, layers, load_model, ops, runtime
from brasa.testing.assertions import assert_same_bits
from brasa.testing.gradcheck import check_gradient
from tests.differences import slope


def autoencoder():
    """8x8 digits through 8 numbers and back."""
    encoder = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(8, 3, 2, padding="same", activation="relu"),
            layers.Conv2D(16, 3, 2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(8),
        ],
        name="encoder",
    )
    decoder = Sequential(
        [
            Input((8,)),
            layers.Dense(64, activation="relu"),
            layers.Reshape((2, 2, 16)),
            layers.Conv2DTranspose(16, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(8, 4, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    return Sequential([encoder, decoder]), encoder, decoder


@pytest.fixture(scope="module")
def digits():
    (x, _), (x_test, _) = datasets.load_digits()
    return x.astype(np.float32) / 16, x_test.astype(np.float32) / 16


def test_an_autoencoder_learns_the_digits(digits, tmp_path):
    x, x_test = digits
    brasa.set_seed(1)
    model, encoder, decoder = autoencoder()
    model.compile("adam", "binary_crossentropy", metrics=["mse"])
    model.fit(x, x, batch_size=32, epochs=25, verbose=0)
    error = ((model.predict(x_test) - x_test) ** 2).mean()
    spread = ((x_test - x.mean(0)) ** 2).mean()  # of the best guess that does not look
    assert error < 0.5 * spread
    codes = encoder.predict(x_test[:9])
    assert_same_bits(decoder.predict(codes), model.predict(x_test[:9], batch_size=9))

    model.save(tmp_path / "digits.brasa")
    again = load_model(tmp_path / "digits.brasa")
    assert_same_bits(again.predict(x_test[:9]), model.predict(x_test[:9]))
    before = model.predict(x_test[:9])
    for twin in (model, again):  # a resumed run is the uninterrupted one
        twin.fit(x[:256], x[:256], batch_size=32, epochs=1, shuffle=False, verbose=0)
    assert_same_bits(again.get_weights(), model.get_weights())
    assert not np.array_equal(before, model.predict(x_test[:9])), "old weights were kept"


def decoder_alone(channels=3, **last):
    return Sequential(
        [
            Input((3, 4, channels)),
            layers.Conv2DTranspose(6, 3, 2, bias_initializer="random_normal", activation="relu"),
            layers.Conv2DTranspose(4, (2, 3), padding="same", use_bias=False),
            layers.Conv2DTranspose(2, 3, bias_initializer="random_normal", **last),
        ]
    )


@pytest.mark.parametrize("batch", [1, 7, 16])  # 7 images leave one of 8 lanes empty
def test_predictions_and_slopes_are_those_of_pytorch(batch, rng, impl):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    f = torch.nn.functional
    brasa.set_seed(2)
    model = decoder_alone(activation="tanh")
    model.compile("sgd", "mse")
    x = rng.standard_normal((batch, 3, 4, 3)).astype(np.float32)
    y = rng.standard_normal((batch, 9, 11, 2)).astype(np.float32)
    w = [torch.tensor(v.astype(np.float64), requires_grad=True) for v in model.get_weights()]

    def peer():
        first = torch.tensor(x.astype(np.float64)).permute(0, 3, 1, 2)
        h = f.relu(f.conv_transpose2d(first, w[0].permute(3, 2, 0, 1), w[1], 2))
        # (2, 3) windows and "same": one row and two columns too many, cut by Keras's rule.
        h = f.conv_transpose2d(h, w[2].permute(3, 2, 0, 1))[:, :, :-1, 1:-1]
        h = torch.tanh(f.conv_transpose2d(h, w[3].permute(3, 2, 0, 1), w[4]))
        return h.permute(0, 2, 3, 1)

    want = peer()
    np.testing.assert_allclose(model.predict(x), want.detach().numpy(), rtol=1e-3, atol=1e-5)
    loss = ((want - torch.tensor(y.astype(np.float64))) ** 2).mean()
    loss.backward()
    found, gradients = model.compute_gradients(x, y)
    assert abs(found - loss.item()) < 1e-5 * loss.item()
    for parameter, gradient, peers in zip(model.trainable_weights, gradients, w, strict=True):
        right = peers.grad.numpy()
        error = np.linalg.norm(gradient - right) / np.linalg.norm(right)
        assert error < 1e-4, (parameter.name, error)


def test_an_encoder_in_lanes_and_its_decoder_have_the_slopes_of_each_image(rng, impl):
    """7 images leave lanes empty: what lies there must not reach a gradient."""
    brasa.set_seed(3)
    model = Sequential(
        [
            Input((9, 8, 2)),
            layers.Conv2D(5, 3, padding="same", activation="relu"),
            layers.Conv2DTranspose(6, 3, activation="relu"),
            layers.Conv2D(3, 3, activation="tanh"),
            layers.Conv2DTranspose(2, 3, padding="same"),
        ]
    )
    model.compile("sgd", "mse")
    x = rng.standard_normal((7, 9, 8, 2)).astype(np.float32)
    y = rng.standard_normal((7, 9, 8, 2)).astype(np.float32)
    _, together = model.compute_gradients(x, y)
    alone = [model.compute_gradients(x[i : i + 1], y[i : i + 1])[1] for i in range(7)]
    for parameter, gradient, *parts in zip(model.trainable_weights, together, *alone, strict=True):
        right = np.mean(np.float64(parts), axis=0)
        error = np.linalg.norm(gradient - right) / np.linalg.norm(right)
        assert error < 1e-5, (parameter.name, error)


def test_tied_filters_have_the_slopes_of_both_uses(rng, impl):
    class Tied(layers.Layer):
        """Down and up again with one set of filters."""

        def build(self, input_shape):
            self.kernel = self.add_weight("kernel", (3, 3, input_shape[-1], 5))

        def call(self, x):
            h = ops.tanh(ops.conv2d(x, self.kernel, padding="same"))
            return ops.conv2d_transpose(h, self.kernel, padding="same")

    brasa.set_seed(4)
    model = Sequential([Input((6, 5, 2)), Tied()])
    model.compile("sgd", "mse")
    x = rng.standard_normal((7, 6, 5, 2)).astype(np.float32)
    _, (gradient,) = model.compute_gradients(x, x)
    direction = gradient / np.linalg.norm(gradient)

    def loss():
        return ((model.predict(x).astype(np.float64) - x) ** 2).mean()

    want = slope(model, loss, 0, direction, 3e-3)
    assert (gradient * direction).sum() == pytest.approx(want, rel=1e-3)


def test_winograds_method_gives_the_same_training(rng):
    """3x3 windows at unit stride from 32 channels on: in the forward pass and in both gradients."""
    results = []
    for on in (True, False):
        runtime.set_winograd(on)
        try:
            brasa.set_seed(5)
            model = Sequential(
                [
                    Input((12, 12, 48)),
                    layers.Conv2DTranspose(64, 3, padding="same", activation="relu"),
                    layers.Conv2DTranspose(48, 3, padding="same"),
                ]
            )
            model.compile("sgd", "mse")
            x = np.random.default_rng(6).standard_normal((2, 12, 12, 48)).astype(np.float32)
            results.append([model.predict(x), *model.compute_gradients(x, x)[1]])
        finally:
            runtime.set_winograd(True)
    for tiles, direct in zip(*results, strict=True):
        error = np.linalg.norm(tiles - direct) / np.linalg.norm(direct)
        assert error < 1e-5


def test_a_bias_lies_in_place_and_the_activation_with_it(rng):
    model = decoder_alone(activation="sigmoid")
    model.compile("sgd", "mse")
    x, y = rng.standard_normal((2, 3, 4, 3)), rng.standard_normal((2, 9, 11, 2))
    model.train_on_batch(x, y)
    steps = [row["op"] for row in model.profile(x, y)]
    assert steps.count("add_bias") == 2
    assert "activation" not in steps


def test_predictions_follow_the_weights(rng):
    model, x = decoder_alone(), rng.standard_normal((2, 3, 4, 3)).astype(np.float32)
    first = model.predict(x)
    model.set_weights([2 * w for w in model.get_weights()])
    doubled = model.predict(x)
    assert not np.array_equal(first, doubled)
    fresh = decoder_alone()
    fresh.set_weights(model.get_weights())
    assert_same_bits(fresh.predict(x), doubled)


@pytest.mark.parametrize("precision", ["bf16", "bf16x3"])
def test_a_lower_precision_reaches_the_product(precision, rng):
    for name in runtime.implementations():
        with runtime.force(name):
            if runtime.products_by() in ("", "AVX512-BF16"):  # which leaves small ones in float32
                continue
            brasa.set_seed(7)
            model = Sequential([Input((3, 3, 8)), layers.Conv2DTranspose(4, 3, 2)])
            model.compile("sgd", "mse", precision=precision)
            x = rng.standard_normal((2, 3, 3, 8)).astype(np.float32)
            w, b = model.get_weights()
            want = ops.conv2d_transpose(x, w, b, 2, precision=precision)
            assert_same_bits(model.predict(x), want)
            same = np.array_equal(want, ops.conv2d_transpose(x, w, b, 2))
            assert not same or precision == "bf16x3"  # which has the error of float32


def test_a_net_along_time_finds_the_larger_pulse(rng, tmp_path):
    """Two pulses somewhere in noise: which of the shapes came, rising or falling?"""
    ramp = np.linspace(0.2, 2, 6, dtype=np.float32)
    labels = rng.integers(0, 2, 600)
    x = 0.3 * rng.standard_normal((600, 40, 1)).astype(np.float32)
    for row, label in zip(x, labels, strict=True):
        start = rng.integers(0, 34)
        row[start : start + 6, 0] += ramp if label else ramp[::-1]
    brasa.set_seed(8)
    model = Sequential(
        [
            Input((None, 1)),
            layers.Conv1D(8, 5, padding="causal", activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(8, 3, padding="same", activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:500], labels[:500], batch_size=20, epochs=12, verbose=0)
    assert (model.predict(x[500:]).argmax(1) == labels[500:]).mean() > 0.9
    assert model.predict(x[:3, :17]).shape == (3, 2)  # another length
    model.save(tmp_path / "pulses.brasa")
    again = load_model(tmp_path / "pulses.brasa")
    assert_same_bits(again.predict(x[500:]), model.predict(x[500:]))


def test_the_slopes_of_a_net_along_time(rng, impl):
    brasa.set_seed(9)
    x = Input((11, 3))
    h = layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="tanh")(x)
    h = layers.Conv1D(4, 2, 2, groups=2)(h)
    h = layers.Conv1DTranspose(3, 3, 2, output_padding=1)(h)
    h = layers.Cropping1D((1, 0))(layers.ZeroPadding1D(1)(h))
    h = layers.UpSampling1D(2)(layers.AveragePooling1D(2, padding="same")(h))
    model = Model(x, layers.GlobalAveragePooling1D()(h))
    model.compile("sgd", "mse")
    data, y = rng.standard_normal((3, 11, 3)), rng.standard_normal((3, 3))
    _, gradients = model.compute_gradients(data, y)
    weights = model.get_weights()

    def squares(*moved):
        model.set_weights([np.float32(w) for w in moved])
        return (model.predict(data).astype(np.float64) - y) ** 2 / y.size

    check_gradient(squares, weights, gradients, length=64)
