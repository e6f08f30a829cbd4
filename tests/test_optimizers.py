"""Optimizers by themselves: defaults, the ops that they call, configs, and bad arguments."""

import json

import numpy as np
import pytest

from brasa import optimizers
from brasa.ops.dispatch import run
from brasa.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    RMSprop,
)
from brasa.testing import reference
from brasa.testing.assertions import assert_close, ulp_bound

OTHERS = ["adadelta", "adamax", "nadam", "lion", "ftrl", "lamb"]


def test_defaults_are_those_of_keras():
    assert SGD().get_config() == {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}
    assert Adam().get_config() == {
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "amsgrad": False,
    }
    assert AdamW().get_config() == {**Adam().get_config(), "weight_decay": 0.004}
    for like_adam in (Adamax(), Nadam()):
        want = {key: value for key, value in Adam().get_config().items() if key != "amsgrad"}
        assert like_adam.get_config() == want
    assert Adadelta().get_config() == {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-7}
    assert Lion().get_config() == {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99}
    assert RMSprop().get_config() == {
        "learning_rate": 0.001,
        "rho": 0.9,
        "momentum": 0.0,
        "epsilon": 1e-7,
        "centered": False,
    }
    assert Adagrad().get_config() == {
        "learning_rate": 0.001,
        "initial_accumulator_value": 0.1,
        "epsilon": 1e-7,
    }


@pytest.mark.parametrize(
    ("optimizer", "op", "slots"),
    [
        (SGD(), "sgd_step", ()),
        (SGD(momentum=0.9), "sgd_step", ("velocity",)),
        (Adam(), "adam_step", ("m", "v")),
        (AdamW(), "adam_step", ("m", "v")),
        (Adam(amsgrad=True), "adam_step", ("m", "v", "v_hat")),
        (RMSprop(), "rmsprop_step", ("velocity",)),
        (RMSprop(momentum=0.5), "rmsprop_step", ("velocity", "momentum")),
        (RMSprop(centered=True), "rmsprop_step", ("velocity", "average_gradient")),
        (Adagrad(), "adagrad_step", ("accumulator",)),
        (Adadelta(), "adadelta_step", ("accumulator", "moved")),
        (Adamax(), "adamax_step", ("m", "u")),
        (Nadam(), "nadam_step", ("m", "v")),
        (Lion(), "lion_step", ("m",)),
        (Ftrl(), "ftrl_step", ("accumulator", "linear")),
        (Lamb(), "lamb_step", ("m", "v")),
    ],
)
def test_op_and_slots(optimizer, op, slots):
    assert (optimizer.op, optimizer.slots) == (op, slots)


@pytest.mark.parametrize(
    ("optimizer", "step"),
    [
        (SGD(0.1), lambda p, g, s, n: (reference.sgd_step(p, g, None, 0.1)[0],)),
        (SGD(0.1, 0.9, True), lambda p, g, s, n: reference.sgd_step(p, g, *s, 0.1, 0.9, True)),
        (Adam(0.1, 0.8), lambda p, g, s, n: reference.adam_step(p, g, *s, n, 0.1, 0.8)),
        (
            Adam(0.1, 0.8, amsgrad=True),
            lambda p, g, s, n: reference.adam_step(p, g, s[0], s[1], n, 0.1, 0.8, v_hat=s[2]),
        ),
        (
            RMSprop(0.1, 0.8, 0.5, 0.1, True),
            lambda p, g, s, n: reference.rmsprop_step(p, g, *s, 0.1, 0.8, 0.5, 0.1, True),
        ),
        (Adagrad(0.1, 5.0, 0.1), lambda p, g, s, n: reference.adagrad_step(p, g, *s, 0.1, 0.1)),
        (
            Adadelta(0.1, 0.8, 0.1),
            lambda p, g, s, n: reference.adadelta_step(p, g, *s, 0.1, 0.8, 0.1),
        ),
        (Adamax(0.1, 0.8), lambda p, g, s, n: reference.adamax_step(p, g, *s, n, 0.1, 0.8)),
        (Nadam(0.1, 0.8), lambda p, g, s, n: reference.nadam_step(p, g, *s, n, 0.1, 0.8)),
        (Lion(0.1, 0.8), lambda p, g, s, n: reference.lion_step(p, g, *s, 0.1, 0.8)),
        (
            Ftrl(0.5, -0.7, 0.1, 0.3, 0.2, 0.1, 1.0),
            lambda p, g, s, n: reference.ftrl_step(p, g, *s, 0.5, -0.7, 0.3, 0.2, 0.1, 1.0),
        ),
        (Lamb(0.1, 0.8), lambda p, g, s, n: reference.lamb_step(p, g, *s, n, 0.1, 0.8)),
    ],
    ids=["sgd", "nesterov", "adam", "amsgrad", "rmsprop", "adagrad", *OTHERS],
)
def test_op_takes_hyper_attributes_and_slots_as_they_are(rng, optimizer, step):
    p, g = (rng.standard_normal(100).astype(np.float32) for _ in range(2))
    slots = [np.abs(rng.standard_normal(100)).astype(np.float32) for _ in optimizer.slots]
    optimizer.iterations = 4
    want = step(p.copy(), g, [slot.copy() for slot in slots], 5)
    run(
        optimizer.op,
        [g, np.array(optimizer.hyper(), np.float64)],
        optimizer.attributes(),
        (p, *slots),
    )
    for got, truth in zip((p, *slots), want, strict=False):
        # A few roundings of numbers around 1 and below.
        assert_close(got, truth, ulp_bound(np.maximum(np.abs(truth), 1.0), 8))


def test_hyper_follows_rate_and_iterations():
    optimizer = Adam()
    assert optimizer.hyper() == (0.001, 1)
    optimizer.learning_rate = 0.5
    optimizer.iterations = 9
    assert optimizer.hyper() == (0.5, 10)


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.2, 0.5, True, weight_decay=0.1),
        Adam(0.2, 0.5, 0.6, 0.1),
        AdamW(0.2, 0.3, 0.5, 0.6, 0.1, clipnorm=2.0),
        AdamW(0.2, amsgrad=True),
        RMSprop(0.2, 0.5, 0.6, 0.1, True, weight_decay=0.2),
        Adagrad(0.2, 0.3, 0.1, clipvalue=3.0),
        Adadelta(0.2, 0.5, 0.1, clipnorm=3.0),
        Adamax(0.2, 0.5, 0.6, 0.1, weight_decay=0.1),
        Nadam(0.2, 0.5, 0.6, 0.1, name="ahead"),
        Lion(0.2, 0.5, 0.6, weight_decay=0.1),
    ],
    ids=repr,
)
def test_config_survives_json(optimizer):
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    twin = optimizers.get(config)
    assert type(twin) is type(optimizer)
    assert twin.get_config() == optimizer.get_config()
    assert type(optimizer).from_config(optimizer.get_config()).get_config() == twin.get_config()


def test_config_has_the_present_learning_rate():
    optimizer = Adam()
    optimizer.learning_rate = 0.25
    assert optimizers.get(optimizers.serialize(optimizer)).learning_rate == 0.25


def test_get():
    made = SGD(0.5)
    assert optimizers.get(made) is made
    assert type(optimizers.get("adam")) is type(optimizers.get("Adam")) is Adam
    assert type(optimizers.get("SGD")) is SGD
    assert optimizers.get("adam") is not optimizers.get("adam")


@pytest.mark.parametrize(
    ("identifier", "error", "message"),
    [
        (
            "adamm",
            ValueError,
            "optimizer 'adamm' is unknown. Did you mean 'adam'. Known",
        ),
        ("rprop", ValueError, "optimizer 'rprop' is unknown. Did you mean 'rmsprop'"),
        ({"class_name": "Adam", "config": {"lr": 1}}, TypeError, "lr"),
        (None, TypeError, "must be one of the names adadelta, adagrad, adam, adamax, adamw"),
        (Adam, TypeError, "instance or config of Optimizer"),
    ],
    ids=str,
)
def test_unknown_identifiers(identifier, error, message):
    with pytest.raises(error, match=message):
        optimizers.get(identifier)


@pytest.mark.parametrize("cls", [SGD, AdamW, RMSprop, Adagrad, Adadelta, Lion])
@pytest.mark.parametrize(
    ("rate", "error"),
    [
        (-0.1, ValueError),
        (np.nan, ValueError),
        (np.inf, ValueError),
        ("fast", TypeError),
        (None, TypeError),
        (True, TypeError),
        ([0.1, 0.2], TypeError),
    ],
    ids=str,
)
def test_bad_learning_rates(cls, rate, error):
    with pytest.raises(error, match=f"{cls.__name__}: learning_rate must be"):
        cls(rate)
    optimizer = cls(0.5)
    with pytest.raises(error, match=f"{cls.__name__}: learning_rate must be"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.5


def test_names():
    assert (AdamW().name, AdamW(name="decayed").name) == ("adamw", "decayed")
    assert "name" not in AdamW().get_config()
    assert AdamW.from_config(AdamW(name="decayed").get_config()).name == "decayed"


def test_learning_rate_0_freezes():
    assert SGD(0).learning_rate == 0.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGD(momentum=1.5), ValueError, r"SGD: momentum must be in \[0, 1\], got 1.5"),
        (lambda: SGD(momentum=-0.1), ValueError, "SGD: momentum must be"),
        (lambda: SGD(momentum=np.nan), ValueError, "SGD: momentum must be"),
        (lambda: SGD(nesterov=1), TypeError, "SGD: nesterov must be a bool"),
        (lambda: Adam(beta_1=1.0), ValueError, r"Adam: beta_1 must be in \[0, 1\), got 1.0"),
        (lambda: Adam(beta_2=1), ValueError, "Adam: beta_2 must be"),
        (lambda: Adam(beta_2=np.nan), ValueError, "Adam: beta_2 must be"),
        (lambda: Adam(epsilon=0), ValueError, "Adam: epsilon must be finite and > 0"),
        (lambda: Adam(epsilon=np.inf), ValueError, "Adam: epsilon must be"),
        (lambda: Adam(epsilon="small"), TypeError, "Adam: epsilon must be a number"),
        (lambda: AdamW(beta_1=1.0), ValueError, "AdamW: beta_1 must be"),
        (lambda: AdamW(weight_decay=None), TypeError, "AdamW: weight_decay must be a number"),
        (lambda: AdamW(weight_decay=-0.1), ValueError, "AdamW: weight_decay must be finite and >="),
        (lambda: SGD(weight_decay=np.inf), ValueError, "SGD: weight_decay must be finite"),
        (lambda: Adam(weight_decay="all"), TypeError, "Adam: weight_decay must be a number"),
        (lambda: RMSprop(rho=1.0), ValueError, r"RMSprop: rho must be in \[0, 1\), got 1.0"),
        (lambda: RMSprop(momentum=2), ValueError, "RMSprop: momentum must be"),
        (lambda: RMSprop(epsilon=0), ValueError, "RMSprop: epsilon must be"),
        (lambda: RMSprop(centered=1), TypeError, "RMSprop: centered must be a bool"),
        (lambda: Adagrad(initial_accumulator_value=-1), ValueError, "Adagrad: initial_acc"),
        (lambda: Adagrad(epsilon=-1), ValueError, "Adagrad: epsilon must be"),
        (lambda: Adadelta(rho=1), ValueError, "Adadelta: rho must be in"),
        (lambda: Adamax(beta_2=1), ValueError, "Adamax: beta_2 must be in"),
        (lambda: Nadam(epsilon=0), ValueError, "Nadam: epsilon must be"),
        (lambda: Lion(beta_1=-0.1), ValueError, "Lion: beta_1 must be in"),
        (lambda: Lion(epsilon=0.1), TypeError, "Lion.*epsilon"),
        (lambda: Adam(name=3), TypeError, "Adam: name must be a string, got 3"),
        (lambda: setattr(Adam(), "iterations", -1), ValueError, "Adam: iterations must be >= 0"),
        (lambda: setattr(Adam(), "iterations", 1.0), TypeError, "Adam: iterations must be a whole"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
