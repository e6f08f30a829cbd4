"""The same programs in Keras; see tests/keras_apart.py."""

import warnings

from tests.random_programs.comparing import NOISE
from tests.random_programs.running import disturbed, results


def keras_results(program, data, more=()):
    """What Keras makes of a program: the truth in float64, and what rounding may do to it."""
    warnings.simplefilter("ignore")
    runs = [("float64", data), ("float64", disturbed(data, NOISE)), ("float32", data)]
    runs += [("float64", disturbed(data, noise)) for noise in more]
    return [_run(program, given, kind) for kind, given in runs]


def _run(program, data, kind):
    import keras

    if keras.backend.backend() == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    else:
        import torch

        torch.set_num_threads(1)
    keras.config.set_floatx(kind)
    keras.utils.clear_session()
    model = program.built(keras)
    program.compile(model, keras)
    return results(model, data, program.training)
