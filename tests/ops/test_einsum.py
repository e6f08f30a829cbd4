"""Products by the letters of axes, as NumPy and Keras have them."""

import numpy as np
import pytest

import brasa
from brasa import Input, Model, layers, ops
from brasa.testing.assertions import assert_close, assert_refused, reduction_bound
from tests import with_keras

CASES = [
    ("ij,jk->ik", (3, 4), (4, 5)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("bqhd,bkhd->bhqk", (2, 3, 4, 5), (2, 6, 4, 5)),
    ("bhqk,bkhd->bqhd", (2, 4, 3, 6), (2, 6, 4, 5)),
    ("ij,kj->ik", (3, 4), (5, 4)),
    ("ij,jk", (3, 4), (4, 5)),
    ("i,j->ij", (3,), (4,)),
    ("i,i->", (7,), (7,)),
    ("ij,ij->ij", (3, 4), (3, 4)),
    ("ij,ij->j", (3, 4), (3, 4)),
    ("ijk,il->jl", (3, 4, 2), (3, 5)),
    ("ab,cd->a", (3, 4), (2, 5)),
    ("ij->ji", (3, 4)),
    ("ji", (3, 4)),
    ("ij->", (3, 4)),
    ("ij->j", (3, 4)),
    ("ii->i", (4, 4)),
    ("ii", (4, 4)),
    ("iji->j", (4, 3, 4)),
    ("iii->i", (3, 3, 3)),
    ("ii,ij->j", (4, 4), (4, 3)),
    ("...ij,...jk->...ik", (2, 3, 4, 5), (3, 5, 2)),
    ("...ij,...jk->...ik", (2, 1, 4, 5), (3, 5, 2)),
    ("...i,i->...", (2, 3, 4), (4,)),
    ("b...,b->b...", (2, 3, 4), (2,)),
    ("...ij", (2, 3, 4)),
    ("i...->...", (2, 3, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("bi,ij,bj->b", (3, 2), (2, 4), (3, 4)),
    ("ij,jk->ik", (0, 4), (4, 5)),
    ("ij,jk->ik", (3, 1), (1, 5)),
    (" i j , j k -> i k ", (3, 4), (4, 5)),
]
IDS = [f"{text} {shapes}" for text, *shapes in CASES]


def operands_of(shapes, rng):
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize(("text", "shapes"), [(t, s) for t, *s in CASES], ids=IDS)
def test_as_numpy(text, shapes, impl, rng):
    xs = operands_of(shapes, rng)
    want = np.einsum(text, *(x.astype(np.float64) for x in xs))
    sizes = np.einsum(text, *(np.abs(x).astype(np.float64) for x in xs))
    got = ops.einsum(text, *xs)
    assert got.shape == want.shape
    assert_close(got, want, reduction_bound(40, sizes))


# Outer products: their gradients are sums of products again.
SMOOTH = [(t, s) for t, *s in CASES if 0 not in s[0]]


@pytest.mark.parametrize(("text", "shapes"), SMOOTH, ids=[f"{t} {s}" for t, s in SMOOTH])
def test_gradients_are_those_of_pytorch(text, shapes, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    xs = operands_of(shapes, rng)

    def squared(*tensors):
        return ops.sum(ops.square(ops.einsum(text, *tensors)))

    found = brasa.grad(squared, argnums=tuple(range(len(xs))))(*xs)
    leaves = [torch.tensor(x.astype(np.float64), requires_grad=True) for x in xs]
    # PyTorch's has no implicit form with "..." in the middle of nothing; its letters are the same.
    torch.einsum(text, *leaves).square().sum().backward()
    for got, leaf in zip(found, leaves, strict=True):
        want = leaf.grad.numpy()
        assert_close(got, want, reduction_bound(200, np.full(want.shape, np.abs(want).max() + 1)))


def test_inside_models_and_between_layers(rng):
    a, b = operands_of([(4, 3, 5), (4, 6, 5)], rng)
    x, y = Input((3, 5)), Input((6, 5))
    want = np.einsum("bqd,bkd->bqk", a, b)

    class Scores(layers.Layer):
        def call(self, q, k):
            return ops.einsum("bqd,bkd->bqk", q, k)

    for scores in (Scores()(x, y), ops.einsum("bqd,bkd->bqk", x, y)):
        got = Model([x, y], scores).predict([a, b])
        assert_close(got, want, 1e-5)
    fixed = rng.standard_normal((5, 2)).astype(np.float32)
    got = Model(x, ops.einsum("...d,dk->...k", x, fixed)).predict(a)
    assert_close(got, a @ fixed, 1e-5)


def test_as_keras(rng):
    keras = with_keras.keras()
    for text, *shapes in CASES[:12]:
        xs = operands_of(shapes, rng)
        want = np.asarray(keras.ops.einsum(text, *xs))
        assert_close(ops.einsum(text, *xs), want, 1e-5)


def test_what_is_off_a_diagonal_may_be_anything():
    x = np.full((3, 3), np.nan, np.float32)
    np.fill_diagonal(x, [1, 2, 3])
    assert ops.einsum("ii", x) == 6


def test_bad_subscripts():
    a, b = np.ones((2, 3), np.float32), np.ones((3, 4), np.float32)
    for call, error, words in (
        (lambda: ops.einsum(3, a), TypeError, "subscripts text 3"),
        (lambda: ops.einsum("ij,jk->ik", a), ValueError, "2 operands 1"),
        (lambda: ops.einsum("ij->ij", a, b), ValueError, "1 operands 2"),
        (lambda: ops.einsum("ij"), ValueError, "1 operands 0"),
        (lambda: ops.einsum("i1->i", a), ValueError, "letters"),
        (lambda: ops.einsum("ij->i->j", a), ValueError, "letters"),
        (lambda: ops.einsum("ijk->i", a), ValueError, "3 letters 2 axes"),
        (lambda: ops.einsum("i->i", a), ValueError, "1 letters 2 axes"),
        (lambda: ops.einsum("ij->k", a), ValueError, "result"),
        (lambda: ops.einsum("ij->ii", a), ValueError, "result once"),
        (lambda: ops.einsum("ij,ij->ij", a, b), ValueError, "'i' 2 3 operands[1]"),
        (lambda: ops.einsum("...i,...i->...i", a.T, np.ones((4, 2), np.float32)), ValueError,
         "'...' 3 4"),
        (lambda: ops.einsum("ij->ji", [[1, 2]]), TypeError, "operands[0] float32"),
    ):  # fmt: skip
        assert_refused(call, error, "einsum", words)
