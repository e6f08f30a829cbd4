#include "ops/attributes.h"

#include "core/error.h"

namespace brasa {

const Attributes::Value* Attributes::value_of(const char* name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

template <class T>
const T* Attributes::find(const char* name, const char* wanted) const {
  const Value* const given = value_of(name);
  if (given == nullptr) return nullptr;
  const T* value = std::get_if<T>(given);
  if (value == nullptr) fail(ErrorKind::kType, name, " must be ", wanted);
  return value;
}

int64_t Attributes::integer(const char* name, int64_t fallback) const {
  const int64_t* value = find<int64_t>(name, "a whole number");
  return value != nullptr ? *value : fallback;
}

double Attributes::number(const char* name, double fallback) const {
  const Value* const given = value_of(name);
  if (given != nullptr && std::holds_alternative<int64_t>(*given)) {
    return static_cast<double>(std::get<int64_t>(*given));
  }
  const double* value = find<double>(name, "a number");
  return value != nullptr ? *value : fallback;
}

std::string Attributes::text(const char* name, const char* fallback) const {
  const std::string* value = find<std::string>(name, "text");
  return value != nullptr ? *value : fallback;
}

std::vector<int64_t> Attributes::integers(const char* name, std::vector<int64_t> fallback) const {
  const auto* value = find<std::vector<int64_t>>(name, "a list of whole numbers");
  return value != nullptr ? *value : std::move(fallback);
}

bool Attributes::is_text(const char* name) const {
  const Value* const given = value_of(name);
  return given != nullptr && std::holds_alternative<std::string>(*given);
}

}  // namespace brasa
