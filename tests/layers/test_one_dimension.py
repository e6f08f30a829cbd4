"""The layers for sequences (N, T, C), against sums over windows in NumPy."""

import numpy as np
import pytest

from brasa import Model, Sequential, _core, layers
from brasa.testing.assertions import assert_close, assert_same_bits


def windows(x, size, stride=1, dilation=1, padding="valid", fill=0.0):
    """x (N, T, C) cut into windows (N, P, size, C), by Keras's rule."""
    reach = (size - 1) * dilation + 1
    before = after = 0
    if padding == "causal":
        before = reach - 1
    if padding == "same":
        total = max((-(-x.shape[1] // stride) - 1) * stride + reach - x.shape[1], 0)
        before, after = total // 2, total - total // 2
    x = np.pad(x, ((0, 0), (before, after), (0, 0)), constant_values=fill)
    starts = range(0, x.shape[1] - reach + 1, stride)
    return np.stack([x[:, start : start + reach : dilation] for start in starts], axis=1)


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        ({"kernel_size": 3}, 9),
        ({"kernel_size": (1,)}, 11),
        ({"kernel_size": 4, "padding": "same"}, 11),
        ({"kernel_size": 3, "padding": "causal"}, 11),
        ({"kernel_size": 3, "strides": 2}, 5),
        ({"kernel_size": 3, "strides": [3], "padding": "same"}, 4),
        ({"kernel_size": 2, "strides": 3, "padding": "causal"}, 4),
        ({"kernel_size": 3, "dilation_rate": 4, "padding": "causal"}, 11),
        ({"kernel_size": 3, "dilation_rate": 2}, 7),
        ({"kernel_size": 11}, 1),
        ({"kernel_size": 3, "groups": 2}, 9),
        ({"kernel_size": 3, "activation": "tanh", "data_format": "channels_last"}, 9),
    ],
    ids=str,
)
def test_conv1d_keeps_the_contract(check_layer, arguments, steps):
    layer = layers.Conv1D(6, **arguments, bias_initializer="random_normal")
    size, groups = layer.kernel_size[0], layer.groups
    weights = [("kernel", (size, 4 // groups, 6)), ("bias", (6,))]
    x, y = check_layer(layer, (11, 4), output=(steps, 6), weights=weights)
    w, b = (weight.astype(np.float64) for weight in layer.get_weights())
    seen = windows(x, size, layer.strides[0], layer.dilation_rate[0], layer.padding)
    c, k = 4 // groups, 6 // groups
    want = np.concatenate(
        [
            np.einsum("nprc,rck->npk", seen[..., g * c : (g + 1) * c], w[..., g * k : (g + 1) * k])
            for g in range(groups)
        ],
        axis=-1,
    )
    want = want + b
    assert_close(y, np.tanh(want) if "activation" in arguments else want, 2e-5)


def test_conv1d_without_bias(check_layer):
    layer = layers.Conv1D(2, 3, use_bias=False)
    check_layer(layer, (5, 1), output=(3, 2), weights=[("kernel", (3, 1, 2))])


def test_causal_sees_no_later_step(rng):
    layer, x = (
        layers.Conv1D(3, 4, padding="causal", dilation_rate=2),
        rng.standard_normal((1, 20, 2)),
    )
    y = layer(x)
    x[:, 13:] += 1
    assert_same_bits(layer(x)[:, :13], y[:, :13])
    assert (layer(x)[:, 13] != y[:, 13]).all()


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        ({"kernel_size": 3}, 7),
        ({"kernel_size": 3, "strides": 2}, 11),
        ({"kernel_size": 2, "strides": 4}, 20),
        ({"kernel_size": 4, "strides": (2,), "padding": "same"}, 10),
        ({"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": [0]}, 9),
        ({"kernel_size": 3, "dilation_rate": 3, "activation": "relu"}, 11),
    ],
    ids=str,
)
def test_conv1d_transpose_keeps_the_contract(check_layer, arguments, steps):
    layer = layers.Conv1DTranspose(3, **arguments, bias_initializer="random_normal")
    size = layer.kernel_size[0]
    weights = [("kernel", (size, 3, 2)), ("bias", (3,))]
    x, y = check_layer(layer, (5, 2), output=(steps, 3), weights=weights)
    twin = layers.Conv2DTranspose(
        3,
        (1, size),
        (1, *layer.strides),
        layer.padding,
        None if layer.output_padding is None else (0, *layer.output_padding),
        dilation_rate=(1, *layer.dilation_rate),
        activation=layer.activation,
    )
    twin(x[:, None])
    twin.set_weights([layer.get_weights()[0][None], layer.get_weights()[1]])
    assert_same_bits(y, twin(x[:, None])[:, 0])


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 1), (3, 2), ((2,), [3]), (11, None)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_pooling_keeps_the_contract(check_layer, size, stride, padding):
    for cls, fill, reduce in (
        (layers.MaxPooling1D, -np.inf, np.max),
        (layers.AveragePooling1D, np.nan, np.nanmean),
    ):
        layer = cls(size, stride, padding)
        seen = (layer.pool_size[0], layer.strides[0], 1, padding, fill)
        steps = windows(np.zeros((1, 11, 1)), *seen).shape[1]
        x, y = check_layer(layer, (11, 3), output=(steps, 3))
        assert_close(y, reduce(windows(x.astype(np.float64), *seen), axis=2), 1e-6)


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling_keeps_the_contract(check_layer, keepdims):
    output = (1, 3) if keepdims else (3,)
    x, y = check_layer(layers.GlobalMaxPooling1D(keepdims=keepdims), (7, 3), output=output)
    assert_same_bits(y, x.max(1, keepdims=keepdims))
    x, y = check_layer(layers.GlobalAveragePooling1D(keepdims=keepdims), (7, 3), output=output)
    assert_close(y, x.astype(np.float64).mean(1, keepdims=keepdims), 1e-6)


def test_the_mean_counts_the_steps_of_the_mask(rng):
    ids = np.array([[3, 1, 0, 0], [2, 2, 2, 2], [4, 0, 0, 0], [0, 0, 0, 0]])
    x = layers.Input((None,), dtype="int32")
    h = layers.Embedding(5, 6, mask_zero=True, name="rows")(x)
    model = Model(x, layers.GlobalAveragePooling1D()(h))
    table = model.get_weights()[0]
    want = [table[row[row > 0]].mean(0) if row.any() else np.zeros(6) for row in ids]
    assert_close(model.predict(ids), np.stack(want), 1e-6)
    assert model.outputs[0].mask_shape is None
    spoiled = rng.standard_normal((1, 3, 2)).astype(np.float32)
    spoiled[0, 2] = np.nan
    y = layers.GlobalAveragePooling1D()(spoiled, mask=np.float32([[1, 1, 0]]))
    assert_close(y, spoiled[:, :2].astype(np.float64).mean(1), 1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_up_sampling1d_keeps_the_contract(check_layer, size):
    x, y = check_layer(layers.UpSampling1D(size), (4, 3), output=(4 * size, 3))
    assert_same_bits(y, x.repeat(size, axis=1))


def test_any_length():
    model = Sequential(
        [
            layers.Input((None, 2)),
            layers.Conv1D(4, 3, padding="causal", activation="relu"),
            layers.MaxPooling1D(),
            layers.Conv1DTranspose(3, 2, 2),
            layers.UpSampling1D(3),
            layers.AveragePooling1D(2, padding="same"),
            layers.GlobalMaxPooling1D(),
        ]
    )
    assert [layer.output.shape[1:] for layer in model.layers] == [
        (None, 4),
        (None, 4),
        (None, 3),
        (None, 3),
        (None, 3),
        (3,),
    ]
    for steps in (5, 12):
        assert model.predict(np.ones((2, steps, 2))).shape == (2, 3)


def test_the_shapes_cost_a_plan_nothing():
    model = Sequential(
        [
            layers.Input((16, 20)),
            layers.Conv1D(24, 3, padding="causal", activation="relu"),
            layers.MaxPooling1D(),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3),
        ]
    )
    model.compile("sgd", "mse")
    model.train_on_batch(np.ones((2, 16, 20)), np.ones((2, 3)))
    steps = [row["op"] for row in model.profile(np.ones((2, 16, 20)), np.ones((2, 3)))]
    assert "scale" not in steps, "a gradient was copied"
    assert steps.count("conv2d") == 1


def test_few_channels_stay_in_lanes_from_layer_to_layer(rng):
    if not _core.lanes():
        pytest.skip("this machine's kernels have no lanes")
    model = Sequential(
        [
            layers.Input((24, 1)),
            layers.Conv1D(6, 3, padding="causal", activation="relu"),
            layers.Conv1D(4, 3, activation="relu"),
            layers.MaxPooling1D(),
            layers.GlobalAveragePooling1D(),
        ]
    )
    model.compile("sgd", "mse")
    x, y = rng.standard_normal((32, 24, 1)), rng.standard_normal((32, 4))
    model.train_on_batch(x, y)
    steps = [row["op"] for row in model.profile(x, y)]
    assert steps.count("conv2d_lanes") == 2
    assert steps.count("from_lanes") == 1
    assert steps.count("to_lanes") == 2  # the data, and the gradient of the result


@pytest.mark.parametrize(
    ("cls", "arguments", "error", "message"),
    [
        (layers.Conv1D, {"filters": 0}, ValueError, "filters must be >= 1, got 0"),
        (layers.Conv1D, {"kernel_size": (3, 3)}, ValueError, "kernel_size must be 1 whole number"),
        (layers.Conv1D, {"strides": 0}, ValueError, "strides must be >= 1"),
        (
            layers.Conv1D,
            {"padding": "full"},
            ValueError,
            "padding must be one of .*'causal', got 'f",
        ),
        (layers.Conv1D, {"padding": 1}, ValueError, "padding must be one of"),
        (layers.Conv1D, {"dilation_rate": 1.5}, TypeError, "dilation_rate must be a whole number"),
        (layers.Conv1D, {"groups": 3}, ValueError, "filters must be a multiple of groups"),
        (layers.Conv1D, {"data_format": "channels_first"}, ValueError, r".*transpose\(0, 2, 1\)"),
        (layers.Conv1DTranspose, {"padding": "causal"}, ValueError, "padding must be one of"),
        (layers.Conv1DTranspose, {"output_padding": 1}, ValueError, "output_padding must be >= 0"),
        (layers.Conv1DTranspose, {"strides": 2, "dilation_rate": 2}, ValueError, "strides and dil"),
        (layers.MaxPooling1D, {"pool_size": 0}, ValueError, "pool_size must be >= 1"),
        (layers.MaxPooling1D, {"padding": "causal"}, ValueError, "padding must be one of"),
        (layers.AveragePooling1D, {"strides": (1, 2)}, ValueError, "strides must be 1 whole"),
        (layers.GlobalMaxPooling1D, {"keepdims": 1}, TypeError, "keepdims must be True or False"),
        (layers.GlobalAveragePooling1D, {"data_format": "x"}, ValueError, "data_format must be"),
        (layers.UpSampling1D, {"size": 0}, ValueError, "size must be >= 1, got 0"),
        (layers.UpSampling1D, {"size": 1.5}, TypeError, "size must be a whole number"),
    ],
)
def test_bad_arguments(cls, arguments, error, message):
    needed = {"filters": 4, "kernel_size": 3} if cls.__name__.startswith("Conv") else {}
    with pytest.raises(error, match=f"{cls.__name__}: {message}"):
        cls(**{**needed, **arguments})


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv1D(4, 3),
        layers.Conv1DTranspose(4, 3),
        layers.MaxPooling1D(),
        layers.AveragePooling1D(),
        layers.GlobalMaxPooling1D(),
        layers.GlobalAveragePooling1D(),
        layers.UpSampling1D(),
        layers.ZeroPadding1D(),
        layers.Cropping1D(),
    ],
    ids=lambda layer: layer.name,
)
def test_only_sequences(layer):
    for shape, hint in (((8,), "Add a channel axis"), ((8, 8, 1), "whose name ends with 2D")):
        with pytest.raises(ValueError, match=rf"layer '{layer.name}'.*\(N, T, C\), got .*{hint}"):
            layer(layers.Input(shape))


def test_a_window_longer_than_the_sequence_names_the_layer():
    with pytest.raises(ValueError, match="layer 'conv1d' for the input"):
        layers.Conv1D(4, 5)(layers.Input((3, 1)))


def test_groups_that_do_not_divide_the_channels():
    with pytest.raises(ValueError, match="2 groups do not divide the input's 3 channels"):
        layers.Conv1D(4, 3, groups=2)(layers.Input((8, 3)))
