"""A plain recurrent layer over whole sequences. Contract: csrc/ops/simple_rnn.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits
from brasa.testing.gradcheck import check_gradient

NAMES = ("dx", "dw", "du", "db", "dh0")
ACTIVATIONS = ["tanh", "relu", "elu", "sigmoid", None]


def operands(case):
    return case.x(), *case.weights(1), case.state("h0")


def slopes(case):
    return case.slope("dy"), case.slope("dh")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_forward_equals_reference(case, activation, impl):
    want = reference.simple_rnn(*operands(case), activation, **case.how)
    size = max(1.0, np.abs(want[0]).max(initial=0.0))  # relu has no largest value
    for training in (True, False):
        got = ops.simple_rnn(*operands(case), activation, **case.how, training=training)
        for name, found, truth in zip("yh", got, want, strict=False):
            assert_close(found, truth, case.forward_bound * size, name)


@pytest.mark.parametrize("activation", ["tanh", "elu", "sigmoid", None])
@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_backward_equals_reference(case, activation, impl):
    args = operands(case)
    want_saved = reference.simple_rnn(*args, activation, **case.how)[2]
    want = reference.simple_rnn_backward(*slopes(case), want_saved, *args[:3], activation)
    saved = ops.simple_rnn(*args, activation, **case.how)[2]
    got = ops.simple_rnn_backward(*slopes(case), saved, *args[:3], activation, **case.how)
    for name, found, truth in zip(NAMES, got, want, strict=True):
        size = max(1.0, np.abs(want[4]).max(initial=0.0))
        assert_close(found, truth, case.backward_bound(truth) * size, name)


@pytest.mark.parametrize("case", cases.RECURRENT_SEQUENCES, ids=str)
def test_inference_gives_the_bits_of_training(case, impl):
    *training, _ = ops.simple_rnn(*operands(case), **case.how)
    *inference, nothing = ops.simple_rnn(*operands(case), **case.how, training=False)
    assert_same_bits(inference, training)
    assert nothing.shape == (0,)


LONG = cases.RecurrentCase(20, 3, 4, 9, go_backwards=True, masked=True)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("which", [0, 1])
def test_backward_is_the_slope_of_forward_through_20_steps(which, activation, impl):
    args = operands(LONG)
    given = [slope if i == which else None for i, slope in enumerate(slopes(LONG))]
    saved = ops.simple_rnn(*args, activation, **LONG.how)[2]
    grads = ops.simple_rnn_backward(*given, saved, *args[:3], activation, **LONG.how)

    def forward(*values):
        return ops.simple_rnn(*values, activation, **LONG.how)[which]

    samples = 2 if impl == "cuda_on_cpu" else 12  # each is 20 steps of an emulated device, twice
    check_gradient(
        forward, list(args), list(grads), given[which], samples=samples, length=60, names=NAMES,
        kinks=activation == "relu",
    )  # fmt: skip


@pytest.mark.parametrize("case", cases.RECURRENT_CUTS, ids=str)
def test_the_thread_count_changes_no_bit(case, same_bits_for_all_threads):
    args = operands(case)

    def work():
        *results, saved = ops.simple_rnn(*args, **case.how)
        return *results, *ops.simple_rnn_backward(*slopes(case), saved, *args[:3], **case.how)

    same_bits_for_all_threads(work, case.flops(4))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_the_definition_is_that_of_pytorch(case, activation):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if case.masked or case.go_backwards or not case.T or not case.N:
        pytest.skip("PyTorch has neither masks nor empty sequences")
    x, w, u, b, h0 = (None if a is None else np.float64(a) for a in operands(case))
    layer = torch.nn.RNN(
        case.D, case.U, nonlinearity=activation, batch_first=True, dtype=torch.float64
    )
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(w.T))
        layer.weight_hh_l0.copy_(torch.tensor(u.T))
        layer.bias_ih_l0.copy_(torch.tensor(np.zeros(case.U) if b is None else b))
        layer.bias_hh_l0.zero_()
    leaf = torch.tensor(x, requires_grad=True)
    first = torch.tensor(np.zeros((case.N, case.U)) if h0 is None else h0, requires_grad=True)
    y, h = layer(leaf, first[None])
    dy, dh = (torch.tensor(np.float64(slope)) for slope in slopes(case))
    ((y * dy).sum() + (h[0] * dh).sum()).backward()
    want_y, want_h, saved = reference.simple_rnn(x, w, u, b, h0, activation)
    assert_close(want_y, y.detach().numpy(), 1e-12, dtype=np.float64)
    assert_close(want_h, h[0].detach().numpy(), 1e-12, dtype=np.float64)
    got = reference.simple_rnn_backward(*slopes(case), saved, x, w, u, activation)
    want = (
        leaf.grad,
        layer.weight_ih_l0.grad.T,
        layer.weight_hh_l0.grad.T,
        layer.bias_ih_l0.grad,
        first.grad,
    )
    for name, found, truth in zip(NAMES, got, want, strict=True):
        assert_close(found, truth.numpy(), 1e-10, name, dtype=np.float64)


def test_one_step_on_hello():
    """The worked example of many lectures: h = tanh(x @ w + h @ u), one letter after the other."""
    letters = np.eye(4, dtype=np.float32)[[0, 1, 2, 2]][None]  # h e l l
    w = np.float32([[0.3, -0.1, 0.9], [1.0, 0.3, 0.1], [0.1, -0.5, -0.3], [0.2, 0.4, 0.6]])
    u = np.float32([[0.1, 0.0, 0.2], [0.0, 0.3, 0.0], [-0.2, 0.0, 0.5]])
    y, h, _ = ops.simple_rnn(letters, w, u, None)
    state = np.zeros(3)
    for step in range(4):
        state = np.tanh(w[[0, 1, 2, 2][step]] + state @ u)
        assert_close(y[0, step], state, 1e-6)
    assert_same_bits(h[0], y[0, 3])


def test_no_step_leaves_the_first_state(impl):
    case = cases.RecurrentCase(0, 3, 4, 5)
    x, w, u, b, h0 = operands(case)
    y, h, saved = ops.simple_rnn(x, w, u, b, h0)
    assert y.shape == (3, 0, 5)
    assert_same_bits(h, h0)
    dh = case.slope("dh")
    _, dw, du, db, dh0 = ops.simple_rnn_backward(None, dh, saved, x, w, u)
    assert not dw.any()
    assert not du.any()
    assert not db.any()
    assert_same_bits(dh0, dh)


def test_bad_input(impl):
    x, w, u, b = np.zeros((2, 3, 4)), np.zeros((4, 5)), np.zeros((5, 5)), np.zeros(5)
    saved = ops.simple_rnn(x, w, u, b)[2]
    dy = np.zeros((2, 3, 5))
    bad = [
        (lambda: ops.simple_rnn(x[0], w, u, b), ValueError, "x must have rank 3"),
        (lambda: ops.simple_rnn(x, w[:3], u, b), ValueError, "w expects 3 features, x has 4"),
        (lambda: ops.simple_rnn(x, w, u[:, :4], b), ValueError, "u must have the shape"),
        (lambda: ops.simple_rnn(x, w, u, b[:4]), ValueError, "b must have the shape"),
        (lambda: ops.simple_rnn(x, w, u, b, b), ValueError, "h0 must have the shape"),
        (lambda: ops.simple_rnn(x, w, u, b, activation="softmax"), ValueError, "activation"),
        (lambda: ops.simple_rnn(x, w, u, b, mask=dy), ValueError, "mask must have the shape"),
        (
            lambda: ops.simple_rnn_backward(dy, None, saved[1:], x, w, u),
            ValueError,
            "saved must have the shape",
        ),
        (
            lambda: ops.simple_rnn_backward(dy[1:], None, saved, x, w, u),
            ValueError,
            "dy must have the shape",
        ),
    ]
    for call, error, message in bad:
        with pytest.raises(error, match=f"^simple_rnn(_backward)?: .*{message}"):
            call()
