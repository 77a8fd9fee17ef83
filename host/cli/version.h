// The version is set once, in the top-level CMakeLists.txt.
#pragma once

#ifndef MODSWEEP_VERSION
#define MODSWEEP_VERSION "unknown"
#endif
