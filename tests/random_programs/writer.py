"""Programs drawn by seeds: lines are written one by one, and run at once to know the shapes."""

import numpy as np

import brasa
from tests.random_models.draw import Draw
from tests.random_programs import heads, of_images, of_ops, of_rows, of_steps
from tests.random_programs.program import Code, Program, call, space_of

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 20)
LENGTHS = (1, 2, 3, 4, 5, 7, 8)
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 32, 33)
MAKERS = {
    4: [*of_rows.MAKERS, *of_images.MAKERS, *of_images.MAKERS, of_ops.operation],
    3: [*of_rows.MAKERS, *of_steps.MAKERS, *of_steps.MAKERS, of_ops.operation],
    2: [*of_rows.MAKERS, of_ops.operation, of_rows.as_more],
    5: [of_ops.operation, of_rows.flat, of_steps.each],
}
FREEZABLE = ("Dense", "Conv2D", "Conv1D", "DepthwiseConv2D", "BatchNormalization", "LSTM", "GRU")
MOST, WIDEST = 6_000, 120  # elements of one sample's tensor, and of its last axis


class Writer:
    """What is written so far, and the tensors that brasa made of it."""

    def __init__(self, seed, steps=None):
        rng = np.random.default_rng([seed, 3])
        self.draw = Draw(rng)
        self.space = space_of(brasa)
        self.lines, self.inputs, self.names, self.refused = [], {}, [], []
        self.made, self.ending = 0, False
        for _ in range(1 + self.draw.chance(0.2)):
            self.begin()
        for _ in range(steps or self.draw.whole(1, 10)):
            self.grow()
        self.ending = True  # what is trained in any case
        heads.end(self)

    def program(self):
        whole = Program(
            self.lines, self.inputs, self.outputs, self.targets, self.compiled, self.training
        )
        return whole.without_what_nobody_uses()

    def shape(self, name):
        return self.space[name].shape

    def rank(self, name):
        return len(self.shape(name))

    def others(self, fits):
        """The tensors so far of which ``fits(shape)`` is true."""
        return [name for name in self.names if fits(self.shape(name))]

    def has_masks(self):
        """Whether there are any: before the first step that counts, Keras's backends disagree."""
        return any("mask_zero=True" in line or "Masking(" in line for line in self.lines)

    def run(self, line):
        exec(line, self.space)
        self.lines.append(line)

    def tensor(self, expression):
        """A new tensor, or as many as the expression gives."""
        name = f"x{self.made}"
        self.made += 1
        value = eval(expression, self.space)
        if isinstance(value, (list, tuple)):
            names = [f"x{self.made + i}" for i in range(len(value))]
            self.made += len(value)
            self.space.update(zip(names, value, strict=True))
            self.lines.append(f"{', '.join(names)} = {expression}")
        else:
            names = [name]
            self.space[name] = value
            self.lines.append(f"{name} = {expression}")
        return names if isinstance(value, (list, tuple)) else name

    def layer(self, kind, x, call_options=None, **options):
        """A new layer for a tensor or a list of them; sometimes with options that all have."""
        name = f"f{self.made}"
        self.made += 1
        if self.draw.chance(0.08) and kind in FREEZABLE and not self.ending:
            options["trainable"] = False
        if self.draw.chance(0.04) and kind != "SimpleRNN":  # Keras forgets it there
            options["activity_regularizer"] = call("regularizers.L2", 0.01)
        self.run(f"{name} = {call(f'layers.{kind}', **options, name=name)}")
        return self.apply(name, x, **(call_options or {}))

    def apply(self, layer, x, **options):
        given = Code(f"[{', '.join(x)}]") if isinstance(x, list) else Code(x)
        return self.tensor(call(layer, given, **options))

    def begin(self):
        draw = self.draw
        rank = draw.one((4, 4, 4, 3, 3, 2, 1))
        words = None
        if rank == 4:
            h = draw.one(SIZES)
            shape = (h, h if draw.chance(0.4) else draw.one(SIZES), draw.one(CHANNELS))
        elif rank == 3:
            shape = (draw.one(LENGTHS), draw.one(CHANNELS))
        elif rank == 2:
            shape = (draw.one(CHANNELS),)
        else:
            shape, words = (draw.one(LENGTHS),), draw.whole(2, 20)
        kind = {"dtype": "int32"} if words else {}
        x = self.tensor(call("Input", shape, **kind))
        self.inputs[x] = words
        if words:
            size = draw.one(CHANNELS)
            mask = draw.chance(0.6)
            x = self.layer("Embedding", x, input_dim=words, output_dim=size, mask_zero=mask)
        self.names.append(x)
        if rank == 3 and draw.chance(0.3):
            self.names.append(self.layer("Masking", x))

    def grow(self):
        draw = self.draw
        x = self.names[-1] if draw.chance(0.65) else draw.one(self.names)
        maker = draw.one(MAKERS[self.rank(x)])
        before = len(self.lines)
        try:
            made = maker(draw, x, self)
        except (ValueError, TypeError) as error:
            self.refused.append((maker.__name__, self.lines[before:], str(error)))
            return
        for name in made if isinstance(made, list) else [made]:
            shape = self.shape(name) if name else ()
            small = name and np.prod(shape[1:]) <= MOST and shape[-1] <= WIDEST
            if small and 2 <= len(shape) <= 5:
                self.names.append(name)
