// A product whose a is the patches of an image, along the sum: the image is converted once (image.h), not
// once for each tap. b is packed as everywhere, tap by tap.
#pragma once

#include "cpu/tiles/product.h"

namespace brasa::cpu::BRASA_ISA {

// Whether that is faster than packing: by shape alone.
bool worth_taps(const Product& product);

int64_t taps_workspace(const Product& product, Precision precision, int threads);

// By the whole team, in exec.scratch; `turn` counts the products that follow each other in it.
void multiply_taps(const Exec& exec, const Product& product, Precision precision, int64_t* turn);

}  // namespace brasa::cpu::BRASA_ISA
