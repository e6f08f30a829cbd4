"""The global source of randomness."""

import subprocess
import sys

import numpy as np
import pytest

import brasa
from brasa import initializers, layers, seed


def draws(count=3):
    return [seed.next_generator().random(4) for _ in range(count)]


def test_set_seed_starts_again():
    brasa.set_seed(3)
    first = draws()
    brasa.set_seed(3)
    np.testing.assert_array_equal(draws(), first)
    assert seed.current_seed() == 3


def test_draws_differ_from_each_other_and_between_seeds():
    seen = []
    for number in (0, 1, 2**63 - 1):
        brasa.set_seed(number)
        seen += [tuple(draw) for draw in draws()]
    assert len(set(seen)) == 9


def test_a_draw_does_not_depend_on_how_much_the_one_before_took():
    brasa.set_seed(3)
    first, second = draws(2)
    brasa.set_seed(3)
    seed.next_generator().random(1000)
    np.testing.assert_array_equal(seed.next_generator().random(4), second)
    assert (first != second).any()


def test_a_seed_of_its_own_repeats_no_global_draw():
    brasa.set_seed(3)
    own = seed.generator(3).random(4)
    assert not any((own == draw).all() for draw in draws())


def test_own_seeds_leave_the_global_source_alone():
    brasa.set_seed(3)
    expected = draws(1)
    brasa.set_seed(3)
    initializers.HeNormal(seed=9)((3, 3))
    np.testing.assert_array_equal(draws(1), expected)


def test_a_seed_reproduces_the_weights_of_a_model():
    weights = []
    for _ in range(2):
        brasa.set_seed(11)
        model = brasa.Sequential([layers.Dense(8, input_shape=(4,)), layers.Dense(2)])
        weights.append(model.get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_processes_start_from_different_seeds():
    command = [sys.executable, "-c", "from brasa.seed import current_seed; print(current_seed())"]
    first, second = (
        int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        for _ in range(2)
    )
    assert first != second
    assert min(first, second) >= 0
    assert max(first, second) < 2**63


def test_the_stream_is_philox_and_stays():
    # Raw words of Philox4x64-10, which NumPy keeps from version to version.
    raw = seed.generator(1, 2).bit_generator.random_raw(2).tolist()
    assert raw == np.random.Philox(key=1 + (2 << 64)).random_raw(2).tolist()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (-1, ValueError),
        (2**63, ValueError),
        (1.0, TypeError),
        ("1", TypeError),
        (None, TypeError),
        (True, TypeError),
        (np.float32(1), TypeError),
    ],
)
def test_bad_seeds(value, error):
    before = seed.current_seed()
    with pytest.raises(error, match="set_seed: seed must be"):
        brasa.set_seed(value)
    assert seed.current_seed() == before


def test_numpy_integers_are_seeds():
    brasa.set_seed(np.int32(5))
    assert seed.current_seed() == 5
