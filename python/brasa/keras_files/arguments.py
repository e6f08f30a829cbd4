"""Keras's arguments as brasa's: the same, but for what only one of the two has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Arguments of Keras that brasa does not have, with the values that ask for what it does anyway;
# none for those that change no result.
SPARE: dict[str, dict[str, tuple[Any, ...]]] = {
    "layer": {
        "data_format": ("channels_last", None),
        "noise_shape": (None,),
        "attention_axes": (None, [1]),
        "sliding_window": (None,),
        "quantization_config": (None,),
        "activity_regularizer": (None,),
        "synchronized": (False,),
        "renorm": (False,),
        "renorm_clipping": (None,),
        "renorm_momentum": (),
        "unroll": (),
        "zero_output_for_mask": (False,),
        "rms_scaling": (False,),
        "use_gate": (False,),
        "antialias": (False,),
        "invert": (False,),
    },
    "initializer": {"input_axes": (None,), "output_axes": (None,)},
    "optimizer": {
        "name": (),
        "loss_scale_factor": (None,),
        "weight_decay": (None,),
        "clipnorm": (None,),
        "clipvalue": (None,),
        "global_clipnorm": (None,),
    },
    "loss": {"ignore_class": (None,), "label_smoothing": (0,), "axis": (-1,)},
    "metric": {
        "dtype": ("float32", "int32", None),
        "ignore_class": (None,),
        "label_smoothing": (0,),
        "axis": (-1,),
        "num_labels": (None,),
        "label_weights": (None,),
        "top_k": (None,),
        "class_id": (None,),
        "thresholds": (None,),
    },
}


def without_spare(kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments but for those that say what holds anyway.

    >>> without_spare("layer", {"units": 3, "unroll": True, "bias_constraint": None})
    {'units': 3}
    """
    return {k: v for k, v in arguments.items() if not _is_spare(SPARE.get(kind, {}), k, v)}


def _is_spare(spare: Mapping[str, tuple[Any, ...]], name: str, value: Any) -> bool:
    if name.endswith("_constraint"):
        return value is None
    return name in spare and (not spare[name] or value in spare[name])
