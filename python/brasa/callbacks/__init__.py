"""What training calls at its turning points, with Keras's names and meaning.

``fit`` builds a :class:`CallbackList`, sets the model and the parameters, and calls the hooks.
``logs`` is a dict of floats by name ("loss", "accuracy", "val_loss"...), shared by all callbacks of
one call, in order: a callback may add to it.
"""

from .backup import BackupAndRestore
from .base import Callback
from .callback_list import CallbackList
from .checkpoint import ModelCheckpoint
from .csv_logger import CSVLogger
from .early_stopping import EarlyStopping
from .history import History
from .lambda_callback import LambdaCallback
from .learning_rate import LearningRateScheduler, ReduceLROnPlateau
from .swap_ema_weights import SwapEMAWeights
from .terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
]
