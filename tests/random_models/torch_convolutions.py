"""The convolution layers in PyTorch's own ops, on channels-last tensors."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional


def activation(name, x, slope=0.2, alpha=1.0):
    return {
        "linear": lambda: x,
        "relu": lambda: F.relu(x),
        "leaky_relu": lambda: torch.where(x > 0, x, slope * x),
        "elu": lambda: F.elu(x, alpha),
        "sigmoid": lambda: torch.sigmoid(x),
        "tanh": lambda: torch.tanh(x),
        "softmax": lambda: F.softmax(x, -1),
        "gelu": lambda: F.gelu(x),
        "gelu_tanh": lambda: F.gelu(x, approximate="tanh"),
        "silu": lambda: F.silu(x),
    }[name]()


def affine(mirror, layer, y):
    """Bias and activation, for what a layer multiplied."""
    y = y if layer.bias is None else y + mirror(layer.bias)
    return activation(layer.activation.__name__, y)


def first(x):
    """(N, H, W, C) to (N, C, H, W)."""
    return x.permute(0, 3, 1, 2).contiguous()


def last(x):
    return x.permute(0, 2, 3, 1)


def sides(padding, sizes, reaches, strides):
    """Pads before and after, for each axis: Keras's rule for "same", or numbers."""
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if padding == "same":
        pads = []
        for size, reach, stride in zip(sizes, reaches, strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + reach - size, 0)
            pads.append((total // 2, total - total // 2))
        return pads
    if isinstance(padding, int):
        return [(padding, padding)] * 2
    return [(p, p) if isinstance(p, int) else tuple(p) for p in padding]


def padded(x, pads, value=0.0):
    (top, bottom), (left, right) = pads
    return F.pad(first(x), (left, right, top, bottom), value=value)


def conv2d(x, w, b, strides, padding, dilation, groups):
    """x (N, H, W, C), w (R, S, C / groups, K)."""
    reaches = [(w.shape[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    pads = sides(padding, x.shape[1:3], reaches, strides)
    w = w.permute(3, 2, 0, 1).contiguous()
    return last(F.conv2d(padded(x, pads), w, b, strides, 0, dilation, groups))


def one_row(pair):
    return (1, *pair)


def conv1d_layer(mirror, layer, x, _):
    padding = layer.padding
    if padding == "causal":
        padding = [(0, 0), ((layer.kernel_size[0] - 1) * layer.dilation_rate[0], 0)]
    w, b = mirror(layer.kernel)[None], mirror(layer.bias)
    windows = one_row(layer.strides), padding, one_row(layer.dilation_rate)
    return activation(
        layer.activation.__name__, conv2d(x[:, None], w, b, *windows, layer.groups)[:, 0]
    )


def conv2d_layer(mirror, layer, x, _):
    w, b = mirror(layer.kernel), mirror(layer.bias)
    y = conv2d(x, w, b, layer.strides, layer.padding, layer.dilation_rate, layer.groups)
    return activation(layer.activation.__name__, y)


def depthwise(mirror, layer, x, kernel, bias):
    rows, columns, channels, multiplier = kernel.shape
    w = mirror(kernel).reshape(rows, columns, 1, channels * multiplier)
    window = layer.strides, layer.padding, layer.dilation_rate
    return conv2d(x, w, mirror(bias), *window, channels)


def depthwise_layer(mirror, layer, x, _):
    y = depthwise(mirror, layer, x, layer.kernel, layer.bias)
    return activation(layer.activation.__name__, y)


def separable_layer(mirror, layer, x, _):
    y = depthwise(mirror, layer, x, layer.depthwise_kernel, None)
    y = y @ mirror(layer.pointwise_kernel)[0, 0]
    return activation(
        layer.activation.__name__, y if layer.bias is None else y + mirror(layer.bias)
    )


def transposed(x, w, b, strides, padding, more, dilation):
    """x (N, H, W, C), w (R, S, K, C): all that the windows reach, then cut or filled up."""
    y = F.conv_transpose2d(
        first(x), w.permute(3, 2, 0, 1).contiguous(), None, strides, dilation=dilation
    )
    y = last(y)
    for axis in (1, 2):
        stride, reach = strides[axis - 1], (w.shape[axis - 1] - 1) * dilation[axis - 1] + 1
        whole, extra = y.shape[axis], None if more is None else more[axis - 1]
        if padding == "valid":
            size, cut = whole + (max(stride - reach, 0) if extra is None else extra), 0
        elif padding == "same":
            size = x.shape[axis] * stride if extra is None else whole - reach + reach % 2 + extra
            cut = max((whole - size) // 2, 0)
        else:
            cut, after = sides(padding, None, None, None)[axis - 1]
            size = whole - cut - after + (extra or 0)
        missing = max(cut + size - whole, 0)
        y = torch.cat([y, y.new_zeros(*y.shape[:axis], missing, *y.shape[axis + 1 :])], axis)
        y = y.narrow(axis, cut, size)
    return y if b is None else y + b


def transposed2d_layer(mirror, layer, x, _):
    w, b = mirror(layer.kernel), mirror(layer.bias)
    window = layer.strides, layer.padding, layer.output_padding, layer.dilation_rate
    return activation(layer.activation.__name__, transposed(x, w, b, *window))


def transposed1d_layer(mirror, layer, x, _):
    more = None if layer.output_padding is None else (0, *layer.output_padding)
    window = one_row(layer.strides), layer.padding, more, one_row(layer.dilation_rate)
    w, b = mirror(layer.kernel)[None], mirror(layer.bias)
    return activation(layer.activation.__name__, transposed(x[:, None], w, b, *window)[:, 0])


CONVOLUTIONS = {
    "Conv1D": conv1d_layer,
    "Conv1DTranspose": transposed1d_layer,
    "Conv2D": conv2d_layer,
    "Conv2DTranspose": transposed2d_layer,
    "DepthwiseConv2D": depthwise_layer,
    "SeparableConv2D": separable_layer,
}
