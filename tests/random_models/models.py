"""Random models: directed acyclic graphs of layers, each drawn from a seed."""

import numpy as np

from brasa import Input, Model, layers, losses, regularizers
from tests.random_models import any_layers, image_layers, sequence_layers
from tests.random_models.draw import Draw

SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 16, 17, 24, 28, 33, 40)
LENGTHS = (1, 2, 3, 4, 5, 7, 8, 12)
CHANNELS = (1, 2, 3, 4, 5, 6, 8, 15, 16, 17, 32, 33)
MAKERS = {
    4: [*any_layers.MAKERS, *any_layers.OF_STEPS, *image_layers.MAKERS],
    3: [*any_layers.MAKERS, *any_layers.OF_STEPS, *sequence_layers.MAKERS],
    2: [*any_layers.MAKERS, any_layers.reshape, sequence_layers.repeat],
}
MOST, WIDEST = 12_000, 200  # elements of one sample's tensor, and of its last axis


class Batch:
    """Inputs and targets for each input and output, and weights of the samples or None."""

    def __init__(self, x, y, weights):
        self.x, self.y, self.weights = x, y, weights


class RandomModel:
    """A model, its losses and how to draw data for it."""

    def __init__(self, seed, steps=None):
        rng = self.rng = np.random.default_rng([seed, 1])
        self.draw = Draw(rng)
        self.inputs, self.vocabulary = [], {}
        self.tensors = []
        self.refused = []
        for _ in range(1 + (rng.random() < 0.2)):
            self._begin()
        for _ in range(int(steps or rng.integers(1, 12))):
            self._grow()
        self._end()
        self.model = Model(self._reached(), self.outputs)
        self._weigh()

    @property
    def cost(self):
        """The elements of a sample's tensors; those of convolutions count more."""
        total = 0.0
        for call in self.model.network.calls:
            weight = call.outputs[0].shape[-1] ** 0.5 if "Conv" in type(call.layer).__name__ else 1
            total += weight * sum(int(np.prod(y.shape[1:])) for y in call.outputs)
        return total

    def __str__(self):
        return "\n".join(
            f"{type(call.layer).__name__}({call.layer.get_config()}): "
            f"{[x.shape for x in call.input_list]} -> {[y.shape for y in call.outputs]}"
            for call in self.model.network.calls
        )

    def _begin(self):
        rng, draw = self.rng, self.draw
        rank = draw.one((4, 4, 4, 3, 3, 2, 1))
        if rank == 4:
            h, w = draw.one(SIZES), draw.one(SIZES)
            w = h if rng.random() < 0.5 else w
            x = Input((h, w, draw.one(CHANNELS)))
        elif rank == 3:
            x = Input((draw.one(LENGTHS), draw.one(CHANNELS)))
        elif rank == 2:
            x = Input((draw.one(CHANNELS),))
        else:
            x = Input((draw.one(LENGTHS),), dtype="int32")
        self.inputs.append(x)
        if rank == 1:
            words = self.vocabulary[x] = int(rng.integers(2, 20))
            y = layers.Embedding(words, draw.one(CHANNELS), mask_zero=draw.chance(0.6))(x)
            self._add(y)
        else:
            self._add(x)
            if rank == 3 and draw.chance(0.3):
                self._add(layers.Masking()(x))

    def _add(self, y):
        for one in y if isinstance(y, list) else [y]:
            self.tensors.append(one)

    def _pick(self):
        if self.draw.chance(0.7):
            return self.tensors[-1]
        return self.draw.one(self.tensors)

    def _grow(self):
        x = self._pick()
        maker = self.draw.one(MAKERS[len(x.shape)])
        try:
            y = maker(self.draw, x, self.tensors)
        except ValueError as error:
            self.refused.append(f"{maker.__name__}: {error}")
            return
        if y is None:
            return
        for one in y if isinstance(y, list) else [y]:
            if np.prod(one.shape[1:]) > MOST or one.shape[-1] > WIDEST:
                return
        self._add(y)

    def _end(self):
        draw = self.draw
        more = draw.one((0, 0, 0, 1, 2))
        chosen = [self.tensors[-1], *(draw.one(self.tensors) for _ in range(more))]
        self.outputs, self.losses = [], []
        for x in dict.fromkeys(chosen):
            self._head(x)

    def _head(self, x):
        draw = self.draw
        as_it_is = self.outputs and draw.chance(0.3) and x.call is not None
        if not as_it_is:
            x = self._reduced(x)
        kind = "mean_squared_error" if as_it_is else draw.one(HEADS)
        width = draw.one((1, 2, 3, 5, 10, 17))
        if kind in ("sparse", "categorical"):
            width += width == 1
        logits = draw.chance(0.4)
        ending = {"sparse": "softmax", "categorical": "softmax", "binary": "sigmoid"}.get(kind)
        if not as_it_is:
            after = None if logits or ending is None else ending
            if draw.chance(0.3) and after is not None:
                x = layers.Activation(after)(layers.Dense(width)(x))
            else:
                x = layers.Dense(width, activation=after)(x)
        made = {
            "sparse": losses.SparseCategoricalCrossentropy,
            "categorical": losses.CategoricalCrossentropy,
            "binary": losses.BinaryCrossentropy,
        }.get(kind)
        self.outputs.append(x)
        self.losses.append(losses.MeanSquaredError() if made is None else made(from_logits=logits))

    def _reduced(self, x):
        draw = self.draw
        if len(x.shape) == 4:
            kinds = [layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D]
            kinds += [layers.Flatten] * (2 if np.prod(x.shape[1:]) < 800 else 0)
            kinds += [None] if np.prod(x.shape[1:]) < 2000 else []
        elif len(x.shape) == 3:
            kinds = [layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D, None, None]
            kinds += [layers.Flatten] if np.prod(x.shape[1:]) < 800 else []
        else:
            return x
        kind = draw.one(kinds)
        return x if kind is None else kind()(x)

    def _reached(self):
        """The inputs that an output depends on."""
        seen, stack = set(), list(self.outputs)
        while stack:
            tensor = stack.pop()
            if tensor in seen:
                continue
            seen.add(tensor)
            stack += [] if tensor.call is None else tensor.call.input_list
        return [x for x in self.inputs if x in seen]

    def _weigh(self):
        """Weights that keep values near 1, penalties here and there, some layers frozen."""
        rng = self.rng
        for layer in self.model.network.layers:
            if layer.parameters and rng.random() < 0.08:
                layer.trainable = False
        if not self.model.network.trainable:
            for layer in self.model.network.layers:
                layer.trainable = True
        for parameter in self.model.network.parameters:
            name = parameter.name.rpartition("/")[2]
            parameter.assign(values_of(rng, name, parameter.shape))
            if parameter in self.model.network.trainable and rng.random() < 0.08:
                parameter.regularizer = regularizers.L1L2(0.01, 0.02)
        self.shares = [self.draw.one((1.0, 1.0, 0.3)) for _ in self.outputs]
        self.weighted = rng.random() < 0.2

    def batch(self, size, seed):
        """Samples drawn from a seed."""
        rng = np.random.default_rng([seed, size])
        x = [self._data(rng, tensor, size) for tensor in self.model.network.inputs]
        y = [
            target(rng, loss, (size, *out.shape[1:]))
            for loss, out in zip(self.losses, self.outputs, strict=True)
        ]
        weights = None
        if self.weighted:
            weights = rng.uniform(0, 2, size).astype(np.float32)
        return Batch(x, y, weights)

    def _data(self, rng, tensor, size):
        shape = (size, *tensor.shape[1:])
        if tensor in self.vocabulary:
            return rng.integers(0, self.vocabulary[tensor], shape).astype(np.int32)
        x = rng.standard_normal(shape).astype(np.float32)
        if len(shape) == 3:
            x[rng.random(shape[:2]) < 0.2] = 0
        return x


HEADS = ("sparse", "sparse", "categorical", "binary", "mean_squared_error")


def values_of(rng, name, shape):
    """What a weight starts from."""
    random = rng.standard_normal(shape)
    if "variance" in name:
        return rng.uniform(0.5, 2, shape).astype(np.float32)
    if name in ("bias", "beta", "moving_mean"):
        return (0.3 * random).astype(np.float32)
    if name == "gamma":
        return (1 + 0.3 * random).astype(np.float32)
    if name == "embeddings":
        return random.astype(np.float32)
    fan = max(int(np.prod(shape[:-1])), 1)
    return (1.2 * random / np.sqrt(fan)).astype(np.float32)


def target(rng, loss, shape):
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)
    if isinstance(loss, losses.CategoricalCrossentropy):
        y = rng.uniform(0.1, 1, shape)
        return (y / y.sum(-1, keepdims=True)).astype(np.float32)
    if isinstance(loss, losses.BinaryCrossentropy):
        return rng.random(shape).astype(np.float32)
    return rng.standard_normal(shape).astype(np.float32)
