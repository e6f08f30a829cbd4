"""A model as a text that brasa and Keras both run, and what it is trained with."""

from __future__ import annotations

import re

import numpy as np


class Program:
    """Lines of Python that make tensors ``x0, x1, ...`` from ``layers``, ``ops`` and ``Input``.

    ``compiled`` is the text of the arguments of ``compile``; ``inputs`` are what to draw for each
    input: a vocabulary, or None for numbers.
    """

    def __init__(self, lines, inputs, outputs, targets, compiled, training):
        self.lines, self.inputs, self.outputs = lines, inputs, outputs
        self.targets, self.compiled, self.training = targets, compiled, training

    def __str__(self):
        text = [*self.lines, f"model = Model({listed(self.inputs)}, {listed(self.outputs)})"]
        return "\n".join([*text, f"model.compile({self.compiled})  # {self.training}"])

    def built(self, library):
        """The model as a library with Keras's names makes it."""
        space = space_of(library)
        for line in self.lines:
            exec(line, space)
        chosen = [[space[name] for name in names] for names in (self.inputs, self.outputs)]
        return library.Model(*(one[0] if len(one) == 1 else one for one in chosen))

    def compile(self, model, library, **more):
        arguments = eval(f"dict({self.compiled})", space_of(library))
        model.compile(**arguments, **more)

    def without_what_nobody_uses(self):
        """The program with the lines that its outputs need, and inputs that are left."""
        needed, kept = set(self.outputs), []
        for line in reversed(self.lines):
            made, _, rest = line.partition(" = ")
            if needed & set(names_in(made)) or (made.startswith("f") and made in needed):
                kept.append(line)
                needed |= set(names_in(rest))
        inputs = {name: words for name, words in self.inputs.items() if name in needed}
        return self.like(lines=kept[::-1], inputs=inputs)

    def has_masks(self):
        return any("mask_zero=True" in line or "Masking(" in line for line in self.lines)

    def loses_masks_in_keras(self):
        """Whether there is what ends masks there, or turns steps round and not the mask of them."""
        of_ops = re.compile(r"x[\dx, ]* = (?!Input|f\d)")
        return self.has_masks() and any(
            of_ops.match(line) or "go_backwards=True" in line or "RMSNormalization" in line
            for line in self.lines
        )

    def like(self, **changes):
        """The same program, but for some of its parts."""
        return Program(**{**vars(self), **changes})


def space_of(library):
    """The names that a program's lines may use."""
    names = ("Input", "Model", "layers", "ops", "regularizers", "constraints", "losses")
    space = {name: getattr(library, name) for name in (*names, "optimizers", "activations")}
    return {**space, "np": np, "__builtins__": __builtins__}


def names_in(text):
    """The tensors and layers that a text speaks of."""
    return re.findall(r"\b[xf]\d+\b", text)


def listed(names):
    names = list(names)
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


class Code(str):
    """A value that is printed as it is written, not as a string."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def call(function, *values, **options):
    """The text of a call."""
    given = [repr(v) for v in values] + [f"{name}={value!r}" for name, value in options.items()]
    return Code(f"{function}({', '.join(given)})")
