"""clone_model with a function of layers, and files that are there."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, load_model, models
from brasa.testing.assertions import assert_same_bits


def _calm(layer):
    config = layer.get_config()
    if isinstance(layer, layers.Dropout):
        return layers.Dropout(0.25, name=layer.name)
    return type(layer).from_config(config | ({"activation": "tanh"} if "units" in config else {}))


def _functional():
    x = Input((4,))
    shared = layers.Dense(4, "relu", name="shared")
    y = layers.Add(name="both")([shared(x), shared(shared(x))])
    return Model(x, layers.Dropout(0.5, name="drop")(y))


def _stack():
    dense = layers.Dense(4, "relu", name="shared")
    return Sequential([Input((4,)), dense, dense, layers.Dropout(0.5, name="drop")])


@pytest.mark.parametrize("make", [_functional, _stack])
def test_each_layer_is_made_by_the_function(make, rng):
    model = make()
    asked = []

    def calm(layer):
        asked.append(layer)
        return _calm(layer)

    twin = models.clone_model(model, clone_function=calm)
    assert len(asked) == len(set(asked)) == len(model.layers)
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert twin.get_layer("drop").rate == 0.25
    twin.set_weights(model.get_weights())
    x = rng.standard_normal((5, 4)).astype(np.float32)
    w, b = model.get_weights()
    once = np.tanh(x @ w + b)
    twice = np.tanh(once @ w + b)
    want = twice if make is _stack else once + twice
    np.testing.assert_allclose(twin.predict(x), want, rtol=1e-4, atol=1e-5)


def test_layers_may_be_kept():
    model = _stack()
    assert_same_bits(
        models.clone_model(model, clone_function=lambda layer: layer).get_weights(),
        model.get_weights(),
    )


def test_no_layer_is_refused():
    with pytest.raises(TypeError, match="clone_function must return a layer for <Dense 'shared'>"):
        models.clone_model(_stack(), clone_function=lambda layer: None)


def test_a_call_makes_its_layers():
    class Net(Model):
        def call(self, x):
            return x

    with pytest.raises(TypeError, match="clone_function is for models"):
        models.clone_model(Net(), clone_function=_calm)


@pytest.mark.parametrize("call", ["save", "save_weights"])
def test_a_file_that_is_there_may_be_kept(call, tmp_path):
    model, path = _stack(), tmp_path / "model.brasa"
    getattr(model, call)(path, overwrite=False)
    before = path.read_bytes()
    model.set_weights([w + 1 for w in model.get_weights()])
    with pytest.raises(FileExistsError, match=f"^{call}: there is a file"):
        getattr(model, call)(str(path), overwrite=False)
    assert path.read_bytes() == before
    getattr(model, call)(path)
    assert path.read_bytes() != before


def test_safe_mode_is_taken(tmp_path):
    _stack().save(tmp_path / "model.brasa")
    assert load_model(tmp_path / "model.brasa", safe_mode=False).count_params() == 20
    with pytest.raises(TypeError, match="safe_mode"):
        load_model(tmp_path / "model.brasa", safe_mode="no")
