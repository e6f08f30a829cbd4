"""The definitions in brasa.testing.reference, and the ops, against PyTorch in float64.

The optimizers of PyTorch take seconds to import: tests/golden holds their steps.
"""

from functools import partial

import numpy as np
import pytest

from brasa import ops
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_close, reduction_bound
from tests.ops.torch_twins import leaf, torch_conv2d, torch_loss, torch_pool2d

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional

# Larger than what the reference is compared with: the layers of LeNet, and three of others.
LAYERS = (
    cases.Conv2dCase(16, 28, 28, 1, 6, 5, padding="same"),
    cases.Conv2dCase(8, 14, 14, 6, 16, 5),
    cases.Conv2dCase(2, 14, 14, 64, 64, padding=1),
    cases.Conv2dCase(2, 21, 20, 16, 32, dilation_rate=2, padding="same", groups=2, strides=2),
    cases.Conv2dCase(1, 56, 57, 3, 24, 7, strides=2, padding=3),
)
EXACT = 1e-12  # float64 against float64, sums of some thousand terms
assert_equal = partial(assert_close, dtype=np.float64)


def filled(table):
    """PyTorch refuses empty batches here and there."""
    return [case for case in table if case.N > 0]


@pytest.mark.parametrize("case", filled(cases.CONV2D), ids=str)
def test_the_reference_convolution_is_that_of_pytorch(case):
    x, w, b = case.inputs()
    dy = case.dy()
    y, dx, dw, db = torch_conv2d(case, x, w, b, dy)
    assert_equal(reference.conv2d(x, w, b, **case.window), y, EXACT * case.length)
    got = reference.conv2d_backward(dy, x, w, **case.window)
    for found, want, name in zip(got, (dx, dw, db), ("dx", "dw", "db"), strict=True):
        assert_equal(found, want, EXACT * dy.size, name)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("case", filled(cases.POOL2D), ids=str)
def test_the_reference_pooling_is_that_of_pytorch(case, kind):
    x, dy = case.x(), case.dy()
    want_y, want_dx = torch_pool2d(kind, case, x, dy)
    if kind == "max":
        y, argmax = reference.max_pool2d(x, **case.window)
        dx = reference.max_pool2d_backward(dy, argmax, x.shape, **case.window)
    else:
        y = reference.average_pool2d(x, **case.window)
        dx = reference.average_pool2d_backward(dy, x.shape, **case.window)
    assert_equal(y, want_y, EXACT)
    assert_equal(dx, want_dx, EXACT)


ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda x: F.softmax(x, -1),
    "gelu": F.gelu,
    "silu": F.silu,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_reference_activations_are_those_of_pytorch(name, rng):
    x, dy = rng.normal(0, 3, (5, 17)), rng.normal(size=(5, 17))
    moved = leaf(x)
    want = ACTIVATIONS[name](moved)
    want.backward(torch.tensor(dy))
    y = getattr(reference, name)(x)
    assert_equal(y, want.detach().numpy(), EXACT)
    of = x if name in ("gelu", "silu") else y
    assert_equal(getattr(reference, f"{name}_backward")(dy, of), moved.grad.numpy(), EXACT)


def test_the_reference_of_the_approximate_gelu_is_that_of_pytorch(rng):
    x, dy = rng.normal(0, 3, (5, 17)), rng.normal(size=(5, 17))
    moved = leaf(x)
    want = F.gelu(moved, approximate="tanh")
    want.backward(torch.tensor(dy))
    assert_equal(reference.gelu(x, approximate=True), want.detach().numpy(), EXACT)
    assert_equal(reference.gelu_backward(dy, x, True), moved.grad.numpy(), EXACT)


LOSSES = {  # name: predictions, targets and further arguments of our function
    "softmax_cross_entropy": ("values", {}),
    "cross_entropy": ("probabilities", {}),
    "binary_cross_entropy": ("probabilities", {}),
    "binary_cross_entropy_from_logits": ("values", {"from_logits": True}),
    "mean_squared_error": ("values", {}),
    "mean_absolute_error": ("values", {}),
    "huber": ("values", {}),
    "huber of 0.25": ("values", {"delta": 0.25}),
    "huber of 1000": ("values", {"delta": 1000}),
}


def loss_inputs(name, case):
    source, extra = LOSSES[name]
    pred = getattr(case, source)()
    target = case.probabilities("target")
    return pred, target, case.weights(), name.removesuffix("_from_logits").split()[0], extra


@pytest.mark.parametrize("case", [c for c in cases.ROWS if c.classes > 1], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_the_reference_losses_are_those_of_pytorch(name, case):
    pred, target, weight, function, extra = loss_inputs(name, case)
    want, want_gradient = torch_loss(name, pred, target, weight, **extra)
    loss, gradient = getattr(reference, function)(pred, target, sample_weight=weight, **extra)
    assert_equal(loss, want, EXACT * case.classes)
    assert_equal(gradient, want_gradient, EXACT)


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_convolution_is_that_of_pytorch(case):
    (x, w, b), dy = case.inputs(), case.dy()
    y, dx, dw, db = torch_conv2d(case, x, w, b, dy)
    size, *sizes = torch_conv2d(case, np.abs(x), np.abs(w), np.abs(b), np.abs(dy))
    transform = 4.0 if case.may_use_winograd else 1.0
    bound = reduction_bound(case.length, size.max(), transform)
    assert_close(ops.conv2d(x, w, b, **case.window), y, bound, "y")
    got = ops.conv2d_backward(dy, x, w, **case.window)
    pixels = dy[..., 0].size
    lengths = (case.length // w.shape[2] * case.K // case.groups, pixels, pixels)
    for i, (name, want) in enumerate({"dx": dx, "dw": dw, "db": db}.items()):
        bound = reduction_bound(lengths[i], sizes[i].max(), transform)
        assert_close(got[i], want, bound, name)


@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling_is_that_of_pytorch(kind):
    case = cases.Pool2dCase(16, 29, 27, 33, 3, 2, 1)
    x, dy = case.x(), case.dy()
    want_y, want_dx = torch_pool2d(kind, case, x, dy)
    if kind == "max":
        y, argmax = ops.max_pool2d(x, **case.window)
        dx = ops.max_pool2d_backward(dy, argmax, x.shape, **case.window)
    else:
        y = ops.average_pool2d(x, **case.window)
        dx = ops.average_pool2d_backward(dy, x.shape, **case.window)
    assert_close(y, want_y, 0 if kind == "max" else reduction_bound(9, np.abs(x).max()))
    assert_close(dx, want_dx, reduction_bound(9, 9 * np.abs(dy).max()))


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_pytorch(name):
    case = cases.RowsCase(517, 43)
    pred, target, weight, function, extra = loss_inputs(name, case)
    want, want_gradient = torch_loss(name, pred, target, weight, **extra)
    loss, gradient = getattr(ops, function)(pred, target, sample_weight=weight, **extra)
    assert_close(loss, want, reduction_bound(case.classes, want))
    # The steepest is t / z, where a probability is small.
    steepest = (1 + target / (pred if function.endswith("entropy") else 1)).max()
    assert_close(
        gradient, want_gradient, reduction_bound(case.classes, steepest * weight.max() / 517)
    )


def test_embeddings_are_those_of_pytorch(rng):
    ids, table = rng.integers(0, 65, (32, 100)), rng.standard_normal((65, 48)).astype(np.float32)
    dy = rng.standard_normal((32, 100, 48)).astype(np.float32)
    weight = leaf(table)
    y = F.embedding(torch.from_numpy(ids), weight)
    y.backward(torch.from_numpy(dy.astype(np.float64)))
    assert_close(ops.embedding(ids, table), y.detach().numpy(), 0)
    got, want = ops.embedding_backward(dy, ids, 65), weight.grad.numpy()
    assert_close(got, want, reduction_bound(80, reference.embedding_backward(np.abs(dy), ids, 65)))
    assert_equal(reference.embedding_backward(dy, ids, 65), want, EXACT * 100)


@pytest.mark.parametrize("name", ["add", "multiply"])
@pytest.mark.parametrize("case", cases.BROADCAST, ids=str)
def test_broadcasting_is_that_of_pytorch(case, name):
    (a, b), dy = case.operands(), case.dy()
    left, right = leaf(a), leaf(b)
    y = {"add": torch.add, "multiply": torch.mul}[name](left, right)
    y.backward(torch.tensor(dy.astype(np.float64)))
    assert_close(getattr(ops, name)(a, b), y.detach().numpy().astype(np.float32), 0, "y")
    for x, other, slope in ((a, b, left.grad), (b, a, right.grad)):
        factor = other if name == "multiply" else None
        sizes = reference.broadcast_backward(
            np.abs(dy), x.shape, None if factor is None else np.abs(factor)
        )
        bound = reduction_bound(dy.size // max(x.size, 1), sizes)
        assert_equal(reference.broadcast_backward(dy, x.shape, factor), slope, EXACT * dy.size)
        assert_close(ops.broadcast_backward(dy, x.shape, factor), slope.numpy(), bound)


@pytest.mark.parametrize("axis", [0, 1, (0, 2)], ids=str)
def test_extremes_and_their_gradients_are_those_of_pytorch(axis, rng):
    values = np.round(rng.normal(size=(7, 21, 5)) * 2).astype(np.float32)  # with ties
    for name, largest in (("amax", True), ("amin", False)):
        x = leaf(values)
        y = getattr(torch, name)(x, axis)
        dy = rng.normal(size=tuple(y.shape)).astype(np.float32)
        y.backward(torch.from_numpy(dy.astype(np.float64)))
        got = getattr(ops, name[1:])(values, axis)
        assert_close(got, y.detach().numpy(), 0, name)
        assert_equal(reference.extreme_backward(dy, values, axis, largest), x.grad, EXACT)
        assert_close(ops.extreme_backward(dy, values, got, axis), x.grad.numpy(), 1e-6)


@pytest.mark.parametrize("limit", [0.5, 1e4])
def test_clipping_is_that_of_pytorch(limit, rng):
    parts = [rng.standard_normal(size).astype(np.float32) for size in (1000, 37, 4099)]
    tensors = [torch.nn.Parameter(torch.zeros(part.size, dtype=torch.float64)) for part in parts]
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.grad = torch.from_numpy(part.astype(np.float64))
    torch.nn.utils.clip_grad_norm_(tensors, limit)
    want = np.concatenate([tensor.grad.numpy() for tensor in tensors])
    # PyTorch divides by norm + 1e-6.
    got = ops.clip_norm(np.concatenate(parts), limit)
    assert_close(got, want, reduction_bound(4096, np.abs(want)) + 1e-7 * np.abs(want).max())
