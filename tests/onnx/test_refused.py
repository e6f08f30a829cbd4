"""What cannot be exported, and how that is said."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, _core, layers, ops, random
from brasa.cli import main
from brasa.onnx.rules import RULES
from tests.onnx.running import compare, data, shapes, stirred


def dense():
    return Sequential([layers.Dense(3, input_shape=(4,))])


@pytest.mark.parametrize(
    ("path", "options", "error", "message"),
    [
        ("model", {}, ValueError, "export: path must end in .onnx, or format='onnx' .* 'model'"),
        ("model.h5", {}, ValueError, "got 'model.h5'"),
        ("model.onnx", {"format": "torch"}, ValueError, "format must be 'onnx', .* got 'torch'"),
        ("model.onnx", {"format": 3}, TypeError, "format must be a word, got 3"),
        ("model.onnx", {"opset_version": 9}, ValueError, "opset_version must be None or 18, got 9"),
        ("model.onnx", {"input_signature": 3}, TypeError, "must be a list of shapes, got 3"),
        ("model.onnx", {"input_signature": [3]}, TypeError, "a list of shapes, got 3 in it"),
        ("model.onnx", {"input_signature": [(None, "4")]}, TypeError, "whole numbers or None"),
        ("model.onnx", {"input_signature": [(0, 4)]}, ValueError, "extents >= 1, got 0"),
        ("model.onnx", {"input_signature": [(1, 5)]}, ValueError, r"\(1, 5\) .* \(None, 4\)"),
        ("model.onnx", {"input_signature": [(1, 4)] * 2}, ValueError, "have 1 shapes, .* got 2"),
        ("no/model.onnx", {}, FileNotFoundError, "export: the folder does not exist"),
        ("", {}, ValueError, "export: path must be a file name"),
        (3, {}, TypeError, "export: path must be a str"),
    ],
)
def test_bad_arguments(path, options, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        dense().export(path, **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_place_for_a_file(tmp_path):
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(ValueError, match=r"export: path .*model.onnx' is a folder"):
        dense().export(tmp_path / "model.onnx")


def test_files_that_onnx_cannot_hold(tmp_path, monkeypatch):
    from brasa.onnx import file

    monkeypatch.setattr(file, "_LONGEST", 200)
    with pytest.raises(ValueError, match=r"export: the file would take \d+ bytes; ONNX files end"):
        dense().export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_other_names_with_a_format(tmp_path, capsys):
    model = dense()
    model.export(tmp_path / "model", "onnx")
    assert not capsys.readouterr().out
    model.export(tmp_path / "again.ONNX", verbose=True)
    assert capsys.readouterr().out.strip().endswith("again.ONNX")
    assert (tmp_path / "model").read_bytes() == (tmp_path / "again.ONNX").read_bytes()


def test_the_batch_may_be_fixed(tmp_path):
    model = stirred(Sequential([Input((None, 4)), layers.LSTM(3)]))
    file = compare(model, tmp_path, arrays=[data(model, 2, 5)], input_signature=(2, None, 4))
    assert shapes(file.graph.input) == [[2, "T", 4]]
    file = compare(model, tmp_path, lengths=(5,), input_signature=[Input((5, 4))])
    assert shapes(file.graph.input) == [["N", 5, 4]]
    a, b = Input((4,)), Input((4,))
    pair = Model([a, b], layers.Add()([a, b]))
    compare(pair, tmp_path, input_signature=[[(None, 4), (None, 4)]])
    with pytest.raises(ValueError, match=r"must have one batch size, got \[1, 2\]"):
        pair.export(tmp_path / "model.onnx", input_signature=[(1, 4), (2, 4)])


def test_models_without_a_graph(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(ValueError, match="does not know its input shape yet"):
        Sequential([layers.Dense(3)]).export(path)

    class Steps(Model):
        def train_step(self, data):
            return {}

    with pytest.raises(ValueError, match="Steps defines no call"):
        Steps().export(path)


def noisy(x):
    return x + random.normal(ops.shape(x))


REFUSED = {
    "dropout": lambda x: layers.Dropout(0.5, name="drop")(x, training=True),
    "noise": layers.Lambda(noisy, name="drop"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_draws_at_random(name, tmp_path):
    x = Input((4,))
    with pytest.raises(ValueError, match="export: layer 'drop' draws at random in its op"):
        Model(x, REFUSED[name](x)).export(tmp_path / "model.onnx")


def test_ops_without_a_rule(tmp_path):
    x = Input((4,))
    model = Model(x, layers.BatchNormalization(name="norm")(x, training=True))
    message = "export: layer 'norm' uses the op 'batch_norm_training', for which brasa.onnx has no"
    with pytest.raises(ValueError, match=message):
        model.export(tmp_path / "model.onnx")
    turned = Sequential([Input((4, 4, 1)), layers.Lambda(lambda v: ops.warp2d(v, angle=0.1))])
    with pytest.raises(ValueError, match="layer 'lambda', op 'warp2d': there is no rule for image"):
        turned.export(tmp_path / "model.onnx")


def test_windows_between_which_pixels_are_left_out(tmp_path):
    pool = layers.AveragePooling2D(2, 3, "same", name="pool")
    model = Sequential([Input((None, None, 1)), pool])
    with pytest.raises(ValueError, match=r"layer 'pool', op 'average_pool2d': .* input_signature"):
        model.export(tmp_path / "model.onnx")
    for extents in ((6, 7), (8, 9)):
        shape = [(None, *extents, 1)]
        arrays = [[np.random.default_rng(0).random((2, *extents, 1), "f")]]
        compare(model, tmp_path, arrays=arrays, input_signature=shape)


def test_stateful_layers(tmp_path):
    model = Sequential([Input((5, 4)), layers.LSTM(3, stateful=True, name="rnn")])
    with pytest.raises(ValueError, match="export: layer 'rnn' is stateful"):
        model.export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


# Those that draw, those of a batch's statistics, of losses and metrics, and those that plans alone
# have. Gradients and steps of optimizers are no part of predictions either.
WITHOUT_RULES = {
    "accumulate",
    "accuracy",
    "batch_norm_fold",
    "batch_norm_training",
    "bias_gradient",
    "bias_gradient_lanes",
    "clip_norm",
    "conv2d_lanes",
    "conv2d_pack",
    "crop_flip",
    "dropout",
    "from_lanes",
    "gather",
    "gaussian_noise",
    "loss",
    "mask_weights",
    "moving_average",
    "penalty",
    "share",
    "to_lanes",
}


def test_every_op_has_a_rule_or_is_known_to_have_none():
    ends = ("_backward", "_backward_data", "_backward_weight", "_step")
    forward = {name for name in _core.op_names() if not name.endswith(ends)}
    assert forward - set(RULES) == WITHOUT_RULES
    assert set(RULES) - forward == {
        "activation_backward",  # what a ReLU with a threshold lets through
        "conv2d_backward_data",  # what a transposed convolution is
        "repeat2d",  # several ops, see patterns.py
        "reshape",  # a view
        "slice_backward",  # zeros around a tensor
    }


def test_the_command(tmp_path, capsys):
    dense().save(tmp_path / "model.brasa")
    assert main(["export", str(tmp_path / "model.brasa"), str(tmp_path / "model.onnx")]) == 0
    size = (tmp_path / "model.onnx").stat().st_size
    assert capsys.readouterr().out == f"{tmp_path / 'model.onnx'}: {size} bytes\n"
    assert main(["export", str(tmp_path / "model.brasa"), str(tmp_path / "model.txt")]) == 1
    assert "path must end in .onnx" in capsys.readouterr().err
