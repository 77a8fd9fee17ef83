// The list of measures. Tests compile this file with a longer one.
#include "modsweep/measure.h"

#ifndef MODSWEEP_MEASURE_LIST
#define MODSWEEP_MEASURE_LIST "measures/measures.def"
#endif

namespace modsweep {

#define MODSWEEP_MEASURE(name) Measure name##_measure();
#include MODSWEEP_MEASURE_LIST
#undef MODSWEEP_MEASURE

const std::vector<Measure>& measures() {
  static const std::vector<Measure> all = {
#define MODSWEEP_MEASURE(name) name##_measure(),
#include MODSWEEP_MEASURE_LIST
#undef MODSWEEP_MEASURE
  };
  return all;
}

}  // namespace modsweep
