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

// The operands of an op with one state, h, and how its kernels take them.
std::vector<OperandRule> recurrent_operands();           // x, w, u, b, h0, mask
std::vector<OperandRule> recurrent_backward_operands();  // dy, dh, saved, x, w, u, mask
RecurrentInputs recurrent_inputs(Inputs inputs);
RecurrentOutputs recurrent_outputs(const Call& call, Outputs outputs);
RecurrentSlopes recurrent_slopes(Inputs inputs);
RecurrentGradients recurrent_gradients(Outputs outputs);

// Of the products of one forward pass.
double recurrent_flops(const RecurrentShape& s, int gates);

}  // namespace brasa
