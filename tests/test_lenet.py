"""LeNet-5 as a whole: gradients against central differences, and step for step against PyTorch."""

import numpy as np
import pytest

import brasa
from brasa import optimizers
from brasa.models import lenet5
from brasa.testing.assertions import ROUNDING, SIGMAS, assert_close
from brasa.testing.gradcheck import check_gradient

BATCH = 5
# On its way through the layers a value is the sum of 25, 150, 64, 120 and 84 products, and on the
# way back of as many: relative errors that grow with the roots of these.
PATH = 2 * np.sqrt([25.0, 150.0, 64.0, 120.0, 84.0]).sum()


def make(form="modern", optimizer="sgd", shape=(8, 8, 1)):
    """LeNet with biases that are not zero, and a batch for it."""
    brasa.set_seed(2)
    model = lenet5(10, shape, form)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    random = np.random.default_rng(7)
    model.set_weights(
        [w if w.ndim > 1 else random.normal(0, 0.1, w.shape) for w in model.get_weights()]
    )
    x = random.random((BATCH, *shape)).astype(np.float32)
    return model, x, random.integers(0, 10, BATCH)


def losses_of(model, x, y):
    """The loss of each sample as a function of the weights, over the number of samples.

    The logarithm is taken in float64: the rounding that is left is that of the predictions.
    """

    def terms(*weights):
        model.set_weights(weights)
        return -np.log(model.predict(x).astype(np.float64)[np.arange(BATCH), y]) / BATCH

    return terms


# A small step crosses few kinks of the modern form; the classic one is smooth.
STEPS = {"modern": 3e-4, "classic": 3e-3}


@pytest.mark.parametrize("form", STEPS)
def test_some_gradients_of_every_tensor_are_slopes_of_the_loss(form, impl):
    model, x, y = make(form)
    _, gradients = model.compute_gradients(x, y)
    weights = model.get_weights()
    assert [g.shape for g in gradients] == [w.shape for w in weights]
    names = [p.name for p in model.trainable_weights]
    options = {"step": STEPS[form], "kinks": form == "modern", "samples": 3, "names": names}
    check_gradient(losses_of(model, x, y), weights, gradients, **options)


@pytest.mark.parametrize("form", STEPS)
def test_along_the_gradient_of_a_tensor_the_loss_rises_as_fast_as_it_is_long(form, impl):
    """One number that every element of the gradient has a part in, far above the rounding."""
    model, x, y = make(form)
    step = STEPS[form]
    _, gradients = model.compute_gradients(x, y)
    weights = model.get_weights()
    terms = losses_of(model, x, y)
    noise = 3 * SIGMAS * ROUNDING / step  # losses are below 3
    for k, parameter in enumerate(model.trainable_weights):
        length = np.linalg.norm(gradients[k].astype(np.float64))
        direction = (gradients[k] / length).astype(np.float32)

        def loss(t, k=k, direction=direction):
            moved = weights[k] + np.float32(t) * direction
            return terms(*weights[:k], moved, *weights[k + 1 :]).sum()

        slope = (loss(step) - loss(-step)) / (2 * step)
        tolerance = noise + (0.01 if form == "modern" else 0.001) * length
        assert abs(slope - length) <= tolerance, parameter.name


def twin(torch, weights):
    """The same network in PyTorch, channels-first, in float64; a function of x and its weights."""
    tensors = []
    for w in weights:
        layout = w.transpose(3, 2, 0, 1) if w.ndim == 4 else w.T
        tensors.append(torch.tensor(layout.astype(np.float64), requires_grad=True))
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = tensors
    functional = torch.nn.functional

    def logits(x):
        h = torch.tensor(x.transpose(0, 3, 1, 2).astype(np.float64))
        for w, b in ((w1, b1), (w2, b2)):
            h = functional.max_pool2d(torch.relu(functional.conv2d(h, w, b, padding=2)), 2)
        h = h.permute(0, 2, 3, 1).flatten(1)  # channels vary fastest
        h = torch.relu(h @ w3.T + b3)
        h = torch.relu(h @ w4.T + b4)
        return h @ w5.T + b5

    def back(values):
        """Tensors in the layout of brasa."""
        arrays = [value.detach().numpy() for value in values]
        return [a.transpose(2, 3, 1, 0) if a.ndim == 4 else a.T for a in arrays]

    return logits, tensors, back


def test_loss_and_gradients_equal_those_of_pytorch(impl):
    torch = pytest.importorskip("torch")
    model, x, y = make()
    loss, gradients = model.compute_gradients(x, y)
    logits, tensors, back = twin(torch, model.get_weights())
    want = torch.nn.functional.cross_entropy(logits(x), torch.tensor(y))
    want.backward()
    bound = SIGMAS * ROUNDING * PATH
    assert_close(loss, want.item(), bound * want.item(), "loss")
    names = [p.name for p in model.trainable_weights]
    for name, got, truth in zip(names, gradients, back([t.grad for t in tensors]), strict=True):
        assert_close(got, truth, bound * np.abs(truth).max(), name)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (optimizers.SGD(0.05), {"lr": 0.05}),
        (optimizers.SGD(0.02, momentum=0.9), {"lr": 0.02, "momentum": 0.9}),
        (
            optimizers.SGD(0.02, momentum=0.9, nesterov=True),
            {"lr": 0.02, "momentum": 0.9, "nesterov": True},
        ),
        (optimizers.Adam(0.002, epsilon=1e-3), {"lr": 0.002}),
    ],
    ids=["sgd", "momentum", "nesterov", "adam"],
)
def test_ten_steps_equal_those_of_pytorch(optimizer, options):
    torch = pytest.importorskip("torch")
    model, x, y = make(optimizer=optimizers.serialize(optimizer))
    logits, tensors, back = twin(torch, model.get_weights())
    if "momentum" in options or isinstance(optimizer, optimizers.SGD):
        stepper = torch.optim.SGD(tensors, **options)
    else:
        stepper = Adam(tensors, options["lr"], 1e-3)
    for step in range(10):
        loss = model.train_on_batch(x, y)
        want = torch.nn.functional.cross_entropy(logits(x), torch.tensor(y))
        stepper.zero_grad()
        want.backward()
        stepper.step()
        assert_close(loss, want.item(), 10 * SIGMAS * ROUNDING * PATH, f"loss at step {step}")
    names = [p.name for p in model.trainable_weights]
    for name, got, truth in zip(names, model.get_weights(), back(tensors), strict=True):
        assert_close(got, truth, 10 * SIGMAS * ROUNDING * PATH * np.abs(truth).max(), name)


class Adam:
    """Keras's Adam on tensors of PyTorch, whose own adds epsilon after the bias correction.

    A large epsilon keeps the update smooth in the gradient: with the usual one a weight whose
    gradient is all rounding error makes full steps in a random direction.
    """

    def __init__(self, tensors, rate, epsilon):
        self.tensors, self.rate, self.epsilon, self.step_count = tensors, rate, epsilon, 0
        self.m = [0.0 for _ in tensors]
        self.v = [0.0 for _ in tensors]

    def zero_grad(self):
        for tensor in self.tensors:
            tensor.grad = None

    def step(self):
        self.step_count += 1
        size = self.rate * (1 - 0.999**self.step_count) ** 0.5 / (1 - 0.9**self.step_count)
        for i, tensor in enumerate(self.tensors):
            self.m[i] = 0.9 * self.m[i] + 0.1 * tensor.grad
            self.v[i] = 0.999 * self.v[i] + 0.001 * tensor.grad**2
            tensor.data -= size * self.m[i] / (self.v[i].sqrt() + self.epsilon)
