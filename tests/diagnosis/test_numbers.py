"""The numbers of a diagnosis against sums written out in NumPy."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, initializers, layers, ops, optimizers, runtime
from brasa.testing.assertions import assert_same_bits

norm = np.linalg.norm


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def batch(rng, rows=32, features=5, classes=3):
    x = rng.standard_normal((rows, features)).astype(np.float32)
    return x, rng.integers(0, classes, rows)


def test_norms_of_a_network_of_two_layers(rng):
    x, y = batch(rng)
    model = Sequential([layers.Dense(7, "tanh"), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    found = model.diagnose(x, y)

    w1, b1, w2, b2 = (w.astype(np.float64) for w in model.get_weights())
    h = np.tanh(x @ w1 + b1)
    p = softmax(h @ w2 + b2)
    dz = (p - np.eye(3)[y]) / len(x)
    dh = dz @ w2.T
    da = dh * (1 - h**2)
    first, last = found.rows
    assert found.loss == pytest.approx(-np.log(p[np.arange(len(x)), y]).mean(), rel=1e-5)
    assert first.output == pytest.approx(np.sqrt((h**2).mean()), rel=1e-5)
    assert last.output == pytest.approx(np.sqrt((p**2).mean()), rel=1e-5)
    assert (first.gradient, last.gradient) == pytest.approx((norm(dh), norm(dz)), rel=1e-5)
    assert (first.head, last.head) == (last.layer, last.layer)
    assert first.flow == pytest.approx(norm(dh) / norm(dz), rel=1e-5)
    want = [norm(x.T @ da), norm(da.sum(0)), norm(h.T @ dz), norm(dz.sum(0))]
    got = [w.gradient for row in found.rows for w in row.weights]
    assert got == pytest.approx(want, rel=1e-5)
    assert first.weight_gradient == pytest.approx(np.hypot(*want[:2]), rel=1e-5)
    # A step is lr times the gradient, but for the rounding of the weights.
    got = [w.step for row in found.rows for w in row.weights]
    assert got == pytest.approx([0.5 * g for g in want], rel=1e-5)
    assert first.weights[0].update_ratio == pytest.approx(0.5 * want[0] / norm(w1), rel=1e-5)
    assert first.weights[1].update_ratio is None  # a bias of zeros
    assert [w.name for w in last.weights] == [f"{last.layer}/kernel", f"{last.layer}/bias"]


def test_layers_along_time_have_the_norms_of_the_same_layers_over_rows(rng):
    """A layer reads what the one before is a view of, and the gradient of that is its output's."""
    x, y = rng.standard_normal((6, 12, 3)).astype(np.float32), rng.integers(0, 3, 6)
    along = [
        layers.Conv1D(4, 3, activation="tanh"),
        layers.Conv1D(5, 2, activation="relu"),
        layers.MaxPooling1D(),
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, "softmax"),
    ]
    over = [
        layers.Conv2D(4, (1, 3), activation="tanh"),
        layers.Conv2D(5, (1, 2), activation="relu"),
        layers.MaxPooling2D((1, 2)),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, "softmax"),
    ]
    found = []
    for stack, data in ((along, x), (over, x[:, None])):
        model = Sequential([Input(data.shape[1:]), *stack])
        model.compile("sgd", "sparse_categorical_crossentropy")
        if stack is over:
            for one, other in zip(over, along, strict=True):
                one.set_weights([w[None] if w.ndim == 3 else w for w in other.get_weights()])
        found.append(model.diagnose(data, y).rows)
    for row, twin in zip(*found, strict=True):
        assert row.gradient is not None, row.layer
        assert row.gradient == pytest.approx(twin.gradient, rel=1e-5)
        assert row.output == pytest.approx(twin.output, rel=1e-5)
        if row.weights:
            assert row.weight_gradient == pytest.approx(twin.weight_gradient, rel=1e-5)


@pytest.mark.parametrize("optimizer", [optimizers.SGD(0.1, momentum=0.9), optimizers.Adam(0.01)])
def test_the_step_is_the_one_that_training_then_makes(optimizer, rng):
    x, y = batch(rng)
    model = Sequential([layers.Dense(7, "relu"), layers.Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    for _ in range(3):  # slots that are not zeros
        model.train_on_batch(x, y)
    found = model.diagnose(x, y)
    before = model.get_weights()
    _, gradients = model.compute_gradients(x, y)
    model.train_on_batch(x, y)
    rows = [w for row in found.rows for w in row.weights]
    moved = [norm(b.astype(float) - a) for a, b in zip(before, model.get_weights(), strict=True)]
    assert [w.step for w in rows] == pytest.approx(moved, rel=1e-4)
    assert [w.gradient for w in rows] == pytest.approx([norm(g) for g in gradients], rel=1e-5)
    assert [w.norm for w in rows] == pytest.approx([norm(w) for w in before], rel=1e-6)


def test_gradients_are_those_before_clipping_and_steps_those_after(rng):
    x, y = batch(rng)
    model = Sequential([layers.Dense(3, "softmax", use_bias=False)])
    model.compile(optimizers.SGD(1.0, clipnorm=1e-3), "sparse_categorical_crossentropy")
    (row,) = model.diagnose(x, y).rows
    assert row.weight_gradient == pytest.approx(norm(model.compute_gradients(x, y)[1][0]), rel=1e-5)
    assert row.weight_gradient > 0.01
    assert row.weights[0].step == pytest.approx(1e-3, rel=1e-3)


def test_gradients_by_outputs_equal_those_by_a_shift_of_them(rng):
    """One sample: the gradient by what is added to an output is the gradient by that output."""

    class Shift(layers.Layer):
        def build(self, input_shape):
            self.by = self.add_weight("by", (1, *input_shape[1:]), "zeros")

        def call(self, x):
            return ops.add(x, ops.reshape(x.graph.source(self.by, self.by.shape), x.shape))

    x = Input((6, 6, 2))
    a = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    a = layers.BatchNormalization(name="norm")(a)
    a = Shift(name="shift")(layers.MaxPooling2D(2, name="pool")(a))
    model = Model(x, layers.Dense(1, name="out")(layers.Flatten()(a)))
    model.compile("sgd", "mse")
    images, y = rng.standard_normal((1, 6, 6, 2)).astype(np.float32), np.array([3.0])
    found = model.diagnose(images, y)
    _, gradients = model.compute_gradients(images, y)
    by = gradients[[p.name for p in model.trainable_weights].index("shift/by")]
    assert found.layer("pool").gradient == pytest.approx(norm(by), rel=1e-5)
    assert found.layer("shift").gradient == pytest.approx(norm(by), rel=1e-5)
    # d (y - t)^2 / dy
    assert found.layer("out").gradient == pytest.approx(2 * np.sqrt(found.loss), rel=1e-5)


def test_a_network_of_convolutions_has_the_gradients_of_training(rng):
    """The diagnosis leaves out passes that training makes: the numbers are the same."""
    model = Sequential(
        [
            layers.Conv2D(6, 3, padding="same", activation="relu", input_shape=(12, 12, 3)),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(4, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = rng.standard_normal((16, 12, 12, 3)).astype(np.float32)
    y = rng.integers(0, 4, 16)
    found = model.diagnose(x, y)
    loss, gradients = model.compute_gradients(x, y)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    got = [w.gradient for row in found.rows for w in row.weights]
    assert got == pytest.approx([norm(g) for g in gradients], rel=1e-4)
    assert [row.gradient is None for row in found.rows] == [False] * len(found.rows)
    assert not found.layer("batch_normalization").steps


def test_several_outputs_are_compared_each_with_its_own_end(rng):
    """An output of small weight is no vanishing gradient; what it alone trains is healthy."""
    x = Input((5,))
    trunk = layers.Dense(6, "tanh", name="trunk")(x)
    main = layers.Dense(3, "softmax", name="main")(trunk)
    own = layers.Dense(6, "tanh", name="own")(trunk)
    aside = layers.Dense(1, name="aside")(own)
    model = Model(x, [main, aside])
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 1e-6])
    data, y = batch(rng)
    found = model.diagnose(data, [y, np.zeros(32)])
    assert found.verdict == "healthy"
    heads = {row.layer: row.head for row in found.rows}
    assert heads["trunk"] == "main"
    assert heads["own"] == heads["aside"] == "aside"
    assert found.layer("aside").gradient < 1e-4 * found.layer("main").gradient
    logs = model.test_on_batch(data, [y, np.zeros(32)], return_dict=True)
    assert found.loss == pytest.approx(logs["loss"], rel=1e-5)


def test_a_shared_layer_has_a_row_for_each_use(rng):
    a, b = Input((4,)), Input((4,))
    shared = layers.Dense(3, "tanh", name="shared")
    model = Model([a, b], layers.Dense(1, name="out")(layers.Add()([shared(a), shared(b)])))
    model.compile("sgd", "mse")
    x = [rng.standard_normal((8, 4)).astype(np.float32) for _ in range(2)]
    found = model.diagnose(x, np.ones(8))
    uses = [row for row in found.rows if row.layer == "shared"]
    assert len(uses) == 2
    assert uses[0].weights == uses[1].weights
    assert found.layer("shared") is uses[0]
    with pytest.raises(ValueError, match="Did you mean 'shared'"):
        found.layer("sharde")


def test_frozen_layers_pass_the_gradient_on_and_have_no_weights_to_move(rng):
    model = Sequential(
        [
            layers.Dense(6, "tanh", name="below", trainable=False),
            layers.Dense(6, "tanh", name="first"),
            layers.Dense(6, "tanh", name="frozen", trainable=False),
            layers.Dense(3, "softmax", name="out"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    found = model.diagnose(*batch(rng))
    assert found.layer("below").gradient is None
    assert found.layer("frozen").gradient > 0
    assert [len(row.weights) for row in found.rows] == [0, 2, 0, 2]
    assert found.verdict == "healthy"
    model.get_layer("first").trainable = False  # counts from the next compile on
    assert [len(row.weights) for row in model.diagnose(*batch(rng)).rows] == [0, 2, 0, 2]


def test_the_number_of_threads_changes_nothing(threads, rng):
    x, y = batch(rng)
    model = Sequential([layers.Dense(70, "relu"), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    texts = []
    for count in (1, 2):
        runtime.set_threads(count)
        texts.append(str(model.diagnose(x, y)))
    assert texts[0] == texts[1]


def test_integers_and_float64_and_sample_weights_are_taken(rng):
    model = Sequential([layers.Dense(3, "softmax", kernel_initializer=initializers.Zeros())])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = rng.integers(0, 255, (32, 5)), rng.integers(0, 3, 32)
    want = model.diagnose(x.astype(np.float32), y)
    for kind in (np.uint8, np.float64):
        assert model.diagnose(x.astype(kind), y).rows == want.rows
    weight = np.zeros(32)
    weight[:4] = 1
    got = model.diagnose(x, y, sample_weight=weight)
    _, gradients = model.compute_gradients(x, y, sample_weight=weight)
    assert got.rows[0].weights[0].gradient == pytest.approx(norm(gradients[0]), rel=1e-5)
    assert_same_bits(model.get_weights()[0], np.zeros((5, 3), np.float32))
