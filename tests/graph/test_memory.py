"""The memory pass: blocks that live at one time never overlap, and little is wasted."""

import numpy as np
import pytest

import brasa
from brasa import Sequential, layers, ops
from brasa.graph import layout, memory
from brasa.graph.memory import ALIGNMENT, Block
from brasa.graph.trace import Graph
from brasa.models import lenet5


def assert_apart(blocks, arena):
    """No two blocks share a byte in a step, and all lie in the arena."""
    for position, one in enumerate(blocks):
        assert one.offset >= 0
        assert one.offset % ALIGNMENT == 0
        assert one.offset + one.bytes <= arena
        for other in blocks[:position]:
            together = one.first <= other.last and other.first <= one.last
            if together and one.bytes and other.bytes:
                assert (
                    one.offset + one.bytes <= other.offset
                    or other.offset + other.bytes <= one.offset
                )


@pytest.mark.parametrize("seed", range(20))
def test_random_blocks_never_overlap_and_fill_their_arena(seed):
    random = np.random.default_rng(seed)
    steps = int(random.integers(1, 60))
    blocks = []
    for _ in range(int(random.integers(1, 80))):
        first = int(random.integers(steps))
        last = min(steps - 1, first + int(random.integers(0, 12)))
        blocks.append(Block(memory.align(int(random.integers(0, 5000))), first, last))
    arena = memory.place(blocks)
    assert_apart(blocks, arena)
    assert memory.lower_bound(blocks) <= arena <= sum(block.bytes for block in blocks)
    assert arena == max(block.offset + block.bytes for block in blocks)


@pytest.mark.parametrize("depth", [3, 10, 40])
def test_a_training_step_wastes_at_most_a_few_percent(depth):
    """Forward tensors wait for the backward pass: lives that nest, as in every feed-forward net."""
    random = np.random.default_rng(depth)
    blocks = []
    for layer in range(depth):
        size = memory.align(int(random.integers(1000, 100_000)))
        blocks.append(Block(size, layer, 2 * depth - layer))
        blocks.append(Block(size, 2 * depth - layer, 2 * depth - layer + 1))
    arena = memory.place(blocks)
    assert_apart(blocks, arena)
    assert arena <= 1.05 * memory.lower_bound(blocks)


def test_blocks_that_follow_each_other_share_their_bytes():
    blocks = [Block(128, step, step) for step in range(10)]
    assert memory.place(blocks) == 128
    touching = [Block(128, step, step + 1) for step in range(10)]
    assert memory.place(touching) == memory.lower_bound(touching) == 256


def test_nothing_takes_nothing():
    assert memory.place([]) == memory.lower_bound([]) == 0


@pytest.mark.parametrize(
    ("size", "aligned"), [(0, 0), (1, 64), (64, 64), (65, 128), (1 << 40, 1 << 40)]
)
def test_sizes_are_aligned_upwards(size, aligned):
    assert memory.align(size) == aligned


@pytest.mark.parametrize(
    ("dtype", "item"), [("float32", 4), ("int32", 4), ("float64", 8), ("int64", 8), ("uint8", 1)]
)
def test_bytes_follow_from_shape_and_dtype(dtype, item):
    graph = Graph()
    assert memory.bytes_of(graph.external("x", (3, 5, 7), dtype)) == 105 * item
    assert memory.bytes_of(graph.external("none", (3, 0, 7), dtype)) == 0
    assert memory.bytes_of(graph.external("scalar", (), dtype)) == item


def test_a_life_lasts_from_the_first_writer_to_the_last_reader():
    graph = Graph()
    x = graph.external("x", (4, 4))
    y = ops.tanh(x)  # step 0
    view = ops.reshape(y, (16,))  # no step
    z = ops.relu(y)  # step 1
    ops.scale(z, 2.0)  # step 2
    ops.scale(view, 3.0)  # step 3
    nodes = layout.without_views(graph.nodes)
    blocks = memory.lives(nodes, layout.storage_of(graph, {}), [])
    assert x not in blocks
    assert view not in blocks
    assert (blocks[y].first, blocks[y].last) == (0, 3)
    assert (blocks[z].first, blocks[z].last) == (1, 2)
    assert y not in memory.lives(nodes, layout.storage_of(graph, {}), [y])


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_the_memory_of_a_model_is_that_of_its_plan_and_buffers(batch):
    brasa.set_seed(1)
    model = lenet5(10, (8, 8, 1))
    model.compile("adam", "sparse_categorical_crossentropy")
    store = model.store
    buffers = [store.values, store.gradients, *store.slots.values()]
    assert len(buffers) == 4
    whole = model.plan(batch, "train").arena_bytes + sum(buffer.nbytes for buffer in buffers)
    assert model.memory(batch) == whole
    inference = model.plan(batch, "predict").arena_bytes + store.values.nbytes
    assert model.memory(batch, training=False) == inference < whole


def test_the_arena_of_lenet_is_close_to_the_lower_bound():
    model = lenet5()
    model.compile("adam", "sparse_categorical_crossentropy")
    for mode in ("train", "test", "gradients", "predict"):
        plan = model.plan(32, mode)
        scratch = plan._plan.scratch_bytes
        assert plan.lower_bound <= plan.arena_bytes - scratch <= 1.05 * plan.lower_bound, mode


def test_memory_that_the_machine_does_not_have_is_refused_with_its_size():
    model = Sequential([layers.Dense(1 << 20, input_shape=(4,)), layers.Dense(1)])
    with pytest.raises(MemoryError, match=r"cannot allocate 4[0-9]{18} bytes"):
        model.memory(1 << 40, training=False)
    with pytest.raises(ValueError, match=r"overflow|too large|64 bits"):
        model.memory(1 << 62, training=False)
