"""One random model run through the library and through its mirror in PyTorch.

Each number may be off by what rounding does to it: by how far it moves when every layer of the
mirror, forwards and backwards, errs as float32 makes it err.
"""

import numpy as np
import pytest

from brasa import optimizers, runtime
from brasa.testing.assertions import assert_same_bits

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from tests.random_models.mirror import Mirror  # noqa: E402

NOISE = 3e-7  # what a layer errs, as a share of the value and of the root mean square
TRANSFORMED = 6 * NOISE  # where all convolutions are Winograd's (csrc/ops/conv2d.h)
SAFETY = 60.0  # the noise is one draw, and the largest of many is compared
FLOOR = 3e-6  # of the largest value of a tensor
RATE, EPSILON = 1e-2, 1e-3  # a step of Adam that does not blow up what is nearly 0


class WrongNumberError(AssertionError):
    """A number that is off by more than rounding explains."""


def check(name, got, truth, noisy, extra=0.0):
    """Each array within what rounding may do to it."""
    for i, (array, want, other) in enumerate(zip(got, truth, noisy, strict=True)):
        found = np.asarray(array, np.float64)
        assert found.shape == want.shape, f"{name} {i}: shape {found.shape}, want {want.shape}"
        if not np.isfinite(want).all():  # sigmoid is 1 in float64, too: other data may say more
            raise WrongNumberError(f"{name} {i}: the truth is {want}")
        spread = np.abs(other - want).max(initial=0.0)
        if not (want.size and np.isfinite(want).all() and np.isfinite(spread)):
            continue
        bound = SAFETY * spread + FLOOR * np.abs(want).max() + extra + 1e-9
        error = np.nan_to_num(np.abs(found - want), nan=np.inf)
        if (error <= bound).all():
            continue
        at = np.unravel_index(error.argmax(), error.shape)
        raise WrongNumberError(
            f"{name} {i} {want.shape}: {(error > bound).sum()} of {error.size} off, worst at "
            f"{tuple(map(int, at))}: got {found[at]:.7g}, want {want[at]:.7g}, bound {bound:.3g}"
        )


def both(model, compute):
    """What ``compute`` makes of the mirror, exactly and with noise: pairs of lists of arrays."""
    noise = TRANSFORMED if runtime.winograd() == "always" else NOISE
    results = compute(Mirror(model)), compute(Mirror(model, noise))
    return list(zip(*results, strict=True))


def arrays_of(tensors):
    return [tensor.detach().numpy() for tensor in tensors]


def adam(mirror, batch, steps):
    """The losses and the weights of some steps of Adam."""
    means, squares = [0.0] * len(mirror.trainable), [0.0] * len(mirror.trainable)
    losses = []
    for step in range(1, steps + 1):
        loss, slopes = mirror.gradients(batch)
        losses.append(loss.item())
        scale = RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        for i, (parameter, slope) in enumerate(zip(mirror.trainable, slopes, strict=True)):
            means[i] = 0.9 * means[i] + 0.1 * slope
            squares[i] = 0.999 * squares[i] + 0.001 * slope.square()
            step_of_it = scale * means[i] / (squares[i].sqrt() + EPSILON)
            mirror.weights[parameter] = mirror(parameter).detach() - step_of_it
        mirror.weights.update(mirror.moved)
    return [np.array(losses)], arrays_of(mirror(p) for p in mirror.parameters)


def one_step(mirror, batch):
    """The loss, the gradients, and the weights one unit down the slope."""
    start = [mirror(p) for p in mirror.parameters]
    loss, slopes = mirror.gradients(batch)
    steps = dict(zip(mirror.trainable, slopes, strict=True))
    after = [
        mirror.moved.get(parameter, before) - steps.get(parameter, 0.0)
        for parameter, before in zip(mirror.parameters, start, strict=True)
    ]
    return [np.array([loss.item()] * 2)], arrays_of(slopes), arrays_of(after)


def as_list(y):
    return y if isinstance(y, list) else [y]


def single(arrays):
    return arrays[0] if len(arrays) == 1 else list(arrays)


def everything(case, batch, other):
    """What the library computes for a model, in this order; the weights are as before then."""
    model, start, found = case.model, case.model.get_weights(), {}
    x, y = single(batch.x), single(batch.y)

    def compiled(optimizer):
        model.set_weights(start)
        model.compile(optimizer, case.losses, loss_weights=case.shares)

    def loss_of(method):
        return method(x, y, batch.weights, return_dict=True)["loss"]

    compiled(optimizers.SGD(1.0))
    found["first"] = as_list(model.predict_on_batch(x))
    loss, found["slopes"] = model.compute_gradients(x, y, batch.weights)
    found["tested"] = [np.array(loss_of(model.test_on_batch))]
    found["loss"] = [np.array([loss, loss_of(model.train_on_batch)])]
    found["after one step"] = model.get_weights()
    compiled(optimizers.Adam(RATE, epsilon=EPSILON))
    found["adam's losses"] = [np.array([loss_of(model.train_on_batch) for _ in range(3)])]
    found["adam's weights"] = model.get_weights()
    found["later"] = as_list(model.predict_on_batch(x))
    found["of another batch"] = as_list(model.predict_on_batch(single(other.x)))
    assert_same_bits(as_list(model.predict_on_batch(x)), found["later"], "predicted once more")
    model.set_weights(start)
    return found


def compare(case, sizes, seed):
    """All that a model does, under the table and the settings in force."""
    batch, other = (case.batch(size, seed) for size in sizes)
    found = {}
    for threads in (1, 2):
        runtime.set_threads(threads)
        found[threads] = everything(case, batch, other)
    for name, arrays in found[2].items():
        assert_same_bits(arrays, found[1][name], f"{name} with 2 threads")
    check_predictions(case.model, batch, other, found[1])
    check_training(case.model, batch, found[1])


def check_predictions(model, batch, other, found):
    start = model.get_weights()

    def predictions(*batches):
        return lambda mirror: [arrays_of(y for y, _ in mirror.outputs(b.x)) for b in batches]

    with torch.no_grad():
        check("first", found["first"], *both(model, predictions(batch))[0])
        losses = both(model, lambda mirror: [[mirror.loss(batch, False).numpy()]])
        check("tested", found["tested"], *losses[0])
        model.set_weights(found["adam's weights"])
        pairs = both(model, predictions(batch, other))
    for name, pair in zip(("later", "of another batch"), pairs, strict=True):
        check(name, found[name], *pair)
    model.set_weights(start)


def check_training(model, batch, found):
    loss, slopes, after = both(model, lambda mirror: one_step(mirror, batch))
    check("loss", found["loss"], *loss)
    # What cancels, as the slope of a bias before a normalization, is as inexact as its terms.
    steepest = FLOOR * max(np.abs(slope).max(initial=0.0) for slope in slopes[0])
    check("slopes", found["slopes"], *slopes, steepest)
    check("after one step", found["after one step"], *after, steepest)
    losses, weights = both(model, lambda mirror: adam(mirror, batch, 3))
    check("adam's losses", found["adam's losses"], *losses)
    check("adam's weights", found["adam's weights"], *weights, 1e-6)
