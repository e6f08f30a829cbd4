#include "ops/window2d.h"

#include "ops/infer.h"

namespace brasa {

Shape shape_attribute(const Site& site, const char* name, size_t rank) {
  const auto dims = site.attributes.integers(name, {});
  require(dims.size() == rank, site.op, ": ", name, " must have ", rank, " extents, got ",
          dims.size());
  Shape shape;
  for (const int64_t dim : dims) shape.append(dim);
  return shape;
}
namespace {

struct Axis {
  int64_t size, window, stride, dilation, pad_before, pad_after, output;
};

// Extent of the dilated window.
int64_t extent_of(const char* op, const Axis& axis) {
  return checked_add(checked_mul(axis.window - 1, axis.dilation, op), 1, op);
}

void pad_same(const char* op, Axis& axis) {
  axis.output = axis.size / axis.stride + (axis.size % axis.stride != 0);
  const int64_t covered =
      checked_add(checked_mul(axis.output - 1, axis.stride, op), extent_of(op, axis), op);
  const int64_t total = covered > axis.size ? covered - axis.size : 0;
  axis.pad_before = total / 2;
  axis.pad_after = total - axis.pad_before;
}

void pad_explicit(const char* op, const char* name, Axis& axis) {
  const int64_t extent = extent_of(op, axis);
  const int64_t padded =
      checked_add(checked_add(axis.size, axis.pad_before, op), axis.pad_after, op);
  require(extent <= padded, op, ": the window's ", name, " of ", extent,
          " is larger than the padded input's ", padded,
          ". Use padding='same' or a smaller kernel.");
  axis.output = (padded - extent) / axis.stride + 1;
}

void require_positive(const char* op, const char* what, const std::vector<int64_t>& values) {
  require(values.size() == 2, op, ": ", what, " must be 1 or 2 whole numbers, got ", values.size());
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t value = values[static_cast<size_t>(axis)];
    require(value >= 1, op, ": ", what, " must be >= 1, got ", value, " (axis ", axis, ")");
  }
}

// Attribute padding: "valid", "same", or the pixels at the top, bottom, left and right.
void pad(const Site& site, Axis& h, Axis& w) {
  const char* op = site.op;
  if (site.attributes.is_text("padding")) {
    const std::string padding = site.attributes.text("padding", "valid");
    require(padding == "valid" || padding == "same", op,
            ": padding must be 'valid', 'same' or numbers, got '", padding, "'");
    if (padding == "same") {
      pad_same(op, h);
      pad_same(op, w);
    }
  } else {
    const auto pads = site.attributes.integers("padding", {0, 0, 0, 0});
    require(pads.size() == 4, op, ": padding must be given for 4 sides, got ", pads.size());
    for (const int64_t side : pads) require(side >= 0, op, ": padding must be >= 0, got ", side);
    h.pad_before = pads[0], h.pad_after = pads[1];
    w.pad_before = pads[2], w.pad_after = pads[3];
  }
  if (h.output == 0) {
    pad_explicit(op, "height", h);
    pad_explicit(op, "width", w);
  }
}

}  // namespace

Window2d infer_window(const Site& site, int64_t H, int64_t W, int64_t R, int64_t S) {
  const char* op = site.op;
  const auto strides = site.attributes.integers("strides", {1, 1});
  const auto dilation = site.attributes.integers("dilation_rate", {1, 1});
  require_positive(op, "strides", strides);
  require_positive(op, "dilation_rate", dilation);
  require_positive(op, "the window", {R, S});
  require(H >= 1 && W >= 1, op, ": the image must have at least one pixel, got height ", H,
          " and width ", W);

  Axis h{H, R, strides[0], dilation[0], 0, 0, 0};
  Axis w{W, S, strides[1], dilation[1], 0, 0, 0};
  pad(site, h, w);
  return {R,
          S,
          h.stride,
          w.stride,
          h.dilation,
          w.dilation,
          h.pad_before,
          h.pad_after,
          w.pad_before,
          w.pad_after,
          h.output,
          w.output};
}

}  // namespace brasa
