"""Names and arguments that code written for Keras uses, some of them older than Keras 3."""

import warnings

import numpy as np
import pytest

import brasa
from brasa import (
    Model,
    Sequential,
    activations,
    initializers,
    layers,
    load_model,
    losses,
    models,
    regularizers,
    utils,
)
from brasa.testing.assertions import ROUNDING, assert_close

VECTORS = np.arange(15.0).reshape(5, 3)


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        (lambda: layers.Dense(3, input_dim=4), lambda: layers.Dense(3, input_shape=(4,))),
        (lambda: layers.Dense(3, dtype="float32"), lambda: layers.Dense(3)),
        (lambda: layers.LeakyReLU(alpha=0.2), lambda: layers.LeakyReLU(0.2)),
        (
            lambda: layers.Embedding(5, 3, input_length=4, weights=[VECTORS]),
            lambda: layers.Embedding(5, 3, initializers.Constant(VECTORS), input_shape=(4,)),
        ),
        (lambda: layers.InputLayer(input_shape=(4,)), lambda: layers.InputLayer((4,))),
        (lambda: layers.Lambda(abs, output_shape=(4,)), lambda: layers.Lambda(abs)),
        (
            lambda: layers.Dense(3, kernel_regularizer=regularizers.l1_l2(l1=0.1, l2=0.2)),
            lambda: layers.Dense(3, kernel_regularizer=regularizers.L1L2(0.1, 0.2)),
        ),
        (
            lambda: layers.Dense(3, kernel_regularizer=regularizers.l2(0.1)),
            lambda: layers.Dense(3, kernel_regularizer=regularizers.L2(0.1)),
        ),
    ],
)
def test_arguments_of_layers(spelt, meant):
    one, other = spelt(), meant()
    assert one.first_input_shape == other.first_input_shape
    functions = [vars(layer).pop("function", None) for layer in (one, other)]
    assert functions[0] is functions[1]
    if functions[0] is None:
        assert one.get_config() == other.get_config()


def test_a_type_that_layers_do_not_compute_in_is_refused():
    refused = pytest.raises(ValueError, match=r"dtype must be 'float32'.*compile\(precision")
    layers.Dense(3, dtype=np.float32)
    with refused:
        layers.Dense(3, dtype="float16")
    with refused:
        layers.Layer().add_weight("w", (2,), dtype="float64")


def test_models_has_what_models_are():
    assert (models.Model, models.Sequential) == (Model, Sequential)
    assert models.load_model is load_model


def test_a_model_as_json(rng):
    image = brasa.Input((6, 6, 1))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(image) + 1.0)
    for model in (Model(image, [pooled, layers.Dense(3)(pooled)]), Sequential([layers.Dense(2)])):
        x = rng.standard_normal((2, 6, 6, 1))
        y = model.predict(x)
        again = models.model_from_json(model.to_json(indent=1))
        assert type(again) is type(model)
        again.set_weights(model.get_weights())
        for a, b in zip(again.predict(x), y, strict=True):
            np.testing.assert_array_equal(a, b)


def test_weights_may_start_from_arrays(tmp_path):
    """As biases from the odds of classes do, and embeddings from vectors that are known."""
    odds = initializers.Constant(np.log([0.25]))
    model = Sequential(
        [
            layers.Embedding(5, 3, weights=[VECTORS], input_length=2, trainable=False),
            layers.Flatten(),
            layers.Dense(4, bias_initializer=odds),
        ]
    )
    for made in (model, models.clone_model(model)):
        vectors, _, bias = made.get_weights()
        np.testing.assert_array_equal(vectors, VECTORS)
        np.testing.assert_array_equal(bias, np.full(4, np.log(0.25), np.float32))
    model.save(tmp_path / "model.brasa")
    again = load_model(tmp_path / "model.brasa")
    np.testing.assert_array_equal(again.layers[0].embeddings_initializer((5, 3)), VECTORS)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: initializers.Constant([1.0, np.nan]), ValueError, "must hold finite numbers"),
        (lambda: initializers.Constant(["a"]), TypeError, "must hold real numbers"),
        (
            lambda: initializers.Constant([1.0, 2.0])((3,)),
            ValueError,
            r"\(2,\) do not fit .*\(3,\)",
        ),
        (lambda: layers.Embedding(5, 3, weights=VECTORS), TypeError, "a list of one array"),
    ],
)
def test_arrays_that_are_no_weights(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_names_of_what_evaluate_tells():
    x = brasa.Input((2,))
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    assert model.metrics_names == []
    model.compile("sgd", "mse", metrics=[["mae"], ["mae"]])
    assert model.metrics_names == ["loss", "a_loss", "b_loss", "a_mae", "b_mae"]
    data = np.ones((4, 2)), [np.ones(4), np.ones(4)]
    assert list(model.evaluate(*data, return_dict=True)) == model.metrics_names


def test_class_weights_of_one_step():
    x, y = np.eye(3, dtype=np.float32), np.arange(3)
    trained = []
    for option in ({"class_weight": {0: 1.0, 1: 2.0, 2: 3.0}}, {"sample_weight": [1.0, 2.0, 3.0]}):
        brasa.set_seed(1)
        model = Sequential([layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.train_on_batch(x, y, **option)
        trained.append(model.get_weights()[0])
    np.testing.assert_array_equal(*trained)
    with pytest.raises(ValueError, match="not both"):
        model.train_on_batch(x, y, sample_weight=np.ones(3), class_weight={0: 1.0})


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("softmax", "categorical_crossentropy"),
        ("sigmoid", "binary_crossentropy"),
        ("tanh", "mse"),
    ],
)
def test_booleans_are_0_and_1(activation, loss, rng):
    """As in one-hot text: Keras's example of a net that writes makes x and y of booleans."""
    x, y = rng.random((5, 6, 3)) > 0.5, np.eye(4)[[0, 1, 2, 3, 0]] > 0
    told = []
    for data in ((x, y), (x[:, ::-1][:, ::-1], y), (np.float32(x), np.float32(y))):
        brasa.set_seed(1)
        model = Sequential([layers.SimpleRNN(4), layers.Dense(4, activation=activation)])
        model.compile("sgd", loss, metrics=["accuracy"])
        told.append([model.fit(*data, verbose=0).history, model.predict(data[0]).tolist()])
    assert told[0] == told[1] == told[2]


class Own(layers.Layer):
    """A layer as Keras's guides write them."""

    def __init__(self, units, activation=None, **options):
        super().__init__(**options)
        self.units, self.activation = units, activations.get(activation)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="ones", dtype="float32"
        )

    def call(self, x):
        return activations.tanh(self.activation(brasa.ops.dense(x, self.kernel)))

    def get_config(self):
        activation = activations.serialize(self.activation)
        return {**super().get_config(), "units": self.units, "activation": activation}


def test_activations_in_layers_of_ones_own(tmp_path):
    x = np.float32([[-3.0, 1.0], [0.25, 0.5]])
    model = Sequential([Own(2, "relu", input_shape=(2,))])
    model.save(tmp_path / "model.brasa")
    again = load_model(tmp_path / "model.brasa", custom_objects={"Own": Own})
    want = np.tanh(np.maximum(x.sum(axis=1, keepdims=True), 0)).repeat(2, axis=1)
    np.testing.assert_allclose(again.predict(x), want, rtol=1e-6)
    with pytest.raises(
        ValueError, match=r"activations.get.* 'rellu' is unknown. Did you mean 'relu'"
    ):
        activations.get("rellu")
    with pytest.raises(ValueError, match=r"activations.serialize: files cannot hold"):
        activations.serialize(lambda x: x)


@pytest.mark.parametrize(
    ("x", "classes", "rows"),
    [([1, 0], None, [1, 0]), ([[1], [0]], 3, [1, 0]), (np.float64([2, 1]), None, [2, 1])],
)
def test_to_categorical(x, classes, rows):
    made = utils.to_categorical(x, classes)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, np.eye(classes or max(rows) + 1)[rows])


@pytest.mark.parametrize(
    ("x", "classes", "error"),
    [([3], 3, IndexError), ([-1], 3, IndexError), ([0.5], 3, TypeError), ([], None, ValueError)],
)
def test_what_is_no_class(x, classes, error):
    with pytest.raises(error, match=r"^to_categorical: "):
        utils.to_categorical(np.asarray(x), classes)


def test_inputs_by_their_names():
    inputs = {name: brasa.Input((2,), name=name) for name in ("a", "b")}
    out = layers.Dense(1)(layers.subtract(list(inputs.values())))
    x = {"b": np.eye(2, dtype=np.float32), "a": np.zeros((2, 2), np.float32)}
    one, other = Model(inputs, out), Model(list(inputs.values()), out)
    np.testing.assert_array_equal(one.predict(x), other.predict([x["a"], x["b"]]))
    with pytest.raises(ValueError, match=r"the key 'c' .* name 'a': make it Input.*name='c'"):
        Model({"c": inputs["a"], "b": inputs["b"]}, out)


@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.Bidirectional])
def test_states_begin_again_by_either_name(wrap):
    model = Sequential([brasa.Input(batch_shape=(1, 2, 3)), wrap(layers.GRU(2, stateful=True))])
    x, seen = np.ones((1, 2, 3)), []
    for reset in ("reset_states", "reset_state"):
        seen += [model.predict(x).tolist(), model.predict(x).tolist()]
        getattr(model.layers[0], reset)()
    assert seen[0] != seen[1]
    assert seen[:2] == seen[2:]
    assert model.predict(x).tolist() == seen[0]


FUNCTIONS = [
    (losses.mean_squared_error, losses.MeanSquaredError, {}),
    (losses.mean_absolute_error, losses.MeanAbsoluteError, {}),
    (losses.binary_crossentropy, losses.BinaryCrossentropy, {}),
    (losses.binary_crossentropy, losses.BinaryCrossentropy, {"from_logits": True}),
    (losses.categorical_crossentropy, losses.CategoricalCrossentropy, {}),
    (losses.categorical_crossentropy, losses.CategoricalCrossentropy, {"from_logits": True}),
    (losses.sparse_categorical_crossentropy, losses.SparseCategoricalCrossentropy, {}),
    (
        losses.sparse_categorical_crossentropy,
        losses.SparseCategoricalCrossentropy,
        {"from_logits": True},
    ),
]


@pytest.mark.parametrize(("function", "cls", "options"), FUNCTIONS)
def test_losses_as_functions(function, cls, options, rng):
    """Their mean is that of the classes, and so are the gradients within a loss of one's own."""

    def own(y_true, y_pred):
        return function(y_true, y_pred, **options)

    classes, x = rng.integers(0, 3, 5), rng.standard_normal((5, 4)).astype(np.float32)
    y = classes if "sparse" in function.__name__ else np.eye(3, dtype=np.float32)[classes]
    model = Sequential([layers.Dense(3, activation=None if options else "softmax")])
    told = []
    for loss in (own, cls(**options)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # softmax and binary_crossentropy
            model.compile("sgd", loss)
            told.append(model.compute_gradients(x, y))
    assert_close(told[0][0], told[1][0], 64 * ROUNDING * told[1][0])
    for mine, theirs in zip(*(gradients for _, gradients in told), strict=True):
        assert_close(mine, theirs, 256 * ROUNDING * np.abs(theirs).max())
    each = function(y, model.predict(x), **options)
    assert each.shape == (5,)
    assert_close(each.mean(), told[1][0], 64 * ROUNDING * told[1][0])
    assert losses.get(function).get_config() == cls().get_config()
    assert type(losses.get(function)) is cls


def test_the_summary_may_say_what_is_trained():
    model = Sequential([layers.Dense(3, input_shape=(2,)), layers.ReLU(), layers.Dense(1)])
    model.layers[0].trainable = False
    told = []
    model.summary(print_fn=told.append, show_trainable=True, expand_nested=True)
    model.summary(print_fn=told.append)
    rows = [[line.split() for line in text.splitlines()[2:7]] for text in told]
    assert [row[-1] for row in rows[0]] == ["Trainable", rows[0][1][0], "N", "-", "Y"]
    assert [row[-2:] for row in rows[1][2:]] == [["3)", "9"], ["3)", "0"], ["1)", "4"]]


def test_several_inputs_of_a_layer_that_are_no_list():
    x = brasa.Input((2,))
    with pytest.raises(TypeError, match=r"layer 'add': several inputs come as a list"):
        layers.Add()(x, x)


def test_arguments_that_say_how_to_run():
    model = Sequential([layers.Dense(1, input_shape=(3,))])
    how = {"run_eagerly": False, "jit_compile": "auto", "steps_per_execution": 1}
    model.compile("sgd", "mse", **how, auto_scale_loss=True)
    model.fit(VECTORS, VECTORS[:, 0], verbose=0, workers=1, max_queue_size=10)
    for name, value in {"run_eagerly": True, "steps_per_execution": 8, "jit_compile": 1}.items():
        with pytest.raises(ValueError, match=f"compile: {name} may be .*, got {value}: "):
            model.compile("sgd", "mse", **{name: value})
    with pytest.raises(ValueError, match=r"fit: workers may be .*, got 4: batches are made one by"):
        model.fit(VECTORS, VECTORS[:, 0], verbose=0, workers=4)
    with pytest.raises(ValueError, match="PyDataset: use_multiprocessing"):
        utils.PyDataset(workers=1, use_multiprocessing=True)


def test_what_models_tell_of_themselves():
    model = Sequential([layers.LSTM(4, return_sequences=True), layers.Dense(2)])
    assert model.loss is None
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.5  # before the input shape is known
    model.build((None, None, 3))
    assert (model.optimizer.learning_rate, model.loss) == (0.5, "mse")
    assert model.compute_output_shape((8, 7, 3)) == (8, 7, 2)
    assert model.compute_output_shape((None, None, 3)) == (None, None, 2)
    with pytest.raises(ValueError, match=r"takes inputs of \(None, None, 3\), got \(8, 7, 4\)"):
        model.compute_output_shape((8, 7, 4))
    assert [w.path for w in model.weights][-1] == "dense/bias"
    assert Sequential([layers.Flatten()]).compute_output_shape((None, 2, 3)) == (None, 6)
    with pytest.raises(ValueError, match="adamm"):
        Sequential([layers.Dense(1)]).compile("adamm", "mse")


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (("w", (3, 2), "zeros"), {}),
        (((3, 2), "zeros"), {"name": "w"}),
        (([3, 2], "zeros", "float32", False), {"name": "w"}),
        (((3, 2),), {"initializer": "zeros", "name": "w", "trainable": True}),
        ((), {"shape": (3, 2), "initializer": "zeros", "name": "w"}),
    ],
)
def test_weights_of_layers_of_ones_own(given, options):
    layer = layers.Layer(name="own")
    weight = layer.add_weight(*given, **options)
    assert (weight.name, weight.shape, weight.trainable) == ("own/w", (3, 2), False not in given)
    assert not weight.numpy().any()


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (((3, 2),), {"shape": (3, 2)}, "shape is given twice"),
        ((3,), {}, "name must be a string, got 3: give shape=... by its name"),
        (("w",), {"initialiser": "zeros"}, "the argument 'initialiser' is unknown: it takes name"),
        (("w", (3,), "zeros", None, True), {}, "without their names, got 5"),
    ],
)
def test_weights_that_are_no_weights(given, options, message):
    with pytest.raises(TypeError, match=f"add_weight: .*{message}"):
        layers.Layer().add_weight(*given, **options)


def test_classes_at_the_top():
    for name, module in (
        ("Layer", "layers"),
        ("Loss", "losses"),
        ("Metric", "metrics"),
        ("Optimizer", "optimizers"),
        ("Initializer", "initializers"),
        ("Regularizer", "regularizers"),
    ):
        assert getattr(brasa, name) is getattr(getattr(brasa, module), name)
    assert layers.Dense(3).dtype == "float32"
