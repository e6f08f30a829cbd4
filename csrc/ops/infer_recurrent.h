// Shape rules that the recurrent ops share.
#pragma once

#include "ops/recurrent.h"
#include "ops/registry.h"

namespace brasa {

// Sizes from x (N,T,D), w (D, gates*U) and u (U, gates*U), all checked; attribute "go_backwards".
RecurrentShape infer_recurrent(const Site& site, int x, int w, int u, int gates);

// An operand that may be left out.
void require_if_present(const Site& site, int input, const Shape& wanted);

// y (N,T,U) and `states` times (N,U).
std::vector<TensorSpec> sequence_and_states(const RecurrentShape& s, int states);

// The spec of `saved`: no floats where the attribute "training" is 0.
TensorSpec saved_spec(const Site& site, int64_t floats);

// Of the products of one forward pass.
double recurrent_flops(const RecurrentShape& s, int gates);

}  // namespace brasa
