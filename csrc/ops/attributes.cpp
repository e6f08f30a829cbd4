#include "ops/attributes.h"

#include "core/error.h"

namespace brasa {

template <class T>
const T* Attributes::find(const char* name, const char* wanted) const {
  const auto entry = values_.find(name);
  if (entry == values_.end()) return nullptr;
  const T* value = std::get_if<T>(&entry->second);
  if (value == nullptr) fail(ErrorKind::kType, name, " must be ", wanted);
  return value;
}

int64_t Attributes::integer(const char* name, int64_t fallback) const {
  const int64_t* value = find<int64_t>(name, "a whole number");
  return value != nullptr ? *value : fallback;
}

double Attributes::number(const char* name, double fallback) const {
  const auto entry = values_.find(name);
  if (entry != values_.end() && std::holds_alternative<int64_t>(entry->second)) {
    return static_cast<double>(std::get<int64_t>(entry->second));
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
  const auto entry = values_.find(name);
  return entry != values_.end() && std::holds_alternative<std::string>(entry->second);
}

}  // namespace brasa
