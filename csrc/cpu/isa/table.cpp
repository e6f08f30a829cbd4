// This ISA's column of the table of kernels.
#include "cpu/isa/kernels.h"
#include "cpu/simd/vec.h"

#define BRASA_TEXT_OF(name) #name
#define BRASA_TEXT(macro) BRASA_TEXT_OF(macro)

namespace brasa::cpu::BRASA_ISA {

// cpu/table.cpp, which knows all the ISAs, declares each of these for itself.
extern const OpTable table;

const OpTable table = {
    "cpu." BRASA_TEXT(BRASA_ISA),
    Vec::width,

    activation_forward,
    activation_backward,

    batch_norm,
    batch_norm_statistics,
    batch_norm_backward,
    batch_norm_fold,
    batch_norm_workspace,
    moving_average,

    broadcast,
    reduce,
    reduce_workspace,
    extreme_backward,
    extreme_backward_workspace,

    matmul,
    matmul_workspace,
    bias_gradient,
    bias_gradient_workspace,

    conv2d_forward,
    conv2d_forward_workspace,
    conv2d_pack,
    conv2d_packed_floats,
    conv2d_backward_data,
    conv2d_backward_data_workspace,
    conv2d_backward_weight,
    conv2d_backward_weight_workspace,

    to_lanes,
    from_lanes,
    conv2d_lanes_forward,
    conv2d_lanes_forward_workspace,
    conv2d_lanes_backward_data,
    conv2d_lanes_backward_data_workspace,
    conv2d_lanes_backward_weight,
    conv2d_lanes_backward_weight_workspace,
    bias_gradient_lanes,

    max_pool2d_forward,
    max_pool2d_backward,
    average_pool2d_forward,
    average_pool2d_backward,

    gru_forward,
    gru_backward,
    gru_saved,
    gru_forward_workspace,
    gru_backward_workspace,

    lstm_forward,
    lstm_backward,
    lstm_saved,
    lstm_forward_workspace,
    lstm_backward_workspace,

    simple_rnn_forward,
    simple_rnn_backward,
    simple_rnn_saved,
    simple_rnn_forward_workspace,
    simple_rnn_backward_workspace,

    group_norm,
    group_norm_backward,
    group_norm_workspace,
    group_norm_backward_workspace,

    layer_norm,
    layer_norm_backward,
    layer_norm_backward_workspace,

    softmax_forward,
    softmax_backward,
    log_softmax_forward,
    log_softmax_backward,
    loss,
    accuracy,
    accumulate,

    dropout,
    gaussian_noise,
    add,
    add_bias,
    multiply,
    scale,
    copy_rows,
    place_rows,
    gather,
    transpose,
    unary_forward,
    unary_backward,

    crop_flip_forward,
    crop_flip_backward,
    warp2d_forward,
    warp2d_backward,

    cast_float,
    cast_int,
    embedding,
    embedding_backward,
    one_hot,
    mask_of_ids,
    mask_of_rows,
    mask_rows,
    mask_weights,

    clip_value,
    clip_norm,
    sgd_step,
    adam_step,
    rmsprop_step,
    adagrad_step,
    adadelta_step,
    adamax_step,
    nadam_step,
    lion_step,
    ftrl_step,
    lamb_step,
    penalty,
    penalty_backward,
};

}  // namespace brasa::cpu::BRASA_ISA
