"""``brasa train char-rnn``: a character model, from a text to a saved model and samples."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brasa.callbacks import Callback

if TYPE_CHECKING:
    from brasa.datasets import CharVocabulary
    from brasa.model import Model

_HELD_OUT = 0.1  # the last tenth of the text checks what was learned
_SAMPLE = 200  # characters after every epoch


def add_model(models: Any) -> None:
    """Add ``char-rnn`` to the models of ``train``."""
    command = models.add_parser(
        "char-rnn",
        help="recurrent layers that learn to write a text",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.add_argument("--data", default="builtin", help="builtin, shakespeare, or a text file")
    command.add_argument("--cell", default="lstm", help="lstm, gru or rnn")
    command.add_argument("--units", type=int, default=128, help="size of each state")
    command.add_argument("--layers", type=int, default=2, help="how many recurrent layers")
    command.add_argument("--dropout", type=float, default=0.0, help="between the layers")
    command.add_argument("--steps", type=int, default=50, help="characters a gradient goes back")
    command.add_argument("--batch-size", type=int, default=50, help="streams side by side")
    command.add_argument("--epochs", type=int, default=20, help="passes over the text")
    command.add_argument("--learning-rate", type=float, default=4e-3, help="Adam's, at first")
    command.add_argument("--clip", type=float, default=5.0, help="largest norm of the gradient")
    command.add_argument("--temperature", type=float, default=0.8, help="of the samples")
    command.add_argument("--seed", type=int, default=1, help="reproduces the run")
    command.add_argument("--threads", type=int, help="all that this process may use when left out")
    command.add_argument("--out", type=Path, default=Path("char-rnn-run"), help="folder")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train, report, and write model.brasa, vocabulary.json, history.csv and curves.png."""
    import brasa
    from brasa import runtime
    from brasa.callbacks import CSVLogger, ModelCheckpoint
    from brasa.datasets import CharVocabulary, stateful_batches

    if options.epochs < 1:
        raise ValueError(f"train: epochs must be >= 1, got {options.epochs}")
    text = _text(options.data)
    vocabulary = CharVocabulary.from_text(text)
    ids = vocabulary.encode(text)
    split = len(ids) - int(len(ids) * _HELD_OUT)
    x, y = stateful_batches(ids[:split], options.batch_size, options.steps)
    checked = stateful_batches(ids[split:], options.batch_size, options.steps)
    options.out.mkdir(parents=True, exist_ok=True)
    vocabulary.save(options.out / "vocabulary.json")
    if options.threads is not None:
        runtime.set_threads(options.threads)
    brasa.set_seed(options.seed)
    model = _model(len(vocabulary), options)
    model.summary()
    print(
        f"{options.data}: {x.size:,} characters to learn, {checked[0].size:,} to check, "
        f"{len(vocabulary)} different ones; {runtime.threads()} threads, {runtime.implementation()}"
    )
    history = model.fit(
        x,
        y,
        batch_size=options.batch_size,
        epochs=options.epochs,
        shuffle=False,
        validation_data=checked,
        validation_batch_size=options.batch_size,
        callbacks=[
            Cooling(options.learning_rate, options.epochs),
            ModelCheckpoint(str(options.out / "model.brasa"), save_best_only=True),
            CSVLogger(str(options.out / "history.csv")),
            Sampling(vocabulary, options.temperature, options.seed),
        ],
    )
    _report(history.history)
    _draw(history.history, options.out / "curves.png")
    best = min(history.history["val_loss"])
    print(f"best validation {_both(best)}   model saved to {options.out / 'model.brasa'}")


def _text(name: str) -> str:
    from brasa import datasets

    if name == "builtin":
        return datasets.load_builtin_text()
    return datasets.load_tiny_shakespeare() if name == "shakespeare" else datasets.load_text(name)


def _model(characters: int, options: argparse.Namespace) -> Model:
    from brasa import optimizers
    from brasa.models import char_rnn

    model = char_rnn(
        characters,
        options.units,
        options.layers,
        options.cell,
        dropout=options.dropout,
        stateful=True,
    )
    optimizer = optimizers.Adam(options.learning_rate, global_clipnorm=options.clip)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


class Cooling(Callback):
    """States that begin anew with each pass over a text; a rate that falls on half a cosine."""

    def __init__(self, rate: float, epochs: int) -> None:
        super().__init__()
        self.rate, self.epochs = rate, epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the rate of the epoch."""
        self.model.reset_states()
        share = 0.5 * (1 + math.cos(math.pi * epoch / self.epochs))
        self.model.optimizer.learning_rate = self.rate * max(share, 0.02)

    def on_test_begin(self, logs: Any = None) -> None:
        """Validation reads another text."""
        self.model.reset_states()


class Sampling(Callback):
    """After each epoch: the loss in nats and bits, and what the model writes."""

    def __init__(self, vocabulary: CharVocabulary, temperature: float, seed: int) -> None:
        super().__init__()
        self.vocabulary, self.temperature, self.seed = vocabulary, temperature, seed

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print."""
        from brasa.models import generate_text

        logs = logs or {}
        print(f"epoch {epoch + 1}: {_both(logs['loss'])}, validation {_both(logs['val_loss'])}")
        prompt = "\n" if "\n" in self.vocabulary.characters else self.vocabulary.characters[0]
        text = generate_text(
            self.model, self.vocabulary, prompt, _SAMPLE, self.temperature, seed=self.seed
        )
        print("    " + text.strip().replace("\n", "\n    "))


def _both(loss: float) -> str:
    return f"{loss:.4f} nats = {loss / math.log(2):.4f} bits per character"


def _report(logs: dict[str, list[float]]) -> None:
    """The last epochs."""
    print(f"\n{'epoch':>5}  {'nats':>8}  {'bits':>8}  {'val nats':>8}  {'val bits':>8}")
    rows = list(zip(logs["loss"], logs["val_loss"], strict=True))
    for epoch, pair in list(enumerate(rows, 1))[-10:]:
        cells = [value for loss in pair for value in (loss, loss / math.log(2))]
        print(f"{epoch:>5}  " + "  ".join(f"{cell:8.4f}" for cell in cells))
    print()


def _draw(logs: dict[str, list[float]], path: Path) -> None:
    from brasa import plots

    try:
        plots.training_curves(logs, path)
    except ImportError as error:
        print(f"no picture: {error}")
    else:
        print(f"picture: {path}")
