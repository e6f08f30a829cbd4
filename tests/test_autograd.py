"""Gradients of functions of one's own: what they are, and what is kept from call to call."""

import copy
import pickle

import numpy as np
import pytest

import brasa
from brasa import Model, Sequential, datasets, layers, losses, ops, runtime
from brasa.testing.assertions import ROUNDING, assert_close, assert_same_bits
from brasa.testing.gradcheck import check_gradient


def convolutional():
    """Images of 8 x 8 to probabilities of 10 classes."""
    return Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1), name="first"),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 3, padding="same", activation="relu", name="last"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax", name="judge"),
        ]
    )


def floats(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def test_by_arguments_and_weights_against_float64_differences(rng):
    dense = layers.Dense(3, activation="tanh")
    x, t = floats(rng, 5, 4), floats(rng, 5, 3)
    dense.build(x.shape)

    def loss(x, t):
        y = dense(x)
        return ops.mean(ops.square(y - t) / (1.5 + ops.abs(y))) + 0.1 * ops.sum(dense.kernel**2)

    value, (by_arguments, by_weights) = brasa.value_and_grad(loss, (0, 1), dense)(x, t)

    def exact(x, t, w, b):
        y = np.tanh(x @ w + b)
        return ((y - t) ** 2 / (1.5 + abs(y))).mean() + 0.1 * (w**2).sum()

    inputs = [np.float64(a) for a in (x, t, *dense.get_weights())]
    assert value == pytest.approx(exact(*inputs), rel=32 * ROUNDING)
    for i, gradient in enumerate([*by_arguments, *by_weights]):
        for at in np.ndindex(gradient.shape):
            ends = []
            for h in (1e-5, -1e-5):
                moved = [a.copy() for a in inputs]
                moved[i][at] += h
                ends.append(exact(*moved))
            slope = (ends[0] - ends[1]) / 2e-5
            assert abs(gradient[at] - slope) <= 64 * ROUNDING * (1 + abs(slope)), (i, at)


def test_saliency_and_weights_of_a_network_are_those_of_pytorch(rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    functional = torch.nn.functional
    model = convolutional()
    x, y = floats(rng, 3, 8, 8, 1), np.array([1, 9, 4])
    loss = losses.SparseCategoricalCrossentropy()
    step = brasa.value_and_grad(lambda x, y: loss(y, model(x)), 0, model)
    value, (by_x, by_weights) = step(x, y)

    image = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    ws = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in model.get_weights()]
    z = functional.conv2d(image.permute(0, 3, 1, 2), ws[0].permute(3, 2, 0, 1), ws[1]).relu()
    z = functional.max_pool2d(z, 2)
    z = functional.conv2d(z, ws[2].permute(3, 2, 0, 1), ws[3], padding=1).relu()
    want = functional.cross_entropy(z.mean((2, 3)) @ ws[4] + ws[5], torch.tensor(y))
    want.backward()
    assert value == pytest.approx(want.item(), rel=64 * ROUNDING)
    for got, leaf in zip([by_x, *by_weights], [image, *ws], strict=True):
        truth = leaf.grad.numpy()
        assert_close(got, truth, 512 * ROUNDING * np.abs(truth).max())


@pytest.mark.parametrize("training", [None, True])
def test_layers_that_keep_things_for_their_gradient_do_in_predictions_too(rng, training):
    model = Sequential(
        [
            layers.Conv1D(4, 2, input_shape=(5, 3)),
            layers.BatchNormalization(),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GRU(2),
        ]
    )
    model.set_weights([w + 0.3 * rng.random(w.shape) for w in model.get_weights()])
    x, dy = floats(rng, 2, 5, 3), floats(rng, 2, 2)
    value = brasa.value_and_grad(lambda x, dy: dy * model(x, training=training))
    _, gradient = value(x, dy)
    check_gradient(lambda x: value(x, dy)[0], [x], [gradient], length=64, samples=6)


def test_an_adversarial_step_raises_the_loss_of_a_trained_network():
    (x, y), _ = datasets.load_digits()
    x, y = np.float32(x[:256]) / 16, y[:256]
    model = convolutional()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=16, epochs=12, verbose=0)
    loss = losses.SparseCategoricalCrossentropy()
    before, slope = brasa.value_and_grad(lambda x, y: loss(y, model(x)))(x, y)
    assert before == pytest.approx(model.evaluate(x, y, verbose=0)[0], rel=1e-5)
    after, accuracy = model.evaluate(x + 0.1 * np.sign(slope), y, verbose=0)
    noisy, _ = model.evaluate(x + 0.1 * np.sign(np.random.default_rng(0).normal(size=x.shape)), y)
    assert after > before + 4 * abs(noisy - before)
    assert accuracy < 0.7


def test_the_map_of_grad_cam_is_the_sum_that_the_last_layer_says(rng):
    # Mean of each channel, then a dense layer: the gradient by the features is known.
    model = convolutional()
    features = Model(model.input, model.get_layer("last").output)
    head = Model(model.get_layer("last").output, model.get_layer("judge").output)
    judge = model.get_layer("judge")
    x, chosen = floats(rng, 2, 8, 8, 1), np.array([3, 7])

    def score(maps, chosen):
        rows = ops.one_hot(chosen, 10)
        return ops.sum(rows * ops.log(head(maps)))

    maps = features.predict(x)
    gradient = brasa.grad(score)(maps, chosen)
    p, kernel = np.float64(model.predict(x)), np.float64(judge.get_weights()[0])
    want = (np.eye(10)[chosen] - p) @ kernel.T / 9
    assert_close(gradient, np.broadcast_to(want[:, None, None], maps.shape), 64 * ROUNDING)


def test_the_gradient_of_a_style_is_that_of_gram_matrices(rng):
    features, target = floats(rng, 1, 4, 5, 3), floats(rng, 3, 3)

    def style(features, target):
        rows = ops.reshape(features, (20, 3))
        return ops.sum(ops.square(ops.matmul(rows, rows, transpose_a=True) / 20 - target))

    gradient = brasa.grad(style)(features, target)
    rows = np.float64(features).reshape(20, 3)
    error = rows.T @ rows / 20 - target
    want = 2 * (rows @ (error + error.T)) / 20
    assert_close(gradient, want.reshape(features.shape), 128 * ROUNDING)


def test_what_stands_beside_the_value_comes_back_in_its_lists(rng):
    x = floats(rng, 2, 6, 6, 1)
    conv = layers.Conv2D(2, 3, activation="relu")
    pool = layers.MaxPooling2D(2)

    def f(x):
        y = conv(x)
        return pool(y), {"conv": y, "twice": [2 * x, (x,)], "row": x[:1]}

    (value, other), gradient = brasa.value_and_grad(f, has_aux=True)(x)
    assert_same_bits(value, pool(conv(x)))
    assert_same_bits(other["conv"], conv(x))  # although training would pool before it cuts off
    assert_same_bits(other["twice"], [2 * x, (x,)])
    assert isinstance(other["twice"][1], tuple)
    assert_same_bits(other["row"], x[:1])
    # An array as the value stands for its sum.
    assert_same_bits(brasa.grad(lambda x: ops.sum(pool(conv(x))))(x), gradient)


def test_what_the_value_does_not_depend_on_has_the_gradient_zero(rng):
    x, y = floats(rng, 2, 3), floats(rng, 4)
    used, unused = layers.Dense(2), layers.Dense(1)
    used.build(x.shape)
    unused.build(x.shape)
    f = brasa.grad(lambda x, y: used(x), (1, 0), [unused.bias, used.bias])
    (by_y, by_x), by_weights = f(x, y)
    assert_same_bits(by_y, np.zeros(4, np.float32))
    assert np.abs(by_x).min() > 0
    assert_same_bits(by_weights, [np.float32([0]), np.float32([2, 2])])


def test_a_function_is_traced_once_for_each_shape_and_sees_new_weights(rng):
    dense, traced = layers.Dense(2, use_bias=False), []
    dense.build((None, 3))

    def f(x):
        traced.append(x.shape)
        return dense(x)

    gradient = brasa.grad(f)
    for rows in (2, 2, 5, 2, 5):
        dense.set_weights([floats(rng, 3, 2)])
        want = np.float64(dense.kernel.numpy()).sum(1)
        assert_close(gradient(floats(rng, rows, 3)), np.tile(want, (rows, 1)), 4 * ROUNDING)
    assert traced == [(2, 3), (5, 3)]
    assert gradient(np.ones((2, 3))).shape == (2, 3)  # float64 becomes float32
    for rows in range(10, 30):
        gradient(np.ones((rows, 3), np.float32))
    assert len(traced) == 22


def test_dropout_draws_anew_at_each_call_and_follows_the_seed():
    model = Sequential([layers.Dropout(0.5, input_shape=(64,))])
    x = np.ones((1, 64), np.float32)
    noisy, still = (brasa.value_and_grad(lambda x, t=t: model(x, training=t)) for t in (True, None))
    assert_same_bits(still(x), (x, x))
    brasa.set_seed(3)
    first, second = noisy(x), noisy(x)
    assert_same_bits(*first)  # what was kept is doubled, and so is its slope
    assert (first[0] != second[0]).any()
    brasa.set_seed(3)
    assert_same_bits([noisy(x), noisy(x)], [first, second])


def test_threads_do_not_change_bits(rng, threads):
    model = convolutional()
    x = floats(rng, 9, 8, 8, 1)
    f = brasa.value_and_grad(lambda x: ops.square(model(x)), 0, model)
    results = []
    for count in (1, 2, 3):
        runtime.set_threads(count)
        value, (by_x, by_weights) = f(x)
        results.append([value, by_x, *by_weights])
    assert_same_bits(results[1], results[0])
    assert_same_bits(results[2], results[0])


def test_losses_take_targets_as_they_do_elsewhere(rng):
    p, y = (
        rng.dirichlet(np.ones(3), 4).astype(np.float32),
        np.eye(3, dtype=np.float32)[[0, 2, 1, 1]],
    )
    smoothed = losses.CategoricalCrossentropy(label_smoothing=0.2)
    for loss, predictions, targets in (
        (smoothed, p, y),
        (losses.SparseCategoricalCrossentropy(), p, y.argmax(1)[:, None]),
        (losses.BinaryCrossentropy(label_smoothing=0.1), p[:, :1], y[:, 0]),
    ):
        value, _ = brasa.value_and_grad(lambda p, t, loss=loss: loss(t, p))(predictions, targets)
        assert value == pytest.approx(loss(targets, predictions), rel=8 * ROUNDING)


X = np.ones((2, 3), np.float32)
LABELS = np.array([0, 3])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: brasa.grad(np.sin)(X), TypeError, "Use brasa.ops on it instead of NumPy"),
        (lambda: brasa.grad(lambda x: None)(X), TypeError, "got None: is there a return"),
        (lambda: brasa.grad(lambda x: (x, x))(X), TypeError, r"\(value, other\) with has_aux=True"),
        (lambda: brasa.grad(lambda x: x, has_aux=True)(X), TypeError, "must return .value, other"),
        (lambda: brasa.grad(lambda x: (x, 3), has_aux=True)(X), TypeError, "must return a tensor"),
        (lambda: brasa.grad(lambda x: x, 1)(X), ValueError, "argnums is 1, but there are 1 arg"),
        (lambda: brasa.grad(lambda x, y: x, (0, -2))(X, X), ValueError, "names an argument twice"),
        (lambda: brasa.grad(lambda x: x, "x"), TypeError, "argnums must be a whole number"),
        (lambda: brasa.grad(lambda x: x)(LABELS), TypeError, "argument 0 holds whole numbers"),
        (lambda: brasa.grad(lambda x: x)(X[:0]), ValueError, "argument 0 .* is empty"),
        (lambda: brasa.grad(lambda x: x)("x"), TypeError, "argument 0 must hold real numbers"),
        (
            lambda: brasa.grad(brasa.grad(lambda z: z * z))(X),
            TypeError,
            "no gradients of gradients",
        ),
        (
            lambda: brasa.grad(lambda x, y: x * ops.one_hot(y, 3))(X, LABELS),
            IndexError,
            "there are 3 rows or classes",
        ),
        (
            lambda: brasa.grad(lambda x, y: losses.MeanSquaredError()(y, x), 1)(X, X),
            ValueError,
            "no gradient by its targets",
        ),
        (lambda: brasa.grad(lambda x: x, weights=[3]), TypeError, "must be a model, a layer, or"),
        (lambda: brasa.grad(3), TypeError, "function must be a function"),
        (
            lambda: brasa.grad(layers.SimpleRNN(2, stateful=True))(X[None]),
            ValueError,
            "stateful layer",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_copy_is_the_same_function_and_pickle_is_refused():
    function = brasa.value_and_grad(ops.sum)
    function(X)
    assert copy.deepcopy([function]) == [function]
    assert copy.copy(function) is function
    with pytest.raises(TypeError, match="value_and_grad: function 'sum' cannot be pickled"):
        pickle.dumps(function)
