#include "cuda/table.h"

#include <cstring>

#include "cuda/kernels.h"

namespace brasa::cuda {

// Ops that need nothing but kernels of this folder. slice_backward is not among them: its front end clears
// memory itself.
bool has_kernels_of(const char* op) {
  static constexpr const char* kOps[] = {"accumulate",
                                         "accuracy",
                                         "activation",
                                         "activation_backward",
                                         "adam_step",
                                         "add",
                                         "average_pool2d",
                                         "average_pool2d_backward",
                                         "batch_norm",
                                         "batch_norm_backward",
                                         "batch_norm_training",
                                         "bias_gradient",
                                         "concatenate",
                                         "conv2d",
                                         "conv2d_backward_data",
                                         "conv2d_backward_weight",
                                         "dropout",
                                         "gather",
                                         "loss",
                                         "matmul",
                                         "max_pool2d",
                                         "max_pool2d_backward",
                                         "moving_average",
                                         "multiply",
                                         "scale",
                                         "sgd_step",
                                         "slice",
                                         "softmax",
                                         "softmax_backward"};
  for (const char* known : kOps) {
    if (std::strcmp(op, known) == 0) return true;
  }
  return false;
}

// Entries that stay those of the fallback, and why. A test reads this list and op_table.h. Entries of ops
// whose stem has no source in this folder at all need not stand here.
//   lanes: the layout with the batch in the vector lanes is the CPU's
//   to_lanes: as lanes
//   from_lanes: as lanes
//   conv2d_lanes_forward: as lanes
//   conv2d_lanes_forward_workspace: as lanes
//   conv2d_lanes_backward_data: as lanes
//   conv2d_lanes_backward_data_workspace: as lanes
//   conv2d_lanes_backward_weight: as lanes
//   conv2d_lanes_backward_weight_workspace: as lanes
//   bias_gradient_lanes: as lanes
//   conv2d_pack: the filters are read as they lie: ref's copy
//   conv2d_packed_floats: as conv2d_pack
OpTable table_named(const char* name, const OpTable& fallback) {
  OpTable t = fallback;
  t.reduced = nullptr;
  t.name = name;

  t.activation_forward = activation_forward;
  t.activation_backward = activation_backward;

  t.batch_norm = batch_norm;
  t.batch_norm_statistics = batch_norm_statistics;
  t.batch_norm_backward = batch_norm_backward;
  t.batch_norm_fold = batch_norm_fold;
  t.batch_norm_workspace = batch_norm_workspace;
  t.moving_average = moving_average;

  t.matmul = matmul;
  t.matmul_workspace = matmul_workspace;
  t.bias_gradient = bias_gradient;
  t.bias_gradient_workspace = bias_gradient_workspace;

  t.conv2d_forward = conv2d_forward;
  t.conv2d_forward_workspace = conv2d_forward_workspace;
  t.conv2d_backward_data = conv2d_backward_data;
  t.conv2d_backward_data_workspace = conv2d_backward_data_workspace;
  t.conv2d_backward_weight = conv2d_backward_weight;
  t.conv2d_backward_weight_workspace = conv2d_backward_weight_workspace;

  t.max_pool2d_forward = max_pool2d_forward;
  t.max_pool2d_backward = max_pool2d_backward;
  t.average_pool2d_forward = average_pool2d_forward;
  t.average_pool2d_backward = average_pool2d_backward;

  t.softmax_forward = softmax_forward;
  t.softmax_backward = softmax_backward;
  t.loss = loss;
  t.accuracy = accuracy;
  t.accumulate = accumulate;

  t.dropout = dropout;
  t.add = add;
  t.multiply = multiply;
  t.scale = scale;
  t.copy_rows = copy_rows;
  t.gather = gather;

  t.sgd_step = sgd_step;
  t.adam_step = adam_step;
  return t;
}

}  // namespace brasa::cuda
