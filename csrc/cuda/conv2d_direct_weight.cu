// The weight gradient of conv2d_direct.cuh. A thread owns the taps side by side of one row of the filter and one
// channel, for a group of filters, and walks along rows of outputs: each step brings one pixel of x and
// the filters' gradients, and gives taps x filters products. Where these sums are few, threads share the rows
// of a band. Blocks add nothing in global memory: each leaves its sums in the workspace, and a second kernel
// adds them in order.
#include "cuda/columns.cuh"
#include "cuda/conv2d_direct_weight.cuh"

namespace brasa::cuda {
namespace {

// A row of outputs.
template <int Taps, bool Slides, int Own>
__device__ __forceinline__ void add_row(const WeightPass& pass, const Shared<float>& x, int x_at,
                                        const Shared<float>& dy, int dy_at,
                                        float (&sum)[Taps][Own]) {
  const int C = pass.f.C, step = pass.dy.pixel;
  float v[Taps];
  if constexpr (Slides) {
    BRASA_UNROLL
    for (int t = 0; t < Taps - 1; ++t) v[t] = x[x_at + t * C];
    x_at += (Taps - 1) * C;
  }
  for (int first = 0; first < pass.f.Q; first += Taps) {
    BRASA_UNROLL
    for (int i = 0; i < Taps; ++i) {
      if (first + i >= pass.f.Q) continue;
      float slope[Own];
      read_group(dy, dy_at, slope);
      dy_at += step;
      if constexpr (Slides) {
        v[(i + Taps - 1) % Taps] = x[x_at];
        x_at += C;
      } else {
        BRASA_UNROLL
        for (int t = 0; t < Taps; ++t) v[(i + t) % Taps] = x[x_at + t * pass.f.dilation_w * C];
        x_at += pass.f.stride_w * C;
      }
      BRASA_UNROLL
      for (int t = 0; t < Taps; ++t) {
        BRASA_UNROLL
        for (int l = 0; l < Own; ++l) sum[t][l] += v[(i + t) % Taps] * slope[l];
      }
    }
  }
}

struct Item {
  int chunk, r, c, group;
};

__device__ Item item_of(const WeightPass& pass, int item) {
  const int line = item / pass.groups.count, tap = line / pass.f.C;
  return {tap / pass.f.R, tap % pass.f.R, line % pass.f.C, item % pass.groups.count};
}

struct WeightOperands {
  const float *x, *dy;
  bool quads_of_x, quads_of_dy;  // 16 bytes at a time are in bounds, and at multiples of 16 bytes
};

__device__ void fill_frames(const WeightPass& pass, const WeightOperands& in, int64_t unit,
                            const Shared<float>& x, const Shared<float>& dy) {
  const ConvFrame& f = pass.f;
  const int64_t n = unit / pass.bands.count;
  const int first = static_cast<int>(unit % pass.bands.count) * pass.bands.rows;
  const Image image{in.x + n * f.H * f.W * f.C,     f.H,        f.W, f.C,
                    first * f.stride_h - f.pad_top, -f.pad_left};
  const Image slopes{in.dy + n * f.P * f.Q * f.K, f.P, f.Q, f.K, first, 0};
  in.quads_of_x ? fill_frame<4>(x, pass.x, image) : fill_frame<1>(x, pass.x, image);
  in.quads_of_dy ? fill_frame<4>(dy, pass.dy, slopes) : fill_frame<1>(dy, pass.dy, slopes);
  commit_copies();
  wait_for_copies<0>();
  __syncthreads();
}

template <int Taps, bool Slides, int Own>
__global__ void __launch_bounds__(kDirectThreads, 2)
    sum_weights(WeightPass pass, WeightOperands in, Out<float> parts) {
  const Shared<float> x = dynamic_shared<float>(), dy = x.from(pass.dy_at);
  const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  const int split = thread / pass.own_items, own = thread - split * pass.own_items;
  const int first_item = static_cast<int>(blockIdx.y) * pass.own_items;
  const bool active = split < pass.splits && first_item + own < pass.items;
  const Item item = item_of(pass, first_item + own);
  const int x_first = item.r * pass.f.dilation_h * pass.x.row +
                      item.chunk * Taps * pass.f.dilation_w * pass.f.C + item.c;

  float sum[Taps][Own];
  BRASA_UNROLL
  for (int t = 0; t < Taps; ++t) {
    BRASA_UNROLL
    for (int l = 0; l < Own; ++l) sum[t][l] = 0.f;
  }
  const int64_t end = pass.units * (blockIdx.x + 1) / pass.parts;
  for (int64_t unit = pass.units * blockIdx.x / pass.parts; unit < end; ++unit) {
    fill_frames(pass, in, unit, x, dy);
    const int left = pass.f.P - static_cast<int>(unit % pass.bands.count) * pass.bands.rows;
    const int rows = active ? left < pass.bands.rows ? left : pass.bands.rows : 0;
    for (int p = split; p < rows; p += pass.splits) {
      add_row<Taps, Slides, Own>(pass, x, x_first + p * pass.f.stride_h * pass.x.row, dy,
                                 p * pass.dy.row + item.group * pass.groups.pitch, sum);
    }
    __syncthreads();
  }

  // The threads' sums, over the images: [tap and filter][thread].
  BRASA_UNROLL
  for (int t = 0; t < Taps; ++t) {
    BRASA_UNROLL
    for (int l = 0; l < Own; ++l) x[(t * Own + l) * threads + thread] = sum[t][l];
  }
  __syncthreads();
  const int items =
      pass.items - first_item < pass.own_items ? pass.items - first_item : pass.own_items;
  for (int e = thread; e < Taps * Own * items; e += threads) {
    const int which = e / items, of = e - which * items;
    float total = 0.f;
    for (int j = 0; j < pass.splits; ++j) total += x[which * threads + j * pass.own_items + of];
    parts[blockIdx.x * pass.columns + which * pass.items + first_item + of] = total;
  }
}

struct Part {
  int64_t columns;
  const float* parts;
  __device__ TwoSums operator()(int64_t row, int64_t column) const {
    return {double{parts[row * columns + column]}, 0};
  }
};

__global__ void add_weight_parts(WeightPass pass, Write write, const float* parts, Out<float> dw) {
  const ColumnChunks rows{pass.parts, pass.columns, 1};
  const TwoSums sums = sum_chunk(rows, Part{pass.columns, parts});
  const int64_t column = int64_t{blockIdx.x} * kColumns + threadIdx.x;
  if (threadIdx.y != 0 || column >= pass.columns) return;
  const int which = static_cast<int>(column / pass.items);
  const Item item = item_of(pass, static_cast<int>(column % pass.items));
  const int s = item.chunk * pass.taps + which / pass.groups.own;
  const int k = item.group * pass.groups.own + which % pass.groups.own;
  if (s >= pass.f.S || k >= pass.f.K) return;
  const int64_t at = (int64_t{item.r * pass.f.S + s} * pass.f.C + item.c) * pass.f.K + k;
  const double before = write == Write::kAdd ? double{dw[at]} : 0.0;
  dw[at] = static_cast<float>(before + sums.first);
}

template <int Taps, bool Slides>
void launch_sums(const Exec& exec, const Launch& how, const WeightPass& pass,
                 const WeightOperands& in, float* parts) {
  switch (pass.groups.own) {
    case 4: return launch(exec, how, sum_weights<Taps, Slides, 4>, pass, in, parts);
    case 6: return launch(exec, how, sum_weights<Taps, Slides, 6>, pass, in, parts);
    default: return launch(exec, how, sum_weights<Taps, Slides, 8>, pass, in, parts);
  }
}

Launch launch_of(const WeightPass& pass) {
  const int64_t threads = ceil_div(pass.own_items * pass.splits, 32) * 32;
  const int64_t frames = pass.dy_at + int64_t{pass.dy.rows} * pass.dy.row;
  const int64_t sums = pass.sums() * threads, floats = frames > sums ? frames : sums;
  return {dim3(static_cast<unsigned>(pass.parts),
               static_cast<unsigned>(ceil_div(pass.items, pass.own_items))),
          dim3(static_cast<unsigned>(threads)), static_cast<int>(floats * int64_t{sizeof(float)})};
}

}  // namespace

Bands direct_weight_bands(const Conv2dShape& s) { return plan_weight(s).bands; }

void direct_backward_weight(const Exec& exec, const Conv2dShape& s, const float* dy, const float* x,
                            float* dw) {
  const WeightPass pass = plan_weight(s);
  const WeightOperands in{x, dy, s.C % 4 == 0 && aligned16(x),
                          s.K == pass.groups.pitch * pass.groups.count && aligned16(dy)};
  float* const parts = reinterpret_cast<float*>(exec.scratch);
  if (pass.parts > 0) {
    const Launch how = launch_of(pass);
    const bool slides = s.window.stride_w == 1 && s.window.dilation_w == 1;
    if (pass.taps == 5) {
      slides ? launch_sums<5, true>(exec, how, pass, in, parts)
             : launch_sums<5, false>(exec, how, pass, in, parts);
    } else {
      slides ? launch_sums<3, true>(exec, how, pass, in, parts)
             : launch_sums<3, false>(exec, how, pass, in, parts);
    }
  }
  launch(exec,
         {dim3(static_cast<unsigned>(ceil_div(pass.columns, kColumns))), dim3(kColumns, kRowLanes)},
         add_weight_parts, pass, s.write, parts, dw);
}

int64_t direct_backward_weight_workspace(const Conv2dShape& s) {
  const WeightPass pass = plan_weight(s);
  return pass.parts * pass.columns * static_cast<int64_t>(sizeof(float));
}

}  // namespace brasa::cuda
