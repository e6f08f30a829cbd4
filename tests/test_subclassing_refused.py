"""What models by subclassing refuse or warn of, and in which words."""

import numpy as np
import pytest

from brasa import Input, Model, Sequential, layers, ops
from tests.subclassed import Net, NetOfOps

X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)


def test_init_must_run_first():
    class Late(Model):
        def __init__(self):
            self.line = layers.Dense(1)

        def call(self, x):
            return self.line(x)

    with pytest.raises(RuntimeError, match=r"Late: call super\(\).__init__\(\)"):
        Late().predict(np.ones((1, 2)))
    with pytest.raises(TypeError, match="Model: inputs must be an Input"):
        Model()
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'tail'"):
        Net().tail  # noqa: B018


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda m: m(X, X), TypeError, "training must be a bool or None, got ndarray: several inp"),
        (lambda m: m.add_weight("w"), AttributeError, "no attribute 'add_weight': a layer of your"),
        (lambda m: bool(m(Input((4,)))), TypeError, "neither true nor false before the model runs"),
    ],
)
def test_what_keras_has_and_models_do_not(use, error, message):
    with pytest.raises(error, match=message):
        use(Net())


def test_what_is_no_output_is_refused():
    class WithNothing(Net):
        def call(self, x):
            return super().call(x), None

    with pytest.raises(TypeError, match=r"call\(\) must return outputs of layers, got None"):
        WithNothing().predict(X)


def test_call_alone_says_what_a_model_computes():
    class Stack(Sequential):
        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"Stack: a Sequential runs its layers one after another"):
        Stack([layers.Dense(2)])
    x = Input((4,))
    with pytest.raises(TypeError, match=r"NetOfOps: call\(\) and inputs=, outputs= both"):
        Model.__init__(NetOfOps(), x, layers.Dense(2)(x))


def test_weights_that_are_not_the_models_are_named():
    class New(Net):
        def call(self, x):
            return ops.relu(layers.Dense(2)(self.steps[0](x)))

    model = New()
    with pytest.warns(UserWarning, match=r"neither trained nor saved: \['dense/kernel', 'dense/b"):
        model.build((None, 4))
    assert model.built
    assert model.count_params() == 20


def test_an_error_in_call_names_the_layer():
    model = Net()
    with pytest.raises(ValueError, match=r"shape, but for extents of 1, got \(1, 5\) and \(1, 4\)"):
        model.predict(np.ones((2, 5)))
