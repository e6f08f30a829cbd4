"""``brasa sample``: what a trained character model writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_command(commands: Any) -> None:
    """Add ``sample``."""
    sample = commands.add_parser(
        "sample",
        help="write text with a trained character model",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    sample.add_argument("model", type=Path, help="a .brasa file of brasa train char-rnn")
    sample.add_argument("--vocabulary", type=Path, help="vocabulary.json beside the model")
    sample.add_argument("--prompt", default="\n", help="what the model reads first")
    sample.add_argument("--length", type=int, default=500, help="characters to write")
    sample.add_argument("--temperature", type=float, default=0.8, help="0: always the likeliest")
    sample.add_argument("--top-k", type=int, help="draw among so many characters only")
    sample.add_argument("--seed", type=int, help="reproduces the text")
    sample.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the prompt and the text, character by character."""
    import brasa
    from brasa.datasets import CharVocabulary
    from brasa.models import stream_text

    model = brasa.load_model(options.model)
    path = options.vocabulary or options.model.parent / "vocabulary.json"
    vocabulary = CharVocabulary.load(path)
    if model.output_shape[-1] != len(vocabulary):
        raise ValueError(
            f"sample: {options.model} knows {model.output_shape[-1]} characters, {path} has "
            f"{len(vocabulary)}: it belongs to another model"
        )
    text = stream_text(
        model,
        vocabulary,
        options.prompt,
        options.length,
        options.temperature,
        top_k=options.top_k,
        seed=options.seed,
    )
    print(options.prompt.lstrip("\n"), end="")
    for character in text:
        print(character, end="", flush=True)
    print()
