"""Long short-term memory over whole sequences. Contract: csrc/ops/lstm.h."""

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, assert_same_bits
from brasa.testing.gradcheck import check_gradient

NAMES = ("dx", "dw", "du", "db", "dh0", "dc0")


def operands(case):
    w, u, b = case.weights(4)
    return case.x(), w, u, b, case.state("h0"), case.state("c0")


def slopes(case):
    return case.slope("dy"), case.slope("dh"), case.slope("dc")


@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_forward_equals_reference(case, impl):
    want = reference.lstm(*operands(case), **case.how)
    for training in (True, False):
        got = ops.lstm(*operands(case), **case.how, training=training)
        for name, found, truth in zip("yhc", got, want, strict=False):
            assert_close(found, truth, case.forward_bound, name)


@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_backward_equals_reference(case, impl):
    x, w, u, *rest = operands(case)
    want_saved = reference.lstm(x, w, u, *rest, **case.how)[3]
    want = reference.lstm_backward(*slopes(case), want_saved, x, w, u)
    saved = ops.lstm(x, w, u, *rest, **case.how)[3]
    got = ops.lstm_backward(*slopes(case), saved, x, w, u, **case.how)
    for name, found, truth in zip(NAMES, got, want, strict=True):
        assert_close(found, truth, case.backward_bound(truth), name)


@pytest.mark.parametrize("case", cases.RECURRENT_SEQUENCES, ids=str)
def test_inference_gives_the_bits_of_training(case, impl):
    *training, _ = ops.lstm(*operands(case), **case.how)
    *inference, nothing = ops.lstm(*operands(case), **case.how, training=False)
    assert_same_bits(inference, training)
    assert nothing.shape == (0,)


LONG = cases.RecurrentCase(20, 3, 4, 9, go_backwards=True, masked=True)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_backward_is_the_slope_of_forward_through_20_steps(which, impl):
    args = operands(LONG)
    given = [slope if i == which else None for i, slope in enumerate(slopes(LONG))]
    saved = ops.lstm(*args, **LONG.how)[3]
    grads = ops.lstm_backward(*given, saved, *args[:3], **LONG.how)

    def forward(*values):
        return ops.lstm(*values, **LONG.how)[which]

    samples = 2 if impl == "cuda_on_cpu" else 12  # each is 20 steps of an emulated device, twice
    check_gradient(
        forward, list(args), list(grads), given[which], samples=samples, length=60, names=NAMES
    )


def test_a_skipped_step_changes_nothing(impl, rng):
    case = cases.RecurrentCase(5, 2, 3, 9)
    x, *rest = operands(case)
    mask = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 0, 1]])
    y, h, c, _ = ops.lstm(x, *rest, mask=mask)
    w, u, b, h0, c0 = rest
    for n in range(2):
        some = np.flatnonzero(mask[n])
        short = ops.lstm(x[n : n + 1, some], w, u, b, h0[n : n + 1], c0[n : n + 1])
        assert_close(y[n, some], short[0][0], case.forward_bound)
        assert_close(h[n], short[1][0], case.forward_bound)
        assert_close(c[n], short[2][0], case.forward_bound)
    assert_same_bits(y[0, 1], y[0, 0])
    assert_same_bits(y[0, 4], y[0, 3])
    assert_same_bits(y[1, :2], np.stack([h0[1], h0[1]]))


def test_backwards_is_forwards_over_the_reversed_steps(impl):
    case = cases.RecurrentCase(5, 3, 4, 17)
    x, *rest = operands(case)
    y, h, c, _ = ops.lstm(x, *rest, go_backwards=True)
    turned = ops.lstm(np.ascontiguousarray(x[:, ::-1]), *rest)
    assert_same_bits((y[:, ::-1], h, c), turned[:3])
    assert_same_bits(y[:, 0], h)


@pytest.mark.parametrize("case", cases.RECURRENT_CUTS, ids=str)
def test_the_thread_count_changes_no_bit(case, same_bits_for_all_threads):
    args = operands(case)

    def work():
        *results, saved = ops.lstm(*args, **case.how)
        return *results, *ops.lstm_backward(*slopes(case), saved, *args[:3], **case.how)

    same_bits_for_all_threads(work, case.flops(4))


@pytest.mark.parametrize("case", cases.RECURRENT, ids=str)
def test_the_definition_is_that_of_pytorch(case):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if case.masked or case.go_backwards or not case.T or not case.N:
        pytest.skip("PyTorch has neither masks nor empty sequences")
    args = [None if a is None else np.float64(a) for a in operands(case)]
    x, w, u, b, h0, c0 = args
    layer = torch.nn.LSTM(case.D, case.U, batch_first=True, dtype=torch.float64)
    with torch.no_grad():  # PyTorch's gates are i, f, g, o too
        layer.weight_ih_l0.copy_(torch.tensor(w.T))
        layer.weight_hh_l0.copy_(torch.tensor(u.T))
        layer.bias_ih_l0.copy_(torch.tensor(np.zeros(4 * case.U) if b is None else b))
        layer.bias_hh_l0.zero_()
    leaves = [torch.tensor(x, requires_grad=True)] + [
        torch.tensor(np.zeros((case.N, case.U)) if a is None else a, requires_grad=True)
        for a in (h0, c0)
    ]
    y, (h, c) = layer(leaves[0], (leaves[1][None], leaves[2][None]))
    dy, dh, dc = (torch.tensor(np.float64(slope)) for slope in slopes(case))
    ((y * dy).sum() + (h[0] * dh).sum() + (c[0] * dc).sum()).backward()
    want_y, want_h, want_c, saved = reference.lstm(*args)
    for found, truth in ((want_y, y), (want_h, h[0]), (want_c, c[0])):
        assert_close(found, truth.detach().numpy(), 1e-12, dtype=np.float64)
    got = reference.lstm_backward(*slopes(case), saved, x, w, u)
    want = (
        leaves[0].grad,
        layer.weight_ih_l0.grad.T,
        layer.weight_hh_l0.grad.T,
        layer.bias_ih_l0.grad,
        leaves[1].grad,
        leaves[2].grad,
    )
    for name, found, truth in zip(NAMES, got, want, strict=True):
        assert_close(found, truth.numpy(), 1e-10, name, dtype=np.float64)


def test_no_step_leaves_the_first_state(impl):
    case = cases.RecurrentCase(0, 3, 4, 5)
    x, w, u, b, h0, c0 = operands(case)
    y, h, c, saved = ops.lstm(x, w, u, b, h0, c0)
    assert y.shape == (3, 0, 5)
    assert_same_bits((h, c), (h0, c0))
    dh, dc = case.slope("dh"), case.slope("dc")
    dx, dw, du, db, dh0, dc0 = ops.lstm_backward(None, dh, dc, saved, x, w, u)
    assert dx.shape == x.shape
    assert not dw.any()
    assert not du.any()
    assert not db.any()
    assert_same_bits((dh0, dc0), (dh, dc))


def test_nan_stays_in_its_sequence(impl):
    case = cases.RecurrentCase(4, 9, 3, 17)
    x, *rest = operands(case)
    x[5, 2, 1] = np.nan
    y, h, c, _ = ops.lstm(x, *rest)
    assert np.isnan(y[5, 2:]).all()
    assert np.isnan(h[5]).all()
    assert np.isnan(c[5]).all()
    assert np.isfinite(y[5, :2]).all()
    assert np.isfinite(np.delete(y, 5, axis=0)).all()


def test_saturated_gates_are_exact(impl):
    x, w, u = np.zeros((1, 2, 1)), np.zeros((1, 4)), np.zeros((1, 4))
    y, _, c, _ = ops.lstm(x, w, u, [-1000.0, 1000.0, 1000.0, 1000.0], [[0.0]], [[0.5]])
    assert c.item() == 0.5
    assert_close(y[0, :, 0], np.tanh([0.5, 0.5]), 2**-23)


def test_outputs_are_written_where_the_caller_says(impl):
    case = cases.RECURRENT[0]
    args = operands(case)
    want = ops.lstm(*args)
    out = tuple(np.full_like(array, np.nan) for array in want)
    got = ops.lstm(*args, out=out)
    assert all(a is b for a, b in zip(got, out, strict=True))
    assert_same_bits(got[:3], want[:3])


def test_bad_input(impl):
    x, w, u, b = np.zeros((2, 3, 4)), np.zeros((4, 20)), np.zeros((5, 20)), np.zeros(20)
    saved = ops.lstm(x, w, u, b)[3]
    dy, dh = np.zeros((2, 3, 5)), np.zeros((2, 5))
    bad = [
        (lambda: ops.lstm(x[0], w, u, b), ValueError, "x must have rank 3"),
        (lambda: ops.lstm(x, w[:3], u, b), ValueError, "w expects 3 features, x has 4"),
        (lambda: ops.lstm(x, w, u[:, :19], b), ValueError, r"u must have the shape \(5, 20\)"),
        (lambda: ops.lstm(x, w[:, :16], u, b), ValueError, r"w must have the shape \(4, 20\)"),
        (lambda: ops.lstm(x, w, u, b[:5]), ValueError, "b must have the shape"),
        (lambda: ops.lstm(x, w, u, b, dh[:1]), ValueError, "h0 must have the shape"),
        (lambda: ops.lstm(x, w, u, b, dh, dy), ValueError, "c0 must have the shape"),
        (lambda: ops.lstm(x, w, u, b, mask=np.ones((3, 2))), ValueError, "mask must have the"),
        (lambda: ops.lstm(x, w, u, b, mask="yes"), TypeError, "mask must hold"),
        (lambda: ops.lstm(x, w, u, b, go_backwards=2), TypeError, "go_backwards must be"),
        (lambda: ops.lstm(x, w, None, b), TypeError, "u must be an array"),
        (lambda: ops.lstm(x[:, :, :0], w[:0], u, b), ValueError, "at least one feature"),
        (lambda: ops.lstm(x, w[:, :0], u[:0, :0], b[:0]), ValueError, "at least one unit"),
        (
            lambda: ops.lstm_backward(dy[:1], dh, dh, saved, x, w, u),
            ValueError,
            "dy must have the shape",
        ),
        (
            lambda: ops.lstm_backward(dy, dh, dh[:1], saved, x, w, u),
            ValueError,
            "dc must have the shape",
        ),
        (
            lambda: ops.lstm_backward(dy, dh, dh, saved[:-1], x, w, u),
            ValueError,
            "saved must have the shape",
        ),
    ]
    for call, error, message in bad:
        with pytest.raises(error, match=f"^lstm(_backward)?: .*{message}"):
            call()
