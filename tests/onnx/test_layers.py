"""Every layer and every op of predictions, one by one, as ONNX Runtime computes it."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, ops
from tests.onnx.running import compare, operators, stirred

IMAGE, SEQUENCE = (9, 8, 3), (6, 4)


def stack(*parts, shape=IMAGE):
    return stirred(Sequential([Input(shape), *parts]))


NAMES = [
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear",
    "log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus",
    "softsign sparse_plus sparse_sigmoid squareplus tanh tanh_shrink",
]


@pytest.mark.parametrize("name", " ".join(NAMES).split())
def test_activations(name, tmp_path):
    compare(stack(layers.Dense(5, name), shape=(4,)), tmp_path)
    compare(stack(layers.Conv2D(5, 3, activation=name)), tmp_path)


PLAIN = [(1, 1), (2, 1), (3, 1), (1, 2)]


@pytest.mark.parametrize(("strides", "dilation"), PLAIN)
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_convolutions(padding, strides, dilation, tmp_path):
    given = {"strides": strides, "dilation_rate": dilation, "padding": padding}
    for made in (
        layers.Conv2D(6, (3, 2), **given),
        layers.Conv2D(6, 3, groups=3, **given),
        layers.Conv2DTranspose(5, (3, 2), activation="tanh", **given),
        layers.SeparableConv2D(5, 3, **given),
        layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False, **given),
    ):
        assert compare(stack(made), tmp_path)
    for made in (
        layers.Conv1D(6, 3, **given),
        layers.Conv1DTranspose(5, 3, **given),
        layers.SeparableConv1D(5, 3, **given),
        layers.DepthwiseConv1D(3, depth_multiplier=2, **given),
    ):
        assert compare(stack(made, shape=SEQUENCE), tmp_path)


def test_convolutions_of_other_paddings(tmp_path):
    for options in ({"output_padding": 1, "padding": "same"}, {"output_padding": (0, 1)}):
        compare(stack(layers.Conv2DTranspose(4, (3, 4), strides=2, **options)), tmp_path)
    compare(stack(layers.Conv2DTranspose(4, 1, strides=3)), tmp_path)
    causal = layers.Conv1D(4, 3, padding="causal", dilation_rate=2)
    compare(stack(causal, shape=SEQUENCE), tmp_path)


def test_filters_that_come_from_the_data(tmp_path):
    def convolved(x):
        filters = ops.reshape(ops.mean(x[:, :2, :2], axis=0), (2, 2, 3, 1))
        return ops.conv2d(x, filters, padding=((1, 0), (2, 1)), activation="relu")

    compare(stack(layers.Lambda(convolved)), tmp_path)


@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_poolings(padding, strides, tmp_path):
    for kind in (layers.MaxPooling2D, layers.AveragePooling2D):
        compare(stack(kind((2, 3), strides, padding)), tmp_path)
    for kind in (layers.MaxPooling1D, layers.AveragePooling1D):
        compare(stack(kind(3, strides, padding), shape=SEQUENCE), tmp_path)


# For images, behind an input and behind a convolution, whose channels come first.
IMAGE_LAYERS = {
    "batch": layers.BatchNormalization,
    "center_crop": lambda: layers.CenterCrop(5, 4),
    "cropping": lambda: layers.Cropping2D(((1, 2), (0, 3))),
    "dropout": lambda: layers.Dropout(0.5),
    "elu": lambda: layers.ELU(0.7),
    "flatten": layers.Flatten,
    "global_average": layers.GlobalAveragePooling2D,
    "global_max": lambda: layers.GlobalMaxPooling2D(keepdims=True),
    "group": lambda: layers.GroupNormalization(3),
    "instance": lambda: layers.GroupNormalization(-1, scale=False),
    "layer": layers.LayerNormalization,
    "layer_of_images": lambda: layers.LayerNormalization(axis=(1, 2, 3), center=False),
    "leaky": lambda: layers.LeakyReLU(0.3),
    "noise": lambda: layers.GaussianNoise(0.1),
    "permute": lambda: layers.Permute((3, 1, 2)),
    "prelu": lambda: layers.PReLU(shared_axes=[1, 2]),
    "relu": lambda: layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.5),
    "rescaling": lambda: layers.Rescaling(2.0, 1.0),
    "reshape": lambda: layers.Reshape((8, 27)),
    "resizing": lambda: layers.Resizing(5, 13),
    "resizing_cropped": lambda: layers.Resizing(6, 4, crop_to_aspect_ratio=True),
    "resizing_nearest": lambda: layers.Resizing(18, 4, interpolation="nearest"),
    "resizing_padded": lambda: layers.Resizing(6, 4, pad_to_aspect_ratio=True, fill_value=2.0),
    "rotation": lambda: layers.RandomRotation(0.1),
    "softmax": lambda: layers.Softmax(1),
    "spatial_dropout": lambda: layers.SpatialDropout2D(0.5),
    "unit": layers.UnitNormalization,
    "up": lambda: layers.UpSampling2D((2, 3)),
    "up_bilinear": lambda: layers.UpSampling2D((2, 3), interpolation="bilinear"),
    "zero_padding": lambda: layers.ZeroPadding2D(((1, 2), (0, 3))),
}


@pytest.mark.parametrize("name", IMAGE_LAYERS)
def test_layers_of_images(name, tmp_path):
    made = IMAGE_LAYERS[name]
    compare(stack(made()), tmp_path)
    compare(stack(layers.Conv2D(3, 3, padding="same"), made()), tmp_path, tolerance=3e-5)


SEQUENCE_LAYERS = {
    "attention_over_time": lambda: layers.TimeDistributed(layers.Dense(3, "relu")),
    "average": layers.GlobalAveragePooling1D,
    "cropping": lambda: layers.Cropping1D((1, 2)),
    "max": layers.GlobalMaxPooling1D,
    "up": lambda: layers.UpSampling1D(3),
    "zero_padding": lambda: layers.ZeroPadding1D((2, 1)),
}


@pytest.mark.parametrize("name", SEQUENCE_LAYERS)
@pytest.mark.parametrize("steps", [6, None])
def test_layers_of_sequences(name, steps, tmp_path):
    made = SEQUENCE_LAYERS[name]
    compare(stack(made(), shape=(steps, 4)), tmp_path, lengths=(5, 8))
    file = compare(stack(layers.Conv1D(3, 2), made(), shape=(steps, 4)), tmp_path, lengths=(5, 8))
    assert "Conv" in operators(file)


@pytest.mark.parametrize("kind", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("axis", [1, 2, 3, (1, 2), (1, 3), (2, 3), (1, 2, 3)], ids=str)
def test_reductions(kind, axis, tmp_path):
    for keepdims in (False, True):

        def reduced(x, keeps=keepdims):
            return getattr(ops, kind)(x, axis=axis, keepdims=keeps)

        compare(stack(layers.Conv2D(4, 2), layers.Lambda(reduced)), tmp_path)


OPS = {
    "absolute": lambda x: ops.abs(x) ** 1.5,
    "argmax": lambda x: (
        ops.one_hot(ops.argmax(x, -1), 5) + ops.argmin(x, 2, keepdims=True)[..., :1]
    ),
    "cast": lambda x: ops.cast(3.0 * x, "int32") + ops.cast(x, "bool"),
    "comparisons": lambda x: (x < 0.1) + 2 * (x >= x[:, :1]) + 4 * ops.not_equal(x, ops.round(x)),
    "curves": lambda x: ops.sin(3 * x) + ops.cos(x) * ops.erf(x) + ops.rsqrt(1 + x * x),
    "curves_near_0": lambda x: ops.log1p(x * x) + ops.expm1(x) + ops.expm1(1 + abs(x)),
    "logic": lambda x: ops.logical_or(ops.logical_and(x > 0, x < 1), ops.isfinite(1 / x)) * x,
    "steps": lambda x: ops.sign(x) + ops.floor(3 * x) + ops.ceil(3 * x) + ops.round(3 * x, 1),
    "clip": lambda x: ops.clip(x, -0.5, 0.2),
    "clip_below": lambda x: ops.clip(x, -0.5, float("inf")),
    "concatenate": lambda x: ops.concatenate([x, 2 * x, x], 1),
    "conditions": lambda x: (
        ops.any(x > 1, -1, True)
        + 2 * ops.all(x > -1, -1, True)
        + ops.count_nonzero(x > 0, (1, 2))[:, None, None]
    ),
    "contractions": lambda x: (
        ops.tensordot(x, ops.eye(x.shape[-1], 2, 1), 1)
        + ops.average(x, -1, ops.arange(x.shape[-1]) + 1.0)[..., None]
    ),
    "diagonals": lambda x: ops.diagonal(x, 1, 1, 2) * ops.trace(x, -1, 1, 2)[..., None],
    "differences": lambda x: ops.diff(ops.diff(x, 1, 1), 1, 2),
    "distance": lambda x: x - ops.mean(x, axis=-1, keepdims=True),
    "extremes": lambda x: ops.maximum(x, x * x) - ops.minimum(x, 2.0 * x),
    "flip": lambda x: ops.flip(ops.flip(x, 1), -1),
    "log": lambda x: ops.log(1 + abs(x)),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))),
    "matmul_flipped_first": lambda x: ops.matmul(x, x, transpose_a=True),
    "matmul_flipped_second": lambda x: ops.matmul(x, x, transpose_b=True),
    "ones": lambda x: x + ops.ones_like(x),
    "largest": lambda x: ops.concatenate([*ops.top_k(x, 2)]),
    "ordered": lambda x: ops.sort(x, 1) + ops.argsort(x, -1),
    "pad": lambda x: ops.pad(x, 3, 1, 2),
    "part": lambda x: x[:, 1:3],
    "part_at_the_end": lambda x: x[:, -2:],
    "one": lambda x: x[..., -1],
    "quotient": lambda x: 1 / (1 + ops.square(x)),
    "repeated": lambda x: ops.repeat(ops.repeat(x, 2, 1), [2, *[1] * (x.shape[2] - 2), 0], 2),
    "root": lambda x: ops.sqrt(ops.exp(x)),
    "running": lambda x: ops.cumsum(x, 2) + ops.cumprod(x, -1) + ops.prod(x, 1, keepdims=True),
    "squeeze": lambda x: ops.squeeze(ops.expand_dims(x, 1), 1),
    "stack": lambda x: ops.stack([x, 2 * x], -1),
    "stack_in_front": lambda x: ops.stack([x, 2 * x], 1),
    "taken": lambda x: ops.take(ops.take(x, [2, 0, -1], 1), 1, 2),
    "taken_by_place": lambda x: ops.take_along_axis(x, ops.argmax(x, 1, keepdims=True), 1),
    "transpose": lambda x: ops.transpose(x, (0, 2, 1, 3)),
    "transpose_to_first": lambda x: ops.transpose(x, (0, 3, 1, 2)),
    "triangle": ops.tril,
    "triangle_above": lambda x: ops.triu(x, 1),
    "triangle_below": lambda x: ops.tril(x, -2),
    "where": lambda x: ops.where(ops.relu(x), x, 0.5),
    "where_number": lambda x: ops.where(ops.relu(x), -1.0, x),
}


@pytest.mark.parametrize("name", OPS)
def test_ops(name, tmp_path):
    compare(stack(layers.Lambda(OPS[name])), tmp_path)
    compare(stack(layers.Conv2D(4, 2), layers.Lambda(OPS[name])), tmp_path)


def test_what_where_leaves_out_may_be_anything(tmp_path):
    rows = np.array([[-1.0, 0.0, 4.0]], np.float32)
    model = stack(layers.Lambda(lambda x: ops.where(ops.relu(x), ops.log(x), 7.0)), shape=(3,))
    assert np.isnan(ops.log(rows)).any()
    compare(model, tmp_path, arrays=[[rows]])
    assert model.predict(rows)[0, :2].tolist() == [7.0, 7.0]


def test_layers_of_several_inputs(tmp_path):
    a, b = Input((5, 4)), Input((5, 4))
    shared = layers.Dense(4)
    merges = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum)
    outputs = [merge()([shared(a), b]) for merge in (*merges, layers.Minimum, layers.Concatenate)]
    outputs += [layers.Dot(-1, normalize=True)([a, b]), layers.Dot(1)([a, b]), a]
    model = stirred(Model([a, b], outputs))
    file = compare(model, tmp_path)
    kernels = [item for item in file.graph.initializer if list(item.dims) == [4, 4]]
    assert len(kernels) == 1


def test_token_ids(tmp_path):
    ids = Input((None,), dtype="int32")
    hot = layers.Lambda(lambda x: ops.one_hot(x, 6))(ids)
    rows = layers.Embedding(5, 3)(ids)
    compare(stirred(Model(ids, [hot, rows])), tmp_path, lengths=(1, 4))


def test_adapted_statistics(tmp_path):
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(0).standard_normal((20, 4)).astype("f"))
    compare(Sequential([Input((4,)), layer]), tmp_path)
