"""Two models by subclassing that compute the same, and data for them."""

from brasa import Model, layers, ops


class Net(Model):
    """A residual net of layers and operators; ``training`` goes to the layers alone."""

    def __init__(self, rate=0.5, **options):
        super().__init__(**options)
        self.steps = [layers.Dense(4, "relu"), layers.BatchNormalization()]
        self.drop, self.head = layers.Dropout(rate), layers.Dense(2)

    def call(self, x, training=False):
        y = x
        for step in self.steps:
            y = step(y, training=training) if step.heeds_training else step(y)
        return self.head(self.drop(x + 0.5 * y, training=training))


class NetOfOps(Net):
    """The same where ops and a decision by ``training`` make it one layer."""

    def call(self, x, training=False):
        y = x
        for step in self.steps:
            y = step(y)
        y = ops.add(x, ops.scale(y, 0.5))
        return self.head(self.drop(y) if training else y)


def batch(rng):
    return rng.standard_normal((12, 4)).astype("f"), rng.standard_normal((12, 2)).astype("f")
