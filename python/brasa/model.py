"""Models: layers put together, trained, evaluated, saved. Keras's names, order and defaults."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brasa import copying, descriptions, saving
from brasa.calling import tensors_of
from brasa.engine import Engine
from brasa.exporting import Exporting
from brasa.layers.arguments import flag
from brasa.layers.composed import MODELS
from brasa.layers.tensor import LayerTensor
from brasa.network import Network
from brasa.outputs import in_order
from brasa.subclassing import is_whole

if TYPE_CHECKING:
    from typing_extensions import Self


class Model(Exporting):
    """Any directed acyclic graph of layers, from inputs to outputs.

    Or what a subclass computes in its ``call``, from layers that are its attributes. The graph is
    made when the model sees its first data, or in ``build``. Where ``call`` uses layers and
    operators alone, the model is then as if written with ``Input``, and ``load_model`` gives such
    a one; with ops, or decisions by ``training``, it is one layer, and files hold its weights only,
    or, with ``get_config``, what ``load_model(path, custom_objects={"Net": Net})`` needs.

    >>> from brasa import Input, Model, layers
    >>> x = Input((4,))
    >>> hidden = layers.Dense(8, activation="relu")(x)
    >>> model = Model(x, layers.Add()([layers.Dense(2)(hidden), layers.Dense(2)(x)]))
    >>> model.count_params()
    68
    >>> class Residual(Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = layers.Dense(8, activation="relu")
    ...         self.out, self.skip = layers.Dense(2), layers.Dense(2)
    ...     def call(self, x):
    ...         return self.out(self.hidden(x)) + self.skip(x)
    >>> model = Residual()
    >>> model.build((None, 4))
    >>> model.count_params()
    68
    """

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None) -> None:
        self._init_state(name)
        if hasattr(type(self), "call"):
            if inputs is not None or outputs is not None:
                raise TypeError(
                    f"{type(self).__name__}: call() and inputs=, outputs= both say what the model "
                    "computes: give one of them"
                )
            self._is_subclassed = True
            return
        if inputs is None and outputs is None and self._has_own_steps:
            self._is_bare = True
            return
        inputs = _by_their_names(inputs) if isinstance(inputs, Mapping) else inputs
        front = tensors_of("Model: inputs", inputs)
        outputs, keys = in_order("Model: outputs", outputs)
        self._set_network(Network(front, tensors_of("Model: outputs", outputs), keys))

    def _set_network(self, network: Network) -> None:
        self._engine = Engine(network, self._first_seed, self._device)
        self._engine.epochs_trained = self._epochs_trained
        self._forget_steps()
        if self._compile_arguments:
            self._set_objective(self._compile_arguments)

    def get_config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON can hold it.

        A subclass with a ``call`` may return the arguments of its constructor, beside the name that
        it gets from ``super()``: ``from_config`` and ``models.clone_model`` then make such a one.
        """
        own = self._is_subclassed and type(self).get_config is not Model.get_config
        return {"name": self.name} if own else self.description()

    def description(self) -> dict[str, Any]:
        """What files hold of the model, weights apart: layers, and what is applied to what.

        With the class and the config of a subclass that has one, for ``custom_objects``; a config
        that JSON cannot hold is left out, where the layers tell all.
        """
        if not self._is_subclassed or type(self).get_config is Model.get_config:
            return descriptions.functional_config(self)
        own = {"class_name": type(self).__name__, "config": self.get_config()}
        if not is_whole(self.network):
            known: dict[str, Any] = {"subclass": own} if descriptions.is_json(own) else {}
            known |= {} if self._input_keys is None else {"inputs_by_name": True}
            return {**descriptions.functional_config(self), **known}
        inputs = descriptions.graph_of(self.network)["inputs"]
        by_name = {} if self._input_keys is None else {"inputs_by_name": True}
        return {"class": "Model", "name": self.name, "inputs": inputs, **by_name, "subclass": own}

    def to_json(self, **options: Any) -> str:
        """What ``models.model_from_json`` makes the model from again, with fresh weights.

        Args:
            **options: Of ``json.dumps``, such as ``indent``.
        """
        return json.dumps(self.description(), **options)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Model:
        """The model that ``get_config`` described, with fresh weights; not compiled.

        >>> from brasa import Sequential, layers
        >>> model = Sequential([layers.Dense(3, input_shape=(2,))])
        >>> Sequential.from_config(model.get_config()).count_params()
        9
        """
        if "class" not in config and hasattr(cls, "call"):
            return cls(**config)
        return descriptions.model_from_config(config, custom_objects)

    def __copy__(self) -> Self:
        """A copy with layers of its own: two models would train the same weights otherwise."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        return copying.state_of(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        copying.restore(self, state)

    # ---- files -----------------------------------------------------------------------------

    def save(self, path: Any, overwrite: bool = True) -> None:
        """Write architecture, weights and, if compiled, the state of training to one file.

        Where ``path`` ends in ".keras", a file for Keras 3, which needs h5py: models inside the
        model as their layers, and of the state of training what Keras keeps, which is no seed.
        ValueError names what Keras does not have, and refuses ".h5"; FileExistsError where there
        is a file and ``overwrite`` is False.
        """
        saving.save(self, path, overwrite=flag("save", "overwrite", overwrite))

    def save_weights(self, path: Any, overwrite: bool = True) -> None:
        """Write the weights alone, as a safetensors file; ``overwrite`` as for ``save``.

        Where ``path`` ends in ".weights.h5", as an HDF5 file for the same model in Keras 3, which
        needs h5py; ValueError for the other endings of Keras.
        """
        saving.save_weights(self, path, overwrite=flag("save_weights", "overwrite", overwrite))

    def load_weights(
        self, path: Any, skip_mismatch: bool = False, by_name: bool | None = None
    ) -> None:
        """Read weights written by save or save_weights; all are assigned, or none.

        Or a ".weights.h5" or ".keras" that Keras 3 wrote for the same architecture, which needs
        h5py; weights then go by their places among layers of one class, not by names.

        With ``skip_mismatch`` those of layers that fit, and a warning names the others: a new head
        on trained features. Weights always go by their names; ``by_name=True``, of Keras 2, also
        leaves those alone that one side does not have. FormatError where nothing fits.
        """
        skips = flag("load_weights", "skip_mismatch", skip_mismatch)
        saving.load_weights(self, path, skip_mismatch=skips, by_name=bool(by_name))


MODELS["Model"] = Model


def load_model(
    path: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002
    safe_mode: bool = True,
) -> Model:
    """Read what ``model.save`` wrote, or a ".keras" file that Keras 3 wrote, which needs h5py.

    Of Keras's files come architecture, weights, and optimizer, loss and metrics where brasa has
    the same, with the optimizer's state; a warning says what was left out. FormatError names the
    layer, class and argument that brasa does not have. Code in the file is never run.

    Args:
        path: The file.
        custom_objects: What brasa does not have, by name: classes of layers, constraints
            and initializers, functions that layers call, subclasses of models with ``get_config``;
            and functions and classes that ``compile`` was given as losses and metrics, classes of
            the optimizer and its schedule. Without one of the latter the model is loaded with a
            warning, and must be compiled before it trains on.
        compile: Whether to compile it as it was, with the state of its training. Default True;
            without, nothing of custom losses and metrics is asked for.
        safe_mode: Keras's. Nothing of a file is ever run, whatever it says.

    Raises:
        FormatError: the file is damaged, no model, written by a newer brasa, or of what
            ``custom_objects`` does not have. OSError: it is missing or may not be read.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from brasa import Sequential, layers, load_model
    >>> folder = TemporaryDirectory()
    >>> path = Path(folder.name) / "net.brasa"
    >>> model = Sequential([layers.Dense(3, input_shape=(2,))])
    >>> model.save(path)
    >>> bool((load_model(path).get_weights()[0] == model.get_weights()[0]).all())
    True
    >>> folder.cleanup()
    """
    flag("load_model", "safe_mode", safe_mode)
    return saving.load_model(path, custom_objects, flag("load_model", "compile", compile))


def _by_their_names(inputs: Mapping[str, Any]) -> list[Any]:
    """The inputs of a dictionary, whose keys are their names: data then come by the same keys."""
    for key, tensor in inputs.items():
        if isinstance(tensor, LayerTensor) and tensor.name != key:
            raise ValueError(
                f"Model: inputs has the key {key!r} for an Input of the name {tensor.name!r}: "
                f"make it Input(..., name={key!r})"
            )
    return list(inputs.values())
