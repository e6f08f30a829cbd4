// The reference kernels. What each computes is said by the contract of the same stem in csrc/ops.
#pragma once

#include "ops/op_table.h"

namespace brasa::ref {

// activation.cpp. activate() is also the epilogue of matmul, conv2d and batch_norm.
double activate(Activation activation, double x);
// dy times the slope of the activation whose result is y; y is x where the slope comes from that.
double activation_slope(Activation activation, double dy, double y);
double activation_slope_from_x(Activation activation, double dy, double x);
void activation_forward(const Exec& exec, int64_t count, Activation activation, const float* x,
                        float* y);
void activation_backward(const Exec& exec, int64_t count, Activation activation, const float* dy,
                         const float* y, float* dx);

// batch_norm.cpp
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

// broadcast.cpp
void broadcast(const Exec&, const BroadcastShape&, const float* a, const float* b, float* y);

// matmul.cpp
void matmul(const Exec& exec, const MatmulShape& shape, const float* a, const float* b,
            const float* bias, float* c);
int64_t matmul_workspace(const MatmulShape& shape, int threads);
void bias_gradient(const Exec& exec, int64_t rows, int64_t columns, Write write, const float* dy,
                   float* db);
int64_t bias_gradient_workspace(int64_t rows, int64_t columns);

// conv2d.cpp. All three passes need no workspace.
void conv2d_forward(const Exec& exec, const Conv2dShape& shape, const float* x, const float* w,
                    const float* b, float* y);
void conv2d_pack(const Exec& exec, const Conv2dShape& shape, const float* w, float* packed);
int64_t conv2d_packed_floats(const Conv2dShape& shape);
void conv2d_backward_data(const Exec& exec, const Conv2dShape& shape, const float* dy,
                          const float* w, float* dx);
void conv2d_backward_weight(const Exec& exec, const Conv2dShape& shape, const float* dy,
                            const float* x, float* dw);
int64_t conv2d_workspace(const Conv2dShape& shape, int threads);

// lanes.cpp
void to_lanes(const Exec& exec, const LanesShape& shape, const float* x, float* y);
void from_lanes(const Exec& exec, const LanesShape& shape, const float* x, float* y);

// conv2d_lanes.cpp. No workspace either.
void conv2d_lanes_forward(const Exec& exec, const Conv2dLanesShape& shape, const float* x,
                          const float* w, const float* b, float* y, int32_t* argmax);
void conv2d_lanes_backward_data(const Exec& exec, const Conv2dLanesShape& shape,
                                const LanesSlope& dy, const float* w, float* dx);
void conv2d_lanes_backward_weight(const Exec& exec, const Conv2dLanesShape& shape,
                                  const LanesSlope& dy, const float* x, float* dw);
int64_t conv2d_lanes_workspace(const Conv2dLanesShape& shape, int threads);
void bias_gradient_lanes(const Exec& exec, const BiasGradientLanesShape& shape, const float* dy,
                         float* db);

// pool2d.cpp
void max_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y,
                        int32_t* argmax);
void max_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                         const int32_t* argmax, float* dx);
void average_pool2d_forward(const Exec& exec, const Pool2dShape& shape, const float* x, float* y);
void average_pool2d_backward(const Exec& exec, const Pool2dShape& shape, const float* dy,
                             float* dx);

// reduce.cpp
void reduce(const Exec&, const ReduceShape&, const float* x, const float* factor, float* y);
int64_t reduce_workspace(const ReduceShape&);
void extreme_backward(const Exec&, const BroadcastShape&, const float* dy, const float* x,
                      const float* y, float* dx);
int64_t extreme_backward_workspace(const BroadcastShape&);

// gru.cpp
void gru_forward(const Exec&, const GruShape&, const RecurrentInputs&, const RecurrentOutputs&);
void gru_backward(const Exec&, const GruShape&, const RecurrentSlopes&, const RecurrentGradients&);
int64_t gru_saved(const GruShape&);
int64_t gru_forward_workspace(const GruShape&, int threads);
int64_t gru_backward_workspace(const GruShape&, int threads);

// lstm.cpp
void lstm_forward(const Exec&, const RecurrentShape&, const RecurrentInputs&,
                  const RecurrentOutputs&);
void lstm_backward(const Exec&, const RecurrentShape&, const RecurrentSlopes&,
                   const RecurrentGradients&);
int64_t lstm_saved(const RecurrentShape&);
int64_t lstm_forward_workspace(const RecurrentShape&, int threads);
int64_t lstm_backward_workspace(const RecurrentShape&, int threads);

// simple_rnn.cpp
void simple_rnn_forward(const Exec&, const SimpleRnnShape&, const RecurrentInputs&,
                        const RecurrentOutputs&);
void simple_rnn_backward(const Exec&, const SimpleRnnShape&, const RecurrentSlopes&,
                         const RecurrentGradients&);
int64_t simple_rnn_saved(const SimpleRnnShape&);
int64_t simple_rnn_forward_workspace(const SimpleRnnShape&, int threads);
int64_t simple_rnn_backward_workspace(const SimpleRnnShape&, int threads);

// group_norm.cpp
void group_norm(const Exec&, const GroupNormShape&, const float* x, const float* gamma,
                const float* beta, float* y);
void group_norm_backward(const Exec&, const GroupNormShape&, const float* dy, const float* x,
                         const float* gamma, GroupNormGradients);
int64_t group_norm_workspace(const GroupNormShape&, int threads);
int64_t group_norm_backward_workspace(const GroupNormShape&, int threads);

// layer_norm.cpp
void layer_norm(const Exec&, const LayerNormShape&, const float* x, const float* gamma,
                const float* beta, float* y);
void layer_norm_backward(const Exec&, const LayerNormShape&, const float* dy, const float* x,
                         const float* gamma, LayerNormGradients);
int64_t layer_norm_backward_workspace(const LayerNormShape&);

// softmax.cpp
void log_softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y);
void log_softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                          float* dx);
void softmax_forward(const Exec& exec, const RowsShape& shape, const float* x, float* y);
void softmax_backward(const Exec& exec, const RowsShape& shape, const float* dy, const float* y,
                      float* dx);

// transpose.cpp
void transpose(const Exec& exec, const TransposeShape& shape, const float* x, float* y);

// unary.cpp
void unary_forward(const Exec& exec, int64_t count, const Unary& f, const float* x, float* y);
void unary_backward(const Exec& exec, int64_t count, const Unary& f, const float* dy,
                    const float* known, float* dx);

// loss.cpp
void loss(const Exec& exec, const LossShape& shape, const float* pred, const LossTarget& target,
          float* loss, float* dpred);

// metric.cpp
void accuracy(const Exec& exec, const AccuracyShape& shape, const float* pred,
              const AccuracyTarget& target, float* value, double* counted);
void accumulate(const Exec& exec, double count, const double* counted, const float* value,
                double* totals);

// crop_flip.cpp
void crop_flip_forward(const Exec& exec, const CropFlipShape& shape, const int64_t* state,
                       const float* x, float* y);
void crop_flip_backward(const Exec& exec, const CropFlipShape& shape, const int64_t* state,
                        const float* dy, float* dx);

// dropout.cpp
void dropout(const Exec& exec, const DropoutShape& shape, const int64_t* state, const float* x,
             float* y);

// gaussian_noise.cpp
void gaussian_noise(const Exec& exec, const GaussianNoiseShape& shape, const int64_t* state,
                    const float* x, float* y);

// elementwise.cpp
void add(const Exec& exec, int64_t count, const Addends& addends, Activation activation, float* y);
void add_bias(const Exec& exec, const AddBiasShape& shape, const float* x, const float* b,
              float* y);
void multiply(const Exec& exec, int64_t count, const float* a, const float* b, float* y);
void scale(const Exec& exec, int64_t count, float factor, float offset, const float* x, float* y);
void copy_rows(const Exec& exec, const CopyRowsShape& shape, const float* src, float* dst);
void place_rows(const Exec& exec, const PlaceRowsShape& shape, const float* src, float* dst);

// gather.cpp
void gather(const Exec& exec, const GatherShape& shape, const void* x, const int64_t* index,
            void* y);

// cast.cpp
void cast_float(const Exec& exec, int64_t count, const int32_t* x, float* y);
void cast_int(const Exec& exec, int64_t count, const float* x, int32_t* y);

// embedding.cpp
void embedding(const Exec& exec, const EmbeddingShape& shape, const int32_t* ids,
               const float* table, float* y);
void embedding_backward(const Exec& exec, const EmbeddingShape& shape, const float* dy,
                        const int32_t* ids, float* dtable);
void one_hot(const Exec& exec, const EmbeddingShape& shape, const int32_t* ids, float* y);

// mask.cpp
void mask_of_ids(const Exec& exec, int64_t count, int32_t value, const int32_t* ids, float* mask);
void mask_of_rows(const Exec& exec, const MaskShape& shape, const float* x, float* mask);
void mask_rows(const Exec& exec, const MaskShape& shape, const float* x, const float* mask,
               float* y);
void mask_weights(const Exec& exec, int64_t rows, const float* mask, const float* weight,
                  float* weights, double* valid);

// clip.cpp
void clip_value(const Exec& exec, const ClipShape& shape, const float* x, float* y);
void clip_norm(const Exec& exec, const ClipShape& shape, const float* x, float* y);

// optimizer.cpp
void sgd_step(const Exec& exec, const SgdShape& shape, const double* hyper, const float* g,
              float* p, float* v);
void adam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, const AdamSlots& slots);
void rmsprop_step(const Exec& exec, const RmspropShape& shape, const double* hyper, const float* g,
                  float* p, const RmspropSlots& slots);
void adadelta_step(const Exec& exec, const AdadeltaShape& shape, const double* hyper,
                   const float* g, float* p, float* v, float* u);
void adamax_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                 float* p, const AdamSlots& slots);
void nadam_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
                float* p, const AdamSlots& slots);
void lion_step(const Exec& exec, const LionShape& shape, const double* hyper, const float* g,
               float* p, float* m);
void adagrad_step(const Exec& exec, const AdagradShape& shape, const double* hyper, const float* g,
                  float* p, float* v);
void ftrl_step(const Exec& exec, const FtrlShape& shape, const double* hyper, const float* g,
               float* p, float* n, float* z);
void lamb_step(const Exec& exec, const AdamShape& shape, const double* hyper, const float* g,
               float* p, float* m, float* v);

// penalty.cpp
void penalty(const Exec& exec, const PenaltyShape& shape, const float* x, float* value);
void penalty_backward(const Exec& exec, const PenaltyShape& shape, Write write, const float* x,
                      float* dx);

// warp2d.cpp
void warp2d_forward(const Exec& exec, const Warp2dShape& shape, const int64_t* state,
                    const float* x, float* y);
void warp2d_backward(const Exec& exec, const Warp2dShape& shape, const int64_t* state,
                     const float* dy, float* dx);

}  // namespace brasa::ref
