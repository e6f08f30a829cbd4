"""Random choices, all from one generator."""

FILTERS = (1, 2, 3, 4, 5, 6, 8, 12, 15, 16, 17, 24, 32, 33, 48, 64)
CURVED = ("elu", "sigmoid", "tanh", "softmax", "gelu", "gelu_tanh", "silu")
ACTIVATIONS = (None, None, "relu", "relu", "leaky_relu", *CURVED)
FUNCTIONS = ACTIVATIONS[2:]


class Draw:
    """Choices from what is offered."""

    def __init__(self, rng):
        self.rng = rng

    def one(self, values):
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share):
        return self.rng.random() < share

    def whole(self, low, high):
        """From low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def pair(self, values):
        if self.chance(0.7):
            return (self.one(values),) * 2
        return self.one(values), self.one(values)

    def activation(self):
        return self.one(ACTIVATIONS)
