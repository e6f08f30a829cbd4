"""Slopes of models by central differences, for tests of gradients."""


def slope(model, loss, place, direction, step=1e-2):
    """How fast ``loss()`` grows where the model's weight number ``place`` goes along ``direction``.

    The error is that of the loss in float32 over twice the step, and the square of the step times
    the loss's third derivative. The weights are afterwards what they were.
    """
    weights = model.get_weights()
    ends = []
    for way in (step, -step):
        moved = list(weights)
        moved[place] = weights[place] + way * direction
        model.set_weights(moved)
        ends.append(float(loss()))
    model.set_weights(weights)
    return (ends[0] - ends[1]) / (2 * step)


def one_entry(like, at):
    """The direction of one entry of a weight."""
    direction = 0 * like
    direction[at] = 1
    return direction
