#include "ref/table.h"

#include "ref/kernels.h"

namespace brasa::ref {
namespace {

constexpr ReducedProducts kReduced = {matmul,
                                      matmul_workspace,
                                      conv2d_forward,
                                      conv2d_workspace,
                                      conv2d_backward_data,
                                      conv2d_workspace,
                                      conv2d_backward_weight,
                                      conv2d_workspace,
                                      "loops"};

// Members by name would need C++20: an assignment each is as hard to get wrong. constexpr, so that
// the table is complete before any static initialiser runs.
constexpr OpTable make_table() {
  OpTable t{};
  t.name = "ref";
  t.lanes = 4;

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
  t.conv2d_forward_workspace = conv2d_workspace;
  t.conv2d_pack = conv2d_pack;
  t.conv2d_packed_floats = conv2d_packed_floats;
  t.conv2d_backward_data = conv2d_backward_data;
  t.conv2d_backward_data_workspace = conv2d_workspace;
  t.conv2d_backward_weight = conv2d_backward_weight;
  t.conv2d_backward_weight_workspace = conv2d_workspace;

  t.to_lanes = to_lanes;
  t.from_lanes = from_lanes;
  t.conv2d_lanes_forward = conv2d_lanes_forward;
  t.conv2d_lanes_forward_workspace = conv2d_lanes_workspace;
  t.conv2d_lanes_backward_data = conv2d_lanes_backward_data;
  t.conv2d_lanes_backward_data_workspace = conv2d_lanes_workspace;
  t.conv2d_lanes_backward_weight = conv2d_lanes_backward_weight;
  t.conv2d_lanes_backward_weight_workspace = conv2d_lanes_workspace;
  t.bias_gradient_lanes = bias_gradient_lanes;

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
  t.reduced = &kReduced;
  return t;
}

}  // namespace

const OpTable table = make_table();

}  // namespace brasa::ref
