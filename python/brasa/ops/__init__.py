"""The functional level: one function for each op.

On NumPy arrays a function runs now; on the symbols inside a layer's ``call`` it records a node,
and gradients follow by themselves. Images are channels-last ``(N, H, W, C)``, convolution weights
``(R, S, C / groups, K)``, dense weights ``(D, U)``; everything is float32, labels are integers.
"""

import sys

from brasa.graph.deferred import deferring
from brasa.graph.symbol import OfOps
from brasa.ops import operators
from brasa.ops.activations import (
    activation,
    elu,
    elu_backward,
    leaky_relu,
    leaky_relu_backward,
    linear,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from brasa.ops.adaptive_steps import adadelta_step, adamax_step, lion_step, nadam_step
from brasa.ops.arranging import moveaxis, roll, swapaxes, tile
from brasa.ops.batch_norm import (
    batch_norm,
    batch_norm_backward,
    batch_norm_fold,
    batch_norm_training,
)
from brasa.ops.broadcast import broadcast_backward, broadcast_to
from brasa.ops.casting import cast
from brasa.ops.choosing import tril, triu, where
from brasa.ops.clipping import clip_norm, clip_value
from brasa.ops.comparisons import (
    equal,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
)
from brasa.ops.constants import arange, eye, full, identity, linspace, ones, zeros
from brasa.ops.contractions import average, dot, inner, outer, tensordot, vdot
from brasa.ops.conv2d import (
    conv2d,
    conv2d_backward,
    conv2d_backward_data,
    conv2d_backward_weight,
)
from brasa.ops.conv2d_transpose import conv2d_transpose
from brasa.ops.counting import (
    all,  # noqa: A004
    any,  # noqa: A004
    count_nonzero,
)
from brasa.ops.crop_flip import crop_flip, crop_flip_backward
from brasa.ops.dropout import dropout, dropout_backward
from brasa.ops.einsum import einsum
from brasa.ops.elementwise import (
    add,
    add_bias,
    concatenate,
    flip,
    multiply,
    pad,
    reshape,
    scale,
    slice,  # noqa: A004
)
from brasa.ops.embedding import embedding, embedding_backward, one_hot
from brasa.ops.error_losses import huber, mean_absolute_error, mean_squared_error
from brasa.ops.filled import full_like, ones_like, shape, zeros_like
from brasa.ops.functions import cos, erf, expm1, log1p, rsqrt, sin
from brasa.ops.gaussian_noise import gaussian_noise
from brasa.ops.group_norm import group_norm, group_norm_backward
from brasa.ops.gru import gru, gru_backward
from brasa.ops.layer_norm import layer_norm, layer_norm_backward
from brasa.ops.losses import (
    accuracy,
    binary_cross_entropy,
    cross_entropy,
    softmax_cross_entropy,
)
from brasa.ops.lstm import lstm, lstm_backward
from brasa.ops.masks import mask_of_ids, mask_of_rows, mask_rows, mask_weights
from brasa.ops.matmul import bias_gradient, dense, dense_backward, matmul
from brasa.ops.optimizers import adagrad_step, adam_step, rmsprop_step, sgd_step
from brasa.ops.ordering import argsort, sort, top_k
from brasa.ops.pairs import divide, maximum, minimum, subtract
from brasa.ops.penalty import penalty, penalty_backward
from brasa.ops.places import argmax, argmin
from brasa.ops.pool2d import (
    average_pool2d,
    average_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from brasa.ops.reduce import (
    extreme_backward,
    max,  # noqa: A004
    mean,
    min,  # noqa: A004
    sum,  # noqa: A004
)
from brasa.ops.regularized_steps import ftrl_step, lamb_step
from brasa.ops.rounding import (
    ceil,
    floor,
    round,  # noqa: A004
    sign,
)
from brasa.ops.scans import cumprod, cumsum, prod
from brasa.ops.shaping import expand_dims, negative, squeeze, stack
from brasa.ops.simple_rnn import simple_rnn, simple_rnn_backward
from brasa.ops.smooth_activations import gelu, gelu_backward, gelu_tanh, silu, silu_backward, swish
from brasa.ops.softmax import (
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
)
from brasa.ops.stretches import diagonal, diff, repeat, trace, unstack
from brasa.ops.summaries import logsumexp, norm, split, std, var
from brasa.ops.taking import take, take_along_axis
from brasa.ops.transpose import transpose
from brasa.ops.unary import (
    abs,  # noqa: A004
    clip,
    exp,
    log,
    power,
    reciprocal,
    sqrt,
    square,
)
from brasa.ops.unary_activations import (
    exponential,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    mish,
    relu6,
    selu,
    softplus,
    softsign,
)
from brasa.ops.warp2d import warp2d, warp2d_backward

__all__ = [
    "abs",
    "accuracy",
    "activation",
    "adadelta_step",
    "adagrad_step",
    "adam_step",
    "adamax_step",
    "add",
    "add_bias",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "average",
    "average_pool2d",
    "average_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_fold",
    "batch_norm_training",
    "bias_gradient",
    "binary_cross_entropy",
    "broadcast_backward",
    "broadcast_to",
    "cast",
    "ceil",
    "clip",
    "clip_norm",
    "clip_value",
    "concatenate",
    "conv2d",
    "conv2d_backward",
    "conv2d_backward_data",
    "conv2d_backward_weight",
    "conv2d_transpose",
    "cos",
    "count_nonzero",
    "crop_flip",
    "crop_flip_backward",
    "cross_entropy",
    "cumprod",
    "cumsum",
    "dense",
    "dense_backward",
    "diagonal",
    "diff",
    "divide",
    "dot",
    "dropout",
    "dropout_backward",
    "einsum",
    "elu",
    "elu_backward",
    "embedding",
    "embedding_backward",
    "equal",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "exponential",
    "extreme_backward",
    "eye",
    "flip",
    "floor",
    "ftrl_step",
    "full",
    "full_like",
    "gaussian_noise",
    "gelu",
    "gelu_backward",
    "gelu_tanh",
    "greater",
    "greater_equal",
    "group_norm",
    "group_norm_backward",
    "gru",
    "gru_backward",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "huber",
    "identity",
    "inner",
    "isfinite",
    "isinf",
    "isnan",
    "lamb_step",
    "layer_norm",
    "layer_norm_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "less",
    "less_equal",
    "linear",
    "linspace",
    "lion_step",
    "log",
    "log1p",
    "log_softmax",
    "log_softmax_backward",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "lstm",
    "lstm_backward",
    "mask_of_ids",
    "mask_of_rows",
    "mask_rows",
    "mask_weights",
    "matmul",
    "max",
    "max_pool2d",
    "max_pool2d_backward",
    "maximum",
    "mean",
    "mean_absolute_error",
    "mean_squared_error",
    "min",
    "minimum",
    "mish",
    "moveaxis",
    "multiply",
    "nadam_step",
    "negative",
    "norm",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "outer",
    "pad",
    "penalty",
    "penalty_backward",
    "power",
    "prod",
    "reciprocal",
    "relu",
    "relu6",
    "relu_backward",
    "repeat",
    "reshape",
    "rmsprop_step",
    "roll",
    "round",
    "rsqrt",
    "scale",
    "selu",
    "sgd_step",
    "shape",
    "sigmoid",
    "sigmoid_backward",
    "sign",
    "silu",
    "silu_backward",
    "simple_rnn",
    "simple_rnn_backward",
    "sin",
    "slice",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softplus",
    "softsign",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "swish",
    "take",
    "take_along_axis",
    "tanh",
    "tanh_backward",
    "tensordot",
    "tile",
    "top_k",
    "trace",
    "transpose",
    "tril",
    "triu",
    "unstack",
    "var",
    "vdot",
    "warp2d",
    "warp2d_backward",
    "where",
    "zeros",
    "zeros_like",
]

OfOps.operations = operators


def _defer() -> None:
    """On outputs of layers, before the model runs, each function is kept for when it does.

    Each is replaced where it was defined, too: that is where pickle looks. Inside of this package
    they have each other as they are.
    """
    here = globals()
    for name in __all__:
        function = here[name]
        home = sys.modules[function.__module__]
        first_name = function.__name__  # swish is silu
        if getattr(home, first_name) is function:
            setattr(home, first_name, deferring(f"ops.{first_name}", function))
        here[name] = getattr(home, first_name)


_defer()
