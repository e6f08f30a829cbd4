"""Classes and functions that files name, registered or in a scope."""

import pytest

from brasa import Model, Sequential, layers, load_model, losses, models, ops, registered, utils


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(registered, "_REGISTERED", {})


class Scaled(layers.Layer):
    def __init__(self, by=2.0, **options):
        super().__init__(**options)
        self.by = by

    def call(self, x):
        return self.by * x

    def get_config(self):
        return {**super().get_config(), "by": self.by}


class Cubes(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** 3.0, axis=-1)


def bent(x):
    return ops.maximum(x, 0.1 * x)


@pytest.fixture
def path(tmp_path):
    model = Sequential([layers.Dense(2, bent, input_shape=(3,)), Scaled(3.0)])
    model.compile("adam", Cubes())
    model.save(tmp_path / "own.brasa")
    return tmp_path / "own.brasa"


def _register(*items):
    for item in items:
        assert utils.register_keras_serializable("mine")(item) is item


def test_registered_ones_are_found(path):
    with pytest.raises(ValueError, match="is unknown"):
        load_model(path)
    _register(Scaled, Cubes, bent)
    model = load_model(path)
    assert type(model.layers[1]) is Scaled
    assert type(model.loss) is Cubes
    assert models.model_from_json(model.to_json()).layers[1].by == 3.0
    assert type(losses.deserialize({"class_name": "Cubes", "config": {}})) is Cubes


def test_a_scope_ends(path):
    with utils.custom_object_scope({"Scaled": Scaled}, {"Cubes": Cubes, "bent": bent}):
        with utils.CustomObjectScope({"other": bent}):
            assert type(load_model(path).layers[1]) is Scaled
        assert utils.get_registered_object("Scaled") is Scaled
        assert utils.get_registered_object("other") is None
    with pytest.raises(ValueError, match="is unknown"):
        load_model(path)


def test_what_is_put_in_counts(path):
    utils.get_custom_objects().update(Scaled=Scaled, Cubes=Cubes, bent=bent)
    assert type(load_model(path).layers[1]) is Scaled


def test_what_is_given_comes_first(path):
    class Other(Scaled):
        pass

    _register(Scaled, Cubes, bent)
    assert type(load_model(path, custom_objects={"Scaled": Other}).layers[1]) is Other


def test_names_of_brasa_stay_brasas(tmp_path):
    class Dense(layers.Layer):
        pass

    _register(Dense)
    Sequential([layers.Dense(2, input_shape=(3,))]).save(tmp_path / "plain.brasa")
    assert type(load_model(tmp_path / "plain.brasa").layers[0]) is layers.Dense


def test_a_model_with_a_call(tmp_path):
    @utils.register_keras_serializable()
    class Net(Model):
        def __init__(self, units=2):
            super().__init__()
            self.units, self.dense = units, layers.Dense(units)

        def call(self, x):
            return ops.exp(self.dense(x))

        def get_config(self):
            return {"units": self.units}

    net = Net(4)
    net.build((None, 3))
    net.save(tmp_path / "net.brasa")
    again = load_model(tmp_path / "net.brasa")
    assert (type(again), again.units) == (Net, 4)


def test_names():
    _register(Scaled)
    utils.register_keras_serializable("mine", name="curve")(bent)
    assert utils.get_registered_name(Scaled) == "mine>Scaled"
    assert utils.get_registered_name(bent) == "mine>curve"
    assert utils.get_registered_name(Cubes) == "Cubes"
    assert utils.get_registered_object("mine>curve") is bent


def test_a_cell_may_be_run_again():
    _register(Scaled)
    _register(type("Scaled", (Scaled,), {}))
    with pytest.raises(ValueError, match="'Scaled' is registered as 'mine>Scaled'"):
        utils.register_keras_serializable("theirs")(Scaled.__class__("Scaled", (Scaled,), {}))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: utils.register_keras_serializable(Scaled), "called with brackets"),
        (lambda: utils.register_keras_serializable()(3), "a class or a function"),
        (lambda: utils.register_keras_serializable()(dict), "dict needs a get_config"),
        (lambda: utils.custom_object_scope([Scaled]).__enter__(), "a dictionary by name"),
    ],
)
def test_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()
