#include "ops/embedding.h"

#include "ops/definitions.h"

namespace brasa {
namespace {

// Eight times a vocabulary must fit into 64 bits (embedding_chunks); ids have 31.
constexpr int64_t kMostRows = int64_t{1} << 31;

int64_t vocabulary_of(const Site& site, const char* name, int64_t value) {
  require(value >= 1 && value <= kMostRows, site.op, ": ", name, " must be in [1, 2**31], got ",
          value);
  return value;
}

void infer_forward(const Site& site, Call& call) {
  site.require_rank(1, 2, "(vocabulary, D)");
  const Shape &ids = site.shape(0), &table = site.shape(1);
  vocabulary_of(site, "the number of rows of table", table[0]);
  require(table[1] >= 1, site.op, ": table needs at least one column, got ", table);
  TensorSpec y = site.inputs[1];
  y.shape = ids;
  y.shape.append(table[1]);
  call.outputs = {y};
  call.set(EmbeddingShape{ids.elements(), table[0], table[1]});
}

void run_forward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->embedding(exec, call.get<EmbeddingShape>(), in<int32_t>(inputs, 0),
                        in<float>(inputs, 1), out<float>(outputs, 0));
}

void infer_backward(const Site& site, Call& call) {
  const Shape &dy = site.shape(0), &ids = site.shape(1);
  require(dy.rank() >= 1 && dy.last() >= 1, site.op, ": dy needs at least one column, got ", dy);
  Shape wanted = ids;
  wanted.append(dy.last());
  site.require_shape(0, wanted);
  const EmbeddingShape shape{
      ids.elements(), vocabulary_of(site, "vocabulary", site.attributes.integer("vocabulary", 0)),
      dy.last()};
  call.outputs = {{DType::kFloat32, {shape.vocabulary, shape.columns}}};
  call.outputs[0].bytes();  // throws when the size overflows, before the workspace is computed
  call.workspace = embedding_backward_workspace(shape);
  call.flops = static_cast<double>(dy.elements());
  call.set(shape);
}

void run_backward(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->embedding_backward(exec, call.get<EmbeddingShape>(), in<float>(inputs, 0),
                                 in<int32_t>(inputs, 1), out<float>(outputs, 0));
}

void infer_one_hot(const Site& site, Call& call) {
  const int64_t depth = vocabulary_of(site, "depth", site.attributes.integer("depth", 0));
  Shape y = site.shape(0);
  y.append(depth);
  call.outputs = {{DType::kFloat32, y}};
  call.set(EmbeddingShape{site.shape(0).elements(), depth, depth});
}

void run_one_hot(const Exec& exec, const Call& call, Inputs inputs, Outputs outputs) {
  exec.table->one_hot(exec, call.get<EmbeddingShape>(), in<int32_t>(inputs, 0),
                      out<float>(outputs, 0));
}

}  // namespace

std::vector<Op> embedding_ops() {
  const OperandRule ids = {"ids", Accepts::kInt32};
  return {{"embedding", {ids, {"table"}}, infer_forward, run_forward},
          {"embedding_backward", {{"dy"}, ids}, infer_backward, run_backward},
          {"one_hot", {ids}, infer_one_hot, run_one_hot}};
}

}  // namespace brasa
