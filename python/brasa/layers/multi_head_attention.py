"""Attention in several subspaces at once: what transformers are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from brasa import initializers, ops, regularizers
from brasa.graph.symbol import Symbol
from brasa.layers.arguments import flag, known, positive
from brasa.layers.dropout import Dropout
from brasa.layers.hiding import earlier, hidden, of_keys
from brasa.layers.one_row import reshaped
from brasa.layers.queries import TakesQueries, mask_beside, three
from brasa.ops.dispatch import Tensor, floats
from brasa.parameter import Parameter

_KINDS = ("query", "key", "value")


class MultiHeadAttention(TakesQueries):
    """Each head attends with products of its own: ``softmax(q @ k^T / sqrt(key_dim)) @ v``.

    ``q = query @ W_q + b_q``, likewise k of the key and v of the value, for each head; what the
    heads give is multiplied once more. ``layer(query, value, key=None)``; also, in this order, a
    list of them. The call may say, as in Keras:

    - ``use_causal_mask=True``: a query sees the keys up to its own step;
    - ``attention_mask``: 1 where a query may see a key, (N, T, S), or (N, H, T, S) for each head;
    - ``return_attention_scores=True``: ``(y, weights)``, with the weights (N, H, T, S);
    - ``query_mask``, ``value_mask``, ``key_mask``: those of steps, where tensors carry none.

    Masked steps of values and keys get the weight 0; the mask of the queries goes on.

    Shapes:
        query (N, T, D), value (N, S, E), key (N, S, C), which is the value where it is left out;
        query/kernel (D, H, key_dim), key/kernel (C, H, key_dim), value/kernel (E, H, value_dim),
        attention_output/kernel (H, value_dim, *output_shape), each with a bias of the last two
        axes, the last one of ``output_shape``; y (N, T, *output_shape)

    Args:
        num_heads: H, at least 1.
        key_dim: Features of queries and keys in each head.
        value_dim: Features of values in each head. Default ``key_dim``.
        dropout: Share of the weights that training drops. Default 0.
        use_bias: Add biases. Default True.
        output_shape: A number of features, or a tuple. Default D.
        kernel_initializer: What each kernel starts from. Default "glorot_uniform".
        bias_initializer: Default "zeros".
        kernel_regularizer: What large weights add to the loss: see Dense. Default none.
        bias_regularizer: The same for the biases.
        seed: That of the dropout.
        **options: name, trainable, activity_regularizer, which is for y.

    Raises:
        ValueError: inputs that do not fit each other, or an argument out of range.
        TypeError: an argument of another type.

    Source: Vaswani et al., Attention Is All You Need, NeurIPS 2017; Keras's names.

    >>> import numpy as np
    >>> from brasa import layers
    >>> x = np.ones((2, 5, 16), np.float32)
    >>> layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x, use_causal_mask=True).shape
    (2, 5, 16)
    """

    query_kernel: Parameter
    query_bias: Parameter | None = None
    key_kernel: Parameter
    key_bias: Parameter | None = None
    value_kernel: Parameter
    value_bias: Parameter | None = None
    output_kernel: Parameter
    output_bias: Parameter | None = None

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        own = "MultiHeadAttention"
        self.num_heads = positive(own, "num_heads", num_heads)
        self.key_dim = positive(own, "key_dim", key_dim)
        self.value_dim = self.key_dim
        if value_dim is not None:
            self.value_dim = positive(own, "value_dim", value_dim)
        self.dropout = Dropout(dropout, seed=seed)
        self.use_bias = flag(own, "use_bias", use_bias)
        self.output_extents = _extents(own, output_shape)
        self.kernel_initializer = initializers.get(kernel_initializer, f"{own}: kernel_initializer")
        self.bias_initializer = initializers.get(bias_initializer, f"{own}: bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer, f"{own}: kernel_regularizer")
        self.bias_regularizer = regularizers.get(bias_regularizer, f"{own}: bias_regularizer")

    def build(self, input_shape: Any, value_shape: Any = None, key_shape: Any = None) -> None:
        """Create the weights, from the shapes of query, value and key, or a list of them."""
        shapes = input_shape
        if value_shape is not None:
            shapes = [input_shape, value_shape, key_shape or value_shape]
        query, value, key = three(shapes)
        widths = {"query": query[-1], "key": key[-1], "value": value[-1]}
        for kind in _KINDS:
            columns = (self.num_heads, self.value_dim if kind == "value" else self.key_dim)
            rows = known(f"the number of features of the {kind}", widths[kind])
            self._add(kind, kind, (rows, *columns), columns)
        extents = self.output_extents or (query[-1],)
        kernel = (self.num_heads, self.value_dim, *extents)
        self._add("output", "attention_output", kernel, extents)

    def _add(self, own: str, name: str, kernel: tuple[int, ...], bias: tuple[int, ...]) -> None:
        start, penalty = self.kernel_initializer, self.kernel_regularizer
        setattr(self, f"{own}_kernel", self.add_weight(f"{name}/kernel", kernel, start, penalty))
        if self.use_bias:
            start, penalty = self.bias_initializer, self.bias_regularizer
            setattr(self, f"{own}_bias", self.add_weight(f"{name}/bias", bias, start, penalty))

    def call(
        self,
        xs: Any,
        training: bool = False,
        mask: Any = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
    ) -> Any:
        own = "MultiHeadAttention"
        causal = flag(own, "use_causal_mask", use_causal_mask)
        returns_weights = flag(own, "return_attention_scores", return_attention_scores)
        query, value, key, allowed = self._parts(xs)
        masks = [*(mask or []), None, None, None]
        here, there = masks[0], masks[1]
        of_key = masks[2] if key is not value else None
        # The factor goes to the weights of the queries: fewer numbers than these, or the scores.
        q = self._heads("query", query, 1.0 / math.sqrt(self.key_dim))
        k, v = self._heads("key", key), self._heads("value", value)
        scores = ops.matmul(q, k, transpose_b=True)
        steps = [] if here is None else [ops.expand_dims(here, -1)]
        steps += [of_keys(one) for one in (there, of_key) if one is not None]
        steps = [ops.expand_dims(one, 1) for one in steps]
        weights = ops.softmax(hidden(scores, *steps, earlier(scores) if causal else None, allowed))
        seen = self.dropout(weights, training=training) if self.dropout.rate else weights
        y = self._joined(ops.matmul(seen, v))
        if isinstance(y, Symbol) and here is not None:
            y.mask = here
        return [y, weights] if returns_weights else y

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: ``call`` gives y the mask of the queries, and the weights none."""

    def _heads(self, kind: str, x: Tensor, factor: float = 1.0) -> Tensor:
        """One product for all heads, then (N, H, T, features)."""
        kernel, bias = getattr(self, f"{kind}_kernel"), getattr(self, f"{kind}_bias")
        width, heads, features = kernel.shape
        if x.shape[-1] != width:
            raise ValueError(
                f"MultiHeadAttention: the {kind} must have {width} features, got {x.shape[-1]}"
            )
        columns = heads * features

        def flat(weight: Parameter, *shape: int) -> Tensor:
            rows = reshaped(weight, x, shape)
            return rows if factor == 1.0 else ops.scale(rows, factor)

        bias = None if bias is None else flat(bias, columns)
        y = ops.dense(x, flat(kernel, width, columns), bias)
        return ops.transpose(ops.reshape(y, (*x.shape[:2], heads, features)), (0, 2, 1, 3))

    def _joined(self, y: Tensor) -> Tensor:
        """What the heads give, (N, H, T, features), in one product."""
        N, H, T, features = y.shape
        extents = self.output_kernel.shape[2:]
        columns = math.prod(extents)
        y = ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (N, T, H * features))
        bias = None if self.output_bias is None else reshaped(self.output_bias, y, (columns,))
        y = ops.dense(y, reshaped(self.output_kernel, y, (H * features, columns)), bias)
        return y if len(extents) == 1 else ops.reshape(y, (N, T, *extents))

    def _parts(self, xs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        own = "MultiHeadAttention"
        allowed = xs[3] if len(xs) > 3 else None
        query, value, key = three(xs)
        same = key is value
        query, value = floats(own, "query", query), floats(own, "value", value)
        key = value if same else floats(own, "key", key)
        shapes = [tuple(x.shape) for x in (query, value, key)]
        if (
            any(len(shape) != 3 for shape in shapes)
            or len({shape[0] for shape in shapes}) > 1
            or value.shape[1] != key.shape[1]
        ):
            raise ValueError(
                f"{own}: the inputs must be query (N, T, D), value (N, S, E) and, unless it is the "
                f"value, key (N, S, C), got {', '.join(map(str, shapes))}"
            )
        scores = (shapes[0][0], self.num_heads, shapes[0][1], shapes[1][1])
        return query, value, key, mask_beside(own, allowed, scores)

    def get_config(self) -> dict[str, Any]:
        extents = self.output_extents
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout.rate,
            "use_bias": self.use_bias,
            "output_shape": None if extents is None else list(extents),
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "seed": self.dropout.seed,
        }


def _extents(owner: str, given: Any) -> tuple[int, ...] | None:
    """The features of y: None for those of the query, a number, or several axes."""
    if given is None:
        return None
    several = given if isinstance(given, (list, tuple)) else [given]
    if not several:
        raise ValueError(f"{owner}: output_shape must have an extent, got {given!r}")
    return tuple(positive(owner, "output_shape", extent) for extent in several)
