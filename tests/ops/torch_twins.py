"""What PyTorch makes of our operands in float64: results and gradients, in our layouts."""

import numpy as np
import pytest

from brasa.testing import reference

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional


def leaf(x):
    """A float64 tensor that collects its gradient."""
    return torch.tensor(np.asarray(x, np.float64), requires_grad=True)


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def pad(x, image, window, value=0.0):
    size = window.get("size", window.get("pool_size"))
    strides = size if window["strides"] is None else window["strides"]
    rows, columns = reference.windows(
        image, size, strides, window["padding"], window.get("dilation_rate", 1)
    )
    return F.pad(x, (columns.before, columns.after, rows.before, rows.after), value=value), strides


def torch_conv2d(case, x, w, b, dy):
    """y, dx, dw, db of a convolution in our layouts."""
    x, w = leaf(x), leaf(w)
    b = leaf(np.zeros(case.K) if b is None else b)
    window = {**case.window, "size": case.size}
    padded, strides = pad(channels_first(x), (case.H, case.W), window)
    filters = w.permute(3, 2, 0, 1)
    y = F.conv2d(padded, filters, b, strides, 0, case.dilation_rate, case.groups)
    y = channels_last(y)
    y.backward(torch.tensor(dy, dtype=torch.float64))
    return (t.detach().numpy() for t in (y, x.grad, w.grad, b.grad))


def torch_pool2d(kind, case, x, dy):
    """y and dx of a pooling; the average leaves padding out of its count."""
    x = leaf(x)
    if kind == "max":
        padded, strides = pad(channels_first(x), (case.H, case.W), case.window, -np.inf)
        y = F.max_pool2d(padded, case.pool_size, strides)
    else:
        padded, strides = pad(channels_first(x), (case.H, case.W), case.window)
        ones, _ = pad(torch.ones_like(channels_first(x)), (case.H, case.W), case.window)
        y = F.avg_pool2d(padded, case.pool_size, strides)
        y = y / F.avg_pool2d(ones, case.pool_size, strides)
    y = channels_last(y)
    y.backward(torch.tensor(dy, dtype=torch.float64))
    return y.detach().numpy(), x.grad.numpy()


def torch_loss(name, pred, target, weight, **extra):
    """The weighted mean over rows, with the gradient of `pred`."""
    pred = leaf(pred)
    target = torch.tensor(target.astype(np.float64))
    if name == "softmax_cross_entropy":
        rows = -(F.log_softmax(pred, -1) * target).sum(-1)
    elif name == "cross_entropy":
        rows = -((pred / pred.sum(-1, keepdim=True)).log() * target).sum(-1)
    elif name == "binary_cross_entropy":
        rows = F.binary_cross_entropy(pred, target, reduction="none").mean(-1)
    elif name == "binary_cross_entropy_from_logits":
        rows = F.binary_cross_entropy_with_logits(pred, target, reduction="none").mean(-1)
    elif name == "mean_absolute_error":
        rows = F.l1_loss(pred, target, reduction="none").mean(-1)
    elif name.startswith("huber"):
        rows = F.huber_loss(pred, target, reduction="none", **extra).mean(-1)
    else:
        rows = F.mse_loss(pred, target, reduction="none").mean(-1)
    loss = (rows * torch.tensor(weight.astype(np.float64))).mean()
    loss.backward()
    return loss.item(), pred.grad.numpy()
