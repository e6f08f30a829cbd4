"""Each layer in PyTorch's own ops, from its arguments alone: no code of the library runs here.

Tensors are channels-last, as the library has them. ``LAYERS[name](mirror, layer, inputs, masks)``
gives the output, or a list of them.
"""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.random_models.torch_convolutions import (  # noqa: E402
    CONVOLUTIONS,
    activation,
    last,
    one_row,
    padded,
    sides,
)
from tests.random_models.torch_recurrent import RECURRENT  # noqa: E402

F = torch.nn.functional


def pool(kind, x, size, strides, padding):
    pads = sides(padding, x.shape[1:3], size, strides)
    if kind == "max":
        return last(F.max_pool2d(padded(x, pads, -torch.inf), size, strides))
    y = F.avg_pool2d(padded(x, pads), size, strides)
    return last(y / F.avg_pool2d(padded(torch.ones_like(x), pads), size, strides))


def pooling2d(kind):
    return lambda _, layer, x, __: pool(kind, x, layer.pool_size, layer.strides, layer.padding)


def pooling1d(kind):
    def run(_, layer, x, __):
        size, strides = one_row(layer.pool_size), one_row(layer.strides)
        return pool(kind, x[:, None], size, strides, layer.padding)[:, 0]

    return run


def global_pooling(kind):
    def run(_, layer, x, masks):
        axes = tuple(range(1, x.ndim - 1))
        if kind == "max":
            return x.amax(axes, layer.keepdims)
        if masks[0] is None or x.ndim == 4:
            return x.mean(axes, layer.keepdims)
        mask = masks[0][..., None]
        return (x * mask).sum(1, layer.keepdims) / mask.sum(1, layer.keepdims).clamp(min=1)

    return run


def dense_layer(mirror, layer, x, _):
    y = x @ mirror(layer.kernel)
    return activation(
        layer.activation.__name__, y if layer.bias is None else y + mirror(layer.bias)
    )


def batch_normalization(mirror, layer, x, masks):
    mean, variance = mirror(layer.moving_mean), mirror(layer.moving_variance)
    if mirror.training and layer.trainable:
        there = torch.ones(x.shape[:-1]) if masks[0] is None else masks[0]
        while there.ndim < x.ndim - 1:  # of steps, which are images
            there = there[..., None]
        counted = x[there.expand(x.shape[:-1]) != 0]
        mean, variance = counted.mean(0), counted.var(0, unbiased=False)
        for parameter, now in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            before = mirror.moved.get(parameter, mirror(parameter))
            share = layer.momentum
            mirror.moved[parameter] = share * before + (1 - share) * now.detach()
    y = (x - mean) / torch.sqrt(variance + layer.epsilon)
    y = y if layer.gamma is None else y * mirror(layer.gamma)
    return y if layer.beta is None else y + mirror(layer.beta)


def layer_normalization(mirror, layer, x, _):
    shape = x.shape[-len(layer.axis) :] if isinstance(layer.axis, list) else x.shape[-1:]
    gamma, beta = (None if p is None else mirror(p) for p in (layer.gamma, layer.beta))
    return F.layer_norm(x, shape, gamma, beta, layer.epsilon)


def group_normalization(mirror, layer, x, _):
    groups = x.shape[-1] if layer.groups == -1 else layer.groups
    # PyTorch refuses one of gamma and beta without the other.
    y = F.group_norm(x.movedim(-1, 1), groups, eps=layer.epsilon).movedim(1, -1)
    y = y if layer.gamma is None else y * mirror(layer.gamma)
    return y if layer.beta is None else y + mirror(layer.beta)


def aligned(xs):
    """Missing axes are those after the batch."""
    rank = max(x.ndim for x in xs)
    return [x.reshape(x.shape[0], *[1] * (rank - x.ndim), *x.shape[1:]) for x in xs]


def average(_, __, xs, ___):
    return sum(aligned(xs)) / len(xs)


def multiply(_, __, xs, masks):
    """The product; what a mask leaves out counts as 1, and as 0 where all masks leave it out."""
    result, known = 1.0, []
    for x, before, mask in zip(aligned(xs), xs, masks, strict=True):
        there = None
        if mask is not None and x.ndim == before.ndim:
            there = mask.reshape(*mask.shape, *[1] * (x.ndim - mask.ndim)) != 0
        known.append(there)
        result = result * (x if there is None else torch.where(there, x, 1.0))
    if any(there is None for there in known):
        return result
    return torch.where(torch.stack(known).any(0), result, 0.0)


def subtract(_, __, xs, ___):
    one, other = aligned(xs)
    return one - other


def edges(_, layer, x, __):
    """Zeros around it, or its edges cut off."""
    sign = 1 if layer.argument == "padding" else -1
    pads = [0, 0]
    for before, after in reversed(layer.sides):
        pads += [sign * before, sign * after]
    return F.pad(x, pads)


def up_sampling(_, layer, x, __):
    sizes = (layer.size,) if isinstance(layer.size, int) else layer.size
    for axis, size in enumerate(sizes, 1):
        x = x.repeat_interleave(size, axis)
    return x


def center_crop(_, layer, x, __):
    top, left = (x.shape[1] - layer.height) // 2, (x.shape[2] - layer.width) // 2
    return x[:, top : top + layer.height, left : left + layer.width]


def time_distributed(mirror, layer, x, _):
    y = mirror.apply(layer.layer, x.flatten(0, 1), [None])
    return y.unflatten(0, x.shape[:2])


def masking(_, layer, x, __):
    return x * (x != layer.mask_value).any(-1, keepdim=True)


LAYERS = {
    "Activation": lambda _, layer, x, __: activation(layer.activation.__name__, x),
    "Add": lambda _, __, xs, ___: sum(aligned(xs)),
    "Average": average,
    "AveragePooling1D": pooling1d("average"),
    "AveragePooling2D": pooling2d("average"),
    "BatchNormalization": batch_normalization,
    "CenterCrop": center_crop,
    "Concatenate": lambda _, layer, xs, __: torch.cat(xs, layer.axis),
    "Cropping1D": edges,
    "Cropping2D": edges,
    "Dense": dense_layer,
    "Dropout": lambda _, __, x, ___: x,
    "ELU": lambda _, layer, x, __: activation("elu", x, alpha=layer.alpha),
    "Embedding": lambda mirror, layer, ids, _: mirror(layer.embeddings)[ids.long()],
    "Flatten": lambda _, __, x, ___: x.flatten(1),
    "GELU": lambda _, layer, x, __: activation("gelu_tanh" if layer.approximate else "gelu", x),
    "GlobalAveragePooling1D": global_pooling("average"),
    "GlobalAveragePooling2D": global_pooling("average"),
    "GlobalMaxPooling1D": global_pooling("max"),
    "GlobalMaxPooling2D": global_pooling("max"),
    "GroupNormalization": group_normalization,
    "LayerNormalization": layer_normalization,
    "LeakyReLU": lambda _, layer, x, __: activation("leaky_relu", x, layer.negative_slope),
    "Masking": masking,
    "MaxPooling1D": pooling1d("max"),
    "MaxPooling2D": pooling2d("max"),
    "Multiply": multiply,
    "ReLU": lambda _, layer, x, __: activation("leaky_relu", x, layer.negative_slope),
    "RepeatVector": lambda _, layer, x, __: x[:, None].expand(-1, layer.n, -1),
    "Rescaling": lambda _, layer, x, __: x * layer.scale + layer.offset,
    "Permute": lambda _, layer, x, __: x.permute(0, *layer.dims),
    "Reshape": lambda _, layer, x, __: x.reshape(x.shape[0], *layer.target_shape),
    "Softmax": lambda _, __, x, ___: F.softmax(x, -1),
    "Subtract": subtract,
    "TimeDistributed": time_distributed,
    "UpSampling1D": up_sampling,
    "UpSampling2D": up_sampling,
    "ZeroPadding1D": edges,
    "ZeroPadding2D": edges,
    **CONVOLUTIONS,
    **RECURRENT,
}
