"""What is often written wrong: errors say what to write instead, and nothing passes silently."""

import numpy as np
import pytest

import brasa
from brasa import FormatError, Input, Sequential, callbacks, layers, models, ops, optimizers

X, Y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)


def net(*more):
    return Sequential([Input((3,)), *more, layers.Dense(1)])


def compiled(metrics=(), **options):
    model = net()
    model.compile("sgd", "mse", metrics=list(metrics), **options)
    return model


# ---- values that are not there yet ---------------------------------------------------------

CONDITIONS = {
    "if": lambda x: x if ops.mean(x) else -x,
    "not": lambda x: x if not x else -x,
    "and": lambda x: x and x,
    "greater": lambda x: x if ops.mean(x) > 0 else -x,
    "less or equal": lambda x: x if x <= x else -x,
    "equal": lambda x: x if x == 0 else -x,
    "unequal": lambda x: x * (x != 0),
    "equal to an array": lambda x: x * (x == np.ones(3, np.float32)),
    "one of": lambda x: x if x in [1, 2] else -x,
}


def in_a_layer(function):
    class Own(layers.Layer):
        def call(self, x):
            return function(x)

    return net(Own())


USES = {
    "grad": lambda f: brasa.grad(lambda x: ops.sum(f(x)))(X),
    "layer": in_a_layer,
    "metric": lambda f: compiled([lambda _, y: f(y)]).evaluate(X, Y),
}


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("where", USES)
def test_values_decide_nothing_while_a_plan_is_made(kind, where):
    with pytest.raises(TypeError, match=r"neither true nor false.* ops\.where\(x, a, b\)"):
        USES[where](CONDITIONS[kind])


def test_what_the_error_advises_does_it():
    def share(_, y):
        return ops.mean(ops.where(y > 0.5, 1.0, 0.0))

    model = compiled([share])
    model.set_weights([np.float32([[1], [0], [0]]), np.zeros(1, np.float32)])
    x = np.float32([[0.2, 0, 0], [0.6, 0, 0], [0.9, 0, 0], [0.5, 0, 0]])
    assert model.evaluate(x, Y)[1] == 0.5


def test_no_float_of_a_tensor():
    with pytest.raises(TypeError, match="has no values"):
        brasa.grad(lambda x: float(ops.sum(x)))(X)


# ---- layers of one's own -------------------------------------------------------------------


class Orphan(layers.Layer):
    def __init__(self):
        self.inner = layers.Dense(2)

    def call(self, x):
        return self.inner(x)


class EarlyWeight(layers.Layer):
    def __init__(self):
        self.kernel = self.add_weight(shape=(3, 3))


@pytest.mark.parametrize(
    "use",
    [lambda: net(Orphan()), lambda: Orphan()(Input((3,))), lambda: Orphan()(X), EarlyWeight],
    ids=["stack", "tensor", "array", "weight"],
)
def test_a_constructor_that_forgot_the_base_class(use):
    with pytest.raises(RuntimeError, match=r"call super\(\).__init__\(\) in __init__ first"):
        use()


def test_a_call_without_return():
    class Forgetful(layers.Layer):
        def call(self, x):
            x * 2

    with pytest.raises(
        TypeError, match=r"'forgetful': call\(\) must return .* None: is `return` missing"
    ):
        net(Forgetful())


class Unknown(layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x


class Untold(Unknown):
    def __init__(self, factor, **options):
        layers.Layer.__init__(self, **options)
        self.factor = factor


@pytest.mark.parametrize(
    ("cls", "fault"), [(Unknown, "unexpected keyword"), (Untold, "missing .* 'factor'")]
)
def test_a_layer_that_its_config_does_not_make(cls, fault, tmp_path):
    model = net(cls(2.0))
    model.save(tmp_path / "m.brasa")
    advice = rf"{fault}.*The constructor of {cls.__name__} gets .* name, trainable: let that return"
    with pytest.raises(FormatError, match=advice):
        brasa.load_model(tmp_path / "m.brasa", custom_objects={cls.__name__: cls})
    with pytest.raises(TypeError, match=advice):
        models.clone_model(model)


# ---- arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: net(layers.Dense), TypeError, r"the class Dense: make one of it, Dense\("),
        (lambda: compiled().fit(X, Y, callbacks=[callbacks.CSVLogger]), TypeError,
         r"CSVLogger'>: make one, by its name and \(\.\.\.\)"),
        (lambda: Sequential([Input((5, 3)), layers.LSTM(2), layers.GRU(2)]), ValueError,
         "got rank 2. A recurrent layer before this one needs return_sequences=True"),
        (lambda: optimizers.Adam(lr=0.1), TypeError, "'lr' is unknown: it is called learning_rate"),
        (lambda: optimizers.SGD(0.1, decay=1e-4), TypeError, "'decay' .*InverseTimeDecay"),
        (lambda: compiled().fit(net), TypeError, r"x is the function net: call it, net\(\)"),
        (lambda: compiled().fit(X.astype(object), Y), TypeError,
         r"dtype object. Convert it: x\.astype\('float32'\)"),
        (lambda: compiled().fit(X, np.array(list("abcd"))), TypeError,
         r"np\.unique\(y, return_inverse=True\)\[1\]"),
    ],
)  # fmt: skip
def test_the_error_says_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_text_is_no_model(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,loss\n0,1.5\n")
    with pytest.raises(FormatError, match="a text, not a file that brasa wrote"):
        brasa.load_model(tmp_path / "log.csv")
