"""A character model (65 characters, embedding 64, two LSTM layers): training steps with Adam, and
writing one character at a time.

A step is checked by its loss, against NumPy in float64; the gradients are compared with PyTorch's
in tests/layers/test_recurrent.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bench.case import Array, Arrays, Case, Expected, Variant, Variants
from bench.data import normal

_VOCABULARY, _EMBEDDING, _RATE = 65, 64, 2e-3
_SAMPLED = 50  # characters of one repetition


class _Net(NamedTuple):
    units: int
    steps: int
    batch: int

    @property
    def name(self) -> str:
        return f"2x{self.units}_T{self.steps}_b{self.batch}"

    @property
    def forward_flops(self) -> float:
        inner = sum(2.0 * 4 * self.units * (d + self.units) for d in (_EMBEDDING, self.units))
        return self.steps * self.batch * (inner + 2.0 * self.units * _VOCABULARY)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        U = self.units
        recurrent = [s for d in (_EMBEDDING, U) for s in ((d, 4 * U), (U, 4 * U), (4 * U,))]
        return [(_VOCABULARY, _EMBEDDING), *recurrent, (U, _VOCABULARY), (_VOCABULARY,)]


_TRAINED = (_Net(128, 50, 50), _Net(512, 64, 64))
_WRITTEN = _Net(128, 1, 1)

CASES = [
    *(
        Case(
            op="char_rnn",
            name=f"train_adam_{net.name}",
            spec={"mode": "train", "net": list(net)},
            flops=3 * net.forward_flops,
            data=net.name,
        )
        for net in _TRAINED
    ),
    Case(
        op="char_rnn",
        name=f"sample_{_SAMPLED}_{_WRITTEN.name}",
        spec={"mode": "sample", "net": list(_WRITTEN)},
        flops=_SAMPLED * _WRITTEN.forward_flops,
        bound="none",
        data="sample",
    ),
]


def _net(case: Case) -> _Net:
    return _Net(*case.spec["net"])


def inputs(case: Case, rng: np.random.Generator) -> Arrays:
    net = _net(case)
    shape = (net.batch, net.steps)
    data = {
        "x": rng.integers(0, _VOCABULARY, shape, dtype=np.int32),
        "labels": rng.integers(0, _VOCABULARY, shape, dtype=np.int32),
    }
    for i, extents in enumerate(net.shapes):
        scale = np.float32(extents[0] ** -0.5 if len(extents) > 1 else 0.1)
        data[f"w{i}"] = normal(rng, *extents) * scale
    return data


def _weights(case: Case, data: Arrays) -> list[Array]:
    return [data[f"w{i}"] for i in range(len(_net(case).shapes))]


# ---- what the result must be, in float64 -----------------------------------------------------


def _sigmoid(x: Array) -> Array:
    y: Array = 1 / (1 + np.exp(-x))
    return y


def _step(x: Array, state: tuple[Array, Array], w: list[Array]) -> tuple[Array, Array]:
    h, c = state
    i, f, g, o = np.split(x @ w[0] + h @ w[1] + w[2], 4, axis=-1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _logits(ids: Array, states: list[Any], w: list[Array]) -> Array:
    """One time step; moves the states."""
    x = w[0][ids]
    for layer in range(2):
        states[layer] = _step(x, states[layer], w[1 + 3 * layer : 4 + 3 * layer])
        x = states[layer][0]
    return x @ w[7] + w[8]


def reference(case: Case, data: Arrays) -> dict[str, Expected]:
    net, w = _net(case), [array.astype(np.float64) for array in _weights(case, data)]
    states: list[Any] = [(np.zeros((net.batch, net.units)),) * 2 for _ in range(2)]
    if case.spec["mode"] == "sample":
        ids = data["x"][:, 0]
        for _ in range(_SAMPLED):
            logits = _logits(ids, states, w)
            ids = logits.argmax(-1)
        return {"logits": Expected(logits[0] - logits[0].max(), 1e-3)}
    total = 0.0
    for t in range(net.steps):
        logits = _logits(data["x"][:, t], states, w)
        shifted = logits - logits.max(-1, keepdims=True)
        chosen = shifted[np.arange(net.batch), data["labels"][:, t]]
        total += float((np.log(np.exp(shifted).sum(-1)) - chosen).mean())
    loss = total / net.steps
    return {"loss": Expected(np.array(loss), 1e-4 * loss)}


# ---- brasa -----------------------------------------------------------------------------------


def _brasa(case: Case, data: Arrays) -> Variants:
    net = _net(case)

    def build_model(*, stateful: bool) -> Any:
        import brasa

        model = brasa.models.char_rnn(
            _VOCABULARY, net.units, embedding=_EMBEDDING, stateful=stateful
        )
        model.compile(brasa.optimizers.Adam(_RATE), "sparse_categorical_crossentropy")
        model.set_weights(_weights(case, data))
        return model

    def train() -> Variant:
        model = build_model(stateful=False)
        return Variant(
            lambda: model.train_on_batch(data["x"], data["labels"]),
            lambda loss: {"loss": np.array(float(loss))},
            stateful=True,
        )

    def sample() -> Variant:
        model, now = build_model(stateful=True), np.empty((1, 1), np.int32)

        def run() -> Array:
            model.reset_states()
            now[...] = data["x"]
            for _ in range(_SAMPLED):
                p = model.predict_on_batch(now)
                now[0, 0] = p[0, 0].argmax()
            result: Array = p[0, 0]
            return result

        return Variant(run, lambda p: {"logits": np.log(p) - np.log(p.max())})

    if case.spec["mode"] == "train":
        return {"train_on_batch": train}
    return {"predict_on_batch": sample}


# ---- PyTorch ---------------------------------------------------------------------------------


def _torch(case: Case, data: Arrays) -> Variants:
    import torch
    from torch import nn

    net = _net(case)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(_VOCABULARY, _EMBEDDING)
            self.lstm = nn.LSTM(_EMBEDDING, net.units, 2, batch_first=True)
            self.dense = nn.Linear(net.units, _VOCABULARY)
            w = [torch.from_numpy(array) for array in _weights(case, data)]
            self.embedding.weight.data.copy_(w[0])
            for layer in range(2):
                kernel, recurrent, bias = w[1 + 3 * layer : 4 + 3 * layer]
                getattr(self.lstm, f"weight_ih_l{layer}").data.copy_(kernel.T)
                getattr(self.lstm, f"weight_hh_l{layer}").data.copy_(recurrent.T)
                getattr(self.lstm, f"bias_ih_l{layer}").data.copy_(bias)
                getattr(self.lstm, f"bias_hh_l{layer}").data.zero_()
            self.dense.weight.data.copy_(w[7].T)
            self.dense.bias.data.copy_(w[8])

        def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
            y, state = self.lstm(self.embedding(x), state)
            return self.dense(y), state

    x, labels = (torch.from_numpy(data[name]).long() for name in ("x", "labels"))

    def train() -> Variant:
        model = Net()
        optimizer = torch.optim.Adam(model.parameters(), _RATE, eps=1e-7, fused=True)

        def run() -> Any:
            with torch.enable_grad():
                optimizer.zero_grad(set_to_none=True)
                logits, _ = model(x)
                loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
                loss.backward()
                optimizer.step()
            return loss

        return Variant(run, lambda loss: {"loss": np.array(loss.item())}, stateful=True)

    def sample() -> Variant:
        model = Net().eval()

        def run() -> Any:
            now, state = x, None
            with torch.inference_mode():
                for _ in range(_SAMPLED):
                    logits, state = model(now, state)
                    now = logits.argmax(-1)
            return logits

        return Variant(run, lambda y: {"logits": (y - y.max()).numpy().reshape(-1)})

    return {"eager_fused": train} if case.spec["mode"] == "train" else {"eager": sample}


PEERS = {"brasa": _brasa, "torch": _torch}
