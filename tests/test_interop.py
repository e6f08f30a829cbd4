"""Arrays lent and borrowed without copies: DLPack and __cuda_array_interface__."""

import gc

import numpy as np
import pytest

import brasa
from brasa import _core, ops, runtime
from brasa.buffers import upload
from brasa.layers import Dense
from brasa.testing.assertions import assert_same_bits

DEVICE = "cuda_on_cpu"
emulated = pytest.mark.skipif(DEVICE not in runtime.devices(), reason="needs BRASA_CUDA_ON_CPU")


class Foreign:
    """What another library's array on the device shows of itself."""

    def __init__(self, array, **changes):
        self._array = array
        self.__cuda_array_interface__ = {**array.__cuda_array_interface__, **changes}
        self.shape = array.shape


class OnlyDLPack:
    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


@pytest.fixture
def x(rng):
    return rng.standard_normal((4, 6)).astype(np.float32)


def address(array):
    return array.__cuda_array_interface__["data"][0]


# ---- the host's memory ---------------------------------------------------------------------


def test_arrays_of_the_host_come_in_by_dlpack(x):
    assert_same_bits(ops.relu(OnlyDLPack(x)), ops.relu(x))


def test_pytorch_tensors_of_the_host_are_read_where_they_lie(x):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(x)
    assert np.shares_memory(brasa.arrays.as_floats("op", "x", tensor), x)
    assert_same_bits(ops.relu(tensor), ops.relu(x))
    with pytest.raises(TypeError, match=r"relu: x cannot be read as an array: .*detach"):
        ops.relu(tensor.clone().requires_grad_())
    with pytest.raises(TypeError):
        ops.relu(tensor.bfloat16())
    assert torch.from_dlpack(ops.relu(x)).shape == x.shape


def test_results_are_given_by_dlpack(x):
    y = ops.relu(x)
    assert np.shares_memory(np.from_dlpack(y), y)


# ---- a device's memory ---------------------------------------------------------------------


@emulated
def test_ops_run_where_their_operands_lie(x, rng):
    w, b = rng.standard_normal((6, 3)).astype(np.float32), np.ones(3, np.float32)
    there = upload(x, DEVICE)
    y = ops.dense(there, w, b)  # the weights are copied there
    assert isinstance(y, _core.DeviceArray)
    np.testing.assert_allclose(y.numpy(), ops.dense(x, w, b), rtol=1e-5)
    np.testing.assert_allclose(ops.softmax(y).numpy(), ops.softmax(y.numpy()), rtol=1e-5)
    assert_same_bits(there.numpy(), x)


@emulated
def test_other_libraries_arrays_are_read_where_they_lie(x):
    there = upload(x, DEVICE)
    with brasa.device(DEVICE):
        for foreign in (Foreign(there), OnlyDLPack(there)):
            assert address(_core.borrow(foreign, DEVICE)) == address(there)
        assert_same_bits(ops.relu(Foreign(there)).numpy(), ops.relu(there).numpy())


@emulated
def test_lent_memory_lives_as_long_as_somebody_uses_it(x):
    gc.collect()
    free = runtime.free_memory(DEVICE)
    view = np.from_dlpack(upload(x, DEVICE))  # the emulated device's memory can be read
    assert_same_bits(view, x)
    assert runtime.free_memory(DEVICE) == free - x.nbytes
    borrowed = _core.borrow(Foreign(upload(x, DEVICE)), DEVICE)
    assert runtime.free_memory(DEVICE) == free - 2 * x.nbytes
    assert_same_bits(borrowed.rows(1, 3).numpy(), x[1:3])
    again = _core.borrow(OnlyDLPack(borrowed), DEVICE)
    del borrowed, view
    assert runtime.free_memory(DEVICE) == free - x.nbytes
    assert_same_bits(again.numpy(), x)
    for version in (None, (1, 0)):  # a capsule that nobody takes
        again.__dlpack__(max_version=version)
    del again
    assert runtime.free_memory(DEVICE) == free


@emulated
def test_models_predict_from_and_into_the_device(x):
    with brasa.device(DEVICE):
        model = brasa.Sequential([Dense(3, activation="relu", input_shape=(6,))])
    want = model.predict(x)
    there = upload(x, DEVICE)
    for batch in (4, 3):
        y = model.predict(there, batch_size=batch)
        assert isinstance(y, _core.DeviceArray)
        np.testing.assert_allclose(y.numpy(), want, rtol=1e-6)
    assert_same_bits(model.predict_on_batch(Foreign(there)).numpy(), want)


LABELS = np.array([0, 1, 2, 5])  # int64, as PyTorch has them
WITH_NUMBERS = {
    "embedding": lambda a, x: ops.embedding(a(LABELS), a(np.vstack([x, x]))),
    "embedding_backward": lambda a, x: ops.embedding_backward(a(x), a(LABELS), 6),
    "one_hot": lambda a, x: ops.one_hot(a(LABELS), 6),
    "mask_of_ids": lambda a, x: ops.mask_of_ids(a(LABELS)),
    "softmax_cross_entropy": lambda a, x: ops.softmax_cross_entropy(a(x), a(LABELS)),
    "one-hot labels": lambda a, x: ops.softmax_cross_entropy(a(x), a(np.eye(4, 6, dtype="f"))),
    "weights": lambda a, x: ops.softmax_cross_entropy(a(x), a(LABELS), a(x[:, 0] ** 2)),
    "accuracy": lambda a, x: ops.accuracy(a(x), a(LABELS)),
    "mean_squared_error": lambda a, x: ops.mean_squared_error(a(x), a(x + 1)),
    "binary_cross_entropy": lambda a, x: ops.binary_cross_entropy(a(x**2 / 99), a(x**2 / 99)),
    "a loss": lambda a, x: brasa.losses.SparseCategoricalCrossentropy(True)(a(LABELS), a(x)),
    "a metric": lambda a, x: brasa.metrics.SparseCategoricalAccuracy()(a(LABELS), a(x)),
    "pooling": lambda a, x: ops.max_pool2d(a(x.reshape(1, 4, 6, 1)))[1],
    "pooling back": lambda a, x: ops.max_pool2d_backward(
        a(x[:1].reshape(1, 2, 3, 1)), a(LABELS.repeat(2)[:6].reshape(1, 2, 3, 1)), (1, 4, 6, 1)
    ),
    "masked rows": lambda a, x: ops.simple_rnn(
        a(x[None]), a(x[:, :2].repeat(2, 0)[:6]), a(x[:2, :2]), a(x[0, :2]), mask=a(LABELS[None])
    )[:2],
}


@emulated
@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_ops_take_whole_numbers_on_the_device(name, x):
    here = WITH_NUMBERS[name](lambda array: array, x)
    with brasa.device(DEVICE):
        there = WITH_NUMBERS[name](lambda array: Foreign(upload(array, DEVICE)), x)
    pairs = zip(there, here, strict=True) if isinstance(here, tuple) else [(there, here)]
    for got, want in pairs:
        assert isinstance(got, _core.DeviceArray) == isinstance(want, np.ndarray)
        np.testing.assert_allclose(there_or_here(got), want, rtol=1e-5, atol=1e-6)


@emulated
def test_whole_numbers_on_the_device_are_checked(x):
    ids = upload(LABELS, DEVICE)
    with pytest.raises(IndexError, match=r"embedding: ids\[3\] is 5, but the table has 4 rows"):
        ops.embedding(ids, x)
    with pytest.raises(TypeError, match="embedding: ids must hold whole numbers, got float32"):
        ops.embedding(upload(x, DEVICE), x)
    with pytest.raises(IndexError, match="the label in row 3 is 5"):
        ops.cross_entropy(upload(x[:, :3], DEVICE), ids)


LOSS = brasa.losses.SparseCategoricalCrossentropy(from_logits=True)


def there_or_here(array):
    return array.numpy() if isinstance(array, _core.DeviceArray) else array


def trainee(loss=LOSS, place=DEVICE, width=6):
    brasa.set_seed(1)
    model = brasa.Sequential([Dense(3, input_shape=(width,))])
    model.compile("sgd", loss, metrics=["accuracy"] if loss is LOSS else [], device=place)
    return model


@emulated
@pytest.mark.parametrize("x_type", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("y_type", ["int32", "int64", "uint8"])
def test_models_train_on_what_lies_on_the_device(x_type, y_type, rng, monkeypatch):
    x = rng.integers(0, 9, (21, 6)).astype(x_type)
    y = rng.integers(0, 3, 21).astype(y_type)
    there = Foreign(upload(x, DEVICE)), Foreign(upload(y, DEVICE))
    got, want = trainee(), trainee()
    weight = rng.random(21).astype(np.float32)
    runs = []
    for model, (a, b), w in ((got, there, Foreign(upload(weight, DEVICE))), (want, (x, y), weight)):
        runs.append(
            [
                model.fit(a, b, 4, 2, 0, validation_data=(a, b, w)).history,
                model.fit(a, b, 4, 1, 0, sample_weight=w, validation_split=0.25).history,
                model.fit(a, b, 4, 1, 0, class_weight={0: 1, 1: 2, 2: 0.5}).history,
                model.evaluate(a, b, 8, 0, sample_weight=w),
                model.train_on_batch(a, b, w),
                model.test_on_batch(a, b),
                model.compute_gradients(a, b)[0],
                there_or_here(model.predict(a, batch_size=8)),
            ]
        )
    np.testing.assert_equal(runs[0], runs[1])
    for a, b in zip(got.get_weights(), want.get_weights(), strict=True):
        assert_same_bits(a, b)


@emulated
def test_what_lies_on_the_device_is_not_copied_there_again(rng):
    x = upload(rng.random((500, 40)).astype(np.float32), DEVICE)
    y = upload(rng.integers(0, 3, 500).astype(np.int32), DEVICE)
    model = trainee(width=40)
    gc.collect()
    free = runtime.free_memory(DEVICE)
    seen = []

    class Watch(brasa.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(free - runtime.free_memory(DEVICE))

    model.fit(x, y, 10, 1, 0, callbacks=[Watch()])
    assert 0 < seen[0] < x.nbytes // 4
    with pytest.raises(IndexError, match=r"the label in row 7 is 3, but there are 3 classes"):
        model.fit(x.rows(0, 9), upload(np.int32([0] * 7 + [3, 0]), DEVICE), verbose=0)


@emulated
@pytest.mark.parametrize(
    ("loss", "target"),
    [
        ("mean_squared_error", lambda rng: rng.random((10, 3))),
        (brasa.losses.CategoricalCrossentropy(True), lambda rng: np.eye(3)[rng.integers(0, 3, 10)]),
        (brasa.losses.BinaryCrossentropy(True), lambda rng: rng.integers(0, 2, (10, 3))),
    ],
)
def test_dense_targets_on_the_device(loss, target, rng):
    x, y = rng.random((10, 6)).astype(np.float32), target(rng).astype(np.float32)
    got, want = trainee(loss), trainee(loss)
    # One of the two may stay here.
    for a, b in (
        (x, upload(y, DEVICE)),
        (upload(x, DEVICE), y),
        (upload(x, DEVICE), upload(y, DEVICE)),
    ):
        assert got.fit(a, b, 4, 1, 0).history == want.fit(x, y, 4, 1, 0).history
        assert got.train_on_batch(a, b) == want.train_on_batch(x, y)


@emulated
def test_numbers_of_characters_on_the_device(rng):
    x, y = rng.integers(0, 9, (2, 10, 6))
    results = []
    for ids, labels in ((x, y), (upload(x, DEVICE), upload(y, DEVICE))):
        brasa.set_seed(1)
        model = brasa.models.char_rnn(9, 5, 1, embedding=4)
        model.compile("adam", "sparse_categorical_crossentropy", device=DEVICE)
        history = model.fit(ids, labels, 4, 2, 0).history
        results.append((history, model.evaluate(ids, labels, verbose=0), model.predict(ids)))
    assert results[0][:2] == results[1][:2]
    assert_same_bits(results[1][2].numpy(), results[0][2])
    x[1, 2] = 9
    with pytest.raises(IndexError, match=r"fit: x\[1, 2\] is 9, but the embedding has 9 rows"):
        model.fit(upload(x, DEVICE), y)


@emulated
def test_several_inputs_of_which_one_lies_on_the_device(rng):
    a, b = brasa.Input((3,)), brasa.Input((2,))
    with brasa.device(DEVICE):
        model = brasa.Model([a, b], Dense(2)(brasa.layers.Concatenate()([a, b])))
    x = [rng.random((5, n)).astype(np.float32) for n in (3, 2)]
    want = model.predict(x)
    assert_same_bits(model.predict([x[0], upload(x[1], DEVICE)]).numpy(), want)
    assert_same_bits(model.predict([upload(v, DEVICE) for v in x], batch_size=2).numpy(), want)


@emulated
def test_what_looks_into_training_reads_the_device_too(rng):
    x, y = rng.random((12, 6)).astype(np.float32), rng.integers(0, 3, 12)
    broken = x.copy()
    broken[9, 2] = np.nan
    model = trainee()
    stop = brasa.callbacks.TerminateOnNaN()
    model.fit(upload(broken, DEVICE), upload(y, DEVICE), 4, 2, 0, [stop], shuffle=False)
    assert model.optimizer.iterations < 6
    model = trainee()
    got = model.diagnose(upload(x, DEVICE), upload(y, DEVICE))
    assert str(got) == str(model.diagnose(x, y))
    steps = model.profile(upload(x, DEVICE), upload(y, DEVICE), repeats=1)
    assert any(step["op"] == "sgd_step" for step in steps)


@emulated
@pytest.mark.parametrize(
    ("x", "y", "error", "match"),
    [
        (
            (4, 5),
            (4,),
            ValueError,
            r"fit: the model expects x of shape \(samples, 6\), got \(4, 5\)",
        ),
        ((4, 6), (5,), ValueError, "fit: x has 4 samples, y has 5"),
        ((4, 6), (4, 3), ValueError, "looks one-hot"),
        ((4, 6), (4, 2), ValueError, r"y must have the shape \(4,\)"),
    ],
)
def test_shapes_are_checked_on_the_device_too(x, y, error, match):
    x, y = (upload(np.zeros(shape, t), DEVICE) for shape, t in ((x, "float32"), (y, "int32")))
    with pytest.raises(error, match=match):
        trainee().fit(x, y, verbose=0)


@emulated
def test_types_are_checked_on_the_device_too():
    zeros = {t: upload(np.zeros((4, 6), t), DEVICE) for t in ("float32", "int32")}
    labels = {t: upload(np.zeros(4, t), DEVICE) for t in ("float32", "int64")}
    with pytest.raises(TypeError, match="fit: on a device x must be float32, float64 or uint8"):
        trainee().fit(zeros["int32"], labels["int64"], verbose=0)
    with pytest.raises(TypeError, match="labels must be whole numbers, got float32"):
        trainee().fit(zeros["float32"], labels["float32"], verbose=0)
    with pytest.raises(ValueError, match="fit: x lies on a device, the model on 'cpu'"):
        trainee(place="cpu").fit(zeros["float32"], np.zeros(4, int), verbose=0)
    with pytest.raises(ValueError, match="train_on_batch: y lies on a device, the model on 'cpu'"):
        trainee(place="cpu").train_on_batch(np.zeros((4, 6), "float32"), labels["int64"])


@emulated
@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"typestr": "<f2"}, TypeError, r"relu: x: .*'<f2'; wanted float32"),
        ({"typestr": "<i4"}, TypeError, "relu: x must be float32 on a device, got int32"),
        ({"strides": (4, 16)}, ValueError, r"relu: x: .*\(4, 6\), is not contiguous"),
        ({"data": (4096, False)}, ValueError, "not in the memory of the device 'cuda_on_cpu'"),
    ],
)
def test_what_kernels_cannot_read_is_refused(x, changes, error, match):
    foreign = Foreign(upload(x, DEVICE), **changes)
    with brasa.device(DEVICE), pytest.raises(error, match=match):
        ops.relu(foreign)


@emulated
def test_axes_of_one_element_may_have_any_stride(x):
    there = upload(x[:1], DEVICE)
    with brasa.device(DEVICE):
        ops.relu(Foreign(there, strides=(1000, 4)))


@emulated
def test_a_wrong_place_is_said(x):
    there = upload(x, DEVICE)
    model = brasa.Sequential([Dense(3, input_shape=(6,))])
    with pytest.raises(ValueError, match=r"predict: x lies on a device, the model on 'cpu'"):
        model.predict(there)
    model.to(DEVICE)
    with pytest.raises(ValueError, match=r"expects x of shape \(samples, 6\), got \(4, 3\)"):
        model.predict(upload(x[:, :3], DEVICE))
    with pytest.raises(BufferError, match="brasa lends arrays where they lie"):
        there.__dlpack__(copy=True)
    with pytest.raises(TypeError, match="out must be a NumPy array"):
        ops.relu(x, out=there)


@pytest.mark.skipif("cuda" in runtime.devices(), reason="there is a CUDA device")
def test_without_cuda_its_arrays_are_refused_with_the_reason():
    class Cuda:
        shape = (2,)

        def __dlpack_device__(self):
            return (2, 0)

    with pytest.raises(RuntimeError) as caught:
        ops.relu(Cuda())
    assert runtime.cuda_reason() in str(caught.value)
