"""Names that users type."""

from functools import partial

import pytest

from brasa import initializers, layers, losses, metrics, optimizers, regularizers
from brasa.suggest import find, unknown

TABLE = {"glorot_uniform": 1, "zeros": 2}


def test_of_many_the_nearest_are_told():
    many = [f"{kind}{n}d" for kind in ("conv", "pool", "crop", "pad") for n in range(10)]
    assert str(unknown("layer", "convd", many)).endswith(
        "Did you mean 'conv9d', 'conv8d' or 'conv7d'?"
    )
    assert str(unknown("layer", "xyz", many)).endswith(", ".join(many))


@pytest.mark.parametrize("name", ["glorot_uniform", "GlorotUniform", "GLOROT_UNIFORM"])
def test_case_and_underscores_do_not_count(name):
    assert find("initializer", name, TABLE) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "glorot_unifrom",
            "initializer 'glorot_unifrom' is unknown. Did you mean 'glorot_uni",
        ),
        (
            "zero",
            "initializer 'zero' is unknown. Did you mean 'zeros'? Known: glorot_",
        ),
        ("qqqq", "initializer 'qqqq' is unknown. Known: glorot_uniform, zeros"),
        ("", "initializer '' is unknown. Known: glorot_uniform, zeros"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(ValueError) as caught:
        find("initializer", name, TABLE)
    assert str(caught.value).startswith(message)


def test_error_lists_names_in_their_order():
    assert str(unknown("loss", "x", ["b", "a"])) == "loss 'x' is unknown. Known: b, a"


@pytest.mark.parametrize(
    ("cls", "wrong", "near"),
    [
        (optimizers.Adam, "loss_scale_factor", None),
        (optimizers.AdamW, "jit_compile", None),
        (optimizers.AdamW, "weightdecay", "weight_decay"),
        (optimizers.Adam, "clip_norm", "clipnorm"),
        (optimizers.SGD, "nestrov", "nesterov"),
        (optimizers.RMSprop, "learning_rat", "learning_rate"),
        (optimizers.schedules.ExponentialDecay, "decay_step", "decay_steps"),
        (optimizers.schedules.CosineDecay, "warmup_step", "warmup_steps"),
        (losses.BinaryCrossentropy, "from_logit", "from_logits"),
        (losses.MeanSquaredError, "from_logits", None),
        (metrics.SparseCategoricalAccuracy, "classes", None),
        (initializers.HeNormal, "sed", "seed"),
        (regularizers.L1L2, "l3", None),
        (partial(layers.Dense, 3), "activate", "activation"),
        (partial(layers.LSTM, 3), "return_sequence", "return_sequences"),
    ],
)
def test_unknown_arguments_name_the_class_and_the_nearest(cls, wrong, near):
    with pytest.raises(TypeError) as caught:
        cls(**{wrong: 1})
    message, name = str(caught.value), getattr(cls, "func", cls).__name__
    assert message.startswith(f"{name}: the argument {wrong!r} is unknown.")
    assert near is None or f"Did you mean {near!r}" in message  # the nearest first


def test_classes_of_users_take_what_they_like():
    class Mine(optimizers.SGD):
        def __init__(self, **options):
            self.own = options.pop("own")
            super().__init__(**options)

    assert Mine(own=3, momentum=0.5).momentum == 0.5
