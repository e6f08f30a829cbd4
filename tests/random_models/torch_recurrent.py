"""The recurrent layers in PyTorch's own ops, one step at a time."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def lstm_step(mirror, layer, x, states):
    h, c = states
    z = x @ mirror(layer.kernel) + h @ mirror(layer.recurrent_kernel)
    z = z if layer.bias is None else z + mirror(layer.bias)
    i, f, g, o = z.chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return [torch.sigmoid(o) * torch.tanh(c), c]


def gru_step(mirror, layer, x, states):
    (h,) = states
    u, bias = mirror(layer.recurrent_kernel), mirror(layer.bias)
    of_x, of_h = x @ mirror(layer.kernel), h @ u
    if bias is not None:
        of_x = of_x + (bias[0] if layer.reset_after else bias)
        of_h = of_h + bias[1] if layer.reset_after else of_h
    (xz, xr, xg), (hz, hr, hg) = of_x.chunk(3, -1), of_h.chunk(3, -1)
    z, r = torch.sigmoid(xz + hz), torch.sigmoid(xr + hr)
    hg = r * hg if layer.reset_after else (r * h) @ u.chunk(3, -1)[2]
    g = torch.tanh(xg + hg)
    return [z * h + (1 - z) * g]


def simple_rnn_step(mirror, layer, x, states):
    z = x @ mirror(layer.kernel) + states[0] @ mirror(layer.recurrent_kernel)
    z = z if layer.bias is None else z + mirror(layer.bias)
    known = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
    return [known[layer.activation](z) if layer.activation != "linear" else z]


STEPS = {"GRU": gru_step, "LSTM": lstm_step, "SimpleRNN": simple_rnn_step}


def scan(mirror, layer, x, states, mask):
    """All outputs in the order of x, and the last states; masked steps leave the states alone."""
    states = states or [x.new_zeros(x.shape[0], layer.units) for _ in range(layer.state_count)]
    order = range(x.shape[1])
    outputs = {}
    for t in reversed(order) if layer.go_backwards else order:
        new = STEPS[type(layer).__name__](mirror, layer, x[:, t], states)
        if mask is not None:
            keep = mask[:, t, None] > 0
            new = [torch.where(keep, b, a) for a, b in zip(states, new, strict=True)]
        states = new
        outputs[t] = states[0]
    return torch.stack([outputs[t] for t in order], 1), states


def recurrent(mirror, layer, xs, masks):
    x, *states = xs if isinstance(xs, list) else [xs]
    y, states = scan(mirror, layer, x, states, masks[0])
    if not layer.return_sequences:
        y = states[0]
    elif layer.go_backwards:
        y = y.flip(1)
    return [y, *states] if layer.return_state else y


def bidirectional(mirror, layer, xs, masks):
    x, *first = xs if isinstance(xs, list) else [xs]
    half = layer.forward_layer.state_count
    outputs, states = [], []
    for one, own in ((layer.forward_layer, first[:half]), (layer.backward_layer, first[half:])):
        y, last = scan(mirror, one, x, own, masks[0])
        if one.return_sequences and masks[0] is not None:
            y = y * masks[0][..., None]
        outputs.append(y if one.return_sequences else last[0])
        states += last
    a, b = outputs
    y = {
        "concat": lambda: torch.cat([a, b], -1),
        "sum": lambda: a + b,
        "mul": lambda: a * b,
        "ave": lambda: (a + b) / 2,
    }[layer.merge_mode]()
    return [y, *states] if layer.forward_layer.return_state else y


RECURRENT = dict.fromkeys(STEPS, recurrent) | {"Bidirectional": bidirectional}
