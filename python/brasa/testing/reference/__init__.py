"""What every op means, in float64 NumPy: the oracle of the tests, written for reading.

Each function has the name and arguments of its twin in ``brasa.ops`` and follows the contract of
the same stem in ``csrc/ops``, yet shares no line with it. Optimizers return the new values instead
of writing in place.
"""

from .activation import (
    activate,
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    gelu_tanh,
    leaky_relu,
    leaky_relu_backward,
    log_softmax,
    log_softmax_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from .arrays import Array, Padding, Pair
from .broadcast import broadcast_backward, broadcast_to
from .clip import clip_norm, clip_value
from .conv2d import conv2d, conv2d_backward
from .crop_flip import crop_flip, crop_flip_backward, drawn_crops
from .dropout import dropout, dropout_backward, dropout_mask
from .elementwise import add, concatenate, multiply, scale, slice_axis
from .embedding import embedding, embedding_backward
from .gaussian_noise import gaussian_noise
from .group_norm import group_norm, group_norm_backward
from .gru import gru, gru_backward
from .layer_norm import layer_norm, layer_norm_backward
from .loss import (
    accuracy,
    binary_cross_entropy,
    cross_entropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    one_hot,
    softmax_cross_entropy,
)
from .lstm import lstm, lstm_backward
from .mask import mask_of_ids, mask_of_rows, mask_rows, mask_weights
from .matmul import dense, dense_backward, matmul
from .optimizer import (
    adadelta_step,
    adagrad_step,
    adam_step,
    adamax_step,
    ftrl_step,
    lamb_step,
    lion_step,
    nadam_step,
    rmsprop_step,
    sgd_step,
)
from .penalty import penalty, penalty_backward
from .pool2d import average_pool2d, average_pool2d_backward, max_pool2d, max_pool2d_backward
from .reduce import extreme_backward
from .simple_rnn import simple_rnn, simple_rnn_backward
from .unary import divide, maximum, minimum, pair_backward, subtract, unary, unary_backward
from .warp2d import warp2d, warp2d_backward
from .window2d import Window, windows

__all__ = [
    "Array",
    "Padding",
    "Pair",
    "Window",
    "accuracy",
    "activate",
    "adadelta_step",
    "adagrad_step",
    "adam_step",
    "adamax_step",
    "add",
    "average_pool2d",
    "average_pool2d_backward",
    "binary_cross_entropy",
    "broadcast_backward",
    "broadcast_to",
    "clip_norm",
    "clip_value",
    "concatenate",
    "conv2d",
    "conv2d_backward",
    "crop_flip",
    "crop_flip_backward",
    "cross_entropy",
    "dense",
    "dense_backward",
    "divide",
    "drawn_crops",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "elu",
    "elu_backward",
    "embedding",
    "embedding_backward",
    "extreme_backward",
    "ftrl_step",
    "gaussian_noise",
    "gelu",
    "gelu_backward",
    "gelu_tanh",
    "group_norm",
    "group_norm_backward",
    "gru",
    "gru_backward",
    "huber",
    "lamb_step",
    "layer_norm",
    "layer_norm_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "lion_step",
    "log_softmax",
    "log_softmax_backward",
    "lstm",
    "lstm_backward",
    "mask_of_ids",
    "mask_of_rows",
    "mask_rows",
    "mask_weights",
    "matmul",
    "max_pool2d",
    "max_pool2d_backward",
    "maximum",
    "mean_absolute_error",
    "mean_squared_error",
    "minimum",
    "multiply",
    "nadam_step",
    "one_hot",
    "pair_backward",
    "penalty",
    "penalty_backward",
    "relu",
    "relu_backward",
    "rmsprop_step",
    "scale",
    "sgd_step",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "simple_rnn",
    "simple_rnn_backward",
    "slice_axis",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "subtract",
    "tanh",
    "tanh_backward",
    "unary",
    "unary_backward",
    "warp2d",
    "warp2d_backward",
    "windows",
]  # fmt: skip
