// What the rest of the library may know of CUDA. absent.cpp answers in builds without it.
#pragma once

namespace brasa::cuda {

// One sentence that says why CUDA cannot be used.
const char* absence_reason();

}  // namespace brasa::cuda
