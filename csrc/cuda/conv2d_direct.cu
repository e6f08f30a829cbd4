// Forward pass and data gradient of conv2d_direct.cuh: a correlation each, of other strides.
#include "cuda/conv2d_correlation.cuh"
#include "cuda/kernels.h"
#include "cuda/result.cuh"

namespace brasa::cuda {
namespace {

// Bias, straight activation and adding as in result.cuh.
struct DirectResult {
  Out<float> data;
  const float* bias;  // or null
  Activation activation;
  Write write;
  bool wide;  // four channels at a time are in bounds, and at multiples of 16 bytes
};

__device__ void fill_filters(const Shared<float>& to, const DirectPass& pass, const float* w) {
  const Correlation& c = pass.c;
  if (pass.flat_filters) {
    const int step = static_cast<int>(blockDim.x) * 4;
    for (int i = static_cast<int>(threadIdx.x) * 4; i < pass.filter_floats; i += step) {
      copy_async<16>(to, i, w + i, true);
    }
    return;
  }
  const int pitch = pass.groups.pitch * pass.groups.count, elements = c.C * pitch;
  const Turns turns = turns_of(elements);
  for (int e = turns.element; e < elements; e += turns.element_step) {
    const int channel = e / pitch, k = e - channel * pitch;
    const bool inside = k < c.K;
    const float* from = w + c.filter_first + channel * c.filter_c + k * c.filter_k;
    int r = 0, s = turns.row;
    for (int tap = turns.row; tap < c.R * c.S; tap += turns.row_step, s += turns.row_step) {
      for (; s >= c.S; s -= c.S) ++r;
      copy_async<4>(to, tap * elements + e, inside ? from + r * c.filter_r + s * c.filter_s : w,
                    inside);
    }
  }
}

template <int Own>
__device__ void store_pixel(const DirectResult& y, int64_t at, int first, int channels,
                            const float (&sum)[Own]) {
  float v[Own];
  BRASA_UNROLL
  for (int l = 0; l < Own; ++l) {
    if (first + l >= channels) continue;
    v[l] = sum[l];
    if (y.bias != nullptr) v[l] += y.bias[first + l];
    if (y.write == Write::kAdd) v[l] += y.data.data[at + first + l];
    v[l] = straight(y.activation, v[l]);
  }
  if (Own % 4 == 0 && y.wide) {
    BRASA_UNROLL
    for (int l = 0; l + 3 < Own; l += 4) {
      y.data.store4(at + first + l, make_float4(v[l], v[l + 1], v[l + 2], v[l + 3]));
    }
    return;
  }
  BRASA_UNROLL
  for (int l = 0; l < Own; ++l) {
    if (first + l < channels) y.data[at + first + l] = v[l];
  }
}

// Neighbouring threads have the groups of one pixel, then the next pixel: their reads of the filters and their
// stores are side by side. Side: this many taps side by side, without dilation; 0: any.
template <int Own, int Side>
__global__ void __launch_bounds__(kDirectThreads, 2)
    correlate(DirectPass pass, const float* x, const float* w, DirectResult y) {
  const Shared<float> filters = dynamic_shared<float>();
  const Shared<float> image = filters.from(pass.filter_floats);
  const Correlation& c = pass.c;
  const int64_t n = blockIdx.x / static_cast<unsigned>(pass.bands.count);
  const int band = static_cast<int>(blockIdx.x % static_cast<unsigned>(pass.bands.count));
  const int first = band * pass.bands.rows;
  const int rows = pass.bands.rows < c.P - first ? pass.bands.rows : c.P - first;

  fill_filters(filters, pass, w);
  fill_frame<1>(image, pass.frame,
                {x + n * c.H * c.W * c.C, c.H, c.W, c.C, first * c.stride_h - c.top, -c.left});
  commit_copies();
  wait_for_copies<0>();
  __syncthreads();

  const int pixels = rows * c.Q, apart = (pixels + kOwnPixels - 1) / kOwnPixels;
  const int pitch = pass.groups.pitch * pass.groups.count, tap = c.C * pitch;
  const int side = Side > 0 ? Side : c.S, step = Side > 0 ? 1 : c.dilation_w;
  const int items = apart * pass.groups.count;
  for (int item = static_cast<int>(threadIdx.x); item < items;
       item += static_cast<int>(blockDim.x)) {
    const int own_pixel = item / pass.groups.count;
    const int group = item - own_pixel * pass.groups.count;
    int corner[kOwnPixels];
    float sum[kOwnPixels][Own];
    BRASA_UNROLL
    for (int j = 0; j < kOwnPixels; ++j) {
      // Past the last pixel: the first one again, which is not stored.
      const int pixel = own_pixel + j * apart < pixels ? own_pixel + j * apart : own_pixel;
      const int p = pixel / c.Q, q = pixel - p * c.Q;
      corner[j] = p * c.stride_h * pass.frame.row + q * c.stride_w;
      BRASA_UNROLL
      for (int l = 0; l < Own; ++l) sum[j][l] = 0.f;
    }
    for (int channel = 0; channel < c.C; ++channel) {
      for (int r = 0; r < c.R; ++r) {
        const int at = channel * pass.frame.channel + r * c.dilation_h * pass.frame.row;
        int filter = (r * c.S * c.C + channel) * pitch + group * pass.groups.pitch;
        BRASA_UNROLL
        for (int s = 0; s < side; ++s, filter += tap) {
          float of_filter[Own];
          read_group(filters, filter, of_filter);
          BRASA_UNROLL
          for (int j = 0; j < kOwnPixels; ++j) {
            const float v = image[corner[j] + at + s * step];
            BRASA_UNROLL
            for (int l = 0; l < Own; ++l) sum[j][l] += v * of_filter[l];
          }
        }
      }
    }
    BRASA_UNROLL
    for (int j = 0; j < kOwnPixels; ++j) {
      const int pixel = own_pixel + j * apart;
      if (pixel >= pixels) continue;
      const int p = pixel / c.Q, q = pixel - p * c.Q;
      const int64_t at = c.y_first + n * c.y_image + (first + p) * c.y_row + q * c.y_pixel;
      store_pixel(y, at, group * Own, c.K, sum[j]);
    }
  }
}

template <int Own>
void launch_pass(const Exec& exec, const Launch& how, const DirectPass& pass, const float* x,
                 const float* w, const DirectResult& y) {
  const int side = pass.c.dilation_w == 1 ? pass.c.S : 0;
  if (side == 3) return launch(exec, how, correlate<Own, 3>, pass, x, w, y);
  if (side == 5) return launch(exec, how, correlate<Own, 5>, pass, x, w, y);
  launch(exec, how, correlate<Own, 0>, pass, x, w, y);
}

void run_pass(const Exec& exec, int64_t images, const Correlation& c, const float* x,
              const float* w, DirectResult y) {
  if (images * c.P * c.Q == 0) return;
  DirectPass pass = plan_pass(images, c);
  pass.flat_filters =
      c.filter_k == 1 && c.filter_c == c.K && c.K == pass.groups.padded() && aligned16(w);
  y.wide = c.K % 4 == 0 && aligned16(y.data.data);
  const int64_t items = ceil_div(int64_t{pass.bands.rows} * c.Q, kOwnPixels) * pass.groups.count;
  const int64_t threads = items < kDirectThreads ? ceil_div(items, 32) * 32 : kDirectThreads;
  const int64_t floats = pass.filter_floats + int64_t{pass.frame.channels} * pass.frame.channel;
  const Launch how{dim3(static_cast<unsigned>(images * pass.bands.count)),
                   dim3(static_cast<unsigned>(threads)),
                   static_cast<int>(floats * int64_t{sizeof(float)})};
  switch (pass.groups.own) {
    case 4: return launch_pass<4>(exec, how, pass, x, w, y);
    case 6: return launch_pass<6>(exec, how, pass, x, w, y);
    default: return launch_pass<8>(exec, how, pass, x, w, y);
  }
}

template <class F>
bool all_phases(const ConvFrame& f, const F& fits) {
  for (int h = 0; h < f.stride_h; ++h) {
    for (int w = 0; w < f.stride_w; ++w) {
      const Correlation c = phase_correlation(f, phase_of(f, h, w));
      if (c.P > 0 && c.Q > 0 && !fits(c)) return false;
    }
  }
  return true;
}

}  // namespace

// Up to 16 channels and 32 filters: the tile of 64 x 32 of the implicit product is at least half empty then in the
// data gradient, whose columns are the channels, and in the other passes where there are few filters, too.
// A single tap is a matrix product already. Shared memory must hold the filters, as 16 channels to 16 filters of
// 6 x 6 (37 KB), and what R rows of outputs read: shorter bands would read most of it several times. 28 x 28
// pixels and their 6 gradients are 30 KB, so that even the weight gradient of a whole image fits.
bool takes_direct(const Conv2dShape& s) {
  const Window2d& w = s.window;
  if (s.groups != 1 || s.C > 16 || s.K > 32 || w.S < 2) return false;
  // Sizes of a band then fit an int; and a launch for each phase of the data gradient is not worth many.
  if (s.H > 1 << 20 || s.W > 1 << 20 || w.R > 64 || w.S > 64) return false;
  if (w.stride_h > 8 || w.stride_w > 8) return false;
  if (s.H * s.W * w.P * w.Q == 0) return false;
  const ConvFrame f = frame_of(s);
  const auto fits = [&](const Correlation& c) { return plan_pass(s.N, c).bands.rows > 0; };
  return fits(forward_correlation(f)) && all_phases(f, fits) && direct_weight_bands(s).rows > 0;
}

void direct_forward(const Exec& exec, const Conv2dShape& s, const float* x, const float* w,
                    const float* b, float* y) {
  const bool later = is_curved(s.activation);
  const Activation none{ActivationKind::kNone, 0.f};
  run_pass(exec, s.N, forward_correlation(frame_of(s)), x, w,
           {y, b, later ? none : s.activation, Write::kSet, false});
  const int64_t count = s.N * s.window.P * s.window.Q * s.K;
  if (later) activation_forward(exec, count, s.activation, y, y);
}

void direct_backward_data(const Exec& exec, const Conv2dShape& s, const float* dy, const float* w,
                          float* dx) {
  all_phases(frame_of(s), [&](const Correlation& c) {
    run_pass(exec, s.N, c, dy, w, {dx, nullptr, {ActivationKind::kNone, 0.f}, s.write, false});
    return true;
  });
}

}  // namespace brasa::cuda
