"""What a program computes, in any library: predictions, losses, and weights after training."""

import numpy as np


class Data:
    """Inputs, targets, weights of samples, and what each layer's weights start from."""

    def __init__(self, program, seed):
        rng = np.random.default_rng([seed, 4])
        rows = program.training["rows"]
        self.program = program
        self.rng = rng
        self.shapes = {}
        self.rows = rows

    def drawn(self, model):
        """The data for a model of brasa."""
        x = [self.input(tensor) for tensor in model.inputs]
        y = [target(self.rng, kind, (self.rows, *shape)) for kind, shape in self.program.targets]
        weight = self.rng.uniform(0, 2, self.rows) if self.program.training["weighted"] else None
        weights = {
            name: [values_of(self.rng, p.name, p.shape) for p in layer.weights]
            for name, layer in leaves(model).items()
            if layer.weights
        }
        weight = None if weight is None else weight.astype(np.float32)
        return {"x": x, "y": y, "weight": weight, "weights": weights}

    def input(self, tensor):
        words = self.program.inputs
        shape = (self.rows, *tensor.shape[1:])
        name = list(words)[len(self.shapes)]
        self.shapes[name] = shape
        if words[name]:
            return self.rng.integers(0, words[name], shape).astype(np.int32)
        x = self.rng.standard_normal(shape).astype(np.float32)
        if len(shape) == 3:
            x[self.rng.random(shape[:2]) < 0.2] = 0
        return x


def values_of(rng, name, shape):
    """What a weight starts from, so that values stay near 1."""
    name = name.rpartition("/")[2]
    random = rng.standard_normal(shape)
    if "variance" in name:
        return rng.uniform(0.5, 2, shape).astype(np.float32)
    if name in ("gamma", "scale"):
        return (1 + 0.3 * random).astype(np.float32)
    if name == "embeddings":
        return random.astype(np.float32)
    if len(shape) < 2 or name in ("bias", "beta", "moving_mean", "alpha"):
        return (0.3 * random).astype(np.float32)
    fan = max(int(np.prod(shape[:-1])), 1)
    return (1.2 * random / np.sqrt(fan)).astype(np.float32)


def target(rng, kind, shape):
    if kind == "ids":
        return rng.integers(0, shape[-1], shape[:-1]).astype(np.int32)
    if kind == "classes":
        y = rng.uniform(0.1, 1, shape)
        return (y / y.sum(-1, keepdims=True)).astype(np.float32)
    if kind == "positive":
        return rng.uniform(0.5, 3, shape).astype(np.float32)
    if kind == "shares":
        return rng.random(shape).astype(np.float32)
    if kind == "bits":
        return rng.integers(0, 2, shape).astype(np.float32)
    if kind == "signs":
        return (2 * rng.integers(0, 2, shape) - 1).astype(np.float32)
    return rng.standard_normal(shape).astype(np.float32)


def disturbed(data, noise, seed=0):
    """The same data, each number by a share of about ``noise`` off."""
    rng = np.random.default_rng([seed, 5])

    def off(a):
        if a.dtype.kind != "f":
            return a
        return a * (1 + noise * rng.standard_normal(a.shape))  # float64, which brasa rounds

    weights = {name: [off(a) for a in arrays] for name, arrays in data["weights"].items()}
    return {**data, "x": [off(a) for a in data["x"]], "weights": weights}


def results(model, data, training):
    """All that a compiled model computes; it is trained afterwards."""
    x, y = single(data["x"]), single(data["y"])
    size = training["batch_size"]
    options = {"batch_size": size, "verbose": 0}
    layers = leaves(model)
    for layer in layers.values():
        layer.set_weights(data["weights"].get(layer.name, []))
    found = {"predicted": predictions(model, data, training)}
    logs = model.evaluate(x, y, sample_weight=data["weight"], return_dict=True, **options)
    found["evaluated"] = [np.array(logs["loss"])]
    history = model.fit(
        x, y, sample_weight=data["weight"], shuffle=False, epochs=training["epochs"], **options
    )
    found["losses"] = [np.array(history.history["loss"])]
    found["weights"] = [a for name in data["weights"] for a in layers[name].get_weights()]
    found["later"] = predictions(model, data, training)
    return found


def predictions(model, data, training):
    """A list of the outputs."""
    x, size = single(data["x"]), training["batch_size"]
    return as_list(model.predict(x, batch_size=size, verbose=0))


def as_list(y):
    return list(y) if isinstance(y, (list, tuple)) else [y]


def single(arrays):
    return arrays[0] if len(arrays) == 1 else list(arrays)


def leaves(model):
    """The layers by name, those of models inside the model as well."""
    found = {}
    for layer in model.layers:
        found.update(leaves(layer) if hasattr(layer, "layers") else {layer.name: layer})
    return found
