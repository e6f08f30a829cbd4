"""Gradients by time step and gates of recurrent layers, against autograd in float64."""

import numpy as np
import pytest

from brasa import Sequential, layers
from brasa.diagnosis import StepNorms

N, T, D, U = 18, 9, 4, 5
LENGTHS = np.array([9, 5, 7] * 6)


def cell(kind, torch):
    """One step: x, states -> states, gates by name with their activation."""
    s, t = torch.sigmoid, torch.tanh

    def lstm(x, h, c, w, u, b):
        i, f, g, o = (x @ w + h @ u + b).split(U, -1)
        gates = {"i": (s, i), "f": (s, f), "g": (t, g), "o": (s, o)}
        c = s(f) * c + s(i) * t(g)
        return s(o) * t(c), c, gates

    def gru(x, h, c, w, u, b):
        xz, xr, xg = (x @ w + b[0]).split(U, -1)
        hz, hr, hg = (h @ u + b[1]).split(U, -1)
        z, r = s(xz + hz), s(xr + hr)
        g = xg + r * hg
        return z * h + (1 - z) * t(g), c, {"z": (s, xz + hz), "r": (s, xr + hr), "g": (t, g)}

    def gru_before(x, h, c, w, u, b):
        xz, xr, xg = (x @ w + b).split(U, -1)
        uz, ur, ug = u.split(U, -1)
        z, r = s(xz + h @ uz), s(xr + h @ ur)
        g = xg + (r * h) @ ug
        return z * h + (1 - z) * t(g), c, {"z": (s, xz + h @ uz), "r": (s, xr + h @ ur),
                                          "g": (t, g)}  # fmt: skip

    def simple(x, h, c, w, u, b):
        a = x @ w + h @ u + b
        return t(a), c, {"h": (t, a)}

    return {"lstm": lstm, "gru": gru, "gru_before": gru_before, "simple_rnn": simple}[kind]


def layer_of(kind, **options):
    if kind == "gru_before":
        return layers.GRU(U, reset_after=False, **options)
    return {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}[kind](
        U, **options
    )


def by_hand(torch, kind, x, weights, mask, *, backwards, last_only, out, labels):
    """Norms by time step and the share of flat values of each gate."""
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    w, u, b = (torch.tensor(v, dtype=torch.float64) for v in weights)
    h = c = torch.zeros(N, U, dtype=torch.float64)
    outputs, flat = [None] * T, {}
    for t in range(T)[:: -1 if backwards else 1]:
        new_h, new_c, gates = cell(kind, torch)(x[:, t], h, c, w, u, b)
        valid = torch.tensor(mask[:, t], dtype=torch.float64)[:, None]
        h, c = valid * new_h + (1 - valid) * h, valid * new_c + (1 - valid) * c
        outputs[t] = h
        for name, (activation, a) in gates.items():
            y = activation(a).detach().numpy()[mask[:, t] != 0]
            slope = 4 * y * (1 - y) if activation is torch.sigmoid else 1 - y * y
            flat.setdefault(name, []).append((slope < 0.05).ravel())
    w, b = (torch.tensor(v, dtype=torch.float64) for v in out)
    if last_only:
        loss = torch.nn.functional.cross_entropy(h @ w + b, torch.tensor(labels))
    else:
        logits = torch.stack(outputs, 1) @ w + b
        each = torch.nn.functional.cross_entropy(
            logits.reshape(N * T, -1), torch.tensor(labels).reshape(-1), reduction="none"
        )
        each = each * torch.tensor(mask, dtype=torch.float64).reshape(-1)
        loss = each.sum() / mask.sum()
    loss.backward()
    norms = [np.linalg.norm(x.grad[:, t].numpy()) for t in range(T)]
    return norms, {name: np.concatenate(parts).mean() for name, parts in flat.items()}, loss.item()


@pytest.mark.parametrize("masked", [False, True], ids=["full", "masked"])
# Backwards the outputs come turned around: by the last one alone they are told.
@pytest.mark.parametrize(
    ("last_only", "backwards"),
    [(True, False), (True, True), (False, False)],
    ids=["last", "last_backwards", "sequences"],
)
@pytest.mark.parametrize("kind", ["lstm", "gru", "gru_before", "simple_rnn"])
def test_steps_and_gates_equal_autograd(kind, last_only, backwards, masked, rng):
    torch = pytest.importorskip("torch")
    x = (3 * rng.standard_normal((N, T, D))).astype(np.float32)
    mask = (np.arange(T) < LENGTHS[:, None]) if masked else np.ones((N, T), bool)
    x[~mask] = 0
    labels = rng.integers(0, 3, N if last_only else (N, T))
    rnn = layer_of(kind, return_sequences=not last_only, go_backwards=backwards, name="rnn")
    model = Sequential([*([layers.Masking()] if masked else []), rnn, layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    found = model.diagnose(x, labels)
    row = found.layer("rnn")
    norms, flat, loss = by_hand(
        torch, kind, x, rnn.get_weights(), mask.astype(float), backwards=backwards,
        last_only=last_only, out=model.layers[-1].get_weights(), labels=labels,
    )  # fmt: skip
    (steps,) = row.steps
    assert steps.backwards == backwards
    assert steps.norms == pytest.approx(norms, rel=1e-4, abs=1e-9)
    one = 1.01 / (mask.sum() * U)  # a value on the border may fall to either side
    assert row.gates == pytest.approx(flat, abs=one)
    if kind != "simple_rnn":
        assert row.saturated == pytest.approx(np.mean(list(flat.values())), abs=one)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert 0 < max(flat.values()) < 1


@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_both_directions_have_their_own_steps(merge, rng):
    """Each direction of the wrapper has the numbers of that layer alone, the other one silenced."""
    x = rng.standard_normal((N, T, D)).astype(np.float32)
    y = rng.standard_normal((N, U if merge == "sum" else 2 * U)).astype(np.float32)
    both = layers.Bidirectional(layers.GRU(U), merge_mode=merge, name="both")
    model = Sequential([both])
    model.compile("sgd", "mse")
    found = model.diagnose(x, y).layer("both")
    forwards, backwards = found.steps
    assert (forwards.name, backwards.name) == ("both", "both, backwards")
    assert (forwards.backwards, backwards.backwards) == (False, True)
    assert forwards.norms.argmax() == T - 1
    assert backwards.norms.argmax() == 0
    rest = model.predict(x)
    for inner, steps, part in (
        (both.forward_layer, forwards, slice(0, U)),
        (both.backward_layer, backwards, slice(U, 2 * U)),
    ):
        alone = Sequential([layers.GRU(U, go_backwards=steps.backwards, name="rnn")])
        alone.compile("sgd", "mse")
        alone.predict(x)
        alone.layers[0].set_weights(inner.get_weights())
        # The loss that leaves this direction the same gradient: mean over U in place of 2 U.
        target = y - rest + alone.predict(x) if merge == "sum" else y[:, part]
        want = alone.diagnose(x, target).layer("rnn").steps[0].norms
        want = want if merge == "sum" else want / 2
        assert steps.norms == pytest.approx(want, rel=1e-4)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("kind", ["lstm", "simple_rnn"])
def test_recurrent_dropout_has_all_steps_in_their_order(kind, backwards, rng):
    """So small a rate drops nothing: the numbers are those without it."""
    x = rng.standard_normal((N, T, D)).astype(np.float32)
    x[1::2, 6:] = 0
    model, plain = (
        Sequential(
            [
                layers.Masking(),
                layer_of(kind, recurrent_dropout=rate, go_backwards=backwards, name="rnn"),
            ]
        )
        for rate in (1e-7, 0.0)
    )
    for one in (model, plain):
        one.compile("sgd", "mse")
        one.predict(x)
    plain.set_weights(model.get_weights())
    y = rng.standard_normal((N, U))
    got, want = (m.diagnose(x, y).layer("rnn") for m in (model, plain))
    assert len(got.steps) == 1
    assert got.steps[0].backwards == backwards
    assert got.steps[0].norms == pytest.approx(want.steps[0].norms, rel=1e-4)
    assert got.gates == pytest.approx(want.gates)


def test_stacked_layers_have_a_line_each(rng):
    x = rng.standard_normal((N, T, D)).astype(np.float32)
    model = Sequential(
        [
            layers.SimpleRNN(U, return_sequences=True, name="a"),
            layers.LSTM(U, return_sequences=True, name="b"),
            layers.TimeDistributed(layers.Dense(4), name="c"),
            layers.GRU(U, name="d"),
            layers.Dense(3, "softmax", name="e"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    found = model.diagnose(x, rng.integers(0, 3, N))
    assert [[s.op for s in row.steps] for row in found.rows] == [
        ["simple_rnn"], ["lstm"], [""], ["gru"], [],
    ]  # fmt: skip
    # What the last layer carries back to step t is the gradient by the output below it.
    c, d = found.layer("c").steps[0], found.layer("d").steps[0]
    assert c.norms == pytest.approx(d.norms, rel=1e-5)
    assert found.layer("c").gradient == pytest.approx(np.linalg.norm(d.norms), rel=1e-5)
    text = str(found)
    for name in ("a", "b", "c", "d"):
        assert f"{name}: by time step, the gradient" in text


def test_a_relu_inside_a_recurrence_can_be_dead(rng):
    model = Sequential([layers.SimpleRNN(4, activation="relu", name="rnn"), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = rng.standard_normal((8, 6, 3)).astype(np.float32)
    model.predict(x)
    w, u, _ = model.get_layer("rnn").get_weights()
    model.get_layer("rnn").set_weights([w, 0 * u, [-99, 0, 0, 0]])
    row = model.diagnose(x, np.zeros(8)).layer("rnn")
    assert row.dead == 1 / 4
    assert row.gates == {}


@pytest.mark.parametrize(
    ("norms", "backwards", "counted", "text"),
    [
        ([1.0, 10.0, 1000.0], False, None, "falls 1e+03-fold from step 2 to step 0"),
        ([1.0, 10.0, 1000.0], True, None, "grows 1e+03-fold from step 0 to step 2"),
        ([100.0, 10.0, 1.0, 0.0], False, None, "grows 1e+02-fold from step 2 to step 0"),
        ([10.0, 1000.0, 1.0], False, None, "grows 1e+03-fold from step 2 to step 1"),
        ([0.0, 0.5, 1.0], False, None, "falls to 0 from step 2 to step 0"),
        ([0.0, 0.5, 1.0], False, [0, 1, 1], "falls 2-fold from step 2 to step 1"),
        ([2.0, 2.0], False, None, "is the same at every step"),
        ([0.0, 0.0], False, None, "is 0 at every step"),
        ([1.0, np.inf], False, None, "is not finite"),
        ([1.0, np.inf], False, [1, 0], "is the same at every step"),
    ],
)
def test_a_sentence_about_time(norms, backwards, counted, text):
    counted = None if counted is None else np.array(counted, bool)
    steps = StepNorms("rnn", np.array(norms), "lstm", backwards, counted)
    assert steps.text == text
    assert steps.falls <= 1 <= steps.grows
