"""What models that make their steps themselves cannot do, and say so."""

import numpy as np
import pytest

from tests.own_steps import Counted, Parts, compiled, plain


@pytest.fixture
def data(rng):
    return rng.standard_normal((20, 4)).astype(np.float32), rng.integers(0, 3, 20)


class NoNumbers(Counted):
    def train_step(self, data):
        return self.said


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (0.5, r"NoNumbers.train_step\(\) must return a dictionary of numbers.*got float"),
        ({"loss": "low"}, r"NoNumbers.train_step\(\): 'loss' must be a number, got str"),
    ],
)
def test_logs_that_are_none_are_refused(said, message, data):
    model = compiled(plain(NoNumbers))
    model.said = said
    with pytest.raises(TypeError, match=message):
        model.fit(*data, verbose=0)


def test_what_steps_cannot_do_is_refused(data):
    class OfJax(Counted):
        def train_step(self, state, data):
            return {}, state

    class Functions(Counted):
        def make_train_function(self):
            return None

    with pytest.raises(TypeError, match=r"OfJax.train_step\(\) must take \(self, data\), got"):
        compiled(plain(OfJax)).fit(*data)
    with pytest.raises(TypeError, match=r"Functions defines make_train_function\(\), which noth"):
        compiled(plain(Functions)).fit(*data)
    model = compiled(plain(Counted))
    for refused in (model.diagnose, model.profile, model.compute_gradients):
        with pytest.raises(TypeError, match=r"Counted has steps of its own"):
            refused(*data)
    for refused in (model.plan, lambda: model.memory(8)):
        with pytest.raises(TypeError, match=r"plan: Counted has steps of its own"):
            refused()
    with pytest.raises(RuntimeError, match="is not compiled"):
        plain(Counted).fit(*data)
    with pytest.raises(ValueError, match="the numbers of samples differ"):
        model.fit(data[0], data[1][:5])
    with pytest.raises(ValueError, match=r"fit: x\[2, 1\] is nan"):
        model.fit(np.where(np.arange(80).reshape(20, 4) == 9, np.nan, data[0]), data[1])
    with pytest.raises(ValueError, match="give class_weight or sample_weight, not both"):
        model.fit(*data, class_weight={0: 1, 1: 1, 2: 1}, sample_weight=np.ones(20))
    with pytest.raises(IndexError, match="7"):
        model.fit(data[0], np.full(20, 7), verbose=0)
    with pytest.raises(TypeError, match=r"Parts has no call\(\), and no predict_step\(\)"):
        Parts().predict(data[0])
