"""Attention: each query takes a mean of the values, weighed by how well their keys fit it."""

from __future__ import annotations

from typing import Any

from brasa import ops
from brasa.layers.arguments import flag, known, list_of_inputs
from brasa.layers.base import Layer
from brasa.layers.dropout import Dropout
from brasa.layers.hiding import earlier, hidden, of_keys
from brasa.ops.dispatch import Tensor, floats
from brasa.parameter import Parameter
from brasa.suggest import find


class Attention(Layer):
    """``y = softmax(scores) @ value``, with the scores ``query @ key^T`` of dot products.

    Masked steps of the values get the weight 0, masked queries the output 0. The call may say
    ``use_causal_mask=True``: a query sees the keys up to its own step; and
    ``return_attention_scores=True``: ``(y, weights)``, with the weights (N, T, S).

    Shapes:
        a list of query (N, T, D), value (N, S, E) and key (N, S, D), which is the value where it
        is left out; scale () and concat_score_weight () where there are such; y (N, T, E)

    Args:
        use_scale: Multiply the scores by a weight that is learned. Default False.
        score_mode: "dot" (default), or "concat": ``w * sum_d tanh(query_d + key_d)``, with a
            learned w, which takes room for N T S D numbers.
        dropout: Share of the weights that training drops. Default 0.
        seed: That of the dropout.
        **options: name, trainable, input_shape.

    Raises:
        ValueError: not two or three inputs of rank 3 that fit, or an argument out of range.
        TypeError: no list, or an argument of another type.

    Source: Luong, Pham, Manning, EMNLP 2015; Keras's names.

    >>> import numpy as np
    >>> from brasa import layers
    >>> query, value = np.zeros((2, 3, 4), np.float32), np.ones((2, 7, 4), np.float32)
    >>> layers.Attention()([query, value]).shape
    (2, 3, 4)
    """

    supports_masking = True
    scale: Parameter | None = None
    concat_score_weight: Parameter | None = None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = type(self).__name__
        self.use_scale = flag(own, "use_scale", use_scale)
        find(f"{own}: score_mode", score_mode, {"dot": None, "concat": None})
        self.score_mode = score_mode
        self.dropout = Dropout(dropout, seed=seed)

    def build(self, input_shape: Any) -> None:
        if self.use_scale:
            self.scale = self.add_weight("scale", (), "ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight("concat_score_weight", (), "ones")

    def call(
        self,
        xs: Any,
        training: bool = False,
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        own = type(self).__name__
        causal = flag(own, "use_causal_mask", use_causal_mask)
        returns_weights = flag(own, "return_attention_scores", return_attention_scores)
        query, value, key = self._parts(xs)
        scores = self.scores(query, key)
        here, there = (None, None) if mask is None else (mask[0], mask[1])
        scores = hidden(scores, of_keys(there), earlier(scores) if causal else None)
        weights = ops.softmax(scores)
        if self.dropout.rate:
            weights = self.dropout(weights, training=training)
        y = ops.matmul(weights, value)
        y = y if here is None else ops.mask_rows(y, here)
        return [y, weights] if returns_weights else y

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """How well each key fits each query, (N, T, S)."""
        if self.concat_score_weight is not None:
            both = _each_with_each(query, key)
            both = both if self.scale is None else ops.multiply(both, self.scale)
            return ops.multiply(ops.sum(ops.tanh(both), -1), self.concat_score_weight)
        scores = ops.matmul(query, key, transpose_b=True)
        return scores if self.scale is None else ops.multiply(scores, self.scale)

    def _parts(self, xs: Any) -> tuple[Tensor, Tensor, Tensor]:
        own = type(self).__name__
        given = [floats(own, f"input {i}", x) for i, x in enumerate(list_of_inputs(own, xs))]
        shapes = [tuple(x.shape) for x in given]
        query, value, key = (*given, *given[1:][: 3 - len(given)])[:3]
        fit = len(given) <= 3 and all(len(shape) == 3 for shape in shapes)
        fit = fit and len({shape[0] for shape in shapes}) == 1
        if not fit or value.shape[1] != key.shape[1] or query.shape[2] != key.shape[2]:
            raise ValueError(
                f"{own}: the inputs must be query (N, T, D), value (N, S, E) and, unless it is the "
                f"value, key (N, S, D), got {' and '.join(map(str, shapes))}"
            )
        return query, value, key

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the queries."""
        return None if mask is None else mask[0]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout.rate,
            "seed": self.dropout.seed,
        }


class AdditiveAttention(Attention):
    """Attention with the scores ``sum_d scale_d tanh(query_d + key_d)``.

    Bahdanau's, without the products of queries and keys with weights: those are ``Dense`` layers
    before it.

    Shapes:
        a list of query (N, T, D), value (N, S, E) and key (N, S, D), which is the value where it
        is left out; scale (D,); y (N, T, E); the scores take room for N T S D numbers

    Args:
        use_scale: Multiply by the weight ``scale``, which is learned. Default True.
        dropout: Share of the weights that training drops. Default 0.
        **options: seed of the dropout; name, trainable, input_shape.

    Raises:
        As Attention.

    Source: Bahdanau, Cho, Bengio, ICLR 2015; Keras's names.

    >>> import numpy as np
    >>> from brasa import layers
    >>> query, value = np.zeros((2, 3, 4), np.float32), np.ones((2, 7, 4), np.float32)
    >>> layers.AdditiveAttention()([query, value]).shape
    (2, 3, 4)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **options: Any) -> None:
        super().__init__(use_scale, dropout=dropout, **options)

    def build(self, input_shape: Any) -> None:
        if self.use_scale:
            units = known("the last axis", input_shape[0][-1])
            self.scale = self.add_weight("scale", (units,), "glorot_uniform")

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """How well each key fits each query, (N, T, S)."""
        both = ops.tanh(_each_with_each(query, key))
        return ops.sum(both if self.scale is None else ops.multiply(both, self.scale), -1)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["score_mode"]
        return config


def _each_with_each(query: Tensor, key: Tensor) -> Tensor:
    """The sums of all pairs, (N, T, S, D)."""
    (N, T, D), S = query.shape, key.shape[1]
    return ops.add(ops.reshape(query, (N, T, 1, D)), ops.reshape(key, (N, 1, S, D)))
