// The parts of the recurrent ops that do not depend on the cell.
#pragma once

#include "ops/recurrent.h"

namespace brasa::ref {

// sum over l of row[l] * matrix[l][column], for a matrix of `columns` columns
double dot(int64_t count, const float* row, const float* matrix, int64_t columns, int64_t column);

// sum over j of row[j] * matrix[l][j]
double dot_transposed(int64_t columns, const double* row, const float* matrix, int64_t l);

bool is_masked(const RecurrentShape& s, const float* mask, int64_t n, int64_t step);

// (N, U) from `from`, or zeros where that is null. `to` may be null.
void copy_state(const RecurrentShape& s, const float* from, float* to);

// dx = dgates @ w^T, dw = x^T @ dgates and db, the sums of dgates; each may be null.
// dgates (T,N,columns) in the order of the steps.
void input_gradients(const RecurrentShape& s, int64_t columns, const double* dgates, const float* x,
                     const float* w, float* dx, float* dw, float* db);

// du[:, first : first + count] = h^T @ dgates[:, first : first + count], or nothing where du is null.
// h (T,N,U) is what each step multiplied with u.
struct Columns {
  int64_t all, first, count;
};
void recurrent_gradient(const RecurrentShape& s, const Columns& columns, const double* dgates,
                        const float* h, float* du);

}  // namespace brasa::ref
