// Whether convolutions may take Winograd's short cut: one choice for the process, read when an op or a
// plan is prepared. What is prepared keeps what it chose.
#pragma once

namespace brasa {

enum class Winograd : int {
  kNever,
  kAuto,    // where it was measured to be faster
  kAlways,  // wherever the formula holds, slow or not: for tests
};

Winograd winograd();
void set_winograd(Winograd choice);

}  // namespace brasa
