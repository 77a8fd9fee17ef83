// Denormal numbers off for a scope. Weights, moments and gradients of dead units decay through the denormal
// range, where every operation costs a microcode assist; results differ by less than the smallest normal
// number.
#pragma once

#include <xmmintrin.h>

namespace modsweep::cpu {

/// Sets "flush to zero" and "denormals are zero" for the calling thread until destroyed.
class FlushDenormals {
 public:
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | flush_to_zero | denormals_are_zero); }
  ~FlushDenormals() { _mm_setcsr(saved_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  static constexpr unsigned flush_to_zero = 0x8000;
  static constexpr unsigned denormals_are_zero = 0x0040;
  unsigned saved_;
};

}  // namespace modsweep::cpu
