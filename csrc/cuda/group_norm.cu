// The channels of all images are columns, their positions rows: sums over chunks of rows, as columns.cuh has
// them, and then a warp, or a thread where they are few, for each group. Sums are those of x - x_0, the
// group's first element: an offset far larger than the spread costs no digits.
#include "cuda/columns.cuh"
#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace brasa::cuda {
namespace {

// h = (x - first) * scale + level, and then what backward takes off. `first` is kept: y may be x.
struct GroupNumbers {
  float *first, *scale, *level, *mean, *slope;
};

// The sums of the chunks, then five numbers for each group of each image.
struct Scratch {
  double *one, *two;
  GroupNumbers groups;

  static ColumnChunks chunks(const GroupNormShape& s) {
    return column_chunks(s.positions, s.images * s.channels);
  }
  static int64_t bytes(const GroupNormShape& s) {
    return 2 * chunks(s).elements() * static_cast<int64_t>(sizeof(double)) +
           5 * s.images * s.groups * static_cast<int64_t>(sizeof(float));
  }

  Scratch(const Exec& exec, const GroupNormShape& s)
      : one(reinterpret_cast<double*>(exec.scratch)), two(one + chunks(s).elements()) {
    const int64_t count = s.images * s.groups;
    float* numbers = reinterpret_cast<float*>(two + chunks(s).elements());
    groups = {numbers, numbers + count, numbers + 2 * count, numbers + 3 * count,
              numbers + 4 * count};
  }
};

// What a column has in common; a thread that goes along it divides but once.
struct Column {
  int64_t channel, group, at, first;  // group: among those of all images; first: its first element

  __device__ Column(const GroupNormShape& s, int64_t column) {
    const int64_t size = s.channels / s.groups, base = column / s.channels * s.image();
    channel = column % s.channels;
    group = column / size;
    at = base + channel;
    first = base + channel / size * size;
  }
};

struct Moments {
  GroupNormShape s;
  const float* x;
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    const Column of(s, column);
    const double d = double{x[of.at + row * s.channels] - x[of.first]};
    return {d, d * d};
  }
};

struct Normalize {
  GroupNormShape s;
  const float *x, *gamma, *beta;
  GroupNumbers groups;

  __device__ float h(int64_t i, int64_t group) const {
    return fmaf(x[i] - groups.first[group], groups.scale[group], groups.level[group]);
  }
  __device__ float operator()(int64_t i, const Column& of) const {
    return fmaf(h(i, of.group), gamma != nullptr ? gamma[of.channel] : 1.f,
                beta != nullptr ? beta[of.channel] : 0.f);
  }
};

struct Gradients {
  Normalize forward;
  const float* dy;

  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    const Column of(forward.s, column);
    const int64_t i = of.at + row * forward.s.channels;
    const double slope = double{dy[i]};
    return {slope * double{forward.h(i, of.group)}, slope};
  }
  // dx
  __device__ float operator()(int64_t i, const Column& of) const {
    const GroupNumbers& groups = forward.groups;
    const float g = dy[i] * (forward.gamma != nullptr ? forward.gamma[of.channel] : 1.f);
    const float level = g - groups.mean[of.group];
    return groups.scale[of.group] * fmaf(-forward.h(i, of.group), groups.slope[of.group], level);
  }
};

// out[i] = f(i, column) for all elements, in the chunks of the sums.
template <class F>
__global__ void map_columns(GroupNormShape s, ColumnChunks c, F f, Out<float> out) {
  const int64_t column = int64_t{blockIdx.x} * kColumns + threadIdx.x, chunk = blockIdx.y;
  if (column >= c.columns) return;
  const Column of(s, column);
  for (int64_t row = c.begin(chunk) + threadIdx.y; row < c.begin(chunk + 1); row += kRowLanes) {
    const int64_t i = of.at + row * s.channels;
    out[i] = f(i, of);
  }
}

// Both sums over the chunks and channels of a group; `factors` of the channels may be null.
template <int W>
__device__ TwoSums sum_group(const GroupNormShape& s, const ColumnChunks& c, int64_t group,
                             const double* first, const double* second, const float* factors) {
  const int64_t size = s.channels / s.groups, column = group * size;
  TwoSums sums{0, 0};
  for (int64_t j = threadIdx.x % W; j < size * c.chunks; j += W) {
    const int64_t at = j / size * c.columns + column + j % size;
    const double factor =
        factors != nullptr ? double{factors[(column + j % size) % s.channels]} : 1;
    sums.first += factor * first[at];
    sums.second += factor * second[at];
  }
  return {row_sum<W>(sums.first), row_sum<W>(sums.second)};
}

template <int W>
__global__ void group_scales(GroupNormShape s, ColumnChunks c, const float* x, const double* sums,
                             const double* squares, GroupNumbers out) {
  const int64_t group = flat_thread() / W;
  if (group >= s.images * s.groups) return;
  const TwoSums of = sum_group<W>(s, c, group, sums, squares, nullptr);
  if (threadIdx.x % W != 0) return;
  const double share = 1 / static_cast<double>(s.group());
  const double mean = of.first * share;
  const double around = of.second - of.first * mean;  // rounding can leave it below zero
  // Squares that float32 does not hold make the group NaN, as the contract has it.
  const float held = static_cast<float>(around < 0 ? 0 : around);
  const double deviation = sqrt(double{held} * share + double{s.epsilon});
  const double factor = 1 / deviation + double{held - held};
  const int64_t column = group * (s.channels / s.groups);
  Out<float>(out.first)[group] = x[Column(s, column).first];
  Out<float>(out.scale)[group] = static_cast<float>(factor);
  Out<float>(out.level)[group] = static_cast<float>(-mean * factor);
}

template <int W>
__global__ void group_slopes(GroupNormShape s, ColumnChunks c, const double* products,
                             const double* sums, const float* gamma, GroupNumbers out) {
  const int64_t group = flat_thread() / W;
  if (group >= s.images * s.groups) return;
  const TwoSums of = sum_group<W>(s, c, group, products, sums, gamma);
  if (threadIdx.x % W != 0) return;
  const double share = 1 / static_cast<double>(s.group());
  Out<float>(out.mean)[group] = static_cast<float>(of.second * share);
  Out<float>(out.slope)[group] = static_cast<float>(of.first * share);
}

__global__ void combine_gradients(GroupNormShape s, ColumnChunks c, const double* products,
                                  const double* sums, Out<float> dgamma, Out<float> dbeta) {
  const int64_t channel = flat_thread();
  if (channel >= s.channels) return;
  double product = 0, sum = 0;
  for (int64_t at = channel; at < c.elements(); at += s.channels) {
    product += products[at];
    sum += sums[at];
  }
  dgamma[channel] = static_cast<float>(product);
  dbeta[channel] = static_cast<float>(sum);
}

// What a group's threads add up: sums of its channels in all chunks.
int64_t sums_of_group(const GroupNormShape& s, const ColumnChunks& c) {
  return s.channels / s.groups * c.chunks;
}

void find_scales(const Exec& exec, const GroupNormShape& s, const ColumnChunks& c,
                 const Scratch& kept, const float* x) {
  launch(exec, c.launch(), sum_chunks<Moments>, c, Moments{s, x}, kept.one, kept.two);
  with_row_width(sums_of_group(s, c), [&](auto width) {
    constexpr int W = decltype(width)::value;
    launch(exec, rows_launch<W>(s.images * s.groups), group_scales<W>, s, c, x, kept.one, kept.two,
           kept.groups);
  });
}

}  // namespace

void group_norm(const Exec& exec, const GroupNormShape& s, const float* x, const float* gamma,
                const float* beta, float* y) {
  if (s.images == 0) return;
  const ColumnChunks c = Scratch::chunks(s);
  const Scratch kept(exec, s);
  find_scales(exec, s, c, kept, x);
  launch(exec, c.launch(), map_columns<Normalize>, s, c, Normalize{s, x, gamma, beta, kept.groups},
         y);
}

// dx last: it may be dy, which dgamma and dbeta need.
void group_norm_backward(const Exec& exec, const GroupNormShape& s, const float* dy, const float* x,
                         const float* gamma, GroupNormGradients out) {
  const ColumnChunks c = Scratch::chunks(s);
  const Scratch kept(exec, s);
  const Gradients in{{s, x, gamma, nullptr, kept.groups}, dy};
  if (s.images > 0) {
    find_scales(exec, s, c, kept, x);
    launch(exec, c.launch(), sum_chunks<Gradients>, c, in, kept.one, kept.two);
    with_row_width(sums_of_group(s, c), [&](auto width) {
      constexpr int W = decltype(width)::value;
      launch(exec, rows_launch<W>(s.images * s.groups), group_slopes<W>, s, c, kept.one, kept.two,
             gamma, kept.groups);
    });
  }
  launch(exec, {dim3(static_cast<unsigned>(ceil_div(s.channels, 64))), dim3(64)}, combine_gradients,
         s, c, kept.one, kept.two, out.dgamma, out.dbeta);
  if (s.images > 0) launch(exec, c.launch(), map_columns<Gradients>, s, c, in, out.dx);
}

int64_t group_norm_workspace(const GroupNormShape& s, int) { return Scratch::bytes(s); }

int64_t group_norm_backward_workspace(const GroupNormShape& s, int) { return Scratch::bytes(s); }

}  // namespace brasa::cuda
