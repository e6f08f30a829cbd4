"""Whole networks: those of brasa.models, and those that users put together."""

import itertools

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, models, ops
from tests.onnx.running import (
    checked,
    compare,
    data,
    listed,
    operators,
    require_same,
    shapes,
    stirred,
)
from tests.subclassed import Net, NetOfOps

ZOO = {
    "mlp": models.mlp,
    "lenet5": models.lenet5,
    "alexnet": lambda: models.alexnet(5, (67, 67, 3)),
    "vgg11": lambda: models.vgg11(5, (32, 32, 3)),
    "vgg13_batch_norm": lambda: models.vgg13(5, (32, 32, 3), batch_norm=True),
    "googlenet": lambda: models.googlenet(5, (96, 96, 3), auxiliary=True),
    "googlenet_paper": lambda: models.googlenet(5, (64, 64, 3), form="paper"),
    "resnet18": lambda: models.resnet18(5, (64, 64, 3)),
    "resnet50": lambda: models.resnet50(5, (49, 49, 3)),
    "resnet20": models.resnet20,
    "se_resnet20": models.se_resnet20,
    "densenet": lambda: models.densenet(40, 12),
    "densenet121": lambda: models.densenet121(5, (64, 64, 3)),
    "resnext50": lambda: models.resnext50(5, (64, 64, 3), groups=8),
    "mobilenet": lambda: models.mobilenet(5, (64, 64, 3), 0.5),
    "char_rnn": lambda: models.char_rnn(65),
    "autoencoder": models.autoencoder,
    "gan_generator": models.gan_generator,
    "gan_discriminator": models.gan_discriminator,
}


@pytest.mark.parametrize("name", ZOO)
def test_networks_of_the_literature(name, tmp_path):
    model = ZOO[name]()
    features = Model(model.inputs, [*listed(model.outputs), model.layers[-1].input])
    compare(stirred(features), tmp_path, tolerance=1e-4)


def test_convolutions_meet_without_transpositions(tmp_path):
    for model in (models.vgg13(5, (32, 32, 3), batch_norm=True), models.densenet(40, 12)):
        model.export(tmp_path / "model.onnx")
        found = operators(checked(str(tmp_path / "model.onnx")))
        assert found.count("Transpose") == 2, "the input, and what the dense layers read"


def test_the_evaluator_of_onnx_computes_the_same(tmp_path):
    """What its definition in Python says, without ONNX Runtime."""
    reference = pytest.importorskip("onnx.reference")
    ids = Input((None,), dtype="int32")
    rows = layers.LSTM(4, return_sequences=True)(layers.Embedding(5, 3)(ids))
    text = stirred(Model(ids, layers.LayerNormalization()(rows)))
    for model in (stirred(models.lenet5()), text):
        path = str(tmp_path / "model.onnx")
        model.export(path)
        given = data(model, 2, 5)
        evaluator = reference.ReferenceEvaluator(path)
        computed = evaluator.run(None, dict(zip(evaluator.input_names, given, strict=True)))
        require_same(computed, listed(model.predict(given[0])), 1e-5)


def unet(shape, up):
    x = Input(shape)
    first = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    second = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(first)
    third = layers.BatchNormalization()(layers.MaxPooling2D(2)(second))
    for skip, filters in ((second, 8), (first, 4)):
        if up == "transposed":
            third = layers.Conv2DTranspose(filters, 3, strides=2, padding="same")(third)
        else:
            third = layers.UpSampling2D(2, interpolation=up)(third)
        third = layers.Conv2D(filters, 3, padding="same")(layers.Concatenate()([third, skip]))
    return Model(x, layers.Conv2D(1, 1, activation="sigmoid")(third))


@pytest.mark.parametrize("up", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize("shape", [(16, 16, 3), (None, None, 3)])
def test_u_nets(shape, up, tmp_path):
    file = compare(stirred(unet(shape, up)), tmp_path, lengths=(8, 20))
    height, width = (16, 16) if shape[0] else ("H", "W")
    assert shapes(file.graph.input) == [["N", height, width, 3]]
    assert shapes(file.graph.output) == [["N", height, width, 1]]
    found = operators(file)
    assert found.count("Resize") == (2 if up == "nearest" else 0)
    assert found.count("Transpose") == (6 if up == "bilinear" else 2)


def block(x, causal):
    y = layers.LayerNormalization()(x)
    x += layers.MultiHeadAttention(2, 4)(y, y, use_causal_mask=causal)
    y = layers.Dense(16, "gelu")(layers.LayerNormalization()(x))
    return x + layers.Dense(8)(y)


@pytest.mark.parametrize(
    ("steps", "causal", "masked"), [*itertools.product([6, None], [False, True], [False, True])]
)
def test_transformers(steps, causal, masked, tmp_path):
    ids = Input((steps,), dtype="int32")
    x = layers.Embedding(5, 8, mask_zero=masked)(ids)
    x = block(block(x, causal), causal)
    model = Model(ids, layers.Dense(5, "softmax")(x))
    file = compare(stirred(model), tmp_path, lengths=(1, 7))
    assert shapes(file.graph.output) == [["N", steps or "T", 5]]


ATTENTION = {
    "attention": lambda q, v: layers.Attention()([q, v]),
    "attention_by_sums": lambda q, v: layers.Attention(True, score_mode="concat")([q, v]),
    "additive": lambda q, v: layers.AdditiveAttention()([q, v]),
    "heads": layers.MultiHeadAttention(2, 3),
}


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_to_another_sequence(name, tmp_path):
    query, value = Input((None, 4)), Input((None, 4))
    model = stirred(Model([query, value], ATTENTION[name](query, value)))
    rng = np.random.default_rng(0)
    arrays = [
        [rng.standard_normal((2, steps, 4)).astype("f") for steps in pair]
        for pair in ((3, 5), (6, 2))
    ]
    file = compare(model, tmp_path, arrays=arrays)
    assert shapes(file.graph.input) == [["N", "T", 4], ["N", "T_1", 4]]


def test_lengths_that_are_one(tmp_path):
    a, b = Input((None, 3)), Input((None, 3))
    model = Model([a, b], layers.Add()([layers.Conv1D(3, 3, padding="same")(a), b]))
    file = compare(stirred(model), tmp_path, lengths=(2, 5))
    assert shapes(file.graph.input) == [["N", "T", 3], ["N", "T", 3]]


OPEN = {
    "doubled_halves": lambda: [layers.MaxPooling2D(2), layers.UpSampling2D(2)],
    "bilinear": lambda: [layers.Conv2D(3, 3, 2, "same"), layers.UpSampling2D(3, None, "bilinear")],
    "groups": lambda: [layers.GroupNormalization(3), layers.GlobalMaxPooling2D()],
    "crops": lambda: [layers.Cropping2D(1), layers.ZeroPadding2D((2, 1)), layers.MaxPooling2D(2)],
    "pixels": lambda: [
        layers.Lambda(lambda x: ops.reshape(x, (x.shape[0], -1, x.shape[-1]))),
        layers.GlobalAveragePooling1D(),
    ],
    "strided": lambda: [layers.DepthwiseConv2D(3, 2, "same"), layers.MaxPooling2D(3, 2, "same")],
}


@pytest.mark.parametrize("name", OPEN)
def test_images_of_any_extents(name, tmp_path):
    model = Sequential([Input((None, None, 3)), *OPEN[name]()])
    rng = np.random.default_rng(0)
    sizes = [(8, 8), (9, 6), (7, 11)]
    arrays = [[rng.standard_normal((2, *size, 3)).astype("f")] for size in sizes]
    compare(stirred(model), tmp_path, arrays=arrays)


class Gate(layers.Layer):
    """A layer of ops, with a kernel that is normalized: weights alone are computed at export."""

    def build(self, input_shape):
        units = input_shape[-1]
        self.kernel = self.add_weight("kernel", (units, units))
        self.size = self.add_weight("size", (units,), "ones")

    def call(self, x):
        norm = ops.sqrt(ops.sum(ops.square(self.kernel), axis=0, keepdims=True))
        return ops.multiply(x, ops.sigmoid(ops.dense(x, self.kernel / norm * self.size)))


def test_layers_of_ones_own(tmp_path):
    model = Sequential([Input((6, 5, 3)), layers.Conv2D(4, 3), Gate()])
    file = compare(stirred(model), tmp_path)
    assert "Sqrt" not in operators(file)


@pytest.mark.parametrize("kind", [Net, NetOfOps])
def test_subclassed_models(kind, tmp_path):
    model = kind()
    model.build((None, 4))
    compare(stirred(model), tmp_path)


class Named(Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, x):
        return {"squares": ops.square(self.dense(x)), "mean": ops.mean(x, axis=-1)}


def test_named_outputs(tmp_path):
    model = Named()
    model.build((None, 3))
    file = compare(stirred(model), tmp_path)
    assert [item.name for item in file.graph.output] == ["mean", "squares"]


def test_models_in_models(tmp_path):
    encoder = Sequential([Input((8,)), layers.Dense(4, "relu")])
    decoder = Sequential([Input((4,)), layers.Dense(8)])
    x = Input((8,))
    over_time = Sequential([Input((3, 8)), layers.TimeDistributed(encoder)])
    compare(stirred(Sequential([encoder, decoder])), tmp_path)
    compare(stirred(Model(x, [x, decoder(encoder(x))])), tmp_path)
    compare(stirred(over_time), tmp_path)


def test_what_training_adds_is_not_exported(tmp_path):
    model = stirred(Sequential([layers.Dense(4, input_shape=(3,)), layers.Dropout(0.5)]))
    model.compile("adam", "mse", precision="float32")
    model.fit(np.ones((4, 3)), np.ones((4, 4)), verbose=0)
    file = compare(model, tmp_path)
    assert operators(file) == ["Gemm", "Identity"]
    assert len(file.graph.initializer) == 2
