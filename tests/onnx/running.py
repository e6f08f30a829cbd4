"""What an ONNX file computes, beside what the model predicts."""

import numpy as np
import pytest

BATCHES = (1, 3)


def stirred(model, seed=0):
    """The model with vectors of weights that are neither 0 nor 1: biases, scales, statistics."""
    rng = np.random.default_rng(seed)
    for parameter in model.network.parameters:
        if "variance" in parameter.name:
            parameter.assign(rng.uniform(0.5, 1.5, parameter.shape))
        elif len(parameter.shape) == 1:
            parameter.assign(parameter.value + 0.1 * rng.standard_normal(parameter.shape))
    return model


def data(model, batch, length, seed=0):
    """One array for each input; token ids are below 5, and some are 0."""
    rng = np.random.default_rng(seed)
    arrays = []
    for tensor in model.network.inputs:
        shape = (batch, *(length if extent is None else extent for extent in tensor.shape[1:]))
        if tensor.dtype == "int32":
            arrays.append(rng.integers(0, 5, shape).astype(np.int32))
        else:
            arrays.append(rng.standard_normal(shape).astype(np.float32))
    return arrays


def checked(path):
    """The file as the package onnx reads it, once its checker and shape inference have."""
    onnx = pytest.importorskip("onnx")
    file = onnx.load(path)
    onnx.checker.check_model(file, full_check=True)
    return file


def session(path):
    """What ONNX Runtime makes of the file."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(path, options)


def listed(outputs):
    if isinstance(outputs, dict):
        return list(outputs.values())
    return outputs if isinstance(outputs, list) else [outputs]


def require_same(computed, predicted, tolerance):
    assert len(computed) == len(predicted)
    for ours, theirs in zip(predicted, computed, strict=True):
        assert theirs.dtype == np.float32
        assert theirs.shape == ours.shape
        scale = max(float(np.abs(ours).max(initial=0)), 1e-3)
        np.testing.assert_allclose(theirs, ours, rtol=tolerance, atol=tolerance * scale)


def compare(model, folder, lengths=(7,), tolerance=1e-5, arrays=None, **options):
    """Export, check, run with several batches and lengths; returns the file as onnx reads it."""
    path = str(folder / "model.onnx")
    model.export(path, **options)
    file, running = checked(path), session(path)
    names = [item.name for item in running.get_inputs()]
    assert names == model.network.input_names
    cases = arrays or [data(model, n, length) for n in BATCHES for length in lengths]
    for given in cases:
        predicted = listed(model.predict(given if len(given) > 1 else given[0]))
        computed = running.run(None, dict(zip(names, given, strict=True)))
        require_same(computed, predicted, tolerance)
    return file


def operators(file):
    return [node.op_type for node in file.graph.node]


def shapes(values):
    """The shapes of inputs or outputs, with the names of open extents."""
    return [
        [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim] for value in values
    ]
