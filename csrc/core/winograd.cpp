#include "core/winograd.h"

#include <atomic>

namespace brasa {
namespace {

std::atomic<Winograd> chosen{Winograd::kAuto};

}  // namespace

Winograd winograd() { return chosen.load(); }
void set_winograd(Winograd choice) { chosen.store(choice); }

}  // namespace brasa
