#include "cuda/table.h"

#include <cstring>

#include "cuda/kernels.h"

namespace brasa::cuda {

// Ops that need nothing but kernels of this folder.
bool has_kernels_of(const char* op) {
  static constexpr const char* kOps[] = {"accumulate",
                                         "accuracy",
                                         "activation",
                                         "activation_backward",
                                         "adadelta_step",
                                         "adagrad_step",
                                         "adam_step",
                                         "adamax_step",
                                         "add",
                                         "add_bias",
                                         "average_pool2d",
                                         "average_pool2d_backward",
                                         "batch_norm",
                                         "batch_norm_backward",
                                         "batch_norm_fold",
                                         "batch_norm_training",
                                         "bias_gradient",
                                         "broadcast_add",
                                         "broadcast_backward",
                                         "broadcast_multiply",
                                         "broadcast_to",
                                         "cast_float",
                                         "cast_int",
                                         "clip_norm",
                                         "clip_value",
                                         "concatenate",
                                         "conv2d",
                                         "conv2d_backward_data",
                                         "conv2d_backward_weight",
                                         "conv2d_pack",
                                         "crop_flip",
                                         "crop_flip_backward",
                                         "divide",
                                         "dropout",
                                         "embedding",
                                         "embedding_backward",
                                         "equal",
                                         "extreme_backward",
                                         "flip",
                                         "ftrl_step",
                                         "gate",
                                         "gather",
                                         "gaussian_noise",
                                         "group_norm",
                                         "group_norm_backward",
                                         "gru",
                                         "gru_backward",
                                         "lamb_step",
                                         "layer_norm",
                                         "layer_norm_backward",
                                         "less",
                                         "less_equal",
                                         "lion_step",
                                         "log_softmax",
                                         "log_softmax_backward",
                                         "loss",
                                         "lstm",
                                         "lstm_backward",
                                         "mask_of_ids",
                                         "mask_of_rows",
                                         "mask_rows",
                                         "mask_weights",
                                         "matmul",
                                         "max_pool2d",
                                         "max_pool2d_backward",
                                         "maximum",
                                         "minimum",
                                         "moving_average",
                                         "multiply",
                                         "nadam_step",
                                         "one_hot",
                                         "penalty",
                                         "penalty_backward",
                                         "reduce",
                                         "rmsprop_step",
                                         "scale",
                                         "sgd_step",
                                         "share",
                                         "simple_rnn",
                                         "simple_rnn_backward",
                                         "slice",
                                         "slice_backward",
                                         "softmax",
                                         "softmax_backward",
                                         "subtract",
                                         "transpose",
                                         "unary",
                                         "unary_backward",
                                         "warp2d",
                                         "warp2d_backward"};
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

  t.broadcast = broadcast;
  t.reduce = reduce;
  t.reduce_workspace = reduce_workspace;
  t.extreme_backward = extreme_backward;
  t.extreme_backward_workspace = extreme_backward_workspace;

  t.matmul = matmul;
  t.matmul_workspace = matmul_workspace;
  t.bias_gradient = bias_gradient;
  t.bias_gradient_workspace = bias_gradient_workspace;

  t.conv2d_forward = conv2d_forward;
  t.conv2d_forward_workspace = conv2d_forward_workspace;
  t.conv2d_pack = conv2d_pack;
  t.conv2d_packed_floats = conv2d_packed_floats;
  t.conv2d_backward_data = conv2d_backward_data;
  t.conv2d_backward_data_workspace = conv2d_backward_data_workspace;
  t.conv2d_backward_weight = conv2d_backward_weight;
  t.conv2d_backward_weight_workspace = conv2d_backward_weight_workspace;

  t.max_pool2d_forward = max_pool2d_forward;
  t.max_pool2d_backward = max_pool2d_backward;
  t.average_pool2d_forward = average_pool2d_forward;
  t.average_pool2d_backward = average_pool2d_backward;

  t.gru_forward = gru_forward;
  t.gru_backward = gru_backward;
  t.gru_saved = gru_saved;
  t.gru_forward_workspace = gru_forward_workspace;
  t.gru_backward_workspace = gru_backward_workspace;

  t.lstm_forward = lstm_forward;
  t.lstm_backward = lstm_backward;
  t.lstm_saved = lstm_saved;
  t.lstm_forward_workspace = lstm_forward_workspace;
  t.lstm_backward_workspace = lstm_backward_workspace;

  t.simple_rnn_forward = simple_rnn_forward;
  t.simple_rnn_backward = simple_rnn_backward;
  t.simple_rnn_saved = simple_rnn_saved;
  t.simple_rnn_forward_workspace = simple_rnn_forward_workspace;
  t.simple_rnn_backward_workspace = simple_rnn_backward_workspace;

  t.group_norm = group_norm;
  t.group_norm_backward = group_norm_backward;
  t.group_norm_workspace = group_norm_workspace;
  t.group_norm_backward_workspace = group_norm_backward_workspace;

  t.layer_norm = layer_norm;
  t.layer_norm_backward = layer_norm_backward;
  t.layer_norm_backward_workspace = layer_norm_backward_workspace;

  t.softmax_forward = softmax_forward;
  t.softmax_backward = softmax_backward;
  t.log_softmax_forward = log_softmax_forward;
  t.log_softmax_backward = log_softmax_backward;
  t.transpose = transpose;
  t.loss = loss;
  t.accuracy = accuracy;
  t.accumulate = accumulate;

  t.dropout = dropout;
  t.gaussian_noise = gaussian_noise;
  t.add = add;
  t.add_bias = add_bias;
  t.multiply = multiply;
  t.scale = scale;
  t.copy_rows = copy_rows;
  t.place_rows = place_rows;
  t.gather = gather;
  t.unary_forward = unary_forward;
  t.unary_backward = unary_backward;

  t.crop_flip_forward = crop_flip_forward;
  t.crop_flip_backward = crop_flip_backward;
  t.warp2d_forward = warp2d_forward;
  t.warp2d_backward = warp2d_backward;

  t.cast_float = cast_float;
  t.cast_int = cast_int;
  t.embedding = embedding;
  t.embedding_backward = embedding_backward;
  t.one_hot = one_hot;
  t.mask_of_ids = mask_of_ids;
  t.mask_of_rows = mask_of_rows;
  t.mask_rows = mask_rows;
  t.mask_weights = mask_weights;

  t.clip_value = clip_value;
  t.clip_norm = clip_norm;
  t.sgd_step = sgd_step;
  t.adam_step = adam_step;
  t.rmsprop_step = rmsprop_step;
  t.adagrad_step = adagrad_step;
  t.adadelta_step = adadelta_step;
  t.adamax_step = adamax_step;
  t.nadam_step = nadam_step;
  t.lion_step = lion_step;
  t.ftrl_step = ftrl_step;
  t.lamb_step = lamb_step;
  t.penalty = penalty;
  t.penalty_backward = penalty_backward;
  return t;
}

}  // namespace brasa::cuda
