// A product whose a is the patches of an image, along the sum: the image is converted once (image.h), not
// once for each tap. b is packed as everywhere, tap by tap.
#pragma once

#include "cpu/tiles/product.h"

namespace brasa::cpu::BRASA_ISA {

// Whether that is faster than packing: by shape and precision alone.
bool worth_taps(const Product& product, Precision precision);
bool worth_taps_transposed(const Product& product, Precision precision);

int64_t taps_workspace(const Product& product, Precision precision, int threads);

// By the whole team, in exec.scratch; `turn` counts the products that follow each other in it.
void multiply_taps(const Exec& exec, const Product& product, Precision precision, int64_t* turn);

// dw[t * channels + c][j] (+)= sum over the outputs i of a's element (t, c) of i times dy[i][j]: the gradient
// of b, where `product` is that of the outputs, without b and c. dw and dy are dense.
void multiply_taps_transposed(const Exec& exec, const Product& product, const float* dy, bool add,
                              float* dw, Precision precision);

int64_t taps_transposed_workspace(const Product& product, Precision precision, int threads);

}  // namespace brasa::cpu::BRASA_ISA
