#include "cuda/table.h"

#include "cuda/kernels.h"

namespace brasa::cuda {

// Entries without a CUDA kernel, and why; the architecture test reads this list. An op whose stem has no
// source here yet is not listed: its kernels are those of the fallback.
//   to_lanes, from_lanes                   the batch in the vector lanes is a layout of the CPU
//   conv2d_lanes_forward                   likewise
//   conv2d_lanes_forward_workspace         likewise
//   conv2d_lanes_backward_data             likewise
//   conv2d_lanes_backward_data_workspace   likewise
//   conv2d_lanes_backward_weight           likewise
//   conv2d_lanes_backward_weight_workspace likewise
//   bias_gradient_lanes                    likewise
OpTable table_named(const char* name, const OpTable& fallback) {
  OpTable t = fallback;
  t.name = name;

  t.activation_forward = activation_forward;
  t.activation_backward = activation_backward;

  t.batch_norm = batch_norm;
  t.batch_norm_statistics = batch_norm_statistics;
  t.batch_norm_backward = batch_norm_backward;
  t.batch_norm_workspace = batch_norm_workspace;
  t.moving_average = moving_average;

  t.bias_gradient = bias_gradient;
  t.bias_gradient_workspace = bias_gradient_workspace;

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
