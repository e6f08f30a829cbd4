"""Products and sums by the letters of axes, made of transpose, reshape, matmul and sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from brasa.ops.broadcast import broadcast_to
from brasa.ops.dispatch import Tensor, floats, run
from brasa.ops.elementwise import multiply, reshape
from brasa.ops.matmul import matmul
from brasa.ops.reduce import sum  # noqa: A004
from brasa.ops.transpose import transpose

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
# What stands for the axes of "...", the last one first.
_MORE = "0123456789"


def einsum(subscripts: str, *operands: Tensor) -> Tensor:
    """Products of tensors, summed over the axes that the result lacks.

    ``"bij,bjk->bik"`` is ``y[b,i,k] = sum over j of a[b,i,j] * b[b,j,k]``. Without ``->`` the
    result has the letters that come once, in the order of the alphabet. ``...`` stands for any
    axes, which are broadcast. A letter that comes twice in one operand takes the diagonal.
    Operands are joined from left to right, each pair by one batch of matrix products.

    Shapes:
        an axis for each letter; the same extent wherever a letter comes

    TypeError for subscripts that are no text, ValueError where they do not fit the operands.

    >>> from brasa import ops
    >>> ops.einsum("ij,jk->ik", [[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]], dtype=float32)
    >>> ops.einsum("ii", [[1.0, 2.0], [3.0, 4.0]])
    array(5., dtype=float32)
    """
    op = "einsum"
    if not isinstance(subscripts, str):
        raise TypeError(f"{op}: subscripts must be a text, got {subscripts!r:.60}")
    tensors = [floats(op, f"operands[{i}]", x) for i, x in enumerate(operands)]
    terms, wanted = _terms(subscripts, [len(x.shape) for x in tensors])
    extents = _extents(subscripts, terms, [tuple(x.shape) for x in tensors])
    joined = _Labelled(tensors[0], terms[0]).plain(extents)
    for place, (x, term) in enumerate(zip(tensors[1:], terms[1:], strict=True), 1):
        later = set(wanted).union(*terms[place + 1 :])
        joined = _product(joined, _Labelled(x, term).plain(extents), later, extents)
    return joined.summed(set(wanted)).ordered(wanted).x


@dataclass
class _Labelled:
    """A tensor, and the letter of each of its axes."""

    x: Tensor
    labels: str

    def plain(self, extents: Mapping[str, int]) -> _Labelled:
        """Of each letter one axis, of its extent."""
        shape = tuple(extents[label] for label in self.labels)
        x = self.x if tuple(self.x.shape) == shape else broadcast_to(self.x, shape)
        labels = self.labels
        for label, count in Counter(labels).items():
            for _ in range(count - 1):
                x = _diagonal(x, labels.index(label), labels.rindex(label))
                last = labels.rindex(label)
                labels = labels[:last] + labels[last + 1 :]
        return _Labelled(x, labels)

    def summed(self, kept: set[str]) -> _Labelled:
        """Without the letters that nothing needs any more."""
        gone = [i for i, label in enumerate(self.labels) if label not in kept]
        if not gone:
            return self
        return _Labelled(sum(self.x, gone), "".join(c for c in self.labels if c in kept))

    def ordered(self, labels: str) -> _Labelled:
        """With its axes in that order."""
        if labels == self.labels:
            return self
        axes = [self.labels.index(label) for label in labels]
        return _Labelled(transpose(self.x, axes), labels)


def _diagonal(x: Tensor, first: int, last: int) -> Tensor:
    """``x[.., i, .., i, ..]`` at the place of the first axis: all else is 0, whatever it was."""
    shape = [1] * len(x.shape)
    shape[first] = shape[last] = x.shape[first]
    eye = np.eye(x.shape[first], dtype=np.float32).reshape(shape)
    return sum(run("gate", [x, eye], caller="einsum")[0], last)


def _product(a: _Labelled, b: _Labelled, later: set[str], extents: Mapping[str, int]) -> _Labelled:
    """Both joined, with the letters that are needed later."""
    a, b = a.summed(later | set(b.labels)), b.summed(later | set(a.labels))
    both = [label for label in a.labels if label in b.labels]
    batch = "".join(label for label in both if label in later)
    inner = "".join(label for label in both if label not in later)
    left = "".join(label for label in a.labels if label not in both)
    right = "".join(label for label in b.labels if label not in both)

    def shape(*groups: str) -> list[int]:
        return [extents[label] for group in groups for label in group]

    labels = batch + left + right
    if not inner:
        a_shape = [*shape(batch, left), *[1] * len(right)]
        b_shape = [*shape(batch), *[1] * len(left), *shape(right)]
        ordered = a.ordered(batch + left), b.ordered(batch + right)
        x = multiply(reshape(ordered[0].x, a_shape), reshape(ordered[1].x, b_shape))
        return _Labelled(x, labels)
    count, rows, depth, columns = (prod(shape(group)) for group in (batch, left, inner, right))
    x = matmul(
        reshape(a.ordered(batch + left + inner).x, (count, rows, depth)),
        reshape(b.ordered(batch + inner + right).x, (count, depth, columns)),
    )
    return _Labelled(reshape(x, shape(batch, left, right)), labels)


def _terms(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result; ``...`` becomes a sign for each axis."""
    text = subscripts.replace(" ", "")
    inputs, arrow, result = text.partition("->")
    given = inputs.split(",")
    for term in [*given, result]:
        letters = term.replace("...", "", 1)
        if not set(letters) <= _LETTERS:
            raise ValueError(
                f"einsum: subscripts must be letters, '...', ',' and one '->', got {subscripts!r}"
            )
    if len(given) != len(ranks) or not ranks:
        raise ValueError(
            f"einsum: {subscripts!r} is for {len(given)} operands, got {len(ranks)} of them"
        )
    terms = [_expanded(subscripts, i, *one) for i, one in enumerate(zip(given, ranks, strict=True))]
    more = max((sorted(set(term) & set(_MORE)) for term in terms), key=len)[::-1]
    if arrow:
        wanted = result.replace("...", "".join(more))
    else:
        counts = Counter("".join(given).replace(".", ""))
        wanted = "".join(more) + "".join(sorted(c for c, n in counts.items() if n == 1))
    unknown = set(wanted) - set("".join(terms))
    if unknown or len(set(wanted)) != len(wanted):
        raise ValueError(
            f"einsum: the result of {subscripts!r} must have letters of the operands, each once"
        )
    return terms, wanted


def _expanded(subscripts: str, place: int, term: str, rank: int) -> str:
    named = len(term.replace("...", ""))
    more = rank - named
    if more < 0 or (more and "..." not in term):
        raise ValueError(
            f"einsum: {term!r} of {subscripts!r} has {named} letters, and operands[{place}] has "
            f"{rank} axes"
        )
    return term.replace("...", _MORE[:more][::-1])


def _extents(
    subscripts: str, terms: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> dict[str, int]:
    """The extent of each letter; those of ``...`` may be 1 in some operands."""
    extents: dict[str, int] = {}
    for place, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        for label, extent in zip(term, shape, strict=True):
            before = extents.setdefault(label, extent)
            if before == extent:
                continue
            if label not in _MORE or 1 not in (before, extent):
                name = "'...'" if label in _MORE else repr(label)
                raise ValueError(
                    f"einsum: {name} of {subscripts!r} has the extent {before} before, and "
                    f"{extent} in operands[{place}] {shape}"
                )
            extents[label] = extent if before == 1 else before
    return extents
