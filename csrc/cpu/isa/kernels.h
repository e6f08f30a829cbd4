// Every kernel of ops/op_table.h, as this ISA compiles it. What each computes, and what it may assume,
// is said in the contract of the same stem in csrc/ops.
#pragma once

#include "ops/op_table.h"

namespace brasa::cpu::BRASA_ISA {

void activation_forward(const Exec&, int64_t count, Activation, const float* x, float* y);
void activation_backward(const Exec&, int64_t count, Activation, const float* dy, const float* y,
                         float* dx);

void batch_norm(const Exec&, const BatchNormShape&, const float* x, const BatchNormScale&,
                float* y);
void batch_norm_statistics(const Exec&, const BatchNormShape&, const float* x, float* mean,
                           float* variance);
void batch_norm_backward(const Exec&, const BatchNormShape&, const float* dy, const float* x,
                         const BatchNormScale&, BatchNormGradients);
void batch_norm_fold(const Exec&, const BatchNormShape&, const float* w, const float* b,
                     const BatchNormScale&, FoldedWeights);
int64_t batch_norm_workspace(const BatchNormShape&);
void moving_average(const Exec&, int64_t count, float momentum, const float* value, float* moving);

void broadcast(const Exec&, const BroadcastShape&, const float* a, const float* b, float* y);

void matmul(const Exec&, const MatmulShape&, const float* a, const float* b, const float* bias,
            float* c);
int64_t matmul_workspace(const MatmulShape&, int threads);
void bias_gradient(const Exec&, int64_t rows, int64_t columns, Write, const float* dy, float* db);
int64_t bias_gradient_workspace(int64_t rows, int64_t columns);

void conv2d_forward(const Exec&, const Conv2dShape&, const float* x, const float* w, const float* b,
                    float* y);
int64_t conv2d_forward_workspace(const Conv2dShape&, int threads);
void conv2d_pack(const Exec&, const Conv2dShape&, const float* w, float* packed);
int64_t conv2d_packed_floats(const Conv2dShape&);
void conv2d_backward_data(const Exec&, const Conv2dShape&, const float* dy, const float* w,
                          float* dx);
int64_t conv2d_backward_data_workspace(const Conv2dShape&, int threads);
void conv2d_backward_weight(const Exec&, const Conv2dShape&, const float* dy, const float* x,
                            float* dw);
int64_t conv2d_backward_weight_workspace(const Conv2dShape&, int threads);

void to_lanes(const Exec&, const LanesShape&, const float* x, float* y);
void from_lanes(const Exec&, const LanesShape&, const float* x, float* y);
void conv2d_lanes_forward(const Exec&, const Conv2dLanesShape&, const float* x, const float* w,
                          const float* b, float* y, int32_t* argmax);
int64_t conv2d_lanes_forward_workspace(const Conv2dLanesShape&, int threads);
void conv2d_lanes_backward_data(const Exec&, const Conv2dLanesShape&, const LanesSlope& dy,
                                const float* w, float* dx);
int64_t conv2d_lanes_backward_data_workspace(const Conv2dLanesShape&, int threads);
void conv2d_lanes_backward_weight(const Exec&, const Conv2dLanesShape&, const LanesSlope& dy,
                                  const float* x, float* dw);
int64_t conv2d_lanes_backward_weight_workspace(const Conv2dLanesShape&, int threads);
void bias_gradient_lanes(const Exec&, const BiasGradientLanesShape&, const float* dy, float* db);

void max_pool2d_forward(const Exec&, const Pool2dShape&, const float* x, float* y, int32_t* argmax);
void max_pool2d_backward(const Exec&, const Pool2dShape&, const float* dy, const int32_t* argmax,
                         float* dx);
void average_pool2d_forward(const Exec&, const Pool2dShape&, const float* x, float* y);
void average_pool2d_backward(const Exec&, const Pool2dShape&, const float* dy, float* dx);

void reduce(const Exec&, const ReduceShape&, const float* x, const float* factor, float* y);
int64_t reduce_workspace(const ReduceShape&);
void extreme_backward(const Exec&, const BroadcastShape&, const float* dy, const float* x,
                      const float* y, float* dx);
int64_t extreme_backward_workspace(const BroadcastShape&);

void gru_forward(const Exec&, const GruShape&, const RecurrentInputs&, const RecurrentOutputs&);
void gru_step(const Exec&, const GruShape&, const RecurrentInputs&,
              const RecurrentOutputs&);  // T = N = 1
void gru_backward(const Exec&, const GruShape&, const RecurrentSlopes&, const RecurrentGradients&);
int64_t gru_saved(const GruShape&);
int64_t gru_forward_workspace(const GruShape&, int threads);
int64_t gru_backward_workspace(const GruShape&, int threads);

void lstm_forward(const Exec&, const RecurrentShape&, const RecurrentInputs&,
                  const RecurrentOutputs&);
void lstm_step(const Exec&, const RecurrentShape&, const RecurrentInputs&,
               const RecurrentOutputs&);  // T = N = 1
void lstm_backward(const Exec&, const RecurrentShape&, const RecurrentSlopes&,
                   const RecurrentGradients&);
int64_t lstm_saved(const RecurrentShape&);
int64_t lstm_forward_workspace(const RecurrentShape&, int threads);
int64_t lstm_backward_workspace(const RecurrentShape&, int threads);

void simple_rnn_forward(const Exec&, const SimpleRnnShape&, const RecurrentInputs&,
                        const RecurrentOutputs&);
void simple_rnn_step(const Exec&, const SimpleRnnShape&, const RecurrentInputs&,
                     const RecurrentOutputs&);  // T = N = 1
void simple_rnn_backward(const Exec&, const SimpleRnnShape&, const RecurrentSlopes&,
                         const RecurrentGradients&);
int64_t simple_rnn_saved(const SimpleRnnShape&);
int64_t simple_rnn_forward_workspace(const SimpleRnnShape&, int threads);
int64_t simple_rnn_backward_workspace(const SimpleRnnShape&, int threads);

void group_norm(const Exec&, const GroupNormShape&, const float* x, const float* gamma,
                const float* beta, float* y);
void group_norm_backward(const Exec&, const GroupNormShape&, const float* dy, const float* x,
                         const float* gamma, GroupNormGradients);
int64_t group_norm_workspace(const GroupNormShape&, int threads);
int64_t group_norm_backward_workspace(const GroupNormShape&, int threads);

void layer_norm(const Exec&, const LayerNormShape&, const float* x, const float* gamma,
                const float* beta, float* y);
void layer_norm_backward(const Exec&, const LayerNormShape&, const float* dy, const float* x,
                         const float* gamma, LayerNormGradients);
int64_t layer_norm_backward_workspace(const LayerNormShape&);

void softmax_forward(const Exec&, const RowsShape&, const float* x, float* y);
void softmax_backward(const Exec&, const RowsShape&, const float* dy, const float* y, float* dx);
void log_softmax_forward(const Exec&, const RowsShape&, const float* x, float* y);
void log_softmax_backward(const Exec&, const RowsShape&, const float* dy, const float* y,
                          float* dx);
void transpose(const Exec&, const TransposeShape&, const float* x, float* y);
void unary_forward(const Exec&, int64_t count, const Unary&, const float* x, float* y);
void unary_backward(const Exec&, int64_t count, const Unary&, const float* dy, const float* known,
                    float* dx);
void loss(const Exec&, const LossShape&, const float* pred, const LossTarget&, float* loss,
          float* dpred);
void accuracy(const Exec&, const AccuracyShape&, const float* pred, const AccuracyTarget&,
              float* value, double* counted);
void accumulate(const Exec&, double count, const double* counted, const float* value,
                double* totals);

void dropout(const Exec&, const DropoutShape&, const int64_t* state, const float* x, float* y);
void gaussian_noise(const Exec&, const GaussianNoiseShape&, const int64_t* state, const float* x,
                    float* y);
void add(const Exec&, int64_t count, const Addends&, Activation, float* y);
void add_bias(const Exec&, const AddBiasShape&, const float* x, const float* b, float* y);
void multiply(const Exec&, int64_t count, const float* a, const float* b, float* y);
void scale(const Exec&, int64_t count, float factor, float offset, const float* x, float* y);
void copy_rows(const Exec&, const CopyRowsShape&, const float* src, float* dst);
void place_rows(const Exec&, const PlaceRowsShape&, const float* src, float* dst);
void gather(const Exec&, const GatherShape&, const void* x, const int64_t* index, void* y);

void crop_flip_forward(const Exec&, const CropFlipShape&, const int64_t* state, const float* x,
                       float* y);
void crop_flip_backward(const Exec&, const CropFlipShape&, const int64_t* state, const float* dy,
                        float* dx);

void warp2d_forward(const Exec&, const Warp2dShape&, const int64_t* state, const float* x,
                    float* y);
void warp2d_backward(const Exec&, const Warp2dShape&, const int64_t* state, const float* dy,
                     float* dx);
void cast_float(const Exec&, int64_t count, const int32_t* x, float* y);
void cast_int(const Exec&, int64_t count, const float* x, int32_t* y);
void embedding(const Exec&, const EmbeddingShape&, const int32_t* ids, const float* table,
               float* y);
void embedding_backward(const Exec&, const EmbeddingShape&, const float* dy, const int32_t* ids,
                        float* dtable);
void one_hot(const Exec&, const EmbeddingShape&, const int32_t* ids, float* y);
void mask_of_ids(const Exec&, int64_t count, int32_t value, const int32_t* ids, float* mask);
void mask_of_rows(const Exec&, const MaskShape&, const float* x, float* mask);
void mask_rows(const Exec&, const MaskShape&, const float* x, const float* mask, float* y);
void mask_weights(const Exec&, int64_t rows, const float* mask, const float* weight, float* weights,
                  double* valid);

void clip_value(const Exec&, const ClipShape&, const float* x, float* y);
void clip_norm(const Exec&, const ClipShape&, const float* x, float* y);
void sgd_step(const Exec&, const SgdShape&, const double* hyper, const float* g, float* p,
              float* v);
void adam_step(const Exec&, const AdamShape&, const double* hyper, const float* g, float* p,
               const AdamSlots&);
void rmsprop_step(const Exec&, const RmspropShape&, const double* hyper, const float* g, float* p,
                  const RmspropSlots&);
void adadelta_step(const Exec&, const AdadeltaShape&, const double* hyper, const float* g, float* p,
                   float* v, float* u);
void adamax_step(const Exec&, const AdamShape&, const double* hyper, const float* g, float* p,
                 const AdamSlots&);
void nadam_step(const Exec&, const AdamShape&, const double* hyper, const float* g, float* p,
                const AdamSlots&);
void lion_step(const Exec&, const LionShape&, const double* hyper, const float* g, float* p,
               float* m);
void adagrad_step(const Exec&, const AdagradShape&, const double* hyper, const float* g, float* p,
                  float* v);
void ftrl_step(const Exec&, const FtrlShape&, const double* hyper, const float* g, float* p,
               float* n, float* z);
void lamb_step(const Exec&, const AdamShape&, const double* hyper, const float* g, float* p,
               float* m, float* v);
void penalty(const Exec&, const PenaltyShape&, const float* x, float* value);
void penalty_backward(const Exec&, const PenaltyShape&, Write, const float* x, float* dx);

}  // namespace brasa::cpu::BRASA_ISA
