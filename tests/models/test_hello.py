"""The lecture's example: a recurrent net reads h, e, l, l and guesses e, l, l, o.

The weights and the printed results are those of the course's slides. The slides do not print the
recurrent weight and the bias; both are scalars there, recovered from the printed state by least
squares (residual 1e-8).
"""

import numpy as np
import pytest

from brasa import Input, Sequential, layers, losses, optimizers

KERNEL = [
    [0.287027, 0.902874, 0.537524],
    [0.84606, 0.871522, 0.09224],
    [0.572392, 0.691079, 0.558159],
    [0.486813, 0.18998, 0.491528],
]
RECURRENT = 0.427043 * np.eye(3)
BIAS = [0.567001] * 3
OUT = [
    [0.37168, 0.39141, 0.64985, 0.91266],
    [0.974829459, 0.282585823, 0.09821557, 0.32581642],
    [0.830034886, 0.659835709, 0.334287084, 0.144630018],
]
HELL = np.eye(4, dtype=np.float32)[[[0, 1, 2, 2]]]
ELLO = np.array([[1, 2, 2, 3]])


@pytest.fixture
def model():
    model = Sequential(
        [
            Input((None, 4)),
            layers.SimpleRNN(3, return_sequences=True),
            layers.Dense(4, use_bias=False),
        ]
    )
    model.set_weights([np.float32(w) for w in (KERNEL, RECURRENT, BIAS, OUT)])
    return model


def test_the_states_and_scores_on_the_slides(model):
    state = model.layers[0](HELL)[0, 1]
    np.testing.assert_allclose(state, [0.936534, 0.949104, 0.762341], atol=1e-6)
    scores = model.predict(HELL)[0]
    np.testing.assert_allclose(scores[1], [1.906077, 1.137791, 0.95666, 1.274226], atol=4e-6)


def test_every_step_in_float64(model):
    h = np.zeros(3)
    scores = model.predict(HELL)[0]
    for t, letter in enumerate(HELL[0]):
        h = np.tanh(letter @ np.float64(KERNEL) + h @ RECURRENT + BIAS)
        np.testing.assert_allclose(scores[t], h @ np.float64(OUT), rtol=1e-6)


def test_backpropagation_through_time(model):
    """The sum of the four steps' losses, and its gradients by central differences in float64."""
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.SGD(1.0), loss)
    before = model.get_weights()
    assert 4 * model.train_on_batch(HELL, ELLO) == pytest.approx(6.811274597, rel=1e-6)
    dw, du, db, dout = (
        4 * (w - moved) for w, moved in zip(before, model.get_weights(), strict=True)
    )
    near = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(db, [-0.03546186, 0.20102198, 0.22256042], **near)
    np.testing.assert_allclose(dw[0], [0.06865072, 0.0570354, -0.01346365], **near)
    np.testing.assert_array_equal(dw[3], 0)  # o is never read
    np.testing.assert_allclose(du[:, 0], [-0.09235221, -0.09688846, -0.08865288], **near)
    np.testing.assert_allclose(dout[:, 3], [-0.17951965, -0.1463486, -0.1968005], **near)


def test_it_learns_the_word(model):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.Adam(0.05), loss)
    model.fit(HELL, ELLO, epochs=150, verbose=0)
    word = "".join("helo"[i] for i in model.predict(HELL)[0].argmax(-1))
    assert word == "ello"
