"""Vectors for words, characters and other numbered things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brasa import initializers, ops, regularizers
from brasa.layers.arguments import flag, positive
from brasa.layers.base import Layer
from brasa.ops.dispatch import Tensor
from brasa.parameter import Parameter


class Embedding(Layer):
    """A trainable vector for each whole number: ``y[i] = embeddings[ids[i]]``.

    Shapes:
        ids (N, ...) whole numbers in [0, input_dim), embeddings (input_dim, output_dim),
        y (N, ..., output_dim)

    Data outside [0, input_dim) are an IndexError of fit, evaluate and predict: all of an array is
    checked once, before the first batch. In a functional model the input is
    ``Input((T,), dtype="int32")``.

    Args:
        input_dim: How many numbers there are: the size of the vocabulary.
        output_dim: How many features each of them gets.
        embeddings_initializer: What the vectors start from. Default "uniform", in [-0.05, 0.05).
        mask_zero: The number 0 is padding: layers that follow skip it, losses and metrics do not
            count it. Default False.
        embeddings_regularizer: What large vectors add to the loss: see Dense. Default none.
        weights: ``[vectors]``, (input_dim, output_dim), to start from. Default none.
        input_length: For ``input_shape=(input_length,)``, as older code has it.
        **options: embeddings_constraint (see :mod:`brasa.constraints`), name, trainable,
            input_shape, activity_regularizer.

    Raises:
        ValueError: an argument is out of range, or a name is unknown. TypeError: of another type.

    >>> from brasa import layers
    >>> layers.Embedding(10, 3, embeddings_initializer="ones")([[7, 2]]).shape
    (1, 2, 3)
    """

    input_dtype = "int32"
    _constrained = (("embeddings_constraint", "embeddings"),)
    embeddings: Parameter

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        embeddings_regularizer: Any = None,
        weights: Sequence[Any] | None = None,
        input_length: int | None = None,
        **options: Any,
    ) -> None:
        if input_length is not None:
            options.setdefault("input_shape", (input_length,))
        super().__init__(**options)
        self.input_dim = positive("Embedding", "input_dim", input_dim)
        self.output_dim = positive("Embedding", "output_dim", output_dim)
        if weights is not None:
            if not isinstance(weights, (list, tuple)) or len(weights) != 1:
                raise TypeError(f"Embedding: weights must be a list of one array, got {weights!r}")
            embeddings_initializer = initializers.Constant(weights[0])
        self.embeddings_initializer = initializers.get(
            embeddings_initializer, "Embedding: embeddings_initializer"
        )
        self.mask_zero = flag("Embedding", "mask_zero", mask_zero)
        self.embeddings_regularizer = regularizers.get(
            embeddings_regularizer, "Embedding: embeddings_regularizer"
        )

    def build(self, input_shape: Any) -> None:
        shape = (self.input_dim, self.output_dim)
        self.embeddings = self.add_weight(
            "embeddings", shape, self.embeddings_initializer, self.embeddings_regularizer
        )

    def call(self, ids: Tensor) -> Tensor:
        return ops.embedding(ids, self.embeddings)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.mask_of_ids(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "mask_zero": self.mask_zero,
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
        }
