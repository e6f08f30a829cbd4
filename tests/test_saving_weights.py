"""Files of weights alone, and weights out of any file."""

import numpy as np
import pytest

import brasa
from brasa import FormatError
from brasa.io import write_tensors
from brasa.testing.assertions import assert_same_bits
from tests.saved_models import compiled, state, train


@pytest.fixture
def samples(rng):
    """Small images and class numbers."""
    return rng.standard_normal((30, 6, 6, 1)).astype(np.float32), rng.integers(0, 3, 30)


def test_weights_alone_go_into_a_model_of_the_same_shape(samples, tmp_path):
    model, twin = compiled("functional"), compiled("functional", "sgd", seed=8)
    train(model, *samples)
    for save in (model.save_weights, model.save):
        save(tmp_path / "weights")
        twin.set_weights([np.zeros_like(w) for w in twin.get_weights()])
        twin.load_weights(tmp_path / "weights")
        assert_same_bits(twin.get_weights(), model.get_weights())
    assert twin.optimizer.iterations == 0


def test_weights_alone_are_no_model(tmp_path):
    compiled("sequential").save_weights(tmp_path / "weights")
    with pytest.raises(FormatError, match="holds weights alone: build the model"):
        brasa.load_model(tmp_path / "weights")


def test_weights_of_any_safetensors_file_are_taken(tmp_path):
    model = compiled("sequential")
    tensors = {p.name: np.full(p.shape, 0.5) for p in model.weights}  # float64
    write_tensors(tmp_path / "weights.safetensors", tensors)
    model.load_weights(tmp_path / "weights.safetensors")
    assert all((w == 0.5).all() for w in model.get_weights())


def test_all_that_does_not_fit_is_listed_and_nothing_is_changed(tmp_path):
    model = compiled("sequential")
    before = state(model)
    tensors = {p.name: p.numpy() for p in model.weights}
    del tensors["classes/bias"]
    tensors["classes/kernel"] = np.zeros((2, 3), np.float32)
    tensors["classes/scale"] = np.zeros(3, np.float32)
    write_tensors(tmp_path / "weights", tensors)
    with pytest.raises(FormatError) as caught:
        model.load_weights(tmp_path / "weights")
    message = str(caught.value)
    assert str(tmp_path / "weights") in message
    for problem in (
        "missing classes/bias (3,)",
        "unexpected classes/scale (3,)",
        "classes/kernel has the shape (2, 3), wanted (16, 3)",
    ):
        assert problem in message
    for name, values in state(model).items():
        assert_same_bits(values, before[name], name)


def test_layers_that_do_not_fit_may_keep_their_weights(tmp_path):
    def head(units, name, width=3):
        return brasa.Sequential(
            [
                brasa.layers.Dense(4, input_shape=(width,), name="features"),
                brasa.layers.Dense(units, name=name),
            ]
        )

    old, wider, other = head(2, "head"), head(5, "head"), head(5, "new")
    old.save_weights(tmp_path / "weights")
    before = wider.get_weights()
    with pytest.warns(UserWarning, match="does not fit these layers of model 'sequential'.*: head"):
        wider.load_weights(tmp_path / "weights", skip_mismatch=True)
    assert_same_bits(wider.get_weights(), old.get_weights()[:2] + before[2:])
    other.load_weights(tmp_path / "weights", by_name=True)
    assert_same_bits(other.get_weights()[:2], old.get_weights()[:2])
    for model, how in ((wider, {"by_name": True}), (head(5, "new", 4), {"skip_mismatch": True})):
        with pytest.raises(FormatError, match="has the shape"):
            model.load_weights(tmp_path / "weights", **how)
