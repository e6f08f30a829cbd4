// Shape rules that several ops share.
#pragma once

#include "ops/fill.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "ops/window2d.h"

namespace brasa {

// Attributes "activation", "negative_slope" (of leaky_relu) and "alpha" (of elu).
Activation parse_activation(const Site& site);
double activation_flops(Activation activation);

// Attribute "epsilon" of a variance.
float parse_epsilon(const Site& site);

// Attributes "strides", "padding" ("valid", "same" or the four pads top, bottom, left, right) and
// "dilation_rate", for an R x S window over an H x W image. Checks every one of them.
Window2d infer_window(const Site& site, int64_t H, int64_t W, int64_t R, int64_t S);

// Attribute "precision". Throws where the table has no such kernels, and says what the machine lacks.
Precision parse_precision(const Site& site);

// A table's kernel for a product of that precision.
template <class Kernel>
Kernel kernel_of(const OpTable& table, Precision precision, Kernel OpTable::* full,
                 Kernel ReducedProducts::* reduced) {
  return precision == Precision::kFloat32 ? table.*full : table.reduced->*reduced;
}

// Attribute "fill_mode". Throws where images x (N, H, W, C) have no pixels and it is not "constant".
Fill parse_fill(const Site& site, const Shape& x);
// Attribute "fill_value", a finite float32.
float parse_fill_value(const Site& site);

// Attribute "size", height and width of what is shown of images x: all where it is absent.
struct Size {
  int64_t P, Q;
};
Size parse_size(const Site& site, const Shape& x);

// An attribute that holds a shape of this rank.
Shape shape_attribute(const Site& site, const char* name, size_t rank);

// The axes of y, and how a and b, which broadcast to it, are repeated along them.
BroadcastShape broadcast_shape(BroadcastKind kind, const Shape& y, const Shape& a, const Shape& b);

// All axes but the last as rows, the last as columns.
RowsShape rows_of(const Shape& shape);

}  // namespace brasa
