#include "cpu/tiles/kernels.h"
#include "cpu/tiles/tile.h"

namespace brasa::cpu::BRASA_ISA {

// cpu/table.cpp declares it for itself.
extern const ReducedProducts products;

const ReducedProducts products = {
    matmul,
    matmul_workspace,
    conv2d_forward,
    conv2d_forward_workspace,
    conv2d_backward_data,
    conv2d_backward_data_workspace,
    conv2d_backward_weight,
    conv2d_backward_weight_workspace,
    kProductsBy,
};

}  // namespace brasa::cpu::BRASA_ISA
