"""Options that all layers have, and inputs that layers of one input do not take."""

import numpy as np
import pytest

from brasa import Input, layers, ops
from brasa.testing.assertions import assert_refused

X = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": 3}, "name must be a string, got 3"),
        ({"name": np.zeros((0, 3))}, "name must be a string"),
        ({"name": ["a"]}, "name must be a string"),
        ({"trainable": X}, "trainable must be True or False"),
        ({"trainable": "no"}, "trainable must be True or False, got 'no'"),
        ({"trainable": None}, "trainable must be True or False, got None"),
        ({"trainable": 2}, "trainable must be True or False, got 2"),
        ({"input_shape": 3}, "input_shape must be a tuple without the batch got 3"),
        ({"input_shape": np.array(3)}, "input_shape must be a tuple"),
        ({"input_shape": "ab"}, "input_shape must be a tuple got 'ab'"),
    ],
)
@pytest.mark.parametrize("kind", [layers.Add, layers.Flatten, layers.Masking])
def test_options_of_all_layers(kind, options, words):
    assert_refused(lambda: kind(**options), TypeError, kind.__name__, words)


def test_what_else_says_yes_or_no_is_taken():
    for given in (True, 1, np.True_):
        assert layers.Flatten(trainable=given).trainable is True
    for given in (False, 0, np.False_):
        assert layers.Flatten(trainable=given).trainable is False


ONE_INPUT = {
    "Flatten": layers.Flatten,
    "Permute": lambda: layers.Permute((1,)),
    "RepeatVector": lambda: layers.RepeatVector(2),
    "Reshape": lambda: layers.Reshape((3, 1)),
    "SpatialDropout1D": lambda: layers.SpatialDropout1D(0.5),
    "PReLU": layers.PReLU,
}


@pytest.mark.parametrize("kind", ONE_INPUT)
def test_layers_of_one_input_refuse_lists(kind):
    for several in ([X, X], [Input((3,)), Input((3,))]):
        with pytest.raises(ValueError, match="takes one input, not a list") as caught:
            ONE_INPUT[kind]()(several)
        assert kind.lower() in str(caught.value).lower().replace("_", "")


@pytest.mark.parametrize("kind", ["Flatten", "Reshape"])
def test_a_number_is_no_batch(kind):
    with pytest.raises(ValueError, match=f"{kind}: expected an input of rank 1 or more"):
        ONE_INPUT[kind]()(np.array(1.0, np.float32))


@pytest.mark.parametrize("value", [b"dot", None, 3])
def test_words_that_are_no_strings(value):
    with pytest.raises(ValueError, match="Attention: score_mode"):
        layers.Attention(score_mode=value)


@pytest.mark.parametrize("count", [2**63, 10**30])
def test_counts_beyond_64_bits(count):
    ids = np.zeros((2, 1), np.int64)
    with pytest.raises(ValueError, match="one_hot: depth does not fit into 64 bits"):
        ops.one_hot(ids, count)
    with pytest.raises(ValueError, match="embedding_backward: vocabulary does not fit into 64"):
        ops.embedding_backward(np.zeros((2, 1, 3), np.float32), ids, count)
