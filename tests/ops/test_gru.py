"""Gated recurrent units over whole sequences. Contract: csrc/ops/gru.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits
from brasa.testing.gradcheck import check_gradient

NAMES = ("dx", "dw", "du", "db", "dh0")

pytestmark = pytest.mark.parametrize("after", [True, False], ids=["reset_after", "reset_before"])


def operands(case, after):
    return case.x(), *case.weights(3, 2 if after else 1), case.state("h0")


def slopes(case):
    return case.slope("dy"), case.slope("dh")


@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_forward_equals_reference(case, after, impl):
    want = reference.gru(*operands(case, after), after, **case.how)
    for training in (True, False):
        got = ops.gru(*operands(case, after), after, **case.how, training=training)
        for name, found, truth in zip("yh", got, want, strict=False):
            assert_close(found, truth, case.forward_bound, name)


@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_backward_equals_reference(case, after, impl):
    args = operands(case, after)
    want_saved = reference.gru(*args, after, **case.how)[2]
    want = reference.gru_backward(*slopes(case), want_saved, *args[:3], after)
    saved = ops.gru(*args, after, **case.how)[2]
    got = ops.gru_backward(*slopes(case), saved, *args[:3], after, **case.how)
    for name, found, truth in zip(NAMES, got, want, strict=True):
        assert_close(found, truth, case.backward_bound(truth), name)


@pytest.mark.parametrize("case", cases.RECURRENT_SEQUENCES, ids=str)
def test_inference_gives_the_bits_of_training(case, after, impl):
    *training, _ = ops.gru(*operands(case, after), after, **case.how)
    *inference, nothing = ops.gru(*operands(case, after), after, **case.how, training=False)
    assert_same_bits(inference, training)
    assert nothing.shape == (0,)


LONG = cases.RecurrentCase(20, 3, 4, 9, go_backwards=True, masked=True)


@pytest.mark.parametrize("which", [0, 1])
def test_backward_is_the_slope_of_forward_through_20_steps(which, after, impl):
    args = operands(LONG, after)
    given = [slope if i == which else None for i, slope in enumerate(slopes(LONG))]
    saved = ops.gru(*args, after, **LONG.how)[2]
    grads = ops.gru_backward(*given, saved, *args[:3], after, **LONG.how)

    def forward(*values):
        return ops.gru(*values, after, **LONG.how)[which]

    samples = 2 if impl == "cuda_on_cpu" else 12  # each is 20 steps of an emulated device, twice
    check_gradient(
        forward, list(args), list(grads), given[which], samples=samples, length=60, names=NAMES
    )


@pytest.mark.parametrize("case", cases.RECURRENT_CUTS, ids=str)
def test_the_thread_count_changes_no_bit(case, after, same_bits_for_all_threads):
    args = operands(case, after)

    def work():
        *results, saved = ops.gru(*args, after, **case.how)
        return *results, *ops.gru_backward(*slopes(case), saved, *args[:3], after, **case.how)

    same_bits_for_all_threads(work, case.flops(4))


def regates(array):
    """Our gates z, r, g as PyTorch's r, z, n along the first axis, transposed where it has two."""
    z, r, g = np.split(array.T, 3)
    return np.concatenate([r, z, g])


@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_the_definition_is_that_of_pytorch(case, after):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not after or case.masked or case.go_backwards or not case.T or not case.N:
        pytest.skip("PyTorch resets after, and has neither masks nor empty sequences")
    x, w, u, b, h0 = (None if a is None else np.float64(a) for a in operands(case, True))
    layer = torch.nn.GRU(case.D, case.U, batch_first=True, dtype=torch.float64)
    biases = np.zeros((2, 3 * case.U)) if b is None else b
    mine = [w, u, biases[0], biases[1]]
    theirs = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]
    with torch.no_grad():
        for parameter, value in zip(theirs, mine, strict=True):
            parameter.copy_(torch.tensor(regates(value)))
    leaf = torch.tensor(x, requires_grad=True)
    first = torch.tensor(np.zeros((case.N, case.U)) if h0 is None else h0, requires_grad=True)
    y, h = layer(leaf, first[None])
    dy, dh = (torch.tensor(np.float64(slope)) for slope in slopes(case))
    ((y * dy).sum() + (h[0] * dh).sum()).backward()
    want_y, want_h, saved = reference.gru(x, w, u, b, h0)
    assert_close(want_y, y.detach().numpy(), 1e-12, dtype=np.float64)
    assert_close(want_h, h[0].detach().numpy(), 1e-12, dtype=np.float64)
    dx, dw, du, db, dh0 = reference.gru_backward(*slopes(case), saved, x, w, u)
    assert_close(dx, leaf.grad.numpy(), 1e-10, "dx", dtype=np.float64)
    assert_close(dh0, first.grad.numpy(), 1e-10, "dh0", dtype=np.float64)
    for name, found, parameter in zip(NAMES[1:4] + ("db",), (dw, du, *db), theirs, strict=True):
        truth = parameter.grad.numpy()
        assert_close(regates(found), truth, 1e-10, name, dtype=np.float64)


def test_no_step_leaves_the_first_state(after, impl):
    case = cases.RecurrentCase(0, 3, 4, 5)
    x, w, u, b, h0 = operands(case, after)
    y, h, saved = ops.gru(x, w, u, b, h0, after)
    assert y.shape == (3, 0, 5)
    assert_same_bits(h, h0)
    dh = case.slope("dh")
    _, dw, du, db, dh0 = ops.gru_backward(None, dh, saved, x, w, u, after)
    assert db.shape == b.shape
    assert not dw.any()
    assert not du.any()
    assert not db.any()
    assert_same_bits(dh0, dh)


def test_an_open_update_gate_keeps_the_state(after, impl):
    x, w, u = np.zeros((1, 2, 1)), np.zeros((1, 3)), np.zeros((1, 3))
    b = np.float32([1000.0, 0.0, 5.0])
    b = np.stack([b, 0 * b]) if after else b
    y, _, _ = ops.gru(x, w, u, b, [[0.3125]], after)
    assert (y == 0.3125).all()


def test_bad_input(after, impl):
    x, w, u = np.zeros((2, 3, 4)), np.zeros((4, 15)), np.zeros((5, 15))
    b, other = (np.zeros((2, 15)), np.zeros(15))[:: 1 if after else -1]
    saved = ops.gru(x, w, u, b, None, after)[2]
    dy = np.zeros((2, 3, 5))
    bad = [
        (lambda: ops.gru(x[0], w, u, b, None, after), ValueError, "x must have rank 3"),
        (lambda: ops.gru(x, w[:3], u, b, None, after), ValueError, "w expects 3 features"),
        (lambda: ops.gru(x, w, u[:, :14], b, None, after), ValueError, "u must have the shape"),
        (lambda: ops.gru(x, w, u, other, None, after), ValueError, "b must have the shape"),
        (lambda: ops.gru(x, w, u, b, dy, after), ValueError, "h0 must have the shape"),
        (lambda: ops.gru(x, w, u, b, None, "yes"), TypeError, "reset_after must be"),
        (
            lambda: ops.gru_backward(dy, None, saved[1:], x, w, u, after),
            ValueError,
            "saved must have the shape",
        ),
        (
            lambda: ops.gru_backward(dy, dy, saved, x, w, u, after),
            ValueError,
            "dh must have the shape",
        ),
    ]
    for call, error, message in bad:
        with pytest.raises(error, match=f"^gru(_backward)?: .*{message}"):
            call()
