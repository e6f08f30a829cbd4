"""What Keras code takes from ``keras.utils``: to prepare data, and to look at models."""

from brasa.datasets import pad_sequences
from brasa.registered import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from brasa.samples import pack_x_y_sample_weight, unpack_x_y_sample_weight
from brasa.seed import set_seed as set_random_seed
from brasa.windows import timeseries_dataset_from_array

from .dot import model_to_dot
from .downloads import get_file
from .image_batches import ImageBatches
from .image_folder import image_dataset_from_directory
from .images import array_to_img, img_to_array, load_img, save_img
from .numeric import normalize, to_categorical
from .plotting import plot_model
from .py_dataset import PyDataset, Sequence
from .splitting import split_dataset
from .text_folder import TextBatches, text_dataset_from_directory

__all__ = [
    "CustomObjectScope",
    "ImageBatches",
    "PyDataset",
    "Sequence",
    "TextBatches",
    "array_to_img",
    "custom_object_scope",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
