// One function for each contract: the ops it defines. The registry joins them.
#pragma once

#include <vector>

#include "ops/registry.h"

namespace brasa {

std::vector<Op> activation_ops();
std::vector<Op> batch_norm_ops();
std::vector<Op> broadcast_ops();
std::vector<Op> cast_ops();
std::vector<Op> clip_ops();
std::vector<Op> conv2d_lanes_ops();
std::vector<Op> conv2d_ops();
std::vector<Op> crop_flip_ops();
std::vector<Op> dropout_ops();
std::vector<Op> elementwise_ops();
std::vector<Op> embedding_ops();
std::vector<Op> gather_ops();
std::vector<Op> gaussian_noise_ops();
std::vector<Op> group_norm_ops();
std::vector<Op> gru_ops();
std::vector<Op> lanes_ops();
std::vector<Op> layer_norm_ops();
std::vector<Op> loss_ops();
std::vector<Op> lstm_ops();
std::vector<Op> mask_ops();
std::vector<Op> matmul_ops();
std::vector<Op> metric_ops();
std::vector<Op> optimizer_ops();
std::vector<Op> penalty_ops();
std::vector<Op> pool2d_ops();
std::vector<Op> reduce_ops();
std::vector<Op> simple_rnn_ops();
std::vector<Op> softmax_ops();
std::vector<Op> transpose_ops();
std::vector<Op> unary_ops();
std::vector<Op> warp2d_ops();

}  // namespace brasa
