"""Winograd's method for 3x3 convolutions, forced on. Contract: csrc/ops/conv2d.h."""

import numpy as np
import pytest

from brasa import Sequential, layers, ops, runtime
from brasa.testing import cases, reference
from brasa.testing.assertions import assert_same_bits

# Of the result's root mean square. Measured over these cases: at most 2.3e-6 and 1.4e-5.
RMS, MOST = 4e-6, 4e-5

ASYMMETRIC = ((2, 0), (1, 3))
CHANNELS = ((1, 1), (7, 8), (8, 17), (16, 7), (17, 32), (32, 16), (64, 64), (33, 1), (1, 65))
SIZES = [(h, w) for h in range(1, 14) for w in (1, 2, 3, 4, 5, 6, 7, 9, 13)]


@pytest.fixture(autouse=True)
def always():
    runtime.set_winograd("always")
    yield
    runtime.set_winograd(True)


def case_of(index: int, H: int, W: int, C: int, K: int) -> cases.Conv2dCase:
    padding = ("same", ASYMMETRIC, "valid")[index % 3]
    if padding == "valid" and min(H, W) < 3:
        padding = 2
    activation = (None, "relu", "leaky_relu", "tanh")[index % 4]
    return cases.Conv2dCase(1 + index % 3, H, W, C, K, padding=padding, activation=activation)


CASES = [
    *(case_of(i, H, W, *CHANNELS[i % len(CHANNELS)]) for i, (H, W) in enumerate(SIZES)),
    *(case_of(i, 14, 14, C, K) for i, (C, K) in enumerate(CHANNELS)),
    *(case_of(i, 28, 28, C, K) for i, (C, K) in enumerate(CHANNELS)),
    # Longer than a block of the sum; more tiles and filters than a block.
    cases.Conv2dCase(1, 5, 6, 330, 40, padding="same"),
    cases.Conv2dCase(1, 5, 6, 40, 650, padding=1),
    cases.Conv2dCase(3, 28, 29, 48, 40, padding="same"),
    cases.Conv2dCase(2, 6, 6, 3, 5, padding=4),  # windows that see only padding
    cases.Conv2dCase(0, 6, 6, 3, 5, padding=1),
    # Dilation: sizes that its square divides, and that it does not; steps longer than the image.
    *(cases.Conv2dCase(2, n, n + 1, 7, 9, padding="same", dilation_rate=2) for n in range(1, 18)),
    cases.Conv2dCase(
        1, 28, 27, 16, 33, padding=ASYMMETRIC, dilation_rate=(3, 2), activation="relu"
    ),
    cases.Conv2dCase(2, 13, 9, 8, 8, dilation_rate=(1, 4)),
    cases.Conv2dCase(1, 4, 3, 40, 17, padding=(9, 7), dilation_rate=(7, 5)),
]


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def assert_near(got, want, what, sums=None):
    """Beside the size of the sums: no activation is steeper than 1, and tanh would hide it."""
    assert got.shape == want.shape
    if not want.size:
        return
    size = rms(want if sums is None else sums) + 1e-30
    error = np.abs(got - want) / size
    assert rms(error) <= RMS, what
    assert error.max() <= MOST, what


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_pass_is_near_the_float64_definition(case, impl):
    (x, w, b), dy = case.inputs(), case.dy()
    sums = reference.conv2d(x, w, b, **case.window)
    want = reference.activate(sums, case.activation)
    y = ops.conv2d(x, w, b, **case.window, activation=case.activation)
    assert_near(y, want, "y", sums)
    dx, dw, _ = reference.conv2d_backward(dy, x, w, **case.window)
    assert_near(ops.conv2d_backward_data(dy, w, x.shape, **case.window), dx, "dx")
    assert_near(ops.conv2d_backward_weight(dy, x, w.shape, **case.window), dw, "dw")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_packed_weights_change_no_bit(case, impl, packed_conv2d):
    x, w, b = case.inputs()
    want = ops.conv2d(x, w, b, **case.window, activation=case.activation)
    assert_same_bits(packed_conv2d(x, w, b, case.window, case.activation), want)


@pytest.fixture
def threads():
    yield runtime.set_threads
    runtime.set_threads(None)


@pytest.mark.parametrize(
    "case",
    [
        cases.Conv2dCase(3, 28, 27, 32, 48, padding=1),
        cases.Conv2dCase(1, 4, 4, 40, 17, padding=1),
        cases.Conv2dCase(2, 7, 7, 330, 64, padding="same"),
        cases.Conv2dCase(5, 13, 13, 7, 9, padding=ASYMMETRIC),
        cases.Conv2dCase(2, 23, 22, 32, 24, padding="same", dilation_rate=(2, 3)),
    ],
    ids=str,
)
def test_the_thread_count_changes_no_bit(case, impl, threads):
    (x, w, b), dy = case.inputs(), case.dy()
    results = []
    for count in (1, 2, 3):
        threads(count)
        results.append(
            (ops.conv2d(x, w, b, **case.window), *ops.conv2d_backward(dy, x, w, **case.window))
        )
    for got in results[1:]:
        for name, one, other in zip(("y", "dx", "dw", "db"), results[0], got, strict=True):
            assert_same_bits(one, other, name)


@pytest.mark.skipif(len(runtime.implementations()) == 1, reason="only the reference")
def test_the_switch_decides_and_small_layers_stay_direct(rng):
    x, w = rng.normal(size=(2, 9, 9, 8)), rng.normal(size=(3, 3, 8, 8))
    x, w = x.astype(np.float32), w.astype(np.float32)
    results = []
    for choice in (False, True, "always"):
        runtime.set_winograd(choice)
        assert runtime.winograd() == choice
        results.append(ops.conv2d(x, w, padding=1))
    assert_same_bits(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


@pytest.mark.skipif(len(runtime.implementations()) == 1, reason="only the reference")
def test_large_layers_take_it_by_default(rng):
    x, w = rng.normal(size=(8, 28, 28, 64)), rng.normal(size=(3, 3, 64, 64))
    x, w = x.astype(np.float32), w.astype(np.float32)
    want = ops.conv2d(x, w, padding=1)
    runtime.set_winograd(True)
    assert_same_bits(ops.conv2d(x, w, padding=1), want)


@pytest.mark.parametrize("choice", ["sometimes", 2, None, [True]])
def test_an_unknown_choice_is_refused(choice):
    with pytest.raises(ValueError, match="True, False or 'always'"):
        runtime.set_winograd(choice)
    assert runtime.winograd() == "always"


def test_nan_stays_in_the_tiles_that_read_it(impl):
    x, w = np.ones((2, 16, 16, 4), np.float32), np.ones((3, 3, 4, 5), np.float32)
    x[1, 5, 5, 2] = np.nan
    y = ops.conv2d(x, w, padding=1)
    assert np.isnan(y[1, 4:7, 4:7]).all()
    # Rows and columns 5 belong to the 6x6 pixels of the tile that begins at 4, and of no other.
    assert np.isfinite(y[0]).all()
    assert np.isfinite(y[1, 8:]).all()
    assert np.isfinite(y[1, :4]).all()
    assert np.isfinite(y[1, :, 8:]).all()
    assert np.isfinite(y[1, :, :4]).all()


@pytest.mark.skipif(len(runtime.implementations()) == 1, reason="only the reference")
def test_a_model_makes_its_plans_anew_for_each_choice(rng):
    model = Sequential([layers.Conv2D(8, 3, padding="same", input_shape=(9, 9, 4))])
    x, w, b = rng.normal(size=(2, 9, 9, 4)).astype(np.float32), *model.get_weights()
    for choice in (False, "always", False):
        runtime.set_winograd(choice)
        assert_same_bits(model.predict(x, verbose=0), ops.conv2d(x, w, b, padding="same"))
