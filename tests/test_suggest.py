"""Names that users type."""

import pytest

from brasa.suggest import find, unknown

TABLE = {"glorot_uniform": 1, "zeros": 2}


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
