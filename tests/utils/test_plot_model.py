"""The graph of layers as text and as a picture."""

import copy
import re
import shutil
import sys
from types import ModuleType

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, ops, utils

BOX = re.compile(r"^ *(n\d+) \[label=<(.*)>\]$", re.MULTILINE)


def read(text):
    """Names of boxes with what else their tables say, arrows between names, and frames."""
    cells, frames, open_frames = {}, {}, []
    numbers = {}
    for line in text.splitlines():
        box = BOX.match(line)
        if box:
            name, *others = re.findall(r'<font color="\w+">(.*?)</font>', box[2])
            name = re.sub(r"^<b>(.*)</b>( \(.*\))?$", r"\1", name)
            numbers[box[1]], cells[name] = name, others
            for frame in open_frames:
                frames.setdefault(frame, []).append(name)
        elif "subgraph" in line:
            open_frames.append(None)
        elif "label=" in line:
            open_frames[-1] = re.search(r'label="(.*)"; style', line)[1]
        elif line.strip() == "}" and open_frames:
            open_frames.pop()
    arrows = [tuple(numbers[n] for n in pair) for pair in re.findall(r"(n\d+) -> (n\d+)", text)]
    return cells, arrows, frames


def siamese():
    """Two inputs, a shared layer and two outputs, of which one is used again."""
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = layers.Dense(3, "relu", name="shared")
    both = layers.Add(name="both")([shared(a), shared(b)])
    more = layers.Concatenate(name="more")([both, a])
    return Model([a, b], [layers.Dense(2, name="judge")(more), both], name="siamese")


def nested():
    """A Sequential in a Sequential, used twice, and a functional model with two outputs."""
    inner = Sequential([layers.Dense(6, name="first"), layers.ReLU(name="bend")], name="inner")
    encoder = Sequential([Input((8,)), inner, layers.Dense(2, name="code")], name="encoder")
    z = Input((2,))
    heads = [layers.Dense(8, name="left")(z), layers.Dense(3, name="right")(z)]
    decoder = Model(z, heads, name="decoder")
    a, b = Input((8,), name="a"), Input((8,), name="b")
    difference = layers.Subtract(name="minus")([encoder(a), encoder(b)])
    return Model([a, b], decoder(difference), name="whole")


def test_boxes_and_arrows():
    text = utils.model_to_dot(siamese(), rankdir="LR", dpi=72, splines="curved")
    assert text.startswith('digraph "siamese" {\n')
    assert "rankdir=LR, dpi=72, splines=curved" in text
    boxes, arrows, frames = read(text)
    assert list(boxes) == ["a", "b", "shared", "both", "more", "judge"]
    assert set(arrows) == {
        ("a", "shared"),
        ("b", "shared"),
        ("shared", "both"),
        ("both", "more"),
        ("a", "more"),
        ("more", "judge"),
    }
    assert len(arrows) == 6
    assert frames == {}


def test_what_boxes_tell():
    model = siamese()
    model.get_layer("judge").trainable = False
    options = ("shapes", "dtype", "layer_activations", "trainable")
    boxes, *_ = read(utils.model_to_dot(model, **{f"show_{name}": True for name in options}))
    assert boxes["a"] == ["output (None, 4)", "float32"]
    shared = ["activation relu", "input (None, 4)", "output (None, 3)", "float32", "trainable"]
    assert boxes["shared"] == shared
    assert boxes["both"] == ["input [(None, 3), (None, 3)]", "output (None, 3)", "float32"]
    assert boxes["judge"][-1] == "not trainable"
    assert not any(read(utils.model_to_dot(model))[0].values())
    assert list(read(utils.model_to_dot(model, show_layer_names=False))[0]) == [
        "InputLayer",
        "Dense",
        "Add",
        "Concatenate",
    ]


def test_shapes_of_all_uses_and_all_outputs():
    x = Input((None,), dtype="int32", name="x")
    y = layers.Embedding(9, 4, name="table")(x)
    gru = layers.GRU(3, return_sequences=True, return_state=True, name="gru")
    model = Model(x, gru(y))
    boxes, *_ = read(utils.model_to_dot(model, show_shapes=True, show_dtype=True))
    assert boxes["x"] == ["output (None, None)", "int32"]
    assert boxes["gru"][1] == "output [(None, None, 3), (None, 3)]"
    relu = layers.ReLU(name="relu")
    a, b = Input((2,)), Input((3,))
    boxes, *_ = read(utils.model_to_dot(Model([a, b], [relu(a), relu(b)]), show_shapes=True))
    assert boxes["relu"] == ["input (None, 2), (None, 3)", "output (None, 2), (None, 3)"]


def test_models_inside_are_boxes():
    options = {"show_shapes": True, "show_trainable": True, "show_layer_activations": True}
    boxes, arrows, frames = read(utils.model_to_dot(nested(), **options))
    assert set(boxes) == {"a", "b", "encoder", "minus", "decoder"}
    assert boxes["encoder"] == ["input (None, 8)", "output (None, 2)", "trainable"]
    assert boxes["decoder"] == ["input (None, 2)", "output (None, 8), (None, 3)", "trainable"]
    assert set(arrows) == {
        ("a", "encoder"),
        ("b", "encoder"),
        ("encoder", "minus"),
        ("minus", "decoder"),
    }
    assert frames == {}


def test_models_inside_are_frames():
    boxes, arrows, frames = read(utils.model_to_dot(nested(), expand_nested=True))
    assert frames == {
        "encoder": ["first", "bend", "code"],
        "inner": ["first", "bend"],
        "decoder": ["left", "right"],
    }
    assert set(boxes) == {"a", "b", "first", "bend", "code", "minus", "left", "right"}
    assert set(arrows) == {
        ("a", "first"),
        ("b", "first"),
        ("first", "bend"),
        ("bend", "code"),
        ("code", "minus"),
        ("minus", "left"),
        ("minus", "right"),
    }


def test_two_models_of_one_name_have_two_frames():
    model = Sequential([Input((3,)), *(Sequential([layers.Dense(3)]) for _ in range(2))])
    text = utils.model_to_dot(model, expand_nested=True)
    assert text.count("subgraph cluster_") == len(set(re.findall(r"subgraph (\w+)", text))) == 2
    assert len(read(utils.model_to_dot(model))[1]) == 2


def test_models_by_subclassing():
    class Residual(Model):
        def __init__(self):
            super().__init__()
            self.net = Sequential([layers.Dense(3, name="in_net")], name="net")
            self.head = layers.Dense(3, name="head")

        def call(self, x):
            return self.head(self.net(x)) + x

    class Growth(Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(3)

        def call(self, x):
            return ops.exp(self.inner(x))

    model = Residual()
    with pytest.raises(ValueError, match="does not know its input shape yet"):
        utils.model_to_dot(model)
    model.build((None, 3))
    boxes, arrows, _ = read(utils.model_to_dot(model))
    assert set(boxes) == {"input", "net", "head", "add"}
    assert set(arrows) == {("input", "net"), ("net", "head"), ("head", "add"), ("input", "add")}
    assert read(utils.model_to_dot(model, expand_nested=True))[2] == {"net": ["in_net"]}
    whole = Growth()
    whole.build((None, 3))
    text = utils.model_to_dot(whole)
    assert read(text)[1] == [("input", "growth")]
    assert "<b>growth</b> (Growth)" in text


def test_parts_of_a_model_and_copies():
    model = nested()
    cut = Model(model.get_layer("minus").output, model.outputs)
    assert read(utils.model_to_dot(cut))[1] == [("minus", "decoder")]
    boxes, *_ = read(utils.model_to_dot(copy.deepcopy(model)))
    assert "first" in boxes  # a copy is a list of layers
    x = np.ones((2, 8), np.float32)
    for one, other in zip(model.predict([x, x]), copy.deepcopy(model).predict([x, x]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_names_are_escaped():
    layer = layers.Dense(2, name='a<b> & "c"', input_shape=(2,))
    text = utils.model_to_dot(Sequential([layer], name='say "\\"'))
    assert text.startswith(r'digraph "say \"\\\"" {')
    assert '<b>a&lt;b&gt; &amp; "c"</b> (Dense)' in text


def test_boxes_and_arrows_are_those_of_keras(keras):
    pytest.importorskip("pydot")
    boxes, arrows, _ = read(utils.model_to_dot(siamese()))
    assert (set(boxes), set(arrows)) == keras("tests.keras_apart.boxes_and_arrows")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A program ``dot`` that writes what it was told, or fails."""
    if sys.platform == "win32":
        pytest.skip("the program is a shell script")
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    def script(text):
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    return script


@pytest.mark.parametrize("name", ["m.png", "m.SVG", "m.pdf", "m.jpg", "m"])
def test_the_program_gets_graph_and_format(name, fake, tmp_path):
    fake('echo "$1"; cat')
    assert utils.plot_model(siamese(), tmp_path / name, show_layer_names=True) is None
    told, graph = (tmp_path / name).read_text().split("\n", 1)
    assert told == f"-T{(name.lower() + '.png').split('.')[1]}"
    assert graph == utils.model_to_dot(siamese())


def test_a_program_that_fails(fake, tmp_path):
    fake('echo "syntax error in line 1" >&2; exit 3')
    (tmp_path / "m.png").write_bytes(b"old")
    with pytest.raises(RuntimeError, match=r"plot_model: .*dot could not draw .* syntax error in"):
        utils.plot_model(siamese(), tmp_path / "m.png")
    assert (tmp_path / "m.png").read_bytes() == b"old"
    fake("exit 4")
    with pytest.raises(RuntimeError, match="exit code 4"):
        utils.plot_model(siamese(), tmp_path / "m.png")


def test_without_the_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImportError, match=r"Graphviz.*apt install graphviz.*to_file='model\.dot'"):
        utils.plot_model(siamese(), tmp_path / "m.png")
    assert not (tmp_path / "m.png").exists()
    for name in ("m.dot", "m.gv"):
        utils.plot_model(siamese(), tmp_path / name, show_layer_names=True)
        assert (tmp_path / name).read_text() == utils.model_to_dot(siamese())


def test_notebooks_get_the_picture(fake, tmp_path, monkeypatch):
    fake("echo picture")
    display = ModuleType("IPython.display")
    display.SVG = display.Image = lambda data: data
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert utils.plot_model(siamese(), tmp_path / "m.png") == b"picture\n"
    assert utils.plot_model(siamese(), tmp_path / "m.svg") == "picture\n"
    assert utils.plot_model(siamese(), tmp_path / "m.pdf") is None


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("expand", [False, True])
def test_graphviz_draws_it(expand, tmp_path):
    for model in (siamese(), nested()):
        options = {"expand_nested": expand, "show_shapes": True, "show_layer_names": True}
        utils.plot_model(model, tmp_path / "m.png", **options)
        assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
        utils.plot_model(model, tmp_path / "m.svg", **options)
        picture = (tmp_path / "m.svg").read_text()
        text = utils.model_to_dot(model, **options)
        boxes, arrows, frames = read(text)
        assert picture.count('class="node"') == len(boxes)
        assert picture.count('class="edge"') == len(arrows)
        assert picture.count('class="cluster"') == len(frames)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"rankdir": "UP"}, ValueError, "model_to_dot: rankdir must be one of TB, BT, LR, RL"),
        ({"splines": "wavy"}, ValueError, "splines must be one of ortho.*got 'wavy'"),
        ({"dpi": 0}, ValueError, "dpi must be >= 1, got 0"),
        ({"dpi": 7.5}, TypeError, "dpi must be a whole number"),
        ({"show_shapes": "yes"}, TypeError, "show_shapes must be a bool"),
        ({"expand_nested": 2}, TypeError, "expand_nested must be a bool"),
        ({"to_file": "m.bmp"}, ValueError, r"plot_model: to_file must end in one of \.png"),
        ({"to_file": 3}, TypeError, "plot_model: path must be a str"),
        ({"model": layers.Dense(3)}, TypeError, "must be a model of brasa, got Dense"),
        ({"model": Sequential([layers.Dense(3)])}, ValueError, "does not know its input shape"),
    ],
)
def test_bad_arguments(options, error, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=match):
        utils.plot_model(**{"model": siamese(), "to_file": "m.dot", **options})
