// The list of ops, as the graph and the eager functions see them: a name, named operands, a rule that
// checks shapes and says what comes out, and a function that hands the buffers to the op's kernel.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/exec.h"
#include "core/shape.h"
#include "ops/attributes.h"
#include "ops/op_table.h"

namespace brasa {

enum class Accepts { kFloat32, kFloat64, kInt32, kInt64, kAny };

struct OperandRule {
  const char* name;
  Accepts accepts = Accepts::kFloat32;
  bool optional = false;
};

// One op with all sizes known: what comes out, what it costs, and the shape struct of its contract.
class Call {
 public:
  std::vector<TensorSpec> outputs;
  int64_t workspace = 0;  // bytes of scratch
  double flops = 0;       // arithmetic operations, for the cost model and the profile

  template <class T>
  void set(const T& shape) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(shape_));
    std::memcpy(shape_, &shape, sizeof(T));
  }
  template <class T>
  T get() const {
    T shape;
    std::memcpy(&shape, shape_, sizeof(T));
    return shape;
  }

 private:
  alignas(8) char shape_[256] = {};  // room for the largest of them; set() checks
};

// What a rule sees.
struct Site {
  const char* op;
  const std::vector<OperandRule>& rules;
  const Attributes& attributes;
  const std::vector<TensorSpec>& inputs;
  const OpTable& table;
  int threads;

  const Shape& shape(int input) const { return inputs[static_cast<size_t>(input)].shape; }
  bool has(int input) const;
  Write write() const { return attributes.flag("accumulate") ? Write::kAdd : Write::kSet; }

  // "conv2d: x must have rank 4 (N, H, W, C), got (28, 28)"
  void require_rank(int input, int rank, const char* letters) const;
  void require_shape(int input, const Shape& wanted) const;
};

using Inputs = const void* const*;
using Outputs = void* const*;

struct Op {
  const char* name;
  std::vector<OperandRule> inputs;
  void (*infer)(const Site&, Call&);
  void (*run)(const Exec&, const Call&, Inputs, Outputs);
  bool variadic = false;  // any number of inputs, all under the first rule
  bool in_place = false;  // outputs are updated: the caller must bring them
};

// Throws a ValueError with the nearest name when there is none.
const Op& find_op(std::string_view name);
std::vector<std::string> op_names();

// Checks the number, kind and shapes of the operands. `threads` bounds the team that will run it.
Call prepare(const Op& op, const Attributes& attributes, const std::vector<TensorSpec>& inputs,
             const OpTable& table, int threads);

// About how long one thread takes for a call.
double serial_nanoseconds(const Call& call, const std::vector<TensorSpec>& inputs);

template <class T>
const T* in(Inputs inputs, int i) {
  return static_cast<const T*>(inputs[i]);
}
template <class T>
T* out(Outputs outputs, int i) {
  return static_cast<T*>(outputs[i]);
}

}  // namespace brasa
