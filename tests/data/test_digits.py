"""The digits that come with the package."""

import hashlib

import numpy as np
import pytest

from brasa.datasets import load_digits

COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # of the UCI test set, per class


def test_all_images_are_there_once():
    (x, y), (x_test, y_test) = load_digits()
    images = np.concatenate([x, x_test])
    labels = np.concatenate([y, y_test])
    assert images.shape == (1797, 8, 8, 1)
    assert images.dtype == labels.dtype == np.uint8
    assert images.max() == 16
    assert np.bincount(labels).tolist() == COUNTS
    rows = sorted(
        image.tobytes() + bytes([label]) for image, label in zip(images, labels, strict=True)
    )
    digest = hashlib.sha256(b"".join(rows)).hexdigest()
    assert digest == "f67d6a29d0e1f70e7f0cd9dcf25816b694881f4b8f27f5cc1db59551f0499fb8"


def test_first_image_is_the_zero_of_the_repository():
    (x, y), (x_test, y_test) = load_digits(seed=1)
    first = np.array([[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]])
    part, labels = (x, y) if (x[0, :2, :, 0] == first).all() else (x_test, y_test)
    np.testing.assert_array_equal(part[0, :2, :, 0], first)
    assert labels[0] == 0


@pytest.mark.parametrize("fraction", [0.001, 0.2, 0.5, 0.999])
def test_every_class_has_its_share_of_the_test_part(fraction):
    (_, y), (_, y_test) = load_digits(fraction)
    expected = [min(max(round(count * fraction), 1), count - 1) for count in COUNTS]
    assert np.bincount(y_test).tolist() == expected
    assert len(y) + len(y_test) == sum(COUNTS)


def test_split_depends_on_the_seed_alone():
    np.random.seed(3)  # noqa: NPY002 (the global state must not matter)
    first, again, other = load_digits(seed=5), load_digits(seed=5), load_digits(seed=6)
    np.testing.assert_array_equal(first[1][0], again[1][0])
    assert (first[1][0] != other[1][0]).any()
    # Fixed for ever: results that people publish depend on it.
    assert (
        hashlib.sha256(load_digits()[1][0].tobytes()).hexdigest()
        == "44761d89f8e49daebc987fa4f848a40a0485a849c9da5b13a4d9f9d78b6ef9cb"
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"test_fraction": 0}, ValueError, "between 0 and 1"),
        ({"test_fraction": 1.0}, ValueError, "between 0 and 1"),
        ({"test_fraction": float("nan")}, ValueError, "between 0 and 1"),
        ({"test_fraction": "0.2"}, TypeError, "must be a number, got str"),
        ({"test_fraction": True}, TypeError, "must be a number, got bool"),
        ({"seed": -1}, ValueError, "seed must be in"),
        ({"seed": 2**32}, ValueError, "seed must be in"),
        ({"seed": 1.5}, TypeError, "seed must be an integer, got float"),
        ({"seed": None}, TypeError, "seed must be an integer, got NoneType"),
    ],
)
def test_bad_argument_is_refused(arguments, error, message):
    with pytest.raises(error, match=f"load_digits: .*{message}"):
        load_digits(**arguments)
