"""Models that make their steps themselves, for the tests of these."""

import brasa
from brasa import Input, Model, Sequential, layers, metrics, ops, optimizers


class Counted(Model):
    """As any model, but each step is counted."""

    def train_step(self, data):
        self.steps = getattr(self, "steps", 0) + 1
        return super().train_step(data)

    def test_step(self, data):
        self.tests = getattr(self, "tests", 0) + 1
        return super().test_step(data)

    def predict_step(self, data):
        self.asked = getattr(self, "asked", 0) + 1
        return super().predict_step(data)


class CountedStack(Counted, Sequential):
    pass


class Parts(Model):
    """No call(): a part, trained by the optimizer of compile."""

    def __init__(self):
        super().__init__()
        self.part = Sequential([Input((4,)), layers.Dense(1)])
        self.error = metrics.Mean(name="error")
        self.slopes = brasa.value_and_grad(
            lambda x, y: ops.mean(ops.square(self.part(x) - y)), weights=self.part
        )

    def train_step(self, data):
        error, gradients = self.slopes(*data)
        self.optimizer.apply(gradients, self.trainable_weights)
        self.error.update_state(error)
        return {"error": self.error.result()}

    def test_step(self, data):
        return {"error": self.slopes(*data)[0]}


def plain(cls=Model):
    x = Input((4,))
    hidden = layers.Dense(6, "relu", kernel_regularizer="l2")(layers.GaussianNoise(0.0)(x))
    hidden = layers.ActivityRegularization(l2=0.1)(layers.BatchNormalization()(hidden))
    return cls(x, layers.Dense(3, "softmax")(hidden))


def stack(cls=Sequential):
    return cls([layers.Dense(6, "relu", input_shape=(4,)), layers.Dense(3, "softmax")])


def compiled(model, **options):
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", **options)
    return model
