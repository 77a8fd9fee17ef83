// The parents of a sweep whose networks begin with those of another store ([start]).
#pragma once

#include <string>

#include "modsweep/sweep.h"

namespace modsweep::cli {

/// A sweep with start.from and without start.cell gets an axis of parents: the cells of that store that are
/// done, have weights and meet start.where. Where the sweep's own store has the sweep already, its parents
/// are those of then. Throws InputError where there is none, and as Store.
void name_parents(Sweep& sweep, const std::string& own_store);

}  // namespace modsweep::cli
