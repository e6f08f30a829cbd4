// One pointer for each kernel. The reference, every CPU instruction set and CUDA each fill one table:
// the choice of device, the choice of instruction set, the oracle of the tests and builds without a
// GPU are all this one mechanism.
#pragma once

#include "ops/activation.h"
#include "ops/batch_norm.h"
#include "ops/broadcast.h"
#include "ops/cast.h"
#include "ops/clip.h"
#include "ops/conv2d.h"
#include "ops/conv2d_lanes.h"
#include "ops/crop_flip.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/embedding.h"
#include "ops/gather.h"
#include "ops/gaussian_noise.h"
#include "ops/group_norm.h"
#include "ops/gru.h"
#include "ops/lanes.h"
#include "ops/layer_norm.h"
#include "ops/loss.h"
#include "ops/lstm.h"
#include "ops/mask.h"
#include "ops/matmul.h"
#include "ops/metric.h"
#include "ops/optimizer.h"
#include "ops/penalty.h"
#include "ops/pool2d.h"
#include "ops/reduce.h"
#include "ops/simple_rnn.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "ops/unary.h"
#include "ops/warp2d.h"

namespace brasa {

struct Device;

// Products whose operands are rounded to bf16 or split in it: precision.h.
struct ReducedProducts {
  Matmul matmul;
  MatmulWorkspace matmul_workspace;
  Conv2dForward conv2d_forward;
  Conv2dWorkspace conv2d_forward_workspace;
  Conv2dBackwardData conv2d_backward_data;
  Conv2dWorkspace conv2d_backward_data_workspace;
  Conv2dBackwardWeight conv2d_backward_weight;
  Conv2dWorkspace conv2d_backward_weight_workspace;
  const char* by;  // what multiplies, such as "AMX"
};

struct OpTable {
  const char* name;  // "ref", "cpu.avx2", ...: what BRASA_IMPL takes
  int64_t lanes;     // images that share a vector (lanes.h); 0: the layout is not offered

  ActivationForward activation_forward;
  ActivationBackward activation_backward;

  BatchNorm batch_norm;
  BatchNormStatistics batch_norm_statistics;
  BatchNormBackward batch_norm_backward;
  BatchNormFold batch_norm_fold;
  BatchNormWorkspace batch_norm_workspace;
  MovingAverage moving_average;

  Broadcast broadcast;
  Reduce reduce;
  ReduceWorkspace reduce_workspace;
  ExtremeBackward extreme_backward;
  ExtremeBackwardWorkspace extreme_backward_workspace;

  Matmul matmul;
  MatmulWorkspace matmul_workspace;
  BiasGradient bias_gradient;
  BiasGradientWorkspace bias_gradient_workspace;

  Conv2dForward conv2d_forward;
  Conv2dWorkspace conv2d_forward_workspace;
  Conv2dPack conv2d_pack;
  Conv2dPackedFloats conv2d_packed_floats;
  Conv2dBackwardData conv2d_backward_data;
  Conv2dWorkspace conv2d_backward_data_workspace;
  Conv2dBackwardWeight conv2d_backward_weight;
  Conv2dWorkspace conv2d_backward_weight_workspace;

  ToLanes to_lanes;
  FromLanes from_lanes;
  Conv2dLanesForward conv2d_lanes_forward;
  Conv2dLanesWorkspace conv2d_lanes_forward_workspace;
  Conv2dLanesBackwardData conv2d_lanes_backward_data;
  Conv2dLanesWorkspace conv2d_lanes_backward_data_workspace;
  Conv2dLanesBackwardWeight conv2d_lanes_backward_weight;
  Conv2dLanesWorkspace conv2d_lanes_backward_weight_workspace;
  BiasGradientLanes bias_gradient_lanes;

  MaxPool2dForward max_pool2d_forward;
  MaxPool2dBackward max_pool2d_backward;
  AveragePool2dForward average_pool2d_forward;
  AveragePool2dBackward average_pool2d_backward;

  GruForward gru_forward;
  GruBackward gru_backward;
  GruSaved gru_saved;
  GruWorkspace gru_forward_workspace;
  GruWorkspace gru_backward_workspace;

  LstmForward lstm_forward;
  LstmBackward lstm_backward;
  LstmSaved lstm_saved;
  LstmWorkspace lstm_forward_workspace;
  LstmWorkspace lstm_backward_workspace;

  SimpleRnnForward simple_rnn_forward;
  SimpleRnnBackward simple_rnn_backward;
  SimpleRnnSaved simple_rnn_saved;
  SimpleRnnWorkspace simple_rnn_forward_workspace;
  SimpleRnnWorkspace simple_rnn_backward_workspace;

  GroupNorm group_norm;
  GroupNormBackward group_norm_backward;
  GroupNormWorkspace group_norm_workspace;
  GroupNormWorkspace group_norm_backward_workspace;

  LayerNorm layer_norm;
  LayerNormBackward layer_norm_backward;
  LayerNormWorkspace layer_norm_backward_workspace;

  SoftmaxForward softmax_forward;
  SoftmaxBackward softmax_backward;
  SoftmaxForward log_softmax_forward;
  SoftmaxBackward log_softmax_backward;
  Loss loss;
  Accuracy accuracy;
  Accumulate accumulate;

  Dropout dropout;
  GaussianNoise gaussian_noise;
  Add add;
  AddBias add_bias;
  Multiply multiply;
  Scale scale;
  CopyRows copy_rows;
  PlaceRows place_rows;
  Gather gather;
  Transpose transpose;
  UnaryForward unary_forward;
  UnaryBackward unary_backward;

  CropFlipForward crop_flip_forward;
  CropFlipBackward crop_flip_backward;
  Warp2dForward warp2d_forward;
  Warp2dBackward warp2d_backward;

  CastFloat cast_float;
  CastInt cast_int;
  Embedding embedding;
  EmbeddingBackward embedding_backward;
  OneHot one_hot;
  MaskOfIds mask_of_ids;
  MaskOfRows mask_of_rows;
  MaskRows mask_rows;
  MaskWeights mask_weights;

  ClipValue clip_value;
  ClipNorm clip_norm;
  SgdStep sgd_step;
  AdamStep adam_step;
  RmspropStep rmsprop_step;
  AdagradStep adagrad_step;
  AdadeltaStep adadelta_step;
  AdamStep adamax_step;
  AdamStep nadam_step;
  LionStep lion_step;
  FtrlStep ftrl_step;
  LambStep lamb_step;
  Penalty penalty;
  PenaltyBackward penalty_backward;

  const Device* device = nullptr;          // where its kernels run; null: the host's memory
  bool (*runs)(const char* op) = nullptr;  // whether it has all kernels of an op; null: of every op
  const ReducedProducts* reduced = nullptr;  // null: it has none, for want of
  const char* reduced_lacks = "kernels of that precision";
};

}  // namespace brasa
